#include "engine/learn/tune/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/learn/calibration.h"
#include "engine/learn/classification.h"
#include "engine/learn/curves.h"
#include "engine/learn/roc.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr MetricKind kKinds[] = {
    {"accuracy", true, false, true, true},
    {"auc", true, false, true, false},
    {"average_precision", true, false, true, false},
    {"balanced_accuracy", true, false, true, true},
    {"brier", false, false, true, true},
    {"f1", true, false, true, false},
    {"log_loss", false, false, true, true},
    {"mae", false, true, false, false},
    {"mcc", true, false, true, false},
    {"median_ae", false, true, false, false},
    {"pinball", false, true, false, false},
    {"poisson_deviance", false, true, false, false},
    {"precision", true, false, true, false},
    {"r2", true, true, false, false},
    {"recall", true, false, true, false},
    {"rmse", false, true, false, false},
    {"specificity", true, false, true, false},
};

bool judges(const MetricKind& kind, std::size_t classes) {
  if (classes == 0) return kind.numbers;
  return classes <= 2 ? kind.classes : kind.many_classes;
}

// Rows that have everything, gathered.
struct Judged {
  std::size_t width = 1;
  std::vector<double> prediction = {};
  std::vector<double> outcome = {};
  std::vector<double> weights = {};

  [[nodiscard]] std::size_t rows() const { return outcome.size(); }
};

Judged judged(std::span<const double> prediction, std::span<const double> outcome,
              std::size_t width, std::span<const double> weights) {
  Judged out{.width = width};
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    const auto of_row = prediction.subspan(i * width, width);
    const double w = weights.empty() ? 1.0 : weights[i];
    const bool known =
        std::none_of(of_row.begin(), of_row.end(), [](double p) { return std::isnan(p); });
    if (!known || std::isnan(outcome[i]) || !(w > 0.0)) continue;
    out.prediction.insert(out.prediction.end(), of_row.begin(), of_row.end());
    out.outcome.push_back(outcome[i]);
    out.weights.push_back(w);
  }
  return out;
}

// Weighted mean of a loss of rows.
template <class Loss>
double mean_of(const Judged& rows, const Loss& loss) {
  double sum = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    sum += rows.weights[i] * loss(i);
    total += rows.weights[i];
  }
  return total > 0.0 ? sum / total : kNaN;
}

double median_error(const Judged& rows) {
  std::vector<std::pair<double, double>> errors;
  double total = 0.0;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    errors.emplace_back(std::abs(rows.prediction[i] - rows.outcome[i]), rows.weights[i]);
    total += rows.weights[i];
  }
  std::sort(errors.begin(), errors.end());
  double below = 0.0;
  for (const auto& [error, weight] : errors) {
    below += weight;
    if (below >= 0.5 * total) return error;
  }
  return kNaN;
}

double of_numbers(const Metric& metric, const Judged& rows) {
  const auto& p = rows.prediction;
  const auto& y = rows.outcome;
  const auto square = [&](std::size_t i) { return (p[i] - y[i]) * (p[i] - y[i]); };
  const std::string_view name = metric.kind->name;
  if (name == "rmse") return std::sqrt(mean_of(rows, square));
  if (name == "mae") return mean_of(rows, [&](std::size_t i) { return std::abs(p[i] - y[i]); });
  if (name == "median_ae") return median_error(rows);
  if (name == "pinball") {
    return mean_of(rows, [&](std::size_t i) {
      const double e = p[i] - y[i];
      return std::max(-metric.level * e, (1.0 - metric.level) * e);
    });
  }
  if (name == "poisson_deviance") {
    return mean_of(rows, [&](std::size_t i) {
      if (y[i] < 0.0 || p[i] <= 0.0) return std::numeric_limits<double>::infinity();
      return 2.0 * ((y[i] > 0.0 ? y[i] * std::log(y[i] / p[i]) : 0.0) - y[i] + p[i]);
    });
  }
  const double mean = mean_of(rows, [&](std::size_t i) { return y[i]; });
  const double spread = mean_of(rows, [&](std::size_t i) { return (y[i] - mean) * (y[i] - mean); });
  return spread > 0.0 ? 1.0 - mean_of(rows, square) / spread : kNaN;
}

