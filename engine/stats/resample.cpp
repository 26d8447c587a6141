#include "engine/stats/resample.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "engine/core/rng_fill.h"
#include "engine/core/wide.h"

#if IMPACT_WIDE
#include <immintrin.h>
#endif

namespace impact::detail {
namespace {

// Below, every draw of a unit takes a word of its own: a cell's counts stay below 2^8.
constexpr std::size_t kSmallCell = 64;
// Counts that a table can give, and the share of what is left to them: 1 in 10^14.
constexpr std::size_t kLevels = 16;
constexpr std::uint8_t kOpen = 0x80;

typedef std::uint8_t Bytes __attribute__((vector_size(32)));
typedef std::uint8_t FourBytes __attribute__((vector_size(4)));
typedef std::int32_t FourInts __attribute__((vector_size(16)));
typedef double FourDoubles __attribute__((vector_size(32)));

// counts[i] = number of edges that bytes[i] reaches, plus kOpen from the last one on.
__attribute__((always_inline)) inline void count_edges(const unsigned char* bytes, std::size_t n,
                                                       const std::uint8_t* edge,
                                                       std::uint8_t* counts) {
  const Bytes zero = {};
  const Bytes e0 = zero + edge[0], e1 = zero + edge[1], e2 = zero + edge[2], e3 = zero + edge[3],
              e4 = zero + edge[4];
  std::size_t i = 0;
  for (; i + sizeof(Bytes) <= n; i += sizeof(Bytes)) {
    Bytes u;
    std::memcpy(&u, bytes + i, sizeof(u));
    const Bytes reached = Bytes(u >= e0) + Bytes(u >= e1) + Bytes(u >= e2) + Bytes(u >= e3);
    const Bytes result = (zero - reached) | (Bytes(u >= e4) & kOpen);
    std::memcpy(counts + i, &result, sizeof(result));
  }
  for (; i < n; ++i) {
    const unsigned u = bytes[i];
    const int reached = (u >= edge[0]) + (u >= edge[1]) + (u >= edge[2]) + (u >= edge[3]);
    counts[i] = static_cast<std::uint8_t>(reached | (u >= edge[4] ? kOpen : 0));
  }
}

// marks[i] = bytes[i] < limit.
__attribute__((always_inline)) inline void mark_below(const unsigned char* bytes, std::size_t n,
                                                      std::uint8_t limit, std::uint8_t* marks) {
  const Bytes most = Bytes{} + limit;
  std::size_t i = 0;
  for (; i + sizeof(Bytes) <= n; i += sizeof(Bytes)) {
    Bytes u;
    std::memcpy(&u, bytes + i, sizeof(u));
    const Bytes result = Bytes(u < most) & 1;
    std::memcpy(marks + i, &result, sizeof(result));
  }
  for (; i < n; ++i) marks[i] = bytes[i] < limit ? 1 : 0;
}

void mark_below_narrow(const unsigned char* bytes, std::size_t n, std::uint8_t limit,
                       std::uint8_t* marks) {
  mark_below(bytes, n, limit, marks);
}

void count_edges_narrow(const unsigned char* bytes, std::size_t n, const std::uint8_t* edge,
                        std::uint8_t* counts) {
  count_edges(bytes, n, edge, counts);
}

// Columns one to three at a time, so that a count is widened once for all of them.
template <std::size_t columns>
__attribute__((always_inline)) inline void add_columns(const std::uint8_t* counts, std::size_t n,
                                                       const double* values, std::size_t stride,
                                                       double* sums) {
  FourDoubles low[columns] = {}, high[columns] = {};
  for (std::size_t i = 0; i < n; i += 8) {
    FourBytes first, second;
    std::memcpy(&first, counts + i, 4);
    std::memcpy(&second, counts + i + 4, 4);
    const FourDoubles c =
        __builtin_convertvector(__builtin_convertvector(first, FourInts), FourDoubles);
    const FourDoubles d =
        __builtin_convertvector(__builtin_convertvector(second, FourInts), FourDoubles);
#pragma GCC unroll 3
    for (std::size_t j = 0; j < columns; ++j) {
      FourDoubles a, b;
      std::memcpy(&a, values + j * stride + i, sizeof(a));
      std::memcpy(&b, values + j * stride + i + 4, sizeof(b));
      low[j] += c * a;
      high[j] += d * b;
    }
  }
#pragma GCC unroll 3
  for (std::size_t j = 0; j < columns; ++j) {
    const FourDoubles s = low[j] + high[j];
    sums[j] = (s[0] + s[2]) + (s[1] + s[3]);
  }
}

__attribute__((always_inline)) inline void add_all(const std::uint8_t* counts, std::size_t n,
                                                   const double* values, std::size_t stride,
                                                   std::size_t columns, double* sums) {
  std::size_t j = 0;
  for (; j + 3 <= columns; j += 3) {
    add_columns<3>(counts, n, values + j * stride, stride, sums + j);
  }
  if (columns - j == 2) add_columns<2>(counts, n, values + j * stride, stride, sums + j);
  if (columns - j == 1) add_columns<1>(counts, n, values + j * stride, stride, sums + j);
}

void add_all_narrow(const std::uint8_t* counts, std::size_t n, const double* values,
                    std::size_t stride, std::size_t columns, double* sums) {
  add_all(counts, n, values, stride, columns, sums);
}

#if IMPACT_WIDE
IMPACT_WIDE_TARGET void mark_below_wide(const unsigned char* bytes, std::size_t n,
                                        std::uint8_t limit, std::uint8_t* marks) {
  mark_below(bytes, n, limit, marks);
}
IMPACT_WIDE_TARGET void count_edges_wide(const unsigned char* bytes, std::size_t n,
                                         const std::uint8_t* edge, std::uint8_t* counts) {
  count_edges(bytes, n, edge, counts);
}
IMPACT_WIDE_TARGET void add_all_wide(const std::uint8_t* counts, std::size_t n,
                                     const double* values, std::size_t stride, std::size_t columns,
                                     double* sums) {
  add_all(counts, n, values, stride, columns, sums);
}
#else
constexpr auto mark_below_wide = mark_below_narrow;
constexpr auto count_edges_wide = count_edges_narrow;
constexpr auto add_all_wide = add_all_narrow;
#endif

std::uint64_t eight(const std::uint8_t* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Sum of 32 bytes.
std::uint64_t sum_of_32(const std::uint8_t* bytes) {
#if IMPACT_WIDE
  const auto half = [&](const std::uint8_t* from) {
    return _mm_sad_epu8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)),
                        _mm_setzero_si128());
  };
  const __m128i sums = _mm_add_epi64(half(bytes), half(bytes + 16));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(sums)) +
         static_cast<std::uint64_t>(_mm_extract_epi64(sums, 1));
