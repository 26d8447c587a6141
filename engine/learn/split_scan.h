#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "engine/learn/binned_features.h"

/// How the splits of a node are found: what a row adds to its bin, and how two sides are judged.
namespace impact::detail {

/// A split of a node, by codes.
struct SplitChoice {
  double gain = -1.0;  ///< Fall of weight x impurity in the rule's own units; below 0: none.
  std::uint32_t column = 0;
  std::uint16_t below = 0;  ///< Between these bins; above 255: values left, missing ones right.
  std::uint16_t above = 0;
  double wish = std::numeric_limits<double>::quiet_NaN();  ///< Threshold; NaN: halfway.
  bool missing_left = false;  ///< Where no row of the node is without a value: the heavier side.
  [[nodiscard]] bool found() const { return gain >= 0.0; }
  [[nodiscard]] BinnedFeatures::Cut cut(const BinnedFeatures& features) const {
    if (above >= BinnedFeatures::kBins) {
      return {.threshold = std::numeric_limits<double>::infinity(),
              .last = static_cast<std::uint8_t>(BinnedFeatures::kMissing - 1)};
    }
    return std::isnan(wish) ? features.cut(column, below, above)
                            : features.cut(column, below, above, wish);
  }
};

/// Uniform over the finite values from bin a to bin b.
inline double uniform_between(const BinnedFeatures::Column& column, std::size_t a, std::size_t b,
                              double uniform) {
  constexpr double kMost = std::numeric_limits<double>::max();
  return std::max(column.low[a], -kMost) * (1.0 - uniform) +
         std::min(column.high[b], kMost) * uniform;
}

/// Variance of a number. Cell: drawn rows, sum of w y, and with weights their sum.
template <bool Weighted>
struct MomentRule {
  struct Row {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::int64_t weight = 0;
  };
  struct PlainRow {
    std::int64_t count = 0;
    std::int64_t sum = 0;
  };
  using Stat = std::conditional_t<Weighted, Row, PlainRow>;

  static constexpr std::size_t width() { return Weighted ? 3 : 2; }
  static void add(std::int64_t* cell, const Stat& row) {
    cell[0] += row.count;
    cell[1] += row.sum;
    if constexpr (Weighted) cell[2] += row.weight;
  }
  static double weight(const std::int64_t* cell) {
    return static_cast<double>(cell[Weighted ? 2 : 0]);
  }
  /// S_l^2 / W_l + S_r^2 / W_r - S^2 / W = (S_l W - S W_l)^2 / (W_l W_r W): one division, and no
  /// difference of large numbers. The factor 1 / W is the node's, and left to the end.
  static double gain(const std::int64_t* left, const std::int64_t* total) {
    const double w = weight(total);
    const double wl = weight(left);
    const double wr = w - wl;
    const double d = static_cast<double>(left[1]) * w - static_cast<double>(total[1]) * wl;
    return d * d / (wl * wr);
  }
  static double scale(const std::int64_t* total) { return 1.0 / weight(total); }
};

/// Impurity of classes. Cell: drawn rows, then the weight of each class.
struct ClassRule {
  struct Stat {
    std::int64_t weight = 0;
    std::uint32_t count = 0;
    std::uint32_t label = 0;
  };
  std::size_t classes = 2;
  bool entropy = false;

