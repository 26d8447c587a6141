#include "engine/learn/explain/accumulated_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/learn/explain/mixed_rows.h"
#include "engine/learn/explain/partial_dependence.h"
#include "engine/stats/inference.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

// The intervals of a column and the one of each row.
struct Cuts {
  std::vector<double> ends = {};
  std::vector<std::size_t> at = {};  // 0: from ends[0] to ends[1]

  [[nodiscard]] std::size_t size() const { return ends.size() - 1; }
};

// z_0 the least value, z_k the ceil(n k / K)-th (type 1), each once.
Cuts cut(const std::vector<double>& x, std::size_t intervals) {
  std::vector<double> sorted = x;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  Cuts cuts{.ends = {sorted.front()}};
  for (std::size_t k = 1; k <= intervals; ++k) {
    const double end = sorted[(n * k + intervals - 1) / intervals - 1];
    if (end > cuts.ends.back()) cuts.ends.push_back(end);
  }
  cuts.at.reserve(n);
  for (const double value : x) {
    const auto end = std::lower_bound(cuts.ends.begin() + 1, cuts.ends.end(), value);
    cuts.at.push_back(static_cast<std::size_t>(end - cuts.ends.begin()) - 1);
  }
  return cuts;
}

// Rows with every column asked for.
struct Sample {
  FeatureTable table;
  std::vector<double> weight;
  std::vector<std::size_t> places;
  std::vector<Cuts> cuts;
};

Sample sample_of(const TrainedModel& model, const FeatureTable& features,
                 std::span<const std::uint32_t> rows, const AccumulatedEffectsSpec& spec,
                 AccumulatedEffects& result) {
  detail::check_output(model, spec.output);
  check_conf_level(spec.conf_level);
  const bool two = spec.columns.size() == 2;
  if ((spec.columns.size() != 1 && !two) || (two && spec.columns[0] == spec.columns[1])) {
    throw ArgumentError({.what = "accumulated effects are those of one column or of two",
                         .where = "columns",
                         .got = list_words(spec.columns),
                         .expected = "one or two different columns of the model"});
  }
  if (spec.intervals < 1) {
    throw ArgumentError({.what = "effects accumulate over one interval at least",
                         .where = "intervals",
                         .got = "0",
                         .expected = "1 or more, for example 20"});
  }
  Sample sample;
  FeatureTable all = detail::asked_rows(model, features, rows);
  for (const std::string& name : spec.columns) {
    const std::size_t place = detail::input_place(model, name);
    sample.places.push_back(place);
    if (!all[place].text) continue;
    std::string what("column '");
    what += name;
    what += "' holds texts, whose levels have no order to accumulate effects in";
    throw ArgumentError({.what = what,
                         .where = "columns",
                         .expected = "columns of numbers",
                         .hint = "partial dependence takes texts"});
  }
  std::vector<std::uint32_t> kept;
  std::vector<std::uint32_t> kept_rows;
  for (std::uint32_t i = 0; i < all.rows(); ++i) {
    const bool there = std::all_of(sample.places.begin(), sample.places.end(),
                                   [&](std::size_t j) { return std::isfinite(all[j].numbers[i]); });
    if (!there) continue;
    kept.push_back(i);
    kept_rows.push_back(rows[i]);
  }
  if (kept.empty()) {
    throw ArgumentError({.what = "no row has a number in every column asked for",
                         .where = "columns",
                         .got = list_words(spec.columns)});
  }
  if (kept.size() < all.rows()) {
    const auto gone = static_cast<std::int64_t>(all.rows() - kept.size());
    result.warnings.push_back(fmt::format("{} left out because a number is missing or infinite",
                                          detail::plural(gone, "row was", "rows were")));
  }
  sample.table = kept.size() == all.rows() ? std::move(all) : all.take(kept);
  sample.weight = detail::row_weights(spec.weights, kept_rows, features.rows());
  result.columns = spec.columns;
  for (const std::size_t place : sample.places) {
    sample.cuts.push_back(cut(sample.table[place].numbers, spec.intervals));
    result.ends.push_back(sample.cuts.back().ends);
    result.deciles.push_back(grid_axis(sample.table, place, {.points = 2}).deciles);
    if (sample.cuts.back().size() > 0) continue;
    std::string text("column '");
    text += sample.table[place].name;
    text += "' has one value only: nothing accumulates";
    result.warnings.push_back(std::move(text));
  }
  return sample;
}

// The column with each row's value moved to an end of its interval.
Feature moved(const Sample& sample, std::size_t which, bool upper) {
  const Feature& from = sample.table[sample.places[which]];
  const Cuts& cuts = sample.cuts[which];
  Feature column{.name = from.name, .role = from.role};
  column.numbers.reserve(cuts.at.size());
  for (const std::size_t at : cuts.at) column.numbers.push_back(cuts.ends[at + (upper ? 1 : 0)]);
  return column;
}

// Share that the lower end of an interval has in the value its rows are given.
double lower_share(EffectCentre centre) { return centre == EffectCentre::kMidpoints ? 0.5 : 0.0; }

