#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/core/exact_sum.h"
#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/resample.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Totals of an arm over its counted rows; y and x are counted from a centre.
enum Slot : std::uint8_t { kN, kY, kYy, kX, kXx, kXy, kSlots };
using Totals = std::array<double, 2 * kSlots>;  // arm 0, then arm 1

std::vector<Slot> slots_of(BootstrapStatistic statistic) {
  switch (statistic) {
    case BootstrapStatistic::kStandardDeviation:
    case BootstrapStatistic::kWelchT: return {kY, kYy};
    case BootstrapStatistic::kCorrelation: return {kY, kYy, kX, kXx, kXy};
    case BootstrapStatistic::kRatioOfMeans: return {kY, kX};
    default: return {kY};
  }
}

// A run of units whose sums are taken together, with the totals its columns go to.
struct Segment {
  std::size_t begin = 0;
  Columns columns = {};
  std::vector<std::size_t> target = {};
};

struct Arm {
  double n, y, yy;
  [[nodiscard]] double mean() const { return y / n; }
  // At most rounding may remain where all drawn values are one.
  [[nodiscard]] double variance() const {
    const double squares = yy - y * mean();
    return squares > 1e-14 * yy ? squares / (n - 1.0) : 0.0;
  }
};

class MomentKernel final : public Kernel {
 public:
  MomentKernel(const BootstrapData& data, const Units& units, const BootstrapSpec& spec)
      : statistic_(spec.statistic), units_(units) {
    const bool arms = reads_arm(statistic_), x = reads_x(statistic_);
    ExactMean y_mean[2], x_mean;
    for (const std::uint32_t i : units.rows) {
      y_mean[arms ? data.arm[i] : 0].add(data.y[i]);
      if (x) x_mean.add(data.x[i]);
    }
    // A ratio needs its sums from zero.
    const bool centred = statistic_ != BootstrapStatistic::kRatioOfMeans;
    for (std::size_t arm = 0; arm < 2; ++arm) {
      if (centred && y_mean[arm].count() > 0) centre_[arm] = y_mean[arm].mean();
    }
    const double x_centre = centred && x ? x_mean.mean() : 0.0;
    for (std::size_t s = 0; s + 1 < units.offsets.size(); ++s) {
      const std::size_t arm = units.cell_arm[s];
      // Cells of one arm follow each other.
      if (s > 0 && units.cell_arm[s - 1] == arm) continue;
      std::size_t last = s + 1;
      while (last + 1 < units.offsets.size() && units.cell_arm[last] == arm) ++last;
      Segment& segment = segments_.emplace_back();
      segment.begin = units.offsets[s];
      const std::size_t size = units.offsets[last] - segment.begin;
      const bool mixed = arms && !units.arms_apart;
      for (std::size_t a = mixed ? 0 : arm; a <= (mixed ? 1 : arm); ++a) {
        // Arms whose rows a draw cannot change are counted once.
        if (units.clustered) segment.target.push_back(a * kSlots + kN);
        for (const Slot slot : slots_of(statistic_)) segment.target.push_back(a * kSlots + slot);
      }
      segment.columns = Columns(size, segment.target.size());
      for (std::size_t u = segment.begin; u < units.offsets[last]; ++u) {
        Totals unit = {};
        for (std::size_t at = units.first_row[u]; at < units.first_row[u + 1]; ++at) {
          const std::uint32_t i = units.rows[at];
          const std::size_t a = arms ? static_cast<std::size_t>(data.arm[i]) : 0;
          double* total = &unit[a * kSlots];
          const double dy = data.y[i] - centre_[a];
          const double dx = x ? data.x[i] - x_centre : 0.0;
          const double terms[kSlots] = {1.0, dy, dy * dy, dx, dx * dx, dx * dy};
          for (std::size_t slot = 0; slot < kSlots; ++slot) total[slot] += terms[slot];
        }
        for (std::size_t j = 0; j < segment.target.size(); ++j) {
          segment.columns.column(j)[u - segment.begin] = unit[segment.target[j]];
        }
      }
      if (!units.clustered) rows_[arm * kSlots + kN] = static_cast<double>(size);
    }
  }

  [[nodiscard]] Value of(std::span<const std::uint8_t> counts, bool with_error) const override {
    const Totals totals = totals_of(counts);
    return {value(totals), with_error ? std_error(totals, counts) : kNaN};
  }

  [[nodiscard]] std::vector<double> jackknife() const override {
    std::vector<std::uint8_t> once(padded(units_.count()) + kCountStep, 0);
    std::fill_n(once.begin(), units_.count(), 1);
    const Totals all = totals_of(once);
    std::vector<double> left_out(units_.count());
    for (const Segment& segment : segments_) {
      for (std::size_t u = 0; u < segment.columns.units; ++u) {
        Totals rest = all;
        for (std::size_t j = 0; j < segment.target.size(); ++j) {
          rest[segment.target[j]] -= segment.columns.column(j)[u];
        }
        if (!units_.clustered) rest[segment.target[0] / kSlots * kSlots + kN] -= 1.0;
        left_out[segment.begin + u] = value(rest);
      }
    }
    return left_out;
  }

 private:
  [[nodiscard]] Totals totals_of(std::span<const std::uint8_t> counts) const {
    Totals totals = rows_;
    double sums[2 * kSlots];
    for (const Segment& segment : segments_) {
      weighted_sums(counts.subspan(segment.begin), segment.columns, sums);
      for (std::size_t j = 0; j < segment.target.size(); ++j) totals[segment.target[j]] = sums[j];
    }
    return totals;
  }

