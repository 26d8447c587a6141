#include "engine/learn/explain/interaction_strength.h"

#include <cmath>
#include <utility>

#include "engine/core/parallel.h"
#include "engine/learn/explain/mixed_rows.h"

namespace impact {
namespace {

using Places = std::vector<std::size_t>;

struct Game {
  const TrainedModel& model;
  const FeatureTable& table;
  const std::vector<double>& weight;
  std::size_t output;
  const Context& context;

  // Partial dependence on the columns `fixed` at each row, less its mean.
  [[nodiscard]] std::vector<double> effect(const Places& fixed) const {
    const std::size_t n = table.rows();
    std::vector<double> result(n);
    run_tasks(context, n, [&](std::size_t i) {
      std::vector<std::pair<std::size_t, Feature>> columns;
      for (const std::size_t j : fixed) {
        columns.emplace_back(j, detail::repeated_cell(table[j], static_cast<std::uint32_t>(i), n));
      }
      const auto f =
          detail::output_of(model, detail::replaced(table, std::move(columns)), output, context);
      result[i] = detail::weighted_average(f, weight);
    });
    centre(result);
    return result;
  }

  void centre(std::vector<double>& x) const {
    const double mean = detail::weighted_average(x, weight);
    for (double& value : x) value -= mean;
  }

  [[nodiscard]] InteractionStrength compare(std::string first, std::string second,
                                            const std::vector<double>& joint,
                                            const std::vector<double>& a,
                                            const std::vector<double>& b) const {
    double above = 0.0;
    double below = 0.0;
    double total = 0.0;
    for (std::size_t i = 0; i < joint.size(); ++i) {
      const double rest = joint[i] - a[i] - b[i];
      above += weight[i] * rest * rest;
      below += weight[i] * joint[i] * joint[i];
      total += weight[i];
    }
    InteractionStrength row{.first = std::move(first), .second = std::move(second)};
    row.strength = std::sqrt(above / total);
    if (below > 0.0) row.h_squared = above / below;
    row.h = std::sqrt(row.h_squared);
    return row;
  }
};

}  // namespace

Interactions interaction_strength(const TrainedModel& model, const FeatureTable& features,
                                  std::span<const std::uint32_t> rows, const InteractionSpec& spec,
                                  StreamKey key, const Context& context) {
  detail::check_output(model, spec.output);
  Places places;
  for (const std::string& name : spec.columns) places.push_back(detail::input_place(model, name));
  if (spec.columns.empty()) {
    for (std::size_t j = 0; j < model.inputs.size(); ++j) places.push_back(j);
  }
  const auto drawn = detail::sampled_rows(rows, spec.rows, key.child("rows"));
  const FeatureTable table = detail::asked_rows(model, features, drawn);
  const auto weight = detail::row_weights(spec.weights, drawn, features.rows());
  const Game game{model, table, weight, spec.output, context};
  Interactions result{.n = static_cast<std::int64_t>(drawn.size())};
  std::vector<double> all = detail::output_of(model, table, spec.output, context);
  game.centre(all);
  std::vector<std::vector<double>> single;
  for (const std::size_t j : places) {
    single.push_back(game.effect({j}));
    Places others;
    for (std::size_t k = 0; k < model.inputs.size(); ++k) {
      if (k != j) others.push_back(k);
    }
    result.columns.push_back(
        game.compare(model.inputs[j].name, "", all, single.back(), game.effect(others)));
  }
  bool flat = false;
  bool unknown = false;
  for (std::size_t a = 0; a < places.size(); ++a) {
    for (std::size_t b = a + 1; b < places.size(); ++b) {
      InteractionStrength row =
          game.compare(model.inputs[places[a]].name, model.inputs[places[b]].name,
                       game.effect({places[a], places[b]}), single[a], single[b]);
      unknown = unknown || std::isnan(row.strength);
      flat = flat || (std::isnan(row.h_squared) && !std::isnan(row.strength));
      result.pairs.push_back(std::move(row));
    }
  }
  if (flat) {
    result.warnings.emplace_back(
        "some pairs of columns have no effect at all, so no share of it is interaction");
  }
  if (unknown) {
    result.warnings.emplace_back("some rows have no prediction, so some numbers are undefined");
  }
  return result;
}

}  // namespace impact