#else
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < 32; ++i) sum += bytes[i];
  return sum;
#endif
}

// exp(-mean) for mean in [0, 1] by its series, so that tables are the same on every machine.
double exp_minus(double mean) {
  double sum = 0.0;
  for (int k = 30; k > 0; --k) sum = (1.0 + sum) * (-mean / k);
  return 1.0 + sum;
}

// A byte of chance for each unit.
const unsigned char* random_bytes(StreamKey key, std::uint64_t number, std::size_t units,
                                  std::vector<std::uint32_t>& scratch) {
  scratch.resize((units + 3) / 4);
  fill_words(key, number, 0, scratch);
  return reinterpret_cast<const unsigned char*>(scratch.data());
}

std::size_t largest_cell(std::span<const std::size_t> offsets) {
  std::size_t largest = 0;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    largest = std::max(largest, offsets[s + 1] - offsets[s]);
  }
  return largest;
}

}  // namespace

Multinomial::Multinomial(StreamKey key, std::vector<std::size_t> offsets)
    : bytes_(key.child("bytes")), words_(key.child("words")), offsets_(std::move(offsets)) {
  std::map<std::size_t, std::uint32_t> known;
  for (std::size_t s = 0; s + 1 < offsets_.size(); ++s) {
    const std::size_t n = offsets_[s + 1] - offsets_[s];
    const auto [at, added] = known.emplace(n, static_cast<std::uint32_t>(tables_.size()));
    if (added) tables_.push_back(poisson(1.0 - 2.0 / std::sqrt(static_cast<double>(n))));
    table_of_.push_back(at->second);
  }
}

Multinomial::Poisson Multinomial::poisson(double mean) {
  Poisson table;
  if (!(mean > 0.0)) return table;
  double mass[kLevels];
  mass[0] = 256.0 * exp_minus(mean);
  for (std::size_t k = 1; k < kLevels; ++k) mass[k] = mass[k - 1] * mean / static_cast<double>(k);
  double edge = 0.0;
  for (std::size_t k = 0; k < 5; ++k) {
    const double whole = std::floor(mass[k]);
    edge += whole;
    mass[k] -= whole;
    table.edge[k] = static_cast<std::uint8_t>(edge);
  }
  double below = 0.0;
  for (std::size_t k = 0; k + 1 < kLevels; ++k) {
    below += mass[k];
    const double share = std::min(below / (256.0 - edge), 1.0);
    table.rest.push_back(static_cast<std::uint32_t>(std::min(share * 0x1p32, 0x1p32 - 1.0)));
  }
  return table;
}

