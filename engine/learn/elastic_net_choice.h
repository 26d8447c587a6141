#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/elastic_net.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/folds.h"

namespace impact {

/// Which lambda of a path.
struct LambdaChoice {
  std::vector<double> lambda = {};     ///< Decreasing.
  std::vector<double> value = {};      ///< What is least at the choice; NaN: no fit.
  std::vector<double> std_error = {};  ///< Of cross-validated values; none for criteria.
  double best = std::numeric_limits<double>::quiet_NaN();  ///< The largest with the least value.
  /// The largest whose value is at most one standard error above (of the best's own): the sparsest
  /// fit that is not clearly worse. Criteria: `best`.
  double one_se = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// Cross-validated deviance a row (Gaussian: squared error) at each lambda of `spec`, or of the
/// grid of the fit to all `rows`: a path is fitted without each fold and judges it. The value is
/// the mean over the folds by their weights, its error sqrt(weighted variance / (J - 1)) for J of
/// them, as glmnet's cv.glmnet. `folds` covers the rows of the data; those not in `rows` take no
/// part. Fits in parallel; bits do not depend on threads. Errors as fit_elastic_net.
[[nodiscard]] LambdaChoice choose_by_folds(const FeatureColumns& features,
                                           std::span<const double> outcome,
                                           std::span<const std::uint32_t> rows, const Folds& folds,
                                           const ElasticNetSpec& spec = {},
                                           std::span<const double> weights = {},
                                           std::span<const double> offset = {},
                                           const Context& context = {});

/// With k parameters (df, the intercepts, and the Gaussian variance), deviance d (Gaussian:
/// n log(RSS / n)) and p columns:
enum class InformationCriterion {
  kAic,   ///< d + 2 k (Akaike 1974).
  kAicc,  ///< d + 2 k + 2 k (k + 1) / (n - k - 1); infinite from k = n - 1 on (Hurvich & Tsai
          ///< 1989).
  kBic,   ///< d + k log n (Schwarz 1978).
  kEbic,  ///< d + k log n + 2 log binomial(p, columns used) (Chen & Chen 2008, gamma = 1).
};

/// The lambda of `path` with the least criterion. NaN, with a warning, where the degrees of freedom
/// are not known (see ElasticNetPath::df).
[[nodiscard]] LambdaChoice choose_by_criterion(const ElasticNetPath& path,
                                               InformationCriterion criterion);

struct ElasticNetLearnerSpec {
  int folds = 10;  ///< Drawn from the learner's stream inside the training rows.
  bool one_se = false;
};

/// An elastic net as a Learner: lambda is chosen by folds of the training rows (classes of a
/// binomial outcome in equal shares) unless `spec` has exactly one; predicts means. Not for the
/// multinomial family: ArgumentError. The spans must outlive it.
[[nodiscard]] Learner elastic_net_learner(const FeatureColumns& features,
                                          std::span<const double> outcome,
                                          const ElasticNetSpec& spec = {},
                                          const ElasticNetLearnerSpec& choice = {},
                                          std::span<const double> weights = {});

}  // namespace impact