void one_column(const Sample& sample, const TrainedModel& model, const AccumulatedEffectsSpec& spec,
                AccumulatedEffects& result, const Context& context) {
  if (sample.cuts[0].size() == 0) {
    result.effect = {0.0};
    result.std_error = {0.0};
    result.conf_low = {0.0};
    result.conf_high = {0.0};
    result.n = {static_cast<std::int64_t>(sample.table.rows())};
    return;
  }
  const auto ask = [&](bool upper) {
    std::vector<std::pair<std::size_t, Feature>> columns;
    columns.emplace_back(sample.places[0], moved(sample, 0, upper));
    return detail::output_of(model, detail::replaced(sample.table, std::move(columns)), spec.output,
                             context);
  };
  const std::vector<double> high = ask(true);
  const std::vector<double> low = ask(false);
  const Cuts& cuts = sample.cuts[0];
  const std::size_t intervals = cuts.size();
  std::vector<double> weight(intervals);
  std::vector<double> squares(intervals);
  std::vector<double> mean(intervals);
  std::vector<double> spread(intervals);
  result.n.assign(intervals + 1, 0);
  for (std::size_t i = 0; i < high.size(); ++i) {
    const double w = sample.weight[i];
    weight[cuts.at[i]] += w;
    squares[cuts.at[i]] += w * w;
    mean[cuts.at[i]] += w * (high[i] - low[i]);
    ++result.n[cuts.at[i] + 1];
  }
  for (std::size_t k = 0; k < intervals; ++k) {
    mean[k] = weight[k] > 0.0 ? mean[k] / weight[k] : 0.0;
  }
  for (std::size_t i = 0; i < high.size(); ++i) {
    const double d = high[i] - low[i] - mean[cuts.at[i]];
    spread[cuts.at[i]] += sample.weight[i] * d * d;
  }
  // Of the mean of an interval: sum w d^2 / (W - Q / W) times Q / W^2, Q = sum w^2.
  result.effect = {0.0};
  result.std_error = {0.0};
  double variance = 0.0;
  double total = 0.0;
  double centre = 0.0;
  const double share = lower_share(spec.centre);
  for (std::size_t k = 0; k < intervals; ++k) {
    const double below = result.effect.back();
    result.effect.push_back(below + mean[k]);
    if (weight[k] > 0.0) {
      const double df = weight[k] - squares[k] / weight[k];
      variance += df > 0.0 ? spread[k] / df * squares[k] / (weight[k] * weight[k])
                           : std::numeric_limits<double>::quiet_NaN();
    }
    result.std_error.push_back(std::sqrt(variance));
    centre += weight[k] * (share * below + (1.0 - share) * result.effect.back());
    total += weight[k];
  }
  centre = total > 0.0 ? centre / total : 0.0;
  const double z = normal_quantile(0.5 + 0.5 * spec.conf_level);
  for (std::size_t k = 0; k <= intervals; ++k) {
    result.effect[k] -= centre;
    result.conf_low.push_back(result.effect[k] - z * result.std_error[k]);
    result.conf_high.push_back(result.effect[k] + z * result.std_error[k]);
  }
  if (std::isnan(variance)) {
    result.warnings.emplace_back(
        "an interval holds a single row, so errors from there on are unknown");
  }
}

// Numbers at the ends of two columns, or in their cells.
struct Grid {
  std::size_t inner = 0;
  std::vector<double> cell = {};

  Grid(std::size_t outer_size, std::size_t inner_size)
      : inner(inner_size), cell(outer_size * inner_size) {}
  double& operator()(std::size_t a, std::size_t b) { return cell[a * inner + b]; }
  double operator()(std::size_t a, std::size_t b) const { return cell[a * inner + b]; }
};

// Cells without rows take the difference of the cell that does have some and whose centre is
// nearest, in shares of the columns' ranges; of several the first.
std::int64_t fill_empty(Grid& difference, const Grid& weight, const Cuts& a, const Cuts& b) {
  const auto centre = [](const Cuts& cuts, std::size_t k) {
    return 0.5 * (cuts.ends[k] + cuts.ends[k + 1]) / (cuts.ends.back() - cuts.ends.front());
  };
  std::int64_t empty = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t l = 0; l < b.size(); ++l) {
      if (weight(k, l) > 0.0) continue;
      ++empty;
      double nearest = std::numeric_limits<double>::infinity();
      for (std::size_t m = 0; m < a.size(); ++m) {
        for (std::size_t o = 0; o < b.size(); ++o) {
          if (!(weight(m, o) > 0.0)) continue;
          const double da = centre(a, k) - centre(a, m);
          const double db = centre(b, l) - centre(b, o);
          if (da * da + db * db >= nearest) continue;
          nearest = da * da + db * db;
          difference(k, l) = difference(m, o);
        }
      }
    }
  }
  return empty;
}

