#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/resample.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One arm's values in increasing order, and the units they belong to.
struct Side {
  std::vector<double> values = {};
  std::vector<std::uint32_t> unit = {};
  std::vector<double> below = {};  // sums of the values before each place
  // Where the values stand in the order of the units, the first of these; counts need no look-up.
  bool straight = false;
  std::size_t begin = 0;
};

class OrderKernel final : public Kernel {
 public:
  OrderKernel(const BootstrapData& data, const Units& units, const BootstrapSpec& spec)
      : statistic_(spec.statistic),
        level_(spec.statistic == BootstrapStatistic::kQuantile ? spec.quantile : 0.5),
        trim_(spec.trim),
        units_(units.count()) {
    const bool arms = reads_arm(statistic_);
    sides_.resize(arms ? 2 : 1);
    struct Row {
      double value;
      std::uint32_t unit;
    };
    std::vector<Row> rows[2];
    for (std::uint32_t u = 0; u < units.count(); ++u) {
      for (std::size_t at = units.first_row[u]; at < units.first_row[u + 1]; ++at) {
        const std::uint32_t i = units.rows[at];
        rows[arms ? data.arm[i] : 0].push_back({data.y[i], u});
      }
    }
    for (std::size_t arm = 0; arm < sides_.size(); ++arm) {
      std::stable_sort(rows[arm].begin(), rows[arm].end(),
                       [](const Row& a, const Row& b) { return a.value < b.value; });
      Side& side = sides_[arm];
      side.straight = true;
      double sum = 0.0;
      for (const Row& row : rows[arm]) {
        if (!side.unit.empty() && row.unit != side.unit.back() + 1) side.straight = false;
        side.below.push_back(sum);
        sum += row.value;
        side.values.push_back(row.value);
        side.unit.push_back(row.unit);
      }
      side.below.push_back(sum);
      if (!side.unit.empty()) side.begin = side.unit.front();
    }
  }

  [[nodiscard]] Value of(std::span<const std::uint8_t> counts, bool) const override {
    std::vector<std::uint8_t> gathered;
    const auto side_value = [&](const Side& side) {
      if (side.straight) {
        return counted(side, counts.subspan(side.begin, side.values.size()));
      }
      gathered.resize(side.values.size());
      for (std::size_t i = 0; i < gathered.size(); ++i) gathered[i] = counts[side.unit[i]];
      return counted(side, gathered);
    };
    const double first = side_value(sides_[0]);
    return {sides_.size() == 1 ? first : side_value(sides_[1]) - first, kNaN};
  }

  [[nodiscard]] std::vector<double> jackknife() const override {
    std::vector<std::vector<double>> values;  // by side, of units
    for (const Side& side : sides_) {
      std::vector<std::vector<std::size_t>> places(units_);
      for (std::size_t i = 0; i < side.unit.size(); ++i) places[side.unit[i]].push_back(i);
      std::vector<double>& mine = values.emplace_back();
      for (const auto& removed : places) mine.push_back(without(side, removed));
    }
    std::vector<double> left_out = values.back();
    if (sides_.size() == 1) return left_out;
    for (std::size_t u = 0; u < units_; ++u) left_out[u] -= values[0][u];
    return left_out;
  }

 private:
  // Type 7: between the members of ranks floor(h) and floor(h) + 1, h = (n - 1) level.
  template <class Member>
  [[nodiscard]] double quantile(double n, Member&& member) const {
    const double h = (n - 1.0) * level_;
    const double k = std::floor(h);
    const double low = member(static_cast<std::uint64_t>(k));
    if (h == k) return low;
    return low + (h - k) * (member(static_cast<std::uint64_t>(k) + 1) - low);
  }

  [[nodiscard]] double counted(const Side& side, std::span<const std::uint8_t> counts) const {
    const std::uint64_t n = total(counts);
    if (n == 0) return kNaN;
    if (statistic_ != BootstrapStatistic::kTrimmedMean) {
      Place last = {side.values.size(), 0};
      return quantile(static_cast<double>(n), [&](std::uint64_t rank) {
        // The second of two neighbours is often the same unit.
        if (last.unit == side.values.size() || rank >= last.before + counts[last.unit]) {
          last = place(counts, rank);
        }
        return side.values[last.unit];
      });
    }
    const auto cut = static_cast<std::uint64_t>(static_cast<double>(n) * trim_);
    const Place first = place(counts, cut), last = place(counts, n - cut - 1);
    const auto members = static_cast<double>(n - 2 * cut);
    if (first.unit == last.unit) return side.values[first.unit];
    const auto from_first = static_cast<double>(first.before + counts[first.unit] - cut);
    const auto from_last = static_cast<double>(n - cut - last.before);
    const double inner = weighted_range(counts, side.values.data(), first.unit + 1, last.unit);
    return (from_first * side.values[first.unit] + inner + from_last * side.values[last.unit]) /
           members;
  }

  // The same where the values at `removed` (increasing places) are missing and others count once.
  [[nodiscard]] double without(const Side& side, const std::vector<std::size_t>& removed) const {
    const std::size_t n = side.values.size() - removed.size();
    if (n == 0) return kNaN;
    const auto place_of = [&](std::uint64_t rank) {
      for (const std::size_t gone : removed) {
        if (gone > rank) break;
        ++rank;
      }
      return static_cast<std::size_t>(rank);
    };
    if (statistic_ != BootstrapStatistic::kTrimmedMean) {
      return quantile(static_cast<double>(n),
                      [&](std::uint64_t rank) { return side.values[place_of(rank)]; });
    }
    const auto cut = static_cast<std::uint64_t>(static_cast<double>(n) * trim_);
    const std::size_t first = place_of(cut), last = place_of(n - cut - 1);
    double sum = side.below[last + 1] - side.below[first];
    for (const std::size_t gone : removed) {
      if (gone >= first && gone <= last) sum -= side.values[gone];
    }
    return sum / static_cast<double>(n - 2 * cut);
  }

  BootstrapStatistic statistic_;
  double level_, trim_;
  std::size_t units_;
  std::vector<Side> sides_ = {};
};

}  // namespace

std::unique_ptr<Kernel> order_kernel(const BootstrapData& data, const Units& units,
                                     const BootstrapSpec& spec) {
  return std::make_unique<OrderKernel>(data, units, spec);
}

}  // namespace impact::detail
