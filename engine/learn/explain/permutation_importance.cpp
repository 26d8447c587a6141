#include "engine/learn/explain/permutation_importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/explain/mixed_rows.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeastProbability = 1e-15;

// The rows that count.
struct Judged {
  std::vector<std::uint32_t> rows = {};
  std::vector<double> outcome = {};
  std::vector<double> weight = {};
  std::size_t outputs = 1;
  bool classes = false;

  [[nodiscard]] std::size_t size() const { return rows.size(); }
};

// A loss with the influence of each row on it, which sum to 0.
struct Loss {
  double value = kNaN;
  std::vector<double> influence = {};
};

double class_probability(std::span<const double> prediction, std::size_t k) {
  if (prediction.size() > 1) return prediction[k];
  return k == 1 ? prediction[0] : 1.0 - prediction[0];
}

double row_loss(ImportanceLoss loss, std::span<const double> f, double y) {
  if (loss == ImportanceLoss::kAbsolute) return std::abs(y - f[0]);
  const auto k = static_cast<std::size_t>(std::max(y, 0.0));
  if (loss == ImportanceLoss::kLogLoss) {
    return -std::log(std::max(class_probability(f, k), kLeastProbability));
  }
  if (loss == ImportanceLoss::kError) {
    if (f.size() == 1) return (f[0] >= 0.5) == (k == 1) ? 0.0 : 1.0;
    const auto best = std::max_element(f.begin(), f.end()) - f.begin();
    return static_cast<std::size_t>(best) == k ? 0.0 : 1.0;
  }
  if (f.size() == 1) return (y - f[0]) * (y - f[0]);
  double sum = 0.0;
  for (std::size_t c = 0; c < f.size(); ++c) {
    const double miss = (c == k ? 1.0 : 0.0) - f[c];
    sum += miss * miss;
  }
  return sum;
}

// 1 - A. A row's placement is the weighted share of the other class that it beats, ties half; A is
// the mean placement of either class, and both classes' deviations from it are A's influence.
Loss one_less_auc(const Judged& data, std::span<const double> score) {
  const std::size_t n = data.size();
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return score[a] != score[b] ? score[a] < score[b] : a < b;
  });
  double total[2] = {0.0, 0.0};
  const auto label = [&](std::uint32_t i) { return data.outcome[i] == 1.0 ? 1U : 0U; };
  for (std::uint32_t i = 0; i < n; ++i) total[label(i)] += data.weight[i];
  if (!(total[0] > 0.0 && total[1] > 0.0)) return {};
  std::vector<double> placement(n);
  double below[2] = {0.0, 0.0};
  double area = 0.0;
  for (std::size_t from = 0; from < n;) {
    std::size_t to = from;
    double here[2] = {0.0, 0.0};
    for (; to < n && score[order[to]] == score[order[from]]; ++to) {
      here[label(order[to])] += data.weight[order[to]];
    }
    for (std::size_t k = from; k < to; ++k) {
      const std::uint32_t i = order[k];
      const unsigned other = 1U - label(i);
      const double beaten = (below[other] + 0.5 * here[other]) / total[other];
      placement[i] = other == 0U ? beaten : 1.0 - beaten;
    }
    area += here[1] * (below[0] + 0.5 * here[0]);
    below[0] += here[0];
    below[1] += here[1];
    from = to;
  }
  area /= total[0] * total[1];
  Loss loss{.value = 1.0 - area, .influence = std::vector<double>(n)};
  for (std::uint32_t i = 0; i < n; ++i) {
    loss.influence[i] = data.weight[i] * (area - placement[i]) / total[label(i)];
  }
  return loss;
}

