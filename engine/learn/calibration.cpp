#include "engine/learn/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/learn/classification.h"
#include "engine/learn/left_out.h"
#include "engine/stats/inference.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kFewInBin = 10;

double weight_of(const ScoredLabels& data, std::uint32_t row) {
  return data.weights.empty() ? 1.0 : data.weights[row];
}

// Mean of a loss over rows; with W = sum w the variance is sum (w / W)^2 (loss - mean)^2, times
// n / (n - 1), which without weights is the variance of a mean.
template <class Loss>
Estimate mean_loss(const ScoredLabels& data, double conf_level, const char* name, Loss&& loss) {
  check_conf_level(conf_level);
  const detail::UsedRows used = detail::used_probabilities(data);
  Estimate row;
  row.term = name;
  row.method = name;
  row.n = static_cast<std::int64_t>(used.rows.size());
  detail::warn_unjudged(row.warnings, used.missing, used.unpredicted);
  if (row.n == 0) {
    row.warnings.emplace_back("there is no row");
    return row;
  }
  ExactSum weights;
  ExactSum sum;
  for (const auto i : used.rows) {
    const double w = weight_of(data, i);
    weights.add(w);
    sum.add(w * loss(data.score[i], data.label[i]));
  }
  const double total = weights.round();
  row.estimate = sum.round() / total;
  if (std::isinf(row.estimate)) {
    row.warnings.emplace_back("a row was given probability 0 for what it is: infinite loss");
    return row;
  }
  if (row.n < 2) {
    row.warnings.emplace_back("one row has no variance: no standard error");
    return row;
  }
  ExactSum squares;
  for (const auto i : used.rows) {
    const double d =
        weight_of(data, i) / total * (loss(data.score[i], data.label[i]) - row.estimate);
    squares.add(d * d);
  }
  const auto n = static_cast<double>(row.n);
  row.std_error = std::sqrt(squares.round() * (n / (n - 1.0)));
  row.df = kInfinity;
  const Inference inference = infer(row.estimate, row.std_error, kInfinity, conf_level);
  row.conf_low = std::max(0.0, inference.conf_low);
  row.conf_high = inference.conf_high;
  return row;
}

// Upper ends of the bins, increasing, the last one 1.
std::vector<double> upper_ends(const ScoredLabels& data, const detail::UsedRows& used,
                               const CalibrationSpec& spec) {
  const auto count = static_cast<std::size_t>(spec.count);
  std::vector<double> ends;
  std::vector<double> sorted;
  if (spec.bins == CalibrationBins::kEqualCount) {
    for (const auto i : used.rows) sorted.push_back(data.score[i]);
    std::sort(sorted.begin(), sorted.end());
  }
  for (std::size_t k = 1; k < count; ++k) {
    const double p = static_cast<double>(k) / static_cast<double>(count);
    if (spec.bins == CalibrationBins::kEqualWidth) {
      ends.push_back(p);
      continue;
    }
    const double place = p * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double rest = place - static_cast<double>(below);
    const double next = sorted[std::min(below + 1, sorted.size() - 1)];
    ends.push_back(sorted[below] + rest * (next - sorted[below]));
  }
  ends.push_back(1.0);
  return ends;
}

}  // namespace

detail::UsedRows detail::used_probabilities(const ScoredLabels& data) {
  UsedRows used = used_rows(data);
  for (const auto i : used.rows) {
    if (data.score[i] >= 0.0 && data.score[i] <= 1.0) continue;
    throw ArgumentError({.what = "a probability lies between 0 and 1",
                         .where = fmt::format("row {}", i + 1),
                         .got = format_double(data.score[i]),
                         .hint = "scores of another scale can be ranked, but not calibrated"});
  }
  return used;
}

Estimate brier_score(const ScoredLabels& data, double conf_level) {
  Estimate row = mean_loss(data, conf_level, "brier_score", [](double p, std::int32_t y) {
    const double d = p - static_cast<double>(y);
    return d * d;
  });
  row.conf_high = std::min(1.0, row.conf_high);
  return row;
}

Estimate log_loss(const ScoredLabels& data, double conf_level) {
  return mean_loss(data, conf_level, "log_loss", [](double p, std::int32_t y) {
    return 0.0 - (y == 1 ? std::log(p) : std::log1p(-p));
  });
}

Calibration calibration(const ScoredLabels& data, const CalibrationSpec& spec) {
  check_conf_level(spec.conf_level);
  if (spec.count < 1) {
    throw ArgumentError({.what = "calibration needs one bin at least",
                         .where = "count",
                         .got = std::to_string(spec.count),
                         .expected = "1 or more, for example 10"});
  }
  const detail::UsedRows used = detail::used_probabilities(data);
  Calibration result;
  detail::warn_unjudged(result.warnings, used.missing, used.unpredicted);
  if (used.rows.empty()) {
    result.warnings.emplace_back("there is no row");
    return result;
  }
  const std::vector<double> ends = upper_ends(data, used, spec);
  struct Sums {
    std::int64_t n = 0;
    ExactSum weight, squares, probability, positive;
  };
  std::vector<Sums> sums(ends.size());
  ExactSum total;
  for (const auto i : used.rows) {
    const double p = data.score[i];
    Sums& bin = sums[static_cast<std::size_t>(std::lower_bound(ends.begin(), ends.end(), p) -
                                              ends.begin())];
    const double w = weight_of(data, i);
    ++bin.n;
    bin.weight.add(w);
    bin.squares.add(w * w);
    bin.probability.add(w * p);
    if (data.label[i] == 1) bin.positive.add(w);
    total.add(w);
  }
  ExactSum error;
  std::int64_t few = 0;
  result.largest_error = 0.0;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    const Sums& bin = sums[k];
    if (bin.n == 0) continue;
    const double weight = bin.weight.round();
    const double observed = bin.positive.round() / weight;
    const double mean = bin.probability.round() / weight;
    const double n = weight * weight / bin.squares.round();
    const auto limits = detail::wilson_limits(observed, n, spec.conf_level);
    result.bins.push_back({.low = k == 0 ? 0.0 : ends[k - 1],
                           .high = ends[k],
                           .n = bin.n,
                           .weight = weight,
                           .mean_probability = mean,
                           .observed = observed,
                           .conf_low = limits.low,
                           .conf_high = limits.high});
    const double distance = std::abs(observed - mean);
    error.add(weight * distance);
    result.largest_error = std::max(result.largest_error, distance);
    if (bin.n < kFewInBin) ++few;
  }
  result.expected_error = error.round() / total.round();
  if (few > 0) {
    result.warnings.push_back(fmt::format(
        "{} bin{} fewer than {} rows: the share observed there is little more than chance", few,
        few == 1 ? " has" : "s have", kFewInBin));
  }
  return result;
}

}  // namespace impact
