#include "engine/causal/sensitivity/rosenbaum_curve.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/root.h"

namespace impact {

double amplify(double gamma, double lambda) {
  if (!(gamma >= 1.0) || !(lambda > gamma)) {
    throw ArgumentError(
        {.what = "lambda must exceed gamma, which is at least 1",
         .where = "lambda",
         .got = fmt::format("gamma {}, lambda {}", format_double(gamma), format_double(lambda)),
         .expected = "lambda > gamma >= 1"});
  }
  if (std::isinf(lambda)) return gamma;
  return (gamma * lambda - 1.0) / (lambda - gamma);
}

namespace detail {
namespace {

// Largest gamma that is tried: no study is insensitive to odds of a billion.
constexpr double kMostGamma = 1e9;

TailBounds both(const TailBounds& greater, const TailBounds& less) {
  return {std::fmin(1.0, 2.0 * std::fmin(greater.low, less.low)),
          std::fmin(1.0, 2.0 * std::fmin(greater.high, less.high))};
}

}  // namespace

void check_rosenbaum(const RosenbaumSpec& spec) {
  for (const double gamma : spec.gammas) {
    if (gamma >= 1.0 && std::isfinite(gamma)) continue;
    throw ArgumentError({.what = "gamma is a ratio of odds of at least 1",
                         .where = "gammas",
                         .got = format_double(gamma),
                         .expected = "1 or more",
                         .hint = "1 is the test without hidden bias"});
  }
  if (!(spec.alpha > 0.0) || spec.alpha > 0.5) {
    throw ArgumentError({.what = "the level of a critical gamma lies above 0, at most at 0.5",
                         .where = "alpha",
                         .got = format_double(spec.alpha),
                         .expected = "0 < alpha <= 0.5"});
  }
}

void complete_bounds(RosenbaumBounds& result, const RosenbaumSpec& spec,
                     const TailFunction& greater, const TailFunction& less) {
  const TailFunction at = [&](double gamma) -> TailBounds {
    switch (spec.alternative) {
      case Alternative::kGreater: return greater(gamma);
      case Alternative::kLess: return less(gamma);
      case Alternative::kTwoSided: break;
    }
    return both(greater(gamma), less(gamma));
  };
  result.alpha = spec.alpha;
  for (const double gamma : spec.gammas) {
    const auto [low, high] = at(gamma);
    result.curve.push_back({gamma, low, high});
  }
  const double start = at(1.0).high;
  if (start > spec.alpha) {
    result.critical_gamma = 1.0;
    result.warnings.push_back(
        fmt::format("not significant at {} even without hidden bias: p = {:.4g}",
                    format_double(spec.alpha), start));
    return;
  }
  // p_high grows with gamma; its logarithm against that of gamma is nearly straight.
  const double target = std::log(spec.alpha);
  const auto excess = [&](double log_gamma) {
    const double p = at(std::exp(log_gamma)).high;
    return p > 0.0 ? std::log(p) - target : -1e4;
  };
  double high = 1.0;
  const double most = std::log(kMostGamma);
  while (high < most && excess(high) <= 0.0) high *= 2.0;
  high = std::fmin(high, most);
  const double root = bracketed_root(excess, 0.0, high);
  result.critical_gamma =
      std::isnan(root) ? std::numeric_limits<double>::infinity() : std::exp(root);
}

void undefined_bounds(RosenbaumBounds& result, const RosenbaumSpec& spec, const char* reason) {
  result.alpha = spec.alpha;
  for (const double gamma : spec.gammas) result.curve.push_back({.gamma = gamma});
  result.warnings.emplace_back(reason);
}

// The distribution of the sum grows score by score: f'(s) = (1 - p) f(s) + p f(s - d). All terms
// are positive, so that small tails keep their digits.
double score_sum_upper(std::span<const std::int64_t> scores, std::int64_t t, double odds) {
  std::int64_t total = 0;
  for (const std::int64_t score : scores) total += score;
  if (t <= 0) return 1.0;
  if (t > total) return 0.0;
  const double p = odds / (1.0 + odds);
  const double q = 1.0 / (1.0 + odds);
  std::vector<double> chance(static_cast<std::size_t>(total) + 1, 0.0);
  chance[0] = 1.0;
  std::int64_t reached = 0;
  for (const std::int64_t score : scores) {
    reached += score;
    const auto step = static_cast<std::size_t>(score);
    for (auto i = static_cast<std::size_t>(reached); i >= step && i > 0; --i) {
      chance[i] = q * chance[i] + p * chance[i - step];
    }
    for (std::size_t i = 0; i < step; ++i) chance[i] *= q;
  }
  double sum = 0.0;
  for (auto i = static_cast<std::size_t>(total); i >= static_cast<std::size_t>(t); --i) {
    sum += chance[i];
  }
  return std::fmin(sum, 1.0);
}

namespace {

// w(k + 1) / w(k) = odds (marked - k)(drawn - k) / ((k + 1)(units - marked - drawn + k + 1)).
// Ratios fall with k: the mode is the first k whose ratio is at most one.
class Extended {
 public:
  Extended(std::int64_t units, std::int64_t marked, std::int64_t drawn, double odds)
      : rest_(units - marked - drawn), marked_(marked), drawn_(drawn), odds_(odds) {
    least = std::max<std::int64_t>(0, -rest_);
    most = std::min(marked, drawn);
    mode = least;
    std::int64_t high = most;
    while (mode < high) {
      const std::int64_t middle = mode + (high - mode) / 2;
      if (ratio(middle) > 1.0) {
        mode = middle + 1;
      } else {
        high = middle;
      }
    }
  }