// The summed second differences g less what either column does alone: along the first column the
// mean over the rows of an interval of g(z_k, .) - g(z_(k-1), .), summed up, the same along the
// second, and the mean of what remains.
void centre_pair(Grid& g, const Grid& weight, std::size_t rows_a, std::size_t rows_b,
                 double lower) {
  const double upper = 1.0 - lower;
  std::vector<double> first = {0.0};
  std::vector<double> second = {0.0};
  for (std::size_t k = 0; k < rows_a; ++k) {
    double sum = 0.0;
    double total = 0.0;
    for (std::size_t l = 0; l < rows_b; ++l) {
      sum += weight(k, l) *
             (lower * (g(k + 1, l) - g(k, l)) + upper * (g(k + 1, l + 1) - g(k, l + 1)));
      total += weight(k, l);
    }
    first.push_back(first.back() + (total > 0.0 ? sum / total : 0.0));
  }
  for (std::size_t l = 0; l < rows_b; ++l) {
    double sum = 0.0;
    double total = 0.0;
    for (std::size_t k = 0; k < rows_a; ++k) {
      sum += weight(k, l) *
             (lower * (g(k, l + 1) - g(k, l)) + upper * (g(k + 1, l + 1) - g(k + 1, l)));
      total += weight(k, l);
    }
    second.push_back(second.back() + (total > 0.0 ? sum / total : 0.0));
  }
  double sum = 0.0;
  double total = 0.0;
  for (std::size_t k = 0; k <= rows_a; ++k) {
    for (std::size_t l = 0; l <= rows_b; ++l) g(k, l) -= first[k] + second[l];
  }
  for (std::size_t k = 0; k < rows_a; ++k) {
    for (std::size_t l = 0; l < rows_b; ++l) {
      sum += weight(k, l) * (lower * lower * g(k, l) + lower * upper * (g(k + 1, l) + g(k, l + 1)) +
                             upper * upper * g(k + 1, l + 1));
      total += weight(k, l);
    }
  }
  for (double& value : g.cell) value -= sum / total;
}

void two_columns(const Sample& sample, const TrainedModel& model,
                 const AccumulatedEffectsSpec& spec, AccumulatedEffects& result,
                 const Context& context) {
  const auto ask = [&](bool first, bool second) {
    std::vector<std::pair<std::size_t, Feature>> columns;
    columns.emplace_back(sample.places[0], moved(sample, 0, first));
    columns.emplace_back(sample.places[1], moved(sample, 1, second));
    return detail::output_of(model, detail::replaced(sample.table, std::move(columns)), spec.output,
                             context);
  };
  const Cuts& a = sample.cuts[0];
  const Cuts& b = sample.cuts[1];
  Grid g(a.size() + 1, b.size() + 1);
  result.n.assign(g.cell.size(), 0);
  if (a.size() > 0 && b.size() > 0) {
    const std::vector<double> both = ask(true, true);
    const std::vector<double> upper = ask(true, false);
    const std::vector<double> right = ask(false, true);
    const std::vector<double> none = ask(false, false);
    Grid weight(a.size(), b.size());
    Grid difference(a.size(), b.size());
    for (std::size_t i = 0; i < both.size(); ++i) {
      const double w = sample.weight[i];
      weight(a.at[i], b.at[i]) += w;
      difference(a.at[i], b.at[i]) += w * ((both[i] - right[i]) - (upper[i] - none[i]));
      ++result.n[(a.at[i] + 1) * g.inner + b.at[i] + 1];
    }
    for (std::size_t k = 0; k < weight.cell.size(); ++k) {
      if (weight.cell[k] > 0.0) difference.cell[k] /= weight.cell[k];
    }
    result.empty = fill_empty(difference, weight, a, b);
    for (std::size_t k = 0; k < a.size(); ++k) {
      for (std::size_t l = 0; l < b.size(); ++l) {
        g(k + 1, l + 1) = g(k, l + 1) + g(k + 1, l) - g(k, l) + difference(k, l);
      }
    }
    centre_pair(g, weight, a.size(), b.size(), lower_share(spec.centre));
  }
  result.effect = std::move(g.cell);
  if (result.empty > 0) {
    result.warnings.push_back(detail::plural(result.empty, "cell has", "cells have") +
                              " no row and what is drawn there comes from the nearest one");
  }
}

}  // namespace

AccumulatedEffects accumulated_effects(const TrainedModel& model, const FeatureTable& features,
                                       std::span<const std::uint32_t> rows,
                                       const AccumulatedEffectsSpec& spec, const Context& context) {
  AccumulatedEffects result;
  const Sample sample = sample_of(model, features, rows, spec, result);
  if (spec.columns.size() == 1) {
    one_column(sample, model, spec, result, context);
  } else {
    two_columns(sample, model, spec, result, context);
  }
  if (std::any_of(result.effect.begin(), result.effect.end(),
                  [](double x) { return std::isnan(x); })) {
    result.warnings.emplace_back("some rows have no prediction, so some effects are undefined");
  }
  return result;
}

}  // namespace impact