  [[nodiscard]] std::size_t width() const { return classes + 1; }
  static void add(std::int64_t* cell, const Stat& row) {
    cell[0] += row.count;
    cell[1 + row.label] += row.weight;
  }
  [[nodiscard]] double weight(const std::int64_t* cell) const {
    std::int64_t sum = 0;
    for (std::size_t k = 1; k <= classes; ++k) sum += cell[k];
    return static_cast<double>(sum);
  }
  /// What is maximised, less the node's own: Gini sum_k W_k^2 / W, entropy sum_k W_k log(W_k / W),
  /// of each side.
  [[nodiscard]] double gain(const std::int64_t* left, const std::int64_t* total) const {
    double squares_left = 0.0;
    double squares_right = 0.0;
    double squares = 0.0;
    double wl = 0.0;
    double w = 0.0;
    for (std::size_t k = 1; k <= classes; ++k) {
      wl += static_cast<double>(left[k]);
      w += static_cast<double>(total[k]);
    }
    const double wr = w - wl;
    for (std::size_t k = 1; k <= classes; ++k) {
      const auto l = static_cast<double>(left[k]);
      const auto t = static_cast<double>(total[k]);
      const double r = t - l;
      if (entropy) {
        if (l > 0.0) squares_left += l * std::log(l / wl);
        if (r > 0.0) squares_right += r * std::log(r / wr);
        if (t > 0.0) squares += t * std::log(t / w);
      } else {
        squares_left += l * l;
        squares_right += r * r;
        squares += t * t;
      }
    }
    // Rounding must not turn "no help" into "no split".
    const double fall = entropy ? squares_left + squares_right - squares
                                : squares_left / wl + squares_right / wr - squares / w;
    return fall > 0.0 ? fall : 0.0;
  }
  static double scale(const std::int64_t*) { return 1.0; }
};

/// Bins of up to four columns at a time, so that additions to one do not wait for those to another.
template <class Rule>
class SplitScan {
 public:
  static constexpr std::size_t kTogether = 4;

  SplitScan(const Rule& rule, const BinnedFeatures& features)
      : rule_(rule),
        features_(features),
        cells_(kTogether * BinnedFeatures::kBins * rule.width()),
        side_(rule.width()) {}

  /// Adds the rows to the bins of up to kTogether columns.
  void fill(const std::uint32_t* columns, std::size_t count, const std::uint32_t* rows,
            const typename Rule::Stat* stats, std::size_t n) {
    switch (count) {
      case 1: fill_some<1>(columns, rows, stats, n); break;
      case 2: fill_some<2>(columns, rows, stats, n); break;
      case 3: fill_some<3>(columns, rows, stats, n); break;
      default: fill_some<4>(columns, rows, stats, n); break;
    }
  }

  /// Best split by the slot-th of the columns that were filled; its bins are emptied. `uniform`:
  /// below 0, all gaps; else the threshold lies that part of the way through the node's range.
  /// `constant` says whether the column has one value in the node.
  SplitChoice best(std::size_t slot, std::uint32_t column, const std::int64_t* total,
                   std::size_t min_leaf, double uniform, bool& constant) {
    const std::size_t width = rule_.width();
    std::int64_t* const cells = cells_.data() + slot * BinnedFeatures::kBins * width;
    std::array<std::uint16_t, BinnedFeatures::kBins> held;
    std::size_t m = 0;
    if (small_) {
      for (std::size_t word = 0; word < 4; ++word) {
        for (std::uint64_t bits = seen_[slot][word]; bits != 0; bits &= bits - 1) {
          held[m++] = static_cast<std::uint16_t>(64 * word +
                                                 static_cast<std::size_t>(std::countr_zero(bits)));
        }
      }
    } else {
      for (std::size_t b = 0; b < BinnedFeatures::kBins; ++b) {
        held[m] = static_cast<std::uint16_t>(b);
        m += cells[b * width] != 0 ? 1 : 0;
      }
    }
    const BinnedFeatures::Column& known = features_.column[column];
    const bool missing = known.missing && m > 0 && held[m - 1] == BinnedFeatures::kMissing;
    const std::size_t values = m - (missing ? 1 : 0);
    constant = m <= 1;
    SplitChoice choice;
    choice.column = column;
    if (!constant) {
      const std::int64_t* const none = missing ? cells + BinnedFeatures::kMissing * width : nullptr;
      if (uniform >= 0.0 && values > 1) {
        at_random(known, held.data(), values, cells, none, total, min_leaf, uniform, choice);
      } else {
        everywhere(held.data(), values, cells, none, total, min_leaf, choice);
      }
    }
    if (!missing) choice.missing_left = left_heavier_;
    for (std::size_t k = 0; k < m; ++k) {
      std::fill_n(cells + held[k] * width, width, std::int64_t{0});
    }
    return choice;
  }