void Multinomial::draw(std::uint64_t number, std::span<std::uint8_t> counts,
                       std::vector<std::uint32_t>& scratch) const {
  WordReader words(words_, number);
  const bool large = largest_cell(offsets_) > kSmallCell;
  const unsigned char* bytes =
      large ? random_bytes(bytes_, number, offsets_.back(), scratch) : nullptr;
  std::fill(counts.begin() + static_cast<std::ptrdiff_t>(offsets_.back()), counts.end(), 0);
  for (std::size_t s = 0; s + 1 < offsets_.size(); ++s) {
    const std::size_t begin = offsets_[s], n = offsets_[s + 1] - begin;
    const auto units = static_cast<std::uint32_t>(n);
    const std::span<std::uint8_t> cell = counts.subspan(begin, n);
    std::uint64_t drawn = 0;
    if (n > kSmallCell) {
      const Poisson& table = tables_[table_of_[s]];
      (wide_registers() ? count_edges_wide : count_edges_narrow)(bytes + begin, n, table.edge,
                                                                 cell.data());
      const auto decide = [&](std::uint8_t& count) {
        const std::uint32_t word = words.next();
        std::uint8_t reached = 0;
        for (const std::uint32_t edge : table.rest)
          reached = static_cast<std::uint8_t>(reached + (word >= edge ? 1 : 0));
        count = reached;
      };
      std::size_t i = 0;
      for (; i + 8 <= n; i += 8) {
        std::uint64_t open = eight(&cell[i]) & 0x8080808080808080U;
        for (; open != 0; open &= open - 1) {
          decide(cell[i + static_cast<std::size_t>(std::countr_zero(open)) / 8]);
        }
      }
      for (; i < n; ++i) {
        if ((cell[i] & kOpen) != 0) decide(cell[i]);
      }
      drawn = total(cell);
    } else {
      std::fill(cell.begin(), cell.end(), 0);
    }
    for (; drawn < n; ++drawn) ++cell[words.below(units)];
    // A member is a unit and a number below kLevels that is less than its count.
    while (drawn > n) {
      std::uint8_t& count = cell[words.below(units)];
      if (words.below(kLevels) >= count) continue;
      --count;
      --drawn;
    }
  }
}

Subsets::Subsets(StreamKey key, std::vector<std::size_t> offsets, std::vector<std::size_t> sizes)
    : bytes_(key.child("bytes")),
      words_(key.child("words")),
      offsets_(std::move(offsets)),
      sizes_(std::move(sizes)) {}

void Subsets::draw(std::uint64_t number, std::span<std::uint8_t> marks,
                   std::vector<std::uint32_t>& scratch) const {
  WordReader words(words_, number);
  const bool large = largest_cell(offsets_) > kSmallCell;
  const unsigned char* bytes =
      large ? random_bytes(bytes_, number, offsets_.back(), scratch) : nullptr;
  std::fill(marks.begin() + static_cast<std::ptrdiff_t>(offsets_.back()), marks.end(), 0);
  for (std::size_t s = 0; s + 1 < offsets_.size(); ++s) {
    const std::size_t begin = offsets_[s], n = offsets_[s + 1] - begin;
    const auto units = static_cast<std::uint32_t>(n);
    const std::span<std::uint8_t> cell = marks.subspan(begin, n);
    const std::size_t wanted = sizes_[s];
    // Bytes below `limit` mark; none and all are where a small cell starts.
    const std::size_t limit = (512 * wanted + n) / (2 * std::max<std::size_t>(n, 1));
    std::size_t marked = 0;
    if (n > kSmallCell && limit > 0 && limit < 256) {
      (wide_registers() ? mark_below_wide : mark_below_narrow)(
          bytes + begin, n, static_cast<std::uint8_t>(limit), cell.data());
      marked = total(cell);
    } else if (2 * wanted > n) {
      std::fill(cell.begin(), cell.end(), 1);
      marked = n;
    } else {
      std::fill(cell.begin(), cell.end(), 0);
    }
    while (marked != wanted) {
      std::uint8_t& mark = cell[words.below(units)];
      if ((mark != 0) != (marked > wanted)) continue;
      mark ^= 1U;
      marked = mark != 0 ? marked + 1 : marked - 1;
    }
  }
}

void weighted_sums(std::span<const std::uint8_t> counts, const Columns& columns, double* sums) {
  const std::size_t n = padded(columns.units);
  (wide_registers() ? add_all_wide : add_all_narrow)(counts.data(), n, columns.values.data(), n,
                                                     columns.count, sums);
}

double weighted_range(std::span<const std::uint8_t> counts, const double* values, std::size_t begin,
                      std::size_t end) {
  double sums[4] = {};
  std::size_t i = begin;
  for (; i + 4 <= end; i += 4) {
    for (std::size_t j = 0; j < 4; ++j) sums[j] += counts[i + j] * values[i + j];
  }
  for (; i < end; ++i) sums[0] += counts[i] * values[i];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

std::uint64_t total(std::span<const std::uint8_t> counts) {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 32 <= counts.size(); i += 32) sum += sum_of_32(&counts[i]);
  for (; i < counts.size(); ++i) sum += counts[i];
  return sum;
}

Place place(std::span<const std::uint8_t> counts, std::uint64_t rank) {
  Place at;
  for (; at.unit + 32 <= counts.size(); at.unit += 32) {
    const std::uint64_t here = sum_of_32(&counts[at.unit]);
    if (at.before + here > rank) break;
    at.before += here;
  }
  while (at.before + counts[at.unit] <= rank) at.before += counts[at.unit++];
  return at;
}

}  // namespace impact::detail
