#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/rng_fill.h"

/// What the bootstrap and permutation tests share: random counts of units, and what follows from
/// counts. A unit is a row or a cluster; units lie cell by cell (a cell: a stratum, or an arm in
/// it), and a draw treats the cells one by one.
namespace impact::detail {

/// Kernels read counts in steps of so many; what lies behind the last unit is zero.
inline constexpr std::size_t kCountStep = 32;
[[nodiscard]] constexpr std::size_t padded(std::size_t units) {
  return (units + kCountStep - 1) / kCountStep * kCountStep;
}

/// Byte-sized counts of one draw: uniform draws with replacement, as many as units, in each cell.
/// Bits depend on (key, draw) only.
///
/// In a large cell of n units, counts are first Poisson with mean 1 - 2 / sqrt(n), a byte of chance
/// each, and then completed: given its total N, such a vector is multinomial, and n - N more units
/// drawn at random (or N - n of its members removed at random) make it the one asked for.
class Multinomial {
 public:
  /// `offsets`: cell s holds the units offsets[s] ... offsets[s + 1] - 1. Below 2^32 units.
  Multinomial(StreamKey key, std::vector<std::size_t> offsets);
  /// counts: padded(units) bytes. scratch is reused between calls of one thread.
  void draw(std::uint64_t number, std::span<std::uint8_t> counts,
            std::vector<std::uint32_t>& scratch) const;

 private:
  // A byte below edge[0] is a count of 0, below edge[1] of 1, ...; from edge[4] on it is open, and
  // another word decides: the number of `rest` that it reaches.
  struct Poisson {
    std::uint8_t edge[5] = {};
    std::vector<std::uint32_t> rest = {};
    std::array<std::uint8_t, 256> known = {};  // by the leading byte of that word
    [[nodiscard]] std::uint8_t count_of(std::uint32_t word) const;
  };
  static Poisson poisson(double mean);
  static void decide_open(std::span<std::uint8_t> cell, const Poisson& table, WordReader& words);
  StreamKey bytes_, words_;
  std::vector<std::size_t> offsets_;
  std::vector<Poisson> tables_ = {};
  std::vector<std::uint32_t> table_of_ = {};  // by cell
};

/// Marks (0 or 1) of a random subset of each cell, all subsets of its size alike. A large cell is
/// first marked independently with a share near the one asked for, and then completed at random.
class Subsets {
 public:
  /// `sizes`: marked units by cell.
  Subsets(StreamKey key, std::vector<std::size_t> offsets, std::vector<std::size_t> sizes);
  void draw(std::uint64_t number, std::span<std::uint8_t> marks,
            std::vector<std::uint32_t>& scratch) const;

 private:
  StreamKey bytes_, words_;
  std::vector<std::size_t> offsets_, sizes_;
};

/// Columns of padded length, one after another: sums of units that counts weigh.
struct Columns {
  std::size_t units = 0;
  std::size_t count = 0;
  std::vector<double> values = {};

  Columns() = default;
  Columns(std::size_t units_in, std::size_t count_in)
      : units(units_in), count(count_in), values(padded(units_in) * count_in, 0.0) {}
  [[nodiscard]] double* column(std::size_t j) { return values.data() + j * padded(units); }
  [[nodiscard]] const double* column(std::size_t j) const {
    return values.data() + j * padded(units);
  }
};

/// sums[j] = sum of counts[i] column_j[i]. Sixteen partial sums by i mod 16, added as a tree, on
/// every machine.
void weighted_sums(std::span<const std::uint8_t> counts, const Columns& columns, double* sums);

/// The same over begin ... end - 1 of one column, in order.
[[nodiscard]] double weighted_range(std::span<const std::uint8_t> counts, const double* values,
                                    std::size_t begin, std::size_t end);

/// Sum of all counts.
[[nodiscard]] std::uint64_t total(std::span<const std::uint8_t> counts);

/// Where the member of 0-based rank `rank` lies, once units are repeated by their counts: the unit
/// and how many members lie before it. rank < total.
struct Place {
  std::size_t unit = 0;
  std::uint64_t before = 0;
};
[[nodiscard]] Place place(std::span<const std::uint8_t> counts, std::uint64_t rank);

}  // namespace impact::detail
