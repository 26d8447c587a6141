#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/stats/glm.h"
#include "engine/stats/newton.h"

/// The steps of a fit that glm() and negative_binomial() share: not for other callers.
namespace impact::detail {

/// The intercept (with it) and the offset alone.
struct NullModel {
  double intercept = 0.0;
  double log_likelihood = 0.0;
  double deviance = 0.0;
};
[[nodiscard]] NullModel null_model(const RegressionRows& rows, const Likelihood& likelihood,
                                   bool intercept, const Context& context);

/// Counts, not 0/1.
[[nodiscard]] bool counts(GlmFamily family);
/// Throws ArgumentError for outcomes out of range; true if all are whole numbers.
bool check_outcome(std::span<const double> y, GlmFamily family);
/// Why there is nothing to fit: no row, no column, an outcome of one value whose best eta is
/// infinite. Empty if there is.
[[nodiscard]] std::string nothing_to_fit(const RegressionRows& rows, const Likelihood& likelihood,
                                         bool intercept);

/// The maximum over independent columns and, under separation, over the rows that have one.
struct EtaFit {
  EtaProblem problem = {};  ///< Looks at the rows given to fit_eta, of which it may drop some.
  Maximum maximum = {};
  IndependentColumns independent = {};
  std::vector<std::size_t> column = {};     ///< The data's column behind each of the problem's.
  std::vector<std::size_t> dropped = {};    ///< Dependent.
  std::vector<std::size_t> separated = {};  ///< Without a finite estimate; may repeat.
  std::int64_t perfect_rows = 0;
  int iterations = 0;
  bool everything = false;  ///< Complete separation: no row is left.
};
[[nodiscard]] EtaFit fit_eta(RegressionRows& rows, const Likelihood& likelihood,
                             double start_intercept, int most_iterations, const Context& context);

/// What finish_fit takes from a summary; the likelihood of complete separation is 1.
struct EtaNumbers {
  double log_likelihood = 0.0;
  double deviance = 0.0;
  double pearson = 0.0;
};

/// The figures at the maximum and the covariance there; empty under complete separation.
struct EtaErrors {
  EtaNumbers numbers = {};
  ScoreCovariance covariance = {};
};
[[nodiscard]] EtaErrors errors_at_maximum(const EtaFit& eta, SeType se, bool frequency,
                                          const Context& context);

/// NaN entries, counts.
void start_fit(const RegressionRows& rows, std::size_t columns, SeType se, bool frequency,
               GlmFit& fit);
/// The figures of the fit as a whole; `parameters` enter AIC and BIC.
void finish_fit(const EtaFit& eta, const NullModel& null, const EtaNumbers& numbers,
                std::size_t parameters, GlmFit& fit);
/// Coefficients and covariance, sorted into the places of all columns.
void place(const EtaFit& eta, const ScoreCovariance& covariance, GlmFit& fit);
void explain_fit(std::span<const std::string> names, const EtaFit& eta,
                 const ScoreCovariance& covariance, GlmFit& fit);

}  // namespace impact::detail
