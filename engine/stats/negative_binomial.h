#pragma once

#include <limits>

#include "engine/stats/glm.h"

namespace impact {

struct NegativeBinomialSpec {
  SeType se = SeType::kClassical;  ///< As GlmSpec; classical errors take theta as known.
  bool frequency = false;          ///< As GlmSpec.
  int most_iterations = 100;
  bool explain = true;
};

/// Coefficients, and the spread beyond Poisson's.
struct NegativeBinomialFit {
  GlmFit regression = {};  ///< family kNegativeBinomial; theta counts as a parameter in AIC, BIC.
  double theta = std::numeric_limits<double>::quiet_NaN();  ///< Variance mean + mean^2 / theta.
  double theta_se = std::numeric_limits<double>::quiet_NaN();
  double alpha = std::numeric_limits<double>::quiet_NaN();  ///< 1 / theta.
};

/// Negative binomial regression (NB2) of counts: log(mean) = x'beta + offset and theta by maximum
/// likelihood, Newton's method on either in turn until theta stands still to 1e-10. The information
/// of beta and theta is block-diagonal in expectation, so that the errors of each are those of a
/// fit with the other known. Counts that spread no more than Poisson's have their maximum at
/// theta infinite: the fit is then Poisson's, with a warning. Deviance and null deviance are those
/// at the theta found; the null log-likelihood has a theta of its own. Separation, dropped columns,
/// errors and threads as glm().
/// Source: Lawless, "Negative binomial and mixed Poisson regression", Canadian Journal of
/// Statistics 15 (1987) 209-225. Checked against MASS::glm.nb.
[[nodiscard]] NegativeBinomialFit negative_binomial(const GlmData& data,
                                                    const NegativeBinomialSpec& spec = {},
                                                    const Context& context = {});

}  // namespace impact