double of_two_classes(const Metric& metric, const Judged& rows) {
  std::vector<std::int32_t> label;
  for (const double y : rows.outcome) label.push_back(static_cast<std::int32_t>(y));
  const ScoredLabels data{rows.prediction, label, rows.weights};
  const std::string_view name = metric.kind->name;
  if (name == "auc") return auc(data).estimate;
  if (name == "average_precision") return precision_recall_curve(data).average_precision;
  if (name == "brier") return brier_score(data).estimate;
  if (name == "log_loss") return log_loss(data).estimate;
  for (const Estimate& score : classification_scores(confusion_matrix(data, 0.5))) {
    if (score.term == name) return score.estimate;
  }
  throw InternalError({.what = "a metric that nothing computes"});
}

double of_many_classes(const Metric& metric, const Judged& rows) {
  const std::size_t k = rows.width;
  const auto at = [&](std::size_t i) { return std::span(rows.prediction).subspan(i * k, k); };
  const auto label = [&](std::size_t i) { return static_cast<std::size_t>(rows.outcome[i]); };
  const auto right = [&](std::size_t i) {
    const auto p = at(i);
    return static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin()) == label(i);
  };
  const std::string_view name = metric.kind->name;
  if (name == "accuracy") return mean_of(rows, [&](std::size_t i) { return right(i) ? 1.0 : 0.0; });
  if (name == "log_loss") {
    return mean_of(rows, [&](std::size_t i) { return -std::log(at(i)[label(i)]); });
  }
  if (name == "brier") {
    return mean_of(rows, [&](std::size_t i) {
      double sum = 0.0;
      for (std::size_t c = 0; c < k; ++c) {
        const double e = at(i)[c] - (c == label(i) ? 1.0 : 0.0);
        sum += e * e;
      }
      return sum;
    });
  }
  std::vector<double> hit(k, 0.0);
  std::vector<double> all(k, 0.0);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    all[label(i)] += rows.weights[i];
    if (right(i)) hit[label(i)] += rows.weights[i];
  }
  double sum = 0.0;
  double there = 0.0;
  for (std::size_t c = 0; c < k; ++c) {
    if (all[c] <= 0.0) continue;
    sum += hit[c] / all[c];
    there += 1.0;
  }
  return sum / there;
}

}  // namespace

std::span<const MetricKind> metric_kinds() { return kKinds; }

Metric metric_named(std::string_view name, std::size_t classes) {
  if (name.empty()) name = classes == 0 ? "rmse" : "log_loss";
  Metric metric;
  std::string_view word = name;
  const std::size_t open = name.find('(');
  if (open != std::string_view::npos && name.back() == ')') {
    word = name.substr(0, open);
    const std::string_view inside = name.substr(open + 1, name.size() - open - 2);
    const char* const end = inside.data() + inside.size();
    const auto read = std::from_chars(inside.data(), end, metric.level);
    if (word != "pinball" || read.ec != std::errc() || read.ptr != end || !(metric.level > 0.0) ||
        !(metric.level < 1.0)) {
      throw ArgumentError({.what = "this is no metric with a level",
                           .got = std::string(name),
                           .expected = "\"pinball(0.9)\", a level between 0 and 1"});
    }
  }
  std::vector<std::string> words;
  for (const MetricKind& kind : kKinds) {
    if (judges(kind, classes)) words.emplace_back(kind.name);
    if (kind.name == word) metric.kind = &kind;
  }
  if (metric.kind == nullptr || !judges(*metric.kind, classes)) {
    const std::string of = classes == 0   ? "numbers"
                           : classes <= 2 ? "two classes"
                                          : fmt::format("{} classes", classes);
    throw ArgumentError({.what = metric.kind == nullptr
                                     ? fmt::format("there is no metric '{}'", name)
                                     : fmt::format("'{}' does not judge {}", name, of),
                         .expected = list_words(words, words.size()),
                         .hint = did_you_mean(word, words)});
  }
  return metric;
}

double metric_value(const Metric& metric, std::span<const double> prediction,
                    std::span<const double> outcome, std::size_t classes,
                    std::span<const double> weights) {
  const std::size_t width = classes > 2 ? classes : 1;
  if (prediction.size() != outcome.size() * width ||
      (!weights.empty() && weights.size() != outcome.size())) {
    throw ArgumentError(
        {.what = "predictions, outcomes and weights differ in length",
         .got = fmt::format("{}, {}, {}", prediction.size(), outcome.size(), weights.size())});
  }
  const Judged rows = judged(prediction, outcome, width, weights);
  if (rows.rows() == 0) return kNaN;
  if (classes == 0) return of_numbers(metric, rows);
  return classes <= 2 ? of_two_classes(metric, rows) : of_many_classes(metric, rows);
}

}  // namespace impact
