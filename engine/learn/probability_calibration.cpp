#include "engine/learn/probability_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/learn/left_out.h"
#include "engine/learn/pick.h"
#include "engine/learn/row_means.h"

namespace impact {
namespace {

constexpr int kMostIterations = 100;
/// A Newton step below this, squared and relative to the curvature, is the last one that counts.
constexpr double kLastStep = 1e-20;
constexpr double kNearStep = 1e-8;

// log(1 + exp(v)) without overflow.
double softplus(double v) { return std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v))); }
double logistic(double v) {
  const double e = std::exp(-std::abs(v));
  return (v >= 0.0 ? 1.0 : e) / (1.0 + e);
}

}  // namespace

double PlattScaling::operator()(double score) const { return logistic(slope * score + intercept); }

// With v = a z + b, target t and weight w: loss sum w (log(1 + e^v) - t v), gradient sum w (p - t)
// (z, 1), Hessian sum w p (1 - p) (z, 1)(z, 1)'.
PlattScaling fit_platt(const ScoredLabels& data) {
  const detail::UsedRows used = detail::used_rows(data);
  PlattScaling fit;
  fit.n = static_cast<std::int64_t>(used.rows.size());
  detail::warn_unjudged(fit.warnings, used.missing, used.unpredicted);
  const auto weights = detail::pick(data.weights, used.rows);
  const detail::RowMeans means(used.rows.size(), weights);
  std::vector<double> z = detail::pick(data.score, used.rows);
  ExactSum classes[2];
  for (std::size_t i = 0; i < z.size(); ++i) {
    classes[data.label[used.rows[i]]].add(means.weight(i));
    if (std::isfinite(z[i])) continue;
    throw ArgumentError({.what = "an infinite score has no place on a line",
                         .where = fmt::format("row {}", used.rows[i] + 1),
                         .got = format_double(z[i])});
  }
  const double positives = classes[1].round();
  const double negatives = classes[0].round();
  const auto [least, most] = std::ranges::minmax_element(z);
  if (positives == 0.0 || negatives == 0.0 || *least == *most) {
    fit.warnings.emplace_back(positives == 0.0 || negatives == 0.0
                                  ? "rows of one class only: no scaling"
                                  : "all rows have the same score: no scaling");
    return fit;
  }
  const double centre = means.mean(z);
  std::vector<double> squares(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) squares[i] = (z[i] - centre) * (z[i] - centre);
  const double scale = std::sqrt(means.mean(squares));
  for (double& value : z) value = (value - centre) / scale;
  const double target[2] = {1.0 / (negatives + 2.0), (positives + 1.0) / (positives + 2.0)};
  const auto goal = [&](std::size_t i) { return target[data.label[used.rows[i]]]; };
  const auto loss = [&](double a, double b) {
    ExactSum sum;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double v = a * z[i] + b;
      sum.add(means.weight(i) * (softplus(v) - goal(i) * v));
    }
    return sum.round();
  };
  double a = 0.0;
  double b = std::log((positives + 1.0) / (negatives + 1.0));
  double now = loss(a, b);
  while (!fit.converged && fit.iterations < kMostIterations) {
    ++fit.iterations;
    std::array<ExactSum, 5> sums;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double p = logistic(a * z[i] + b);
      const double g = means.weight(i) * (p - goal(i));
      const double h = means.weight(i) * p * (1.0 - p);
      const double terms[5] = {g * z[i], g, h * z[i] * z[i], h * z[i], h};
      for (std::size_t k = 0; k < 5; ++k) sums[k].add(terms[k]);
    }
    const double ga = sums[0].round(), gb = sums[1].round();
    const double haa = sums[2].round(), hab = sums[3].round(), hbb = sums[4].round();
    const double det = haa * hbb - hab * hab;
    if (!(det > 0.0)) break;
    const double da = -(hbb * ga - hab * gb) / det;
    const double db = -(haa * gb - hab * ga) / det;
    const double fall = -(ga * da + gb * db);  // the squared step in standard errors
    if (fall < kNearStep * means.total()) {
      // So near that steps shrink by squares; the loss is too flat there to tell better from worse.
      a += da;
      b += db;
      fit.converged = fall < kLastStep * means.total();
      continue;
    }
    double step = 1.0;
    double next = loss(a + da, b + db);
    while (!(next < now) && step > 1e-10) {
      step *= 0.5;
      next = loss(a + step * da, b + step * db);
    }
    if (!(next < now)) break;
    a += step * da;
    b += step * db;
    now = next;
  }
  if (!fit.converged) {
    fit.warnings.emplace_back("the fit has not converged: no scaling");
    return fit;
  }
  fit.slope = a / scale;
  fit.intercept = b - fit.slope * centre;
  if (fit.slope <= 0.0) {
    fit.warnings.emplace_back(
        "higher scores are not rather positive: the scaling turns them round");
  }
  return fit;
}

