#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/core/parallel.h"
#include "engine/learn/tune/gaussian_process.h"
#include "engine/learn/tune/tune_schedule.h"

namespace impact::detail {
namespace {

using Kind = SearchParameter::Kind;

constexpr std::size_t kUniform = 1000;  // Candidates all over the space,
constexpr std::size_t kNear = 40;       // near each of the best points,
constexpr std::size_t kBest = 5;        // of which there are so many.
constexpr std::size_t kClimbs = 4;      // Candidates improved further.
constexpr double kSmallestStep = 1e-3;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// log of E max(best - f, 0) = log sd + log h(z), z = (best - mean) / sd, h(z) = phi(z) + z Phi(z);
// the log keeps differences far from the best, where h underflows: there h(z) ~ phi(z) (1 - 3/z^2 +
// 15/z^4) / z^2.
double log_improvement(const ProcessValue& value, double best) {
  if (!(value.sd > 0.0)) return -kInfinity;
  const double z = (best - value.mean) / value.sd;
  const double log_phi = -0.5 * z * z - 0.91893853320467274;
  if (z < -15.0) {
    const double q = 1.0 / (z * z);
    return std::log(value.sd) + log_phi + std::log(q * (1.0 - 3.0 * q + 15.0 * q * q));
  }
  const double upper = 0.5 * std::erfc(-z / std::sqrt(2.0));
  return std::log(value.sd) + std::log(std::exp(log_phi) + z * upper);
}

// A coordinate a parameter: the place in [0, 1], or the code of a choice. Where it does not count,
// the middle, or a code of its own.
std::vector<double> coordinates(const SearchSpace& space, const SearchPoint& point) {
  std::vector<double> out(space.size());
  for (std::size_t j = 0; j < space.size(); ++j) {
    const SearchParameter& p = space.parameters[j];
    const bool choice = p.kind == Kind::kChoices;
    if (std::isnan(point[j])) {
      out[j] = choice ? -1.0 : 0.5;
    } else {
      out[j] = choice ? point[j] : unit_of(p, point[j]);
    }
  }
  return out;
}

// What counts may change with a choice: what then counts anew takes the middle of its values.
SearchPoint settled(const SearchSpace& space, SearchPoint point) {
  for (std::size_t j = 0; j < space.size(); ++j) {
    if (!space.counts(j, point)) {
      point[j] = std::numeric_limits<double>::quiet_NaN();
    } else if (std::isnan(point[j])) {
      point[j] = value_at(space.parameters[j], 0.5);
    }
  }
  return point;
}

SearchPoint near_point(const SearchSpace& space, SearchPoint point, double sd, Stream& stream) {
  const double change = 1.0 / static_cast<double>(space.size());
  for (std::size_t j = 0; j < space.size(); ++j) {
    const SearchParameter& p = space.parameters[j];
    const double u = stream.uniform();
    const double v = stream.uniform_open();
    if (std::isnan(point[j])) continue;
    if (p.kind != Kind::kChoices) {
      point[j] = value_at(p, unit_of(p, point[j]) + sd * normal_quantile(v));
    } else if (u < change) {
      point[j] = value_at(p, v);
    }
  }
  return settled(space, std::move(point));
}

// Goes to the best neighbour one parameter away, with steps that halve where none is better.
template <class Value>
std::pair<double, SearchPoint> climb(const SearchSpace& space, SearchPoint point, double value,
                                     const PointSet& known, const Value& value_of) {
  double step = 0.1;
  while (step >= kSmallestStep) {
    SearchPoint best_point;
    double best = value;
    for (std::size_t j = 0; j < space.size(); ++j) {
      const SearchParameter& p = space.parameters[j];
      if (std::isnan(point[j])) continue;
      std::vector<double> values;
      if (p.kind == Kind::kChoices) {
        for (std::size_t k = 0; k < p.choices.size(); ++k) values.push_back(static_cast<double>(k));
      } else {
        const double u = unit_of(p, point[j]);
        values = {value_at(p, u - step), value_at(p, u + step)};
        if (p.kind == Kind::kIntegers) {
          values.push_back(std::max(point[j] - 1.0, p.low));
          values.push_back(std::min(point[j] + 1.0, p.high));
        }
      }
      for (const double other : values) {
        SearchPoint next = point;
        next[j] = other;
        next = settled(space, std::move(next));
        if (known.contains(next)) continue;
        const double at = value_of(next);
        if (at <= best) continue;
        best = at;
        best_point = std::move(next);
      }
    }
    if (best_point.empty()) {
      step *= 0.5;
      continue;
    }
    point = std::move(best_point);
    value = best;
  }
  return {value, std::move(point)};
}

class Improvement {
 public:
  Improvement(const SearchSpace& space, const Scored& scored) : space_(space) {
    // Failed trials count as bad as the worst that did not fail.
    double worst = -kInfinity;
    for (const double loss : scored.loss) {
      if (std::isfinite(loss)) worst = std::max(worst, loss);
    }
    std::vector<double> x;
    std::vector<bool> code;
    std::vector<double> y;
    for (const SearchParameter& p : space.parameters) code.push_back(p.kind == Kind::kChoices);
    for (std::size_t i = 0; i < scored.points.size(); ++i) {
      const auto row = coordinates(space, scored.points[i]);
      x.insert(x.end(), row.begin(), row.end());
      y.push_back(std::isfinite(scored.loss[i]) ? scored.loss[i] : worst);
      seen_.push_back(scored.points[i]);
    }
    process_.emplace_back(std::move(x), std::move(code), std::move(y));
    settle();
    for (const SearchPoint& point : scored.pending) believe(point);
  }

