#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/feature_columns.h"

namespace impact {

/// What the penalty of column j is proportional to, with e the residuals and x centred:
enum class LassoLoadings {
  kHeteroskedastic,  ///< psi_j^2 = sum_i (x_ij e_i)^2 / n.
  kHomoskedastic,    ///< psi_j^2 = s^2 sum_i x_ij^2 / n, s the residuals' sd.
  kClustered,        ///< psi_j^2 = sum over clusters (sum_i x_ij e_i)^2 / n.
};

struct RigorousLassoSpec {
  LassoLoadings loadings = LassoLoadings::kHeteroskedastic;
  bool post = true;  ///< Coefficients by least squares on the selected columns, not the lasso's.
  bool intercept = true;
  std::optional<double> c = {};      ///< None: 1.1, without post 0.5.
  std::optional<double> gamma = {};  ///< None: 0.1 / log n, n the rows, or the clusters.
  /// Cluster of each row of the data, small codes; negative: missing.
  std::span<const std::int32_t> clusters = {};
  /// The penalty's level from the distribution of the largest score of these very columns, by
  /// `draws` from the stream; otherwise from a bound that holds for any, without chance.
  bool x_dependent = false;
  int draws = 5000;
  int most_iterations = 15;  ///< Of loadings and fit.
  double tolerance = 1e-5;   ///< The loadings have settled: change of the residuals' sd, in the
                             ///< outcome's.
};

/// A sparse linear model, or with the logistic function one of log odds.
struct RigorousLasso {
  bool logistic = false;
  double intercept = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> coefficient = {};        ///< In the columns' units; 0: not selected.
  std::vector<double> lasso_coefficient = {};  ///< Of the penalised fit that selected.
  std::vector<std::size_t> selected = {};      ///< Columns, in order.
  double level = std::numeric_limits<double>::quiet_NaN();  ///< lambda_0.
  std::vector<double> loadings = {};  ///< psi after the last fit; NaN for constant columns.
  double residual_sd = std::numeric_limits<double>::quiet_NaN();  ///< Squares over n - 1.
  std::int64_t n = 0;
  std::int64_t clusters = 0;
  int iterations = 0;
  bool converged = false;
  std::vector<std::string> warnings = {};
  /// Means of `rows`: expected outcomes, or probabilities. NaN where a selected column's number is
  /// missing or infinite. Throws ArgumentError for other columns and lengths.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> out) const;
};

/// Lasso whose penalty follows from theory instead of cross-validation: minimises
///     sum_i (y_i - x_i'b)^2 + lambda_0 sum_j psi_j |b_j|,
///     lambda_0 = 2 c sqrt(n) Phi^-1(1 - gamma / (2 p)),
/// large enough to keep out columns that do not matter with probability 1 - gamma or so. Loadings
/// start from the residuals of least squares on the five columns that correlate most with the
/// outcome and are renewed from each fit's own; with post the first fit takes half the penalty.
/// Weights multiply rows' squares and are scaled to a mean of 1; scores become w x e. No column is
/// brought to a scale: the loadings do that. Rows as in fit_elastic_net. With x_dependent,
/// lambda_0 is c times the 1 - gamma quantile of max_j |2 sum_i x_ij e_i g_i| / psi_j over normal
/// draws g, for one cluster one g, and draws come from `key`. Throws ArgumentError for lengths that
/// differ, negative weights, clusters that are missing or not asked for, options out of range.
/// Source: Belloni, Chen, Chernozhukov & Hansen, "Sparse models and methods for optimal instruments
/// with an application to eminent domain", Econometrica 80 (2012), appendix A; Belloni,
/// Chernozhukov, Hansen & Kozbur, "Inference in high-dimensional panel models", JBES 34 (2016).
/// Checked against hdm, whose homoskedastic loadings are s sum_i x_ij^2 / n without the root.
[[nodiscard]] RigorousLasso fit_rigorous_lasso(const FeatureColumns& features,
                                               std::span<const double> outcome,
                                               std::span<const std::uint32_t> rows,
                                               const RigorousLassoSpec& spec = {},
                                               std::span<const double> weights = {},
                                               StreamKey key = {}, const Context& context = {});

struct RigorousLogitSpec {
  bool post = true;  ///< Coefficients by maximum likelihood on the selected columns.
  bool intercept = true;
  std::optional<double> c = {};      ///< As RigorousLassoSpec.
  std::optional<double> gamma = {};  ///< None: 0.1 / log n.
};

/// The same for an outcome of 0, 1 or a share between: minimises -sum_i l_i + lambda_0 sum_j s_j
/// |b_j| / 2, s_j the sd of column j and lambda_0 = c sqrt(n) Phi^-1(1 - gamma / (2 p)) / 2, as a
/// score's variance is at most 1/4. Where the selected columns separate the classes the post fit
/// does not exist: coefficients are NaN, with a warning that the lasso's own do. Errors as
/// fit_rigorous_lasso, and for other outcomes. Source: Belloni, Chernozhukov & Wei, "Post-selection
/// inference for generalized linear models with many controls", JBES 34 (2016). Checked against hdm
/// (rlassologit).
[[nodiscard]] RigorousLasso fit_rigorous_logit(const FeatureColumns& features,
                                               std::span<const double> outcome,
                                               std::span<const std::uint32_t> rows,
                                               const RigorousLogitSpec& spec = {},
                                               std::span<const double> weights = {},
                                               const Context& context = {});

/// Both as Learners, for nuisances that are fitted fold by fold; the spans must outlive them.
[[nodiscard]] Learner rigorous_lasso_learner(const FeatureColumns& features,
                                             std::span<const double> outcome,
                                             const RigorousLassoSpec& spec = {},
                                             std::span<const double> weights = {});
[[nodiscard]] Learner rigorous_logit_learner(const FeatureColumns& features,
                                             std::span<const double> outcome,
                                             const RigorousLogitSpec& spec = {},
                                             std::span<const double> weights = {});

}  // namespace impact
