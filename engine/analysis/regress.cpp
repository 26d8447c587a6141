#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/analysis/model_frame.h"
#include "engine/analysis/reader.h"
#include "engine/analysis/regression_tables.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/glm.h"
#include "engine/stats/marginal_effects.h"
#include "engine/stats/multinomial.h"
#include "engine/stats/negative_binomial.h"
#include "engine/stats/quantile_regression.h"
#include "engine/stats/wald.h"

// Regressions of an outcome on terms.
namespace impact::detail {
namespace {

// Rows without the intercept, their estimates under a name of their own.
AnalysisTable effects_table(const char* table_name, const char* value,
                            const std::vector<Estimate>& rows) {
  std::vector<std::string> terms;
  std::vector<double> estimates, errors, p, low, high;
  for (const Estimate& row : rows) {
    if (row.term == "(intercept)") continue;
    terms.push_back(row.term);
    estimates.push_back(row.estimate);
    errors.push_back(row.std_error);
    p.push_back(row.p_value);
    low.push_back(row.conf_low);
    high.push_back(row.conf_high);
  }
  TableBuilder table;
  table.texts("term", terms);
  table.numbers(value, std::move(estimates));
  table.numbers("std_error", std::move(errors));
  table.numbers("p", std::move(p));
  table.numbers("conf_low", std::move(low));
  table.numbers("conf_high", std::move(high));
  return {table_name, table.build()};
}

GlmData data_of(const ModelFrame& model) {
  return {.x = model.matrix.x,
          .columns = model.matrix.names.size(),
          .y = model.outcome,
          .weights = model.weights,
          .offset = model.offset,
          .exposure = model.exposure,
          .clusters = model.clusters,
          .names = model.matrix.names};
}

// Average marginal effects, where every term is one column: a product's parts move together.
void add_marginal_effects(const AnalysisReader& read, const ModelFrame& model, const GlmFit& fit,
                          const Context& context, AnalysisResult* out) {
  if (read.given("terms") || read.has("curved")) return;
  MarginalSpec spec{.at_means = read.text("marginal", "average") == "at_means",
                    .conf_level = read.conf_level()};
  for (auto& columns : columns_by_term(model.matrix)) {
    const bool dummies = !columns.empty() && model.matrix.names[columns[0]].ends_with("]");
    if (dummies) spec.factors.push_back(std::move(columns));
  }
  out->tables.push_back(
      effects_table("marginal_effects", "effect",
                    marginal_effects(data_of(model), fit, model.matrix.names, spec, context)));
}

// `ratio` names exp of the coefficients; null: they are no ratios.
AnalysisResult result_of(const AnalysisReader& read, const ModelFrame& model, const GlmFit& fit,
                         const char* ratio, const Context& context) {
  AnalysisResult out;
  out.estimates = to_estimates(fit, model.matrix.names, read.conf_level());
  keep_warnings(&out, "regression", fit.warnings);
  for (Estimate& row : out.estimates) prepend(&row.warnings, model.warnings);
  FitTable table;
  table.add("n", static_cast<double>(fit.n));
  table.add("log_likelihood", fit.log_likelihood);
  table.add("null_log_likelihood", fit.null_log_likelihood);
  table.add("deviance", fit.deviance);
  table.add("null_deviance", fit.null_deviance);
  table.add("aic", fit.aic);
  table.add("bic", fit.bic);
  table.add("mcfadden_r_squared", fit.mcfadden);
  if (fit.family == GlmFamily::kPoisson) table.add("dispersion", fit.dispersion);
  if (fit.rank > 1 && read.flag("intercept", true)) {
    const JointTest all = likelihood_ratio_test({fit.null_log_likelihood, 1, fit.n},
                                                {fit.log_likelihood, fit.rank, fit.n});
    table.add("likelihood_ratio_chi2", all.chi2);
    table.add("likelihood_ratio_df", all.df1);
    table.add("likelihood_ratio_p", all.p_value);
  }
  table.add("iterations", fit.iterations);
  out.tables.push_back(table.build());
  if (ratio != nullptr) {
    out.tables.push_back(
        effects_table("ratios", ratio, ratios(fit, model.matrix.names, read.conf_level())));
  }
  add_marginal_effects(read, model, fit, context, &out);
  add_joint_tests(model, fit.coefficient, fit.covariance, std::numeric_limits<double>::infinity(),
                  &out);
  return out;
}

AnalysisResult generalised(const AnalysisInput& input, GlmFamily family, const Context& context) {
  const AnalysisReader read(input);
  const bool counts = family == GlmFamily::kPoisson;
  const ModelFrame model =
      model_frame(read, counts ? read.numbers(read.name("of")) : read.outcomes());
  const GlmFit fit = glm(data_of(model),
                         {.family = family,
                          .se = se_of(read, SeType::kClassical, SeType::kCr1),
                          .frequency = read.flag("frequency", false)},
                         context);
  return result_of(read, model, fit,
                   family == GlmFamily::kLogistic ? "odds_ratio"
                   : counts                       ? "rate_ratio"
                                                  : nullptr,
                   context);
}

AnalysisResult logit(const AnalysisInput& input, const Context& context) {
  return generalised(input, GlmFamily::kLogistic, context);
}
AnalysisResult probit(const AnalysisInput& input, const Context& context) {
  return generalised(input, GlmFamily::kProbit, context);
}
AnalysisResult poisson(const AnalysisInput& input, const Context& context) {
  return generalised(input, GlmFamily::kPoisson, context);
}

AnalysisResult counts_spread(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ModelFrame model = model_frame(read, read.numbers(read.name("of")));
  const NegativeBinomialFit fit =
      negative_binomial(data_of(model),
                        {.se = se_of(read, SeType::kClassical, SeType::kCr1),
                         .frequency = read.flag("frequency", false)},
                        context);
  AnalysisResult out = result_of(read, model, fit.regression, "rate_ratio", context);
  out.estimates.push_back({.term = "theta",
                           .estimate = fit.theta,
                           .std_error = fit.theta_se,
                           .n = fit.regression.n,
                           .method = "negative_binomial"});
  return out;
}

AnalysisResult several_levels(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const FactorCodes factor = read.groups(read.name("of"));
  const ModelFrame model = model_frame(read, std::vector<double>(factor.codes.size(), 0.0));
  const auto y =
      take_rows<std::int32_t>(std::span<const std::int32_t>(factor.codes), model.matrix.source);
  std::int32_t reference = y.empty() ? 0 : *std::min_element(y.begin(), y.end());
  if (read.given("reference")) {
    const std::string wanted = read.text("reference", "");
    const auto at = std::find(factor.levels.begin(), factor.levels.end(), wanted);
    if (at == factor.levels.end()) {
      throw ArgumentError({.what = "'" + read.name("of") + "' never is '" + wanted + "'",
                           .got = wanted,
                           .expected = list_words(factor.levels),
                           .hint = did_you_mean(wanted, factor.levels)});
    }
    reference = static_cast<std::int32_t>(at - factor.levels.begin());
  }
  const MultinomialFit fit = multinomial({.x = model.matrix.x,
                                          .columns = model.matrix.names.size(),
                                          .y = y,
                                          .levels = factor.levels.size(),
                                          .weights = model.weights,
                                          .clusters = model.clusters,
                                          .names = model.matrix.names,
                                          .level_names = factor.levels},
                                         {.reference = reference,
                                          .se = se_of(read, SeType::kClassical, SeType::kCr1),
                                          .frequency = read.flag("frequency", false)},
                                         context);
  AnalysisResult out;
  out.estimates = to_estimates(fit, model.matrix.names, factor.levels, read.conf_level());
  keep_warnings(&out, "multinomial", fit.warnings);
  for (Estimate& row : out.estimates) prepend(&row.warnings, model.warnings);
  FitTable table;
  table.add("n", static_cast<double>(fit.n));
  table.add("log_likelihood", fit.log_likelihood);
  table.add("null_log_likelihood", fit.null_log_likelihood);
  table.add("aic", fit.aic);
  table.add("bic", fit.bic);
  table.add("mcfadden_r_squared", fit.mcfadden);
  table.add("iterations", fit.iterations);
  out.tables.push_back(table.build());
  return out;
}

AnalysisResult quantiles_of(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ModelFrame model = model_frame(read, read.numbers(read.name("of")));
  std::vector<double> levels = read.list("tau");
  if (levels.empty()) levels = {0.5};
  AnalysisResult out;
  std::vector<double> taus, objectives;
  for (const double tau : levels) {
    const QuantileFit fit = quantile_regression(
        {.x = model.matrix.x,
         .columns = model.matrix.names.size(),
         .y = model.outcome,
         .weights = model.weights,
         .clusters = model.clusters,
         .names = model.matrix.names},
        {.tau = tau,
         .se = parse_quantile_se(read.text("se", read.has("clusters") ? "bootstrap" : "nid")),
         .draws = static_cast<int>(read.integer("draws", 500)),
         .key = input.stream.child("quantile " + format_double(tau))},
        context);
    auto rows = to_estimates(fit, model.matrix.names, read.conf_level());
    AnalysisResult part{.estimates = std::move(rows)};
    keep_warnings(&part, "quantile_regression", fit.warnings);
    for (Estimate& row : part.estimates) {
      if (levels.size() > 1) row.term = format_double(tau) + ":" + row.term;
      prepend(&row.warnings, model.warnings);
      out.estimates.push_back(std::move(row));
    }
    taus.push_back(tau);
    objectives.push_back(fit.objective);
  }
  TableBuilder table;
  table.numbers("tau", std::move(taus));
  table.numbers("objective", std::move(objectives));
  out.tables.push_back({"fit", table.build()});
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"logit",
     "Logistic regression at the maximum of its likelihood, in the columns' own units.",
     {},
     logit},
    {"probit",
     "Probit regression at the maximum of its likelihood, in the columns' own units.",
     {},
     probit},
    {"negative_binomial",
     "Negative binomial regression (NB2) of counts that spread more than Poisson's (Lawless 1987).",
     {},
     counts_spread},
    {"multinomial",
     "Multinomial logit of an outcome with several levels (McFadden 1974).",
     {},
     several_levels},
    {"quantile_regression",
     "Quantile regression (Koenker & Bassett 1978): how terms move a quantile of the outcome.",
     {},
     quantiles_of},
    {"poisson", "Poisson regression of counts at the maximum of its likelihood.", {}, poisson},
};

}  // namespace

std::span<const AnalysisMethod> regression_methods() { return kMethods; }

}  // namespace impact::detail