  [[nodiscard]] double operator()(const SearchPoint& point) const {
    return log_improvement(process_[0].at(coordinates(space_, point)), best_);
  }

  void believe(const SearchPoint& point) {
    const auto row = coordinates(space_, point);
    process_[0].add(row, process_[0].at(row).mean);
    seen_.push_back(point);
    settle();
  }

  // Points seen, the lowest mean first.
  [[nodiscard]] std::vector<SearchPoint> leaders() const {
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < seen_.size(); ++i) order.emplace_back(means_[i], i);
    std::sort(order.begin(), order.end());
    std::vector<SearchPoint> out;
    for (const auto& entry : std::span(order).first(std::min(kBest, order.size()))) {
      out.push_back(seen_[entry.second]);
    }
    return out;
  }

 private:
  // The best mean at a point that was seen stands for the best value, which noise hides.
  void settle() {
    means_.clear();
    for (const SearchPoint& point : seen_) {
      means_.push_back(process_[0].at(coordinates(space_, point)).mean);
    }
    best_ = *std::min_element(means_.begin(), means_.end());
  }

  const SearchSpace& space_;
  std::vector<GaussianProcess> process_ = {};  // One.
  std::vector<SearchPoint> seen_ = {};
  std::vector<double> means_ = {};
  double best_ = 0.0;
};

}  // namespace

std::vector<SearchPoint> improvement_choices(const SearchSpace& space, const Scored& scored,
                                             const PointSet& known, std::size_t count,
                                             Stream& stream, const Context& context) {
  std::vector<SearchPoint> chosen;
  PointSet taken = known;
  Improvement improvement(space, scored);
  while (chosen.size() < count) {
    std::vector<SearchPoint> candidates;
    for (std::size_t i = 0; i < kUniform; ++i) candidates.push_back(draw_point(space, stream));
    for (const SearchPoint& leader : improvement.leaders()) {
      for (std::size_t i = 0; i < kNear; ++i) {
        const double sd = 0.1 * std::pow(0.5, static_cast<double>(i % 5));
        candidates.push_back(near_point(space, leader, sd, stream));
      }
    }
    std::erase_if(candidates, [&](const SearchPoint& point) { return taken.contains(point); });
    std::vector<double> value(candidates.size());
    for_chunks(context, candidates.size(), 64, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) value[i] = improvement(candidates[i]);
    });
    std::vector<std::size_t> order(candidates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return value[a] > value[b]; });
    order.resize(std::min(order.size(), kClimbs));
    std::vector<std::pair<double, SearchPoint>> tops(order.size());
    run_tasks(context, order.size(), [&](std::size_t i) {
      tops[i] = climb(space, candidates[order[i]], value[order[i]], taken, improvement);
    });
    SearchPoint point;
    double best = -kInfinity;
    for (auto& [height, top] : tops) {
      if (!point.empty() && height <= best) continue;
      best = height;
      point = std::move(top);
    }
    if (point.empty()) point = draw_new_point(space, taken, stream);
    if (point.empty()) return chosen;
    taken.insert(point);
    chosen.push_back(point);
    if (chosen.size() < count) improvement.believe(point);
  }
  return chosen;
}

}  // namespace impact::detail