// Without rows that have no prediction; their number is added to `without`.
Loss loss_of(const ImportanceSpec& spec, const Judged& data, std::span<const double> prediction,
             std::int64_t& without) {
  if (spec.metric) {
    const double value = spec.metric(prediction, data.rows);
    return {.value = spec.metric_rises ? -value : value};
  }
  if (spec.loss == ImportanceLoss::kAuc) {
    const bool all =
        std::none_of(prediction.begin(), prediction.end(), [](double p) { return std::isnan(p); });
    if (all) return one_less_auc(data, prediction);
    Judged seen{.outputs = 1, .classes = true};
    std::vector<double> score;
    std::vector<std::size_t> place;
    for (std::size_t i = 0; i < data.size(); ++i) {
      if (std::isnan(prediction[i])) continue;
      place.push_back(i);
      seen.rows.push_back(data.rows[i]);
      seen.outcome.push_back(data.outcome[i]);
      seen.weight.push_back(data.weight[i]);
      score.push_back(prediction[i]);
    }
    without += static_cast<std::int64_t>(data.size() - seen.size());
    const Loss some = one_less_auc(seen, score);
    Loss loss{.value = some.value, .influence = std::vector<double>(data.size())};
    for (std::size_t i = 0; i < some.influence.size(); ++i) {
      loss.influence[place[i]] = some.influence[i];
    }
    return loss;
  }
  const std::size_t n = data.size();
  Loss loss{.influence = std::vector<double>(n)};
  double sum = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto f = prediction.subspan(i * data.outputs, data.outputs);
    loss.influence[i] = row_loss(spec.loss, f, data.outcome[i]);
    if (std::isnan(loss.influence[i])) {
      ++without;
      continue;
    }
    sum += data.weight[i] * loss.influence[i];
    total += data.weight[i];
  }
  loss.value = sum / total;
  for (std::size_t i = 0; i < n; ++i) {
    double& psi = loss.influence[i];
    psi = std::isnan(psi) ? 0.0 : data.weight[i] * (psi - loss.value) / total;
  }
  return loss;
}

void check_loss(const ImportanceSpec& spec, const TrainedModel& model) {
  if (spec.metric) return;
  const std::size_t classes = model.classes.size();
  const char* expected = nullptr;
  switch (spec.loss) {
    case ImportanceLoss::kSquared: break;
    case ImportanceLoss::kAbsolute:
      if (classes > 0) expected = "a model of numbers";
      break;
    case ImportanceLoss::kLogLoss:
    case ImportanceLoss::kError:
      if (classes == 0) expected = "a model of classes";
      break;
    case ImportanceLoss::kAuc:
      if (classes != 2) expected = "a model of two classes";
      break;
  }
  if (expected == nullptr) return;
  throw ArgumentError(
      {.what = "the model's outcome does not have this loss",
       .where = "loss",
       .got = "an outcome of " + (classes == 0 ? "numbers" : std::to_string(classes) + " classes"),
       .expected = expected});
}

Judged judged_rows(const TrainedModel& model, std::span<const double> outcome,
                   std::span<const std::uint32_t> rows, const ImportanceSpec& spec,
                   std::vector<std::string>& warnings) {
  Judged data{.outputs = model.outputs(), .classes = !model.classes.empty()};
  std::int64_t missing = 0;
  for (const std::uint32_t row : rows) {
    if (row >= outcome.size()) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(row),
                           .expected = "less than " + std::to_string(outcome.size())});
    }
    const double y = outcome[row];
    if (std::isnan(y)) {
      ++missing;
      continue;
    }
    if (data.classes &&
        !(y >= 0.0 && y < static_cast<double>(model.classes.size()) && y == std::floor(y))) {
      throw ArgumentError({.what = "an outcome is no code of a class",
                           .where = "row " + std::to_string(row + 1),
                           .got = format_double(y),
                           .expected = "0 to " + std::to_string(model.classes.size() - 1)});
    }
    data.rows.push_back(row);
    data.outcome.push_back(y);
  }
  detail::warn_missing(warnings, missing);
  data.weight = detail::row_weights(spec.weights, data.rows, outcome.size());
  return data;
}

// The cells that row i gets under a repeat come from row giver[i].
struct Shuffle {
  std::vector<std::uint32_t> giver = {};
  Loss loss = {};
  std::int64_t without = 0;
};

