#include "engine/stats/glm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/glm_fit.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/newton.h"
#include "engine/stats/row_states.h"

namespace impact {
namespace {

constexpr std::array<std::string_view, 4> kFamilyNames = {"logistic", "probit", "poisson",
                                                          "negative_binomial"};
// Pearson's chi2 per degree of freedom from which a Poisson error is misleading.
constexpr double kOverdispersed = 1.5;

std::unique_ptr<const detail::Likelihood> likelihood_of(const GlmSpec& spec) {
  switch (spec.family) {
    case GlmFamily::kLogistic: return detail::logistic_likelihood();
    case GlmFamily::kProbit: return detail::probit_likelihood();
    case GlmFamily::kPoisson: return detail::poisson_likelihood();
    case GlmFamily::kNegativeBinomial: break;
  }
  if (!(spec.theta > 0.0 && std::isfinite(spec.theta))) {
    throw ArgumentError({.what = "theta must be positive",
                         .where = "theta",
                         .got = format_double(spec.theta),
                         .expected = "more than 0"});
  }
  return std::make_unique<detail::NegativeBinomialLikelihood>(spec.theta);
}

void explain_outcome(const GlmData& data, const GlmSpec& spec, bool whole, GlmFit& fit) {
  if (!whole) {
    fit.warnings.emplace_back(
        detail::counts(spec.family)
            ? "the outcome holds fractions: no likelihood of counts, only its estimating "
              "equations; "
              "take HC or CR errors"
            : "the outcome holds shares between 0 and 1: no Bernoulli likelihood, only its "
              "estimating equations; take HC or CR errors");
  }
  if (!spec.frequency) return;
  const auto broken = [](double w) { return std::isfinite(w) && w != std::floor(w); };
  if (std::ranges::any_of(data.weights, broken)) {
    fit.warnings.emplace_back("frequency weights hold fractions: they count no rows");
  }
}

}  // namespace

std::string_view glm_family_name(GlmFamily family) {
  return kFamilyNames[static_cast<std::size_t>(family)];
}

GlmFamily parse_glm_family(std::string_view name) {
  return parse_choice<GlmFamily>(kFamilyNames, name, "family of regression", "family");
}

GlmFit glm(const GlmData& data, const GlmSpec& spec, const Context& context) {
  detail::require_se(spec.se, data.clusters, data.y.size());
  detail::RegressionRows rows = detail::regression_rows(data, context);
  const bool whole = detail::check_outcome(data.y, spec.family);
  const auto own = likelihood_of(spec);
  const detail::Likelihood& likelihood = *own;
  GlmFit fit;
  fit.family = spec.family;
  detail::start_fit(rows, data.columns, spec.se, spec.frequency, fit);
  if (spec.explain) {
    detail::warn_left_out(fit.warnings, rows.missing, rows.infinite);
    explain_outcome(data, spec, whole, fit);
  }
  const bool intercept = detail::has_intercept(rows);
  const std::string nothing = detail::nothing_to_fit(rows, likelihood, intercept);
  if (!nothing.empty()) {
    if (spec.explain) fit.warnings.push_back(nothing);
    return fit;
  }
  const detail::NullModel null = detail::null_model(rows, likelihood, intercept, context);
  const detail::EtaFit eta =
      detail::fit_eta(rows, likelihood, null.intercept, spec.most_iterations, context);
  fit.rank = static_cast<std::int64_t>(data.columns - eta.dropped.size());

  const detail::EtaErrors errors = detail::errors_at_maximum(eta, spec.se, spec.frequency, context);
  const detail::ScoreCovariance& covariance = errors.covariance;
  if (!eta.everything) fit.decrement = covariance.decrement;
  detail::finish_fit(eta, null, errors.numbers, static_cast<std::size_t>(fit.rank), fit);
  if (!eta.everything) {
    detail::place(eta, covariance, fit);
  }
  if (spec.explain) {
    detail::explain_fit(data.names, eta, covariance, fit);
    if (spec.family == GlmFamily::kPoisson && spec.se == SeType::kClassical &&
        fit.dispersion > kOverdispersed) {
      fit.warnings.push_back(fmt::format(
          "overdispersed: Pearson's chi2 is {:.3g} per degree of freedom, so that classical errors "
          "are too small; take HC1 or a negative binomial regression",
          fit.dispersion));
    }
  }
  return fit;
}

std::vector<Estimate> to_estimates(const GlmFit& fit, std::span<const std::string> names,
                                   double conf_level) {
  require_length("names", names.size(), fit.coefficient.size());
  std::vector<Estimate> estimates;
  for (std::size_t k = 0; k < fit.coefficient.size(); ++k) {
    if (std::isnan(fit.coefficient[k])) continue;
    Estimate& row = estimates.emplace_back();
    row.term = names[k];
    row.method = glm_family_name(fit.family);
    row.se_type = se_type_name(fit.se);
    row.warnings = fit.warnings;
    complete(row,
             {fit.coefficient[k], fit.std_error[k], std::numeric_limits<double>::infinity(), fit.n},
             conf_level);
  }
  return estimates;
}

}  // namespace impact
