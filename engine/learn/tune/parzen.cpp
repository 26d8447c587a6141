#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/learn/tune/tune_schedule.h"

namespace impact::detail {
namespace {

using Kind = SearchParameter::Kind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostGood = 25;

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// A kernel on [0, 1]: a normal density cut at both ends.
struct Kernel {
  double mean = 0.5;
  double sd = 1.0;

  [[nodiscard]] double mass(double low, double high) const {
    // In the tail where both arguments have one sign, so that differences keep their digits.
    const double a = (low - mean) / sd;
    const double b = (high - mean) / sd;
    return a > 0.0 ? normal_cdf(-a) - normal_cdf(-b) : normal_cdf(b) - normal_cdf(a);
  }
  [[nodiscard]] double density(double u) const {
    const double z = (u - mean) / sd;
    return std::exp(-0.5 * z * z) / (sd * std::sqrt(2.0 * 3.14159265358979323846)) / mass(0.0, 1.0);
  }
  [[nodiscard]] double draw(double uniform) const {
    const double low = normal_cdf(-mean / sd);
    const double p = low + uniform * (normal_cdf((1.0 - mean) / sd) - low);
    return std::clamp(mean + sd * normal_quantile(p), 0.0, 1.0);
  }
};

// Mixture over observed points with equal weights and one kernel that covers the whole space (the
// prior of Bergstra et al. 2011), so that no place has density 0. A kernel is a product over the
// parameters that count:
//   ranges   a normal density around the point's place, cut at the ends; whole numbers take the
//            mass of their interval
//   choices  (1[c = c_i] + 1 / K) / 2 for K choices
// The width of a point's kernel in a parameter is the larger distance to its neighbours there, of
// a single point to the ends, between 1 / min(100, n + 2) and 1 for n points (Bergstra et al. 2011,
// section 4.2; the ends count as neighbours there, which keeps the outermost kernels wide and found
// less in trials).
class Mixture {
 public:
  Mixture(const SearchSpace& space, std::vector<const SearchPoint*> points)
      : space_(space), points_(std::move(points)), width_(space.size()) {
    const auto n = static_cast<double>(points_.size());
    const double least = 1.0 / std::min(100.0, n + 2.0);
    for (std::size_t j = 0; j < space_.size(); ++j) {
      if (space_.parameters[j].kind == Kind::kChoices) continue;
      width_[j] = gaps(j, least);
    }
  }

  [[nodiscard]] std::size_t size() const { return points_.size() + 1; }

  // Value of parameter j from kernel i; from the covering one where j did not count for point i.
  [[nodiscard]] double draw(std::size_t i, std::size_t j, Stream& stream) const {
    const SearchParameter& p = space_.parameters[j];
    const double u = stream.uniform_open();
    if (p.kind == Kind::kChoices) {
      const double spread = 2.0 * u;
      if (observed(i, j) && u >= 0.5) return (*points_[i])[j];
      return value_at(p, observed(i, j) ? spread : u);
    }
    return value_at(p, kernel(i, j).draw(u));
  }

  // Factor of parameter j, which counts, in kernel i.
  [[nodiscard]] double factor(std::size_t i, std::size_t j, double value) const {
    const SearchParameter& p = space_.parameters[j];
    if (p.kind == Kind::kChoices) {
      const double even = 1.0 / static_cast<double>(p.choices.size());
      if (!observed(i, j)) return even;
      return 0.5 * ((value == (*points_[i])[j] ? 1.0 : 0.0) + even);
    }
    const Kernel k = kernel(i, j);
    if (p.kind == Kind::kNumbers) return k.density(unit_of(p, value));
    return k.mass(unit_of(p, value - 0.5), unit_of(p, value + 0.5)) / k.mass(0.0, 1.0);
  }

  // log of the mixture's density at a point, all parameters together.
  [[nodiscard]] double log_density(const SearchPoint& point) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < size(); ++i) {
      double product = 1.0;
      for (std::size_t j = 0; j < space_.size(); ++j) {
        if (!std::isnan(point[j])) product *= factor(i, j, point[j]);
      }
      sum += product;
    }
    return std::log(sum / static_cast<double>(size()));
  }