void intervals(ColumnReliance& row, std::span<const double> rises, const Loss& base,
               std::span<const Shuffle> shuffles, double conf_level) {
  const auto repeats = static_cast<double>(rises.size());
  row.importance = std::accumulate(rises.begin(), rises.end(), 0.0) / repeats;
  if (rises.size() > 1) {
    double squares = 0.0;
    for (const double rise : rises) squares += (rise - row.importance) * (rise - row.importance);
    row.repeat_sd = std::sqrt(squares / (repeats - 1.0));
    const Inference t =
        infer(row.importance, row.repeat_sd / std::sqrt(repeats), repeats - 1.0, conf_level);
    row.repeat_low = t.conf_low;
    row.repeat_high = t.conf_high;
  }
  const std::size_t n = base.influence.size();
  if (n < 2) return;
  std::vector<double> psi(n);
  for (const Shuffle& shuffle : shuffles) {
    if (shuffle.loss.influence.empty()) return;
    for (std::size_t i = 0; i < n; ++i) {
      const double change = shuffle.loss.influence[i] - base.influence[i];
      psi[i] += change;
      psi[shuffle.giver[i]] += change;
    }
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    squares += psi[i] / repeats * (psi[i] / repeats);
  }
  const auto size = static_cast<double>(n);
  row.std_error = std::sqrt(squares * size / (size - 1.0));
  const Inference t = infer(row.importance, row.std_error, size - 1.0, conf_level);
  row.conf_low = t.conf_low;
  row.conf_high = t.conf_high;
}

}  // namespace

PermutationImportance permutation_importance(const TrainedModel& model,
                                             const FeatureTable& features,
                                             std::span<const double> outcome,
                                             std::span<const std::uint32_t> rows,
                                             const ImportanceSpec& spec, StreamKey key,
                                             const Context& context) {
  check_conf_level(spec.conf_level);
  check_loss(spec, model);
  require_length("outcome", outcome.size(), features.rows());
  if (spec.repeats < 1) {
    throw ArgumentError({.what = "importance needs a shuffle at least",
                         .where = "repeats",
                         .got = std::to_string(spec.repeats),
                         .expected = "1 or more, for example 10"});
  }
  std::vector<std::vector<std::string>> groups = spec.groups;
  if (groups.empty()) {
    for (const ModelInput& input : model.inputs) groups.push_back({input.name});
  }
  PermutationImportance result;
  const Judged data = judged_rows(model, outcome, rows, spec, result.warnings);
  const FeatureTable table = detail::asked_rows(model, features, data.rows);
  std::int64_t without = 0;
  const Loss base = loss_of(spec, data, model.predict(table, context), without);
  result.loss = spec.metric && spec.metric_rises ? -base.value : base.value;
  const auto repeats = static_cast<std::size_t>(spec.repeats);
  for (const std::vector<std::string>& group : groups) {
    ColumnReliance row{.n = static_cast<std::int64_t>(data.size())};
    std::vector<std::size_t> places;
    for (const std::string& name : group) {
      places.push_back(detail::input_place(model, name));
      if (!row.column.empty()) row.column += " + ";
      row.column += name;
    }
    const StreamKey stream = key.child("shuffle " + row.column);
    std::vector<Shuffle> shuffles(repeats);
    run_tasks(context, repeats, [&](std::size_t r) {
      Shuffle& shuffle = shuffles[r];
      const auto order = Stream(stream, r).permutation(data.size(), context);
      shuffle.giver.assign(order.begin(), order.end());
      std::vector<std::pair<std::size_t, Feature>> columns;
      for (const std::size_t place : places) {
        columns.emplace_back(place, detail::gathered(table[place], shuffle.giver));
      }
      const auto prediction = model.predict(detail::replaced(table, std::move(columns)), context);
      shuffle.loss = loss_of(spec, data, prediction, shuffle.without);
    });
    std::vector<double> rises;
    for (const Shuffle& shuffle : shuffles) {
      rises.push_back(shuffle.loss.value - base.value);
      without = std::max(without, shuffle.without);
    }
    intervals(row, rises, base, shuffles, spec.conf_level);
    result.columns.push_back(std::move(row));
    result.rises.insert(result.rises.end(), rises.begin(), rises.end());
  }
  if (without > 0) {
    result.warnings.push_back(detail::plural(without, "row has", "rows have") +
                              " no prediction and did not count");
  }
  if (std::isnan(base.value)) {
    result.warnings.emplace_back("the loss is not defined on these rows");
  }
  return result;
}

}  // namespace impact