  [[nodiscard]] double value(const Totals& t) const {
    const Arm a = {t[kN], t[kY], t[kYy]};
    const Arm b = {t[kSlots + kN], t[kSlots + kY], t[kSlots + kYy]};
    switch (statistic_) {
      case BootstrapStatistic::kMean: return centre_[0] + a.mean();
      case BootstrapStatistic::kStandardDeviation: return std::sqrt(a.variance());
      case BootstrapStatistic::kRatioOfMeans: return t[kY] / t[kX];
      case BootstrapStatistic::kDifferenceOfMeans:
        return (centre_[1] - centre_[0]) + (b.mean() - a.mean());
      case BootstrapStatistic::kWelchT: {
        const double variance = a.variance() / a.n + b.variance() / b.n;
        if (!(variance > 0.0)) return kNaN;
        return ((centre_[1] - centre_[0]) + (b.mean() - a.mean())) / std::sqrt(variance);
      }
      case BootstrapStatistic::kCorrelation: {
        const Arm x = {t[kN], t[kX], t[kXx]};
        const double variances = a.variance() * x.variance();
        if (!(variances > 0.0)) return kNaN;
        const double r = (t[kXy] - t[kX] * a.mean()) / (t[kN] - 1.0) / std::sqrt(variances);
        return std::clamp(r, -1.0, 1.0);
      }
      default: return kNaN;
    }
  }

  // Derivatives of the statistic by the totals; it has degree 0 in them (with divisors n instead of
  // n - 1), so that the counted sum of a unit's l = gradient . totals of the unit is zero.
  [[nodiscard]] Totals gradient(const Totals& t) const {
    Totals g = {};
    const double n = t[kN];
    const auto add_mean = [&](std::size_t arm, double sign) {
      const double rows = t[arm + kN];
      g[arm + kY] += sign / rows;
      g[arm + kN] -= sign * t[arm + kY] / (rows * rows);
    };
    // Of the variance of a variable with sums s and ss.
    const auto add_variance = [&](std::size_t s, std::size_t ss, double factor) {
      const double mean = t[s] / n;
      g[ss] += factor / n;
      g[s] -= factor * 2.0 * mean / n;
      g[kN] += factor * (2.0 * mean * mean - t[ss] / n) / n;
    };
    switch (statistic_) {
      case BootstrapStatistic::kMean: add_mean(0, 1.0); break;
      case BootstrapStatistic::kDifferenceOfMeans:
        add_mean(0, -1.0);
        add_mean(kSlots, 1.0);
        break;
      case BootstrapStatistic::kRatioOfMeans:
        g[kY] = 1.0 / t[kX];
        g[kX] = -t[kY] / (t[kX] * t[kX]);
        break;
      case BootstrapStatistic::kStandardDeviation:
        add_variance(kY, kYy, 0.5 / std::sqrt(t[kYy] / n - t[kY] / n * (t[kY] / n)));
        break;
      case BootstrapStatistic::kCorrelation: {
        const double my = t[kY] / n, mx = t[kX] / n;
        const double vy = t[kYy] / n - my * my, vx = t[kXx] / n - mx * mx;
        const double cxy = t[kXy] / n - mx * my, root = std::sqrt(vx * vy);
        g[kXy] = 1.0 / (n * root);
        g[kX] = -my / (n * root);
        g[kY] = -mx / (n * root);
        g[kN] = (2.0 * mx * my - t[kXy] / n) / (n * root);
        add_variance(kY, kYy, -0.5 * cxy / (root * vy));
        add_variance(kX, kXx, -0.5 * cxy / (root * vx));
        break;
      }
      default: break;
    }
    return g;
  }

  // sum over cells of m / (m - 1) sum (l - mean l)^2 over the m counted units.
  [[nodiscard]] double std_error(const Totals& totals, std::span<const std::uint8_t> counts) const {
    const Totals g = gradient(totals);
    double variance = 0.0;
    std::size_t cell = 0;
    for (const Segment& segment : segments_) {
      const double constant = units_.clustered ? 0.0 : g[segment.target[0] / kSlots * kSlots + kN];
      for (; cell + 1 < units_.offsets.size() &&
             units_.offsets[cell] < segment.begin + segment.columns.units;
           ++cell) {
        double sum = 0.0, squares = 0.0;
        for (std::size_t u = units_.offsets[cell]; u < units_.offsets[cell + 1]; ++u) {
          if (counts[u] == 0) continue;
          double l = constant;
          for (std::size_t j = 0; j < segment.target.size(); ++j) {
            l += g[segment.target[j]] * segment.columns.column(j)[u - segment.begin];
          }
          sum += counts[u] * l;
          squares += counts[u] * (l * l);
        }
        const auto m = static_cast<double>(units_.offsets[cell + 1] - units_.offsets[cell]);
        if (m > 1.0) variance += std::max(0.0, squares - sum * sum / m) * m / (m - 1.0);
      }
    }
    return std::sqrt(variance);
  }

  BootstrapStatistic statistic_;
  const Units& units_;
  double centre_[2] = {0.0, 0.0};
  Totals rows_ = {};
  std::vector<Segment> segments_ = {};
};

}  // namespace

std::unique_ptr<Kernel> moment_kernel(const BootstrapData& data, const Units& units,
                                      const BootstrapSpec& spec) {
  return std::make_unique<MomentKernel>(data, units, spec);
}

}  // namespace impact::detail