double IsotonicRegression::operator()(double at) const {
  if (std::isnan(at) || x.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto above = static_cast<std::size_t>(std::ranges::lower_bound(x, at) - x.begin());
  if (above == x.size()) return y.back();
  if (above == 0 || x[above] == at) return y[above];
  const std::size_t below = above - 1;
  // A point that is infinitely far has no weight.
  if (std::isinf(x[below])) return std::isinf(x[above]) ? 0.5 * (y[below] + y[above]) : y[above];
  if (std::isinf(x[above])) return y[below];
  return y[below] + (y[above] - y[below]) * ((at - x[below]) / (x[above] - x[below]));
}

IsotonicRegression fit_isotonic(std::span<const double> x, std::span<const double> outcome,
                                const IsotonicSpec& spec) {
  // Labels of no consequence let the scores be cleaned and ranked as everywhere else.
  std::vector<std::int32_t> known(outcome.size(), 0);
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    if (std::isnan(outcome[i])) known[i] = -1;
    if (!std::isinf(outcome[i])) continue;
    throw ArgumentError({.what = "an infinite outcome has no mean",
                         .where = fmt::format("row {}", i + 1),
                         .got = format_double(outcome[i])});
  }
  const detail::RankedScores ranked = detail::rank_scores({x, known, spec.weights});
  IsotonicRegression fit;
  fit.n = ranked.n();
  detail::warn_unjudged(fit.warnings, ranked.missing, ranked.unpredicted);
  if (fit.n == 0) {
    fit.warnings.emplace_back("there is no row");
    return fit;
  }
  struct Block {
    double weight, mean;
    std::size_t first, last;  // places in `at`
  };
  std::vector<double> at;
  std::vector<Block> blocks;
  const double sign = spec.increasing ? 1.0 : -1.0;
  std::size_t end = ranked.rows.size();
  for (std::size_t g = ranked.groups.size(); g-- > 0;) {
    const auto& group = ranked.groups[g];
    const auto begin = end - static_cast<std::size_t>(group.negative_rows);
    ExactSum sum, weight;
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = ranked.rows[i];
      const double w = spec.weights.empty() ? 1.0 : spec.weights[row];
      weight.add(w);
      sum.add(w * outcome[row]);
    }
    end = begin;
    Block block{weight.round(), 0.0, at.size(), at.size()};
    block.mean = sign * sum.round() / block.weight;
    at.push_back(group.score);
    // Pool with what stands before as long as that is not below.
    while (!blocks.empty() && blocks.back().mean >= block.mean) {
      const Block& before = blocks.back();
      const double together = before.weight + block.weight;
      block.mean = (before.weight * before.mean + block.weight * block.mean) / together;
      block.weight = together;
      block.first = before.first;
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  for (const Block& block : blocks) {
    fit.x.push_back(at[block.first]);
    fit.y.push_back(sign * block.mean);
    if (block.last == block.first) continue;
    fit.x.push_back(at[block.last]);
    fit.y.push_back(sign * block.mean);
  }
  if (blocks.size() == 1) {
    fit.warnings.emplace_back("the order explains nothing: one value for all rows");
  }
  return fit;
}

IsotonicRegression fit_isotonic(const ScoredLabels& data) {
  static_cast<void>(detail::used_rows(data));  // its errors
  std::vector<double> outcome(data.label.size());
  std::ranges::transform(data.label, outcome.begin(), [](std::int32_t label) {
    return label < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(label);
  });
  return fit_isotonic(data.score, outcome, {.weights = data.weights});
}

std::vector<double> TemperatureScaling::operator()(std::span<const double> probability,
                                                   std::size_t classes) const {
  if (classes == 0 || probability.size() % classes != 0) {
    throw ArgumentError({.what = "the probabilities are not a whole number of rows",
                         .got = std::to_string(probability.size()),
                         .expected = fmt::format("a multiple of {}", classes)});
  }
  std::vector<double> scaled(probability.size());
  for (std::size_t begin = 0; begin < probability.size(); begin += classes) {
    const auto row = probability.subspan(begin, classes);
    const double top = std::ranges::max(row);
    double sum = 0.0;
    for (std::size_t k = 0; k < classes; ++k) {
      // Shares of the largest: their powers do not all vanish.
      scaled[begin + k] = std::pow(row[k] / top, 1.0 / temperature);
      sum += scaled[begin + k];
    }
    for (std::size_t k = 0; k < classes; ++k) scaled[begin + k] /= sum;
  }
  return scaled;
}

// With z_k = log p_k and b = 1 / temperature, the loss of a row is log sum exp(b z) - b z_label:
// slope E z - z_label, curvature Var z under exp(b z) / sum. Convex in b.
TemperatureScaling fit_temperature(const ClassProbabilities& data) {
  detail::UsedRows used = detail::used_class_rows(data);
  TemperatureScaling fit;
  detail::warn_unjudged(fit.warnings, used.missing, used.unpredicted);
  const auto of_label = [&](std::uint32_t row) {
    return data.probability[row * data.classes + static_cast<std::size_t>(data.label[row])];
  };
  const auto impossible = std::erase_if(used.rows, [&](auto row) { return of_label(row) == 0.0; });
  if (impossible > 0) {
    fit.warnings.push_back(
        fmt::format("{} rows with probability 0 for what they are were left "
                    "out: no temperature mends that",
                    impossible));
  }
  fit.n = static_cast<std::int64_t>(used.rows.size());
  if (fit.n == 0) {
    fit.warnings.emplace_back("there is no row");
    return fit;
  }
  const detail::RowMeans means(used.rows.size(), detail::pick(data.weights, used.rows));
  std::vector<double> z(used.rows.size() * data.classes);  // less the largest of the row
  bool always_right = true;
  for (std::size_t i = 0; i < used.rows.size(); ++i) {
    const auto row = data.probability.subspan(used.rows[i] * data.classes, data.classes);
    const double top = std::ranges::max(row);
    for (std::size_t k = 0; k < data.classes; ++k) {
      z[i * data.classes + k] = std::log(row[k]) - std::log(top);
    }
    always_right = always_right && of_label(used.rows[i]) == top;
  }
  if (always_right) {
    fit.warnings.emplace_back("the most probable class is always right: no finite temperature");
    return fit;
  }
  const auto slopes = [&](double b) {
    std::vector<double> slope(used.rows.size()), curve(used.rows.size());
    for (std::size_t i = 0; i < used.rows.size(); ++i) {
      double sum = 0.0, first = 0.0, second = 0.0;
      for (std::size_t k = 0; k < data.classes; ++k) {
        const double value = z[i * data.classes + k];
        if (std::isinf(value)) continue;  // impossible classes stay so
        const double e = std::exp(b * value);
        sum += e;
        first += e * value;
        second += e * value * value;
      }
      const double mean = first / sum;
      slope[i] = mean - z[i * data.classes + static_cast<std::size_t>(data.label[used.rows[i]])];
      curve[i] = second / sum - mean * mean;
    }
    return std::array<double, 2>{means.mean(slope), means.mean(curve)};
  };
  if (slopes(0.0)[0] >= 0.0) {
    fit.warnings.emplace_back("the probabilities tell nothing: the best are all equal");
    fit.temperature = std::numeric_limits<double>::infinity();
    fit.converged = true;
    return fit;
  }
  // The slope rises from below 0: bracket its root, then Newton's steps kept inside of the bracket.
  double low = 0.0;
  double high = 1.0;
  while (slopes(high)[0] < 0.0 && high < 1e12) {
    low = high;
    high *= 2.0;
  }
  double b = 0.5 * (low + high);
  for (int i = 0; i < kMostIterations && !fit.converged; ++i) {
    const auto [slope, curve] = slopes(b);
    (slope < 0.0 ? low : high) = b;
    double next = b - slope / curve;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    fit.converged = std::abs(next - b) <= 1e-14 * b;
    b = next;
  }
  if (fit.converged) {
    fit.temperature = 1.0 / b;
  } else {
    fit.warnings.emplace_back("the fit has not converged: no temperature");
  }
  return fit;
}

}  // namespace impact
