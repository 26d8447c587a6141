#include "engine/study/effect_answer.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "engine/analysis/lesson.h"
#include "engine/causal/average_effect.h"
#include "engine/causal/double_learning.h"
#include "engine/core/error.h"
#include "engine/study/units.h"
#include "engine/table/take.h"

namespace impact::detail {
namespace {

void add_names(const std::vector<Term>& terms, std::vector<std::string>* names) {
  for (const Term& term : terms)
    names->insert(names->end(), term.columns.begin(), term.columns.end());
}

std::vector<double> numbers(const Frame& frame, const std::string& name,
                            std::span<const std::size_t> rows) {
  if (name.empty()) return {};
  std::vector<double> storage;
  return take_rows<double>(frame.column(name).to_numbers(storage), rows);
}

// The other terms, the outcome and the rest must not be missing either: both matrices have the
// same rows.
DesignMatrix matrix_of(const Frame& frame, const EffectColumns& columns,
                       const std::vector<Term>& own, const std::vector<Term>& other) {
  std::vector<std::string> names{columns.outcome};
  for (const std::string& name : {columns.weights, columns.clusters}) {
    if (!name.empty()) names.push_back(name);
  }
  add_names(other, &names);
  const std::set<std::string> once(names.begin(), names.end());
  return design_matrix(frame, {.terms = own, .also = {once.begin(), once.end()}});
}

// An answer that cannot be given.
std::optional<Estimate> without_arm(std::span<const std::int32_t> treated,
                                    const std::string& method) {
  for (const int arm : {1, 0}) {
    if (std::ranges::find(treated, arm) != treated.end()) continue;
    Estimate none{.n = static_cast<std::int64_t>(treated.size()), .method = method};
    none.warnings.emplace_back(arm == 1 ? "no treated row is left" : "no control row is left");
    return none;
  }
  return std::nullopt;
}

EffectInference inference_of(std::span<const std::int32_t> clusters, const Method& method) {
  EffectInference inference{.conf_level = method.conf_level};
  if (!clusters.empty()) {
    inference.error = EffectError::kCluster;
    inference.clusters = clusters;
  }
  return inference;
}

// Rows with outcome, weight and cluster.
std::vector<std::size_t> complete_rows(const Frame& frame, const EffectColumns& columns,
                                       std::vector<std::string>* warnings) {
  const DesignMatrix none = matrix_of(frame, columns, {}, {});
  warnings->insert(warnings->end(), none.warnings.begin(), none.warnings.end());
  return none.source;
}

std::vector<std::size_t> places(std::size_t rows) {
  std::vector<std::size_t> out(rows);
  std::iota(out.begin(), out.end(), std::size_t{0});
  return out;
}

}  // namespace

Estimate effect_answer(const Frame& frame, std::span<const std::int32_t> arms,
                       const EffectColumns& columns, const Method& method, EffectTarget target,
                       const Context& context) {
  AverageEffectSpec spec = method.effect;
  spec.target = target;
  const bool apart = !columns.propensity.empty();
  const DesignMatrix outcome = matrix_of(frame, columns, columns.covariates, columns.propensity);
  const DesignMatrix own =
      apart ? matrix_of(frame, columns, columns.propensity, columns.covariates) : DesignMatrix{};
  const DesignMatrix& treatment = apart ? own : outcome;
  const auto y = numbers(frame, columns.outcome, outcome.source);
  const auto weights = numbers(frame, columns.weights, outcome.source);
  const auto treated = take_rows<std::int32_t>(arms, outcome.source);
  std::vector<std::int32_t> clusters;
  if (!columns.clusters.empty()) {
    clusters =
        take_rows<std::int32_t>(group_cells(frame.column(columns.clusters)).codes, outcome.source);
  }
  if (auto none = without_arm(treated, std::string(effect_method_name(spec.method)))) {
    none->warnings.insert(none->warnings.begin(), outcome.warnings.begin(), outcome.warnings.end());
    return *none;
  }
  const AverageEffectFit fit = average_effect({.y = y,
                                               .treated = treated,
                                               .weights = weights,
                                               .x_outcome = outcome.x,
                                               .outcome_columns = outcome.names.size(),
                                               .x_treatment = treatment.x,
                                               .treatment_columns = treatment.names.size(),
                                               .outcome_names = outcome.names,
                                               .treatment_names = treatment.names},
                                              spec, context);
  Estimate row = to_estimates(fit, inference_of(clusters, method)).front();
  row.warnings.insert(row.warnings.begin(), outcome.warnings.begin(), outcome.warnings.end());
  return row;
}

Estimate learned_answer(const Frame& frame, std::span<const std::int32_t> arms,
                        const EffectColumns& columns, const Method& method, EffectTarget target,
                        StreamKey key, const Context& context) {
  const std::string name = name_of(method);
  // The learners say what they do about missing covariates; the rest must be there.
  std::vector<std::string> warnings;
  const std::vector<std::size_t> rows = complete_rows(frame, columns, &warnings);
  const Frame whole = take_rows(frame, rows);
  std::vector<Feature> features;
  for (const Term& term : columns.covariates) {
    if (term.columns.size() > 1) {
      throw ArgumentError({.what = name + " takes columns, not interactions",
                           .got = term.columns[0] + " with " + term.columns[1],
                           .hint = "learners find interactions by themselves"});
    }
    features.push_back(feature_of(term.columns[0], whole.column(term.columns[0])));
  }
  const auto treated = take_rows<std::int32_t>(arms, rows);
  if (auto none = without_arm(treated, name.substr(7))) return *none;
  const std::vector<std::size_t> every = places(whole.rows());
  const auto y = numbers(whole, columns.outcome, every);
  const auto weights = numbers(whole, columns.weights, every);
  const std::vector<double> treatment(treated.begin(), treated.end());
  std::vector<std::int32_t> clusters;
  if (!columns.clusters.empty()) clusters = group_cells(whole.column(columns.clusters)).codes;
  const Folds folds = draw_folds(whole.rows(),
                                 {.folds = method.learned->folds,
                                  .repeats = method.learned->repeats,
                                  .strata = treated,
                                  .groups = clusters},
                                 key.child("folds"));
  DoubleLearningSpec spec = method.learned->spec;
  spec.target = target;
  const DoubleLearningFit fit = double_learning({.features = FeatureTable(std::move(features)),
                                                 .y = y,
                                                 .treatment = treatment,
                                                 .weights = weights,
                                                 .groups = clusters},
                                                spec, folds, key, context);
  Estimate row = to_estimates(fit, inference_of(clusters, method)).front();
  row.warnings.insert(row.warnings.begin(), warnings.begin(), warnings.end());
  return row;
}

}  // namespace impact::detail