  // The same of one parameter, over the points where it counted.
  [[nodiscard]] double log_density(std::size_t j, double value) const {
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (i < points_.size() && !observed(i, j)) continue;
      sum += factor(i, j, value);
      count += 1.0;
    }
    return std::log(sum / count);
  }

  // Kernels that know parameter j; the covering one is the last.
  [[nodiscard]] std::vector<std::size_t> kernels_of(std::size_t j) const {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < size(); ++i) {
      if (i == points_.size() || observed(i, j)) places.push_back(i);
    }
    return places;
  }

 private:
  [[nodiscard]] bool observed(std::size_t i, std::size_t j) const {
    return i < points_.size() && !std::isnan((*points_[i])[j]);
  }
  [[nodiscard]] Kernel kernel(std::size_t i, std::size_t j) const {
    if (!observed(i, j)) return {};
    return {.mean = unit_of(space_.parameters[j], (*points_[i])[j]), .sd = width_[j][i]};
  }
  [[nodiscard]] std::vector<double> gaps(std::size_t j, double least) const {
    std::vector<std::pair<double, std::size_t>> places;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (observed(i, j)) places.emplace_back(kernel_place(i, j), i);
    }
    std::sort(places.begin(), places.end());
    std::vector<double> widths(points_.size(), 1.0);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const double here = places[k].first;
      double gap = 0.0;
      if (k > 0) gap = here - places[k - 1].first;
      if (k + 1 < places.size()) gap = std::max(gap, places[k + 1].first - here);
      if (places.size() == 1) gap = std::max(here, 1.0 - here);
      widths[places[k].second] = std::clamp(gap, least, 1.0);
    }
    return widths;
  }
  [[nodiscard]] double kernel_place(std::size_t i, std::size_t j) const {
    return unit_of(space_.parameters[j], (*points_[i])[j]);
  }

  const SearchSpace& space_;
  std::vector<const SearchPoint*> points_;
  std::vector<std::vector<double>> width_;  // A parameter each, a point each.
};

SearchPoint drawn_together(const SearchSpace& space, const Mixture& good, Stream& stream) {
  SearchPoint point(space.size(), std::numeric_limits<double>::quiet_NaN());
  const auto i = static_cast<std::size_t>(stream.below(good.size()));
  for (std::size_t j = 0; j < space.size(); ++j) {
    const double value = good.draw(i, j, stream);
    if (space.counts(j, point)) point[j] = value;
  }
  return point;
}

// Each parameter is chosen by itself: the ratio of products is highest where each factor is.
SearchPoint drawn_alone(const SearchSpace& space, const Mixture& good, const Mixture& others,
                        int draws, Stream& stream) {
  SearchPoint point(space.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t j = 0; j < space.size(); ++j) {
    const std::vector<std::size_t> kernels = good.kernels_of(j);
    double best = -kInfinity;
    double chosen = 0.0;
    for (int draw = 0; draw < draws; ++draw) {
      const double value = good.draw(kernels[stream.below(kernels.size())], j, stream);
      const double ratio = good.log_density(j, value) - others.log_density(j, value);
      if (draw > 0 && ratio <= best) continue;
      best = ratio;
      chosen = value;
    }
    if (space.counts(j, point)) point[j] = chosen;
  }
  return point;
}

}  // namespace

SearchPoint parzen_choice(const SearchSpace& space, const TunerSpec& spec, const Scored& scored,
                          const PointSet& known, Stream& stream) {
  std::vector<std::size_t> order(scored.points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scored.loss[a] < scored.loss[b]; });
  const auto finite = static_cast<std::size_t>(std::count_if(
      scored.loss.begin(), scored.loss.end(), [](double loss) { return std::isfinite(loss); }));
  const auto share = static_cast<std::size_t>(
      std::ceil(spec.good_share * static_cast<double>(scored.points.size())));
  const std::size_t cut = std::min({std::max<std::size_t>(share, 1), kMostGood, finite});
  std::vector<const SearchPoint*> good;
  std::vector<const SearchPoint*> others;
  for (std::size_t k = 0; k < order.size(); ++k) {
    (k < cut ? good : others).push_back(&scored.points[order[k]]);
  }
  for (const SearchPoint& point : scored.pending) others.push_back(&point);
  const Mixture low(space, std::move(good));
  const Mixture high(space, std::move(others));
  SearchPoint chosen;
  double best = -kInfinity;
  for (int draw = 0; draw < spec.draws; ++draw) {
    if (!spec.multivariate) {
      SearchPoint point = drawn_alone(space, low, high, spec.draws, stream);
      if (!known.contains(point)) return point;
      continue;
    }
    SearchPoint point = drawn_together(space, low, stream);
    if (known.contains(point)) continue;
    const double ratio = low.log_density(point) - high.log_density(point);
    if (!chosen.empty() && ratio <= best) continue;
    best = ratio;
    chosen = std::move(point);
  }
  return chosen;
}

}  // namespace impact::detail
