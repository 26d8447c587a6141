#include "engine/study/effect_answer.h"

#include <algorithm>
#include <set>

#include "engine/study/units.h"

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

}  // namespace

Estimate effect_answer(const Frame& frame, std::span<const std::int32_t> arms,
                       const EffectColumns& columns, const AverageEffectSpec& spec,
                       double conf_level, const Context& context) {
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
  Estimate row{.n = static_cast<std::int64_t>(outcome.rows),
               .method = std::string(effect_method_name(spec.method))};
  for (const int arm : {1, 0}) {
    if (std::ranges::find(treated, arm) != treated.end()) continue;
    row.warnings = outcome.warnings;
    row.warnings.emplace_back(arm == 1 ? "no treated row is left" : "no control row is left");
    return row;
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
  EffectInference inference{.conf_level = conf_level};
  if (!clusters.empty()) {
    inference.error = EffectError::kCluster;
    inference.clusters = clusters;
  }
  row = to_estimates(fit, inference).front();
  row.warnings.insert(row.warnings.begin(), outcome.warnings.begin(), outcome.warnings.end());
  return row;
}

}  // namespace impact::detail
