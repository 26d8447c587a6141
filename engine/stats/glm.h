#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/estimate.h"
#include "engine/stats/linear.h"

namespace impact {

/// Distribution of the outcome and link to eta = x'beta + offset.
enum class GlmFamily {
  kLogistic,  ///< Bernoulli, log(p / (1 - p)) = eta.
  kProbit,    ///< Bernoulli, p = Phi(eta).
  kPoisson,   ///< Poisson, log(mean) = eta.
  /// NB2 with a known theta: log(mean) = eta, variance mean + mean^2 / theta. negative_binomial()
  /// estimates theta.
  kNegativeBinomial,
};

[[nodiscard]] std::string_view glm_family_name(GlmFamily family);  ///< "logistic", "probit", ...
/// Inverse of glm_family_name. Throws ArgumentError with a suggestion.
[[nodiscard]] GlmFamily parse_glm_family(std::string_view name);

/// Columns of a regression on eta. Rows with a missing or infinite number, or a missing (negative)
/// cluster, are left out and counted; rows of weight 0 do not count. An empty span means "none".
struct GlmData {
  std::span<const double> x;  ///< rows x columns, column by column; an intercept (ones) goes first.
  std::size_t columns = 0;
  std::span<const double> y;  ///< 0/1 (shares in between with a warning); counts for Poisson.
  std::span<const double> weights = {};
  std::span<const double> offset = {};          ///< Added to eta with coefficient 1.
  std::span<const double> exposure = {};        ///< > 0; its logarithm joins the offset (counts).
  std::span<const std::int32_t> clusters = {};  ///< Small non-negative codes.
  std::span<const std::string> names = {};      ///< Of the columns, for warnings.
};

struct GlmSpec {
  GlmFamily family = GlmFamily::kLogistic;
  double theta = 1.0;  ///< > 0; kNegativeBinomial only.
  /// kClassical: inverse expected information. kHc0 ... kHc3, kCr0, kCr1: the formulas of SeType
  /// with the working weights and working residuals of the fit (as R's sandwich). Others: refused.
  SeType se = SeType::kClassical;
  /// Weights count equal rows: n is their sum and every result is that of the rows written out.
  /// Otherwise they multiply a row's log-likelihood and n counts rows.
  bool frequency = false;
  int most_iterations = 100;
  bool explain = true;  ///< False: no warnings in words.
};

/// A fit by maximum likelihood. Entries of columns that have no estimate are NaN.
struct GlmFit {
  std::vector<double> coefficient = {};     ///< One a column, of eta.
  std::vector<double> std_error = {};       ///< The same.
  std::vector<double> covariance = {};      ///< columns x columns, symmetric.
  std::vector<std::size_t> dropped = {};    ///< Columns left out as dependent.
  std::vector<std::size_t> separated = {};  ///< Columns whose estimate lies at infinity.
  std::int64_t perfect_rows = 0;            ///< Rows that separated columns predict perfectly.
  std::int64_t n = 0;                       ///< Rows used, or the sum of frequency weights.
  std::int64_t rank = 0;                    ///< Columns kept, separated ones included.
  std::int64_t clusters = 0;
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();
  /// Of the intercept (and the offset) alone; of the offset alone where column 0 is no intercept.
  double null_log_likelihood = std::numeric_limits<double>::quiet_NaN();
  double deviance = std::numeric_limits<double>::quiet_NaN();
  double null_deviance = std::numeric_limits<double>::quiet_NaN();
  double aic = std::numeric_limits<double>::quiet_NaN();       ///< -2 log-likelihood + 2 rank.
  double bic = std::numeric_limits<double>::quiet_NaN();       ///< -2 log-likelihood + rank log n.
  double mcfadden = std::numeric_limits<double>::quiet_NaN();  ///< 1 - log-likelihood / null one.
  double dispersion = std::numeric_limits<double>::quiet_NaN();  ///< Pearson's chi2 / (n - rank).
  int iterations = 0;
  bool converged = false;
  /// g'I^-1 g at the end, g the score and I the information: the squared distance to the maximum
  /// in standard errors.
  double decrement = std::numeric_limits<double>::quiet_NaN();
  GlmFamily family = GlmFamily::kLogistic;
  SeType se = SeType::kClassical;
  std::vector<std::string> warnings = {};
};

/// Logistic, probit, Poisson or negative binomial regression. Numerics: Newton's method on centred
/// columns with steps halved until the likelihood rises; it stops when the next step is below 1e-6
/// standard errors, and takes that step. From 65,536 rows on it starts at the fit of every
/// sixteenth and, once near, holds the information; should steps not shrink as they do near a
/// maximum, it starts afresh. Steps and covariance come from the Cholesky factor of the information
/// where its columns are well apart, from a QR decomposition otherwise, so the units of the columns
/// do not matter. Dependent columns are dropped as linear() does. Separation (Albert & Anderson
/// 1984): where a direction exists along which no row's likelihood falls, the maximum lies at
/// infinity. Newton's steps tend to such a direction; it counts once every row is found to agree
/// with it. Columns with a part in it become NaN and are named, the rows it predicts perfectly add
/// nothing, and the other coefficients are those of the rest, the limit of the likelihood's maximum
/// (Correia, Guimaraes & Zylkin 2019). Throws ArgumentError for lengths that differ, an outcome out
/// of range, negative weights, exposures that are not positive, a theta that is not, clusters
/// without a clustered se (and the reverse), CR2. O(iterations rows columns^2); parallel over
/// chunks, bits do not depend on threads. Source: McCullagh & Nelder, Generalized Linear Models
/// (1989); White (1982); Long & Ervin (2000). Checked against R's glm and sandwich.
[[nodiscard]] GlmFit glm(const GlmData& data, const GlmSpec& spec = {},
                         const Context& context = {});

/// The rows of a fit: one a column that has an estimate; normal statistics (df infinite). The
/// fit's warnings travel in every row.
[[nodiscard]] std::vector<Estimate> to_estimates(const GlmFit& fit,
                                                 std::span<const std::string> names,
                                                 double conf_level = 0.95);

}  // namespace impact