 private:
  template <std::size_t Count>
  void fill_some(const std::uint32_t* columns, const std::uint32_t* rows,
                 const typename Rule::Stat* stats, std::size_t n) {
    const std::size_t width = rule_.width();
    std::array<BinnedFeatures::Codes, Count> codes;
    std::array<std::int64_t*, Count> cells;
    for (std::size_t c = 0; c < Count; ++c) {
      codes[c] = features_.codes(columns[c]);
      cells[c] = cells_.data() + c * BinnedFeatures::kBins * width;
      seen_[c].fill(0);
    }
    small_ = n < BinnedFeatures::kBins;
    if (small_) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t c = 0; c < Count; ++c) {
          const std::size_t code = codes[c].at(rows[i]);
          rule_.add(cells[c] + code * width, stats[i]);
          seen_[c][code / 64] |= std::uint64_t{1} << (code % 64);
        }
      }
      return;
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < Count; ++c) {
        rule_.add(cells[c] + codes[c].at(rows[i]) * width, stats[i]);
      }
    }
  }

  // Takes side_ as the left one if it is better than what is known, with the missing rows on the
  // right or, as `none` is added by the caller, on the left.
  void consider(const std::int64_t* total, std::size_t min_leaf, std::uint16_t a, std::uint16_t b,
                bool missing_left, SplitChoice& choice) {
    const std::int64_t least = static_cast<std::int64_t>(min_leaf);
    if (side_[0] < least || total[0] - side_[0] < least) return;
    const double gain = rule_.gain(side_.data(), total);
    if (!(gain > choice.gain)) return;
    choice.gain = gain;
    choice.below = a;
    choice.above = b;
    choice.missing_left = missing_left;
    left_heavier_ = 2.0 * rule_.weight(side_.data()) >= rule_.weight(total);
  }

  void shift(const std::int64_t* cell, std::int64_t sign) {
    for (std::size_t k = 0; k < rule_.width(); ++k) side_[k] += sign * cell[k];
  }

  void both_ways(const std::int64_t* none, const std::int64_t* total, std::size_t min_leaf,
                 std::uint16_t a, std::uint16_t b, SplitChoice& choice) {
    consider(total, min_leaf, a, b, false, choice);
    if (none == nullptr) return;
    shift(none, 1);
    consider(total, min_leaf, a, b, true, choice);
    shift(none, -1);
  }

  void everywhere(const std::uint16_t* held, std::size_t values, const std::int64_t* cells,
                  const std::int64_t* none, const std::int64_t* total, std::size_t min_leaf,
                  SplitChoice& choice) {
    const std::size_t width = rule_.width();
    std::fill(side_.begin(), side_.end(), 0);
    for (std::size_t k = 0; k + 1 < values; ++k) {
      shift(cells + held[k] * width, 1);
      both_ways(none, total, min_leaf, held[k], held[k + 1], choice);
    }
    if (none != nullptr && values > 0) {
      shift(cells + held[values - 1] * width, 1);
      consider(total, min_leaf, held[values - 1], BinnedFeatures::kBins, false, choice);
    }
  }

  void at_random(const BinnedFeatures::Column& known, const std::uint16_t* held, std::size_t values,
                 const std::int64_t* cells, const std::int64_t* none, const std::int64_t* total,
                 std::size_t min_leaf, double uniform, SplitChoice& choice) {
    const double wish = uniform_between(known, held[0], held[values - 1], uniform);
    std::size_t k = 0;
    while (k + 2 < values && known.high[held[k + 1]] <= wish) ++k;
    const std::size_t width = rule_.width();
    std::fill(side_.begin(), side_.end(), 0);
    for (std::size_t i = 0; i <= k; ++i) shift(cells + held[i] * width, 1);
    both_ways(none, total, min_leaf, held[k], held[k + 1], choice);
    choice.wish = wish;
  }

  const Rule& rule_;
  const BinnedFeatures& features_;
  std::vector<std::int64_t> cells_;  // kTogether x bins x width, all zero between calls
  std::vector<std::int64_t> side_;
  std::array<std::array<std::uint64_t, 4>, kTogether> seen_ = {};
  bool small_ = false;
  bool left_heavier_ = false;
};

}  // namespace impact::detail