  [[nodiscard]] double ratio(std::int64_t k) const {
    return odds_ * static_cast<double>(marked_ - k) * static_cast<double>(drawn_ - k) /
           (static_cast<double>(k + 1) * static_cast<double>(rest_ + k + 1));
  }

  std::int64_t least = 0, most = 0, mode = 0;

 private:
  std::int64_t rest_, marked_, drawn_;
  double odds_;
};

}  // namespace

MarkedDrawn marked_drawn(std::int64_t units, std::int64_t marked, std::int64_t drawn, double odds) {
  const Extended distribution(units, marked, drawn, odds);
  std::vector<double> below;
  double weight = 1.0;
  for (std::int64_t k = distribution.mode; k > distribution.least && weight > 0.0; --k) {
    weight /= distribution.ratio(k - 1);
    below.push_back(weight);
  }
  MarkedDrawn terms;
  terms.first = distribution.mode - std::ssize(below);
  terms.weight.assign(below.rbegin(), below.rend());
  terms.weight.push_back(1.0);
  weight = 1.0;
  for (std::int64_t k = distribution.mode; k < distribution.most && weight > 0.0; ++k) {
    weight *= distribution.ratio(k);
    terms.weight.push_back(weight);
  }
  return terms;
}

MarkedDrawnMoments marked_drawn_moments(std::int64_t units, std::int64_t marked, std::int64_t drawn,
                                        double odds) {
  const Extended distribution(units, marked, drawn, odds);
  constexpr double kNegligible = 1e-20;
  double total = 1.0;
  double first = 0.0;
  double second = 0.0;
  double weight = 1.0;
  double off = 0.0;
  const auto add = [&] {
    total += weight;
    first += weight * off;
    second += weight * off * off;
  };
  for (std::int64_t k = distribution.mode; k > distribution.least && weight > kNegligible; --k) {
    weight /= distribution.ratio(k - 1);
    off -= 1.0;
    add();
  }
  weight = 1.0;
  off = 0.0;
  for (std::int64_t k = distribution.mode; k < distribution.most && weight > kNegligible; ++k) {
    weight *= distribution.ratio(k);
    off += 1.0;
    add();
  }
  // The mode is within one of the mean: little is lost.
  const double mean = first / total;
  return {static_cast<double>(distribution.mode) + mean, second / total - mean * mean};
}

}  // namespace detail
}  // namespace impact
