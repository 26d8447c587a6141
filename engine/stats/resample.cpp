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

// As many lanes as a register of the machine has doubles.
template <std::size_t lanes>
struct Lanes {
  typedef std::uint8_t Bytes __attribute__((vector_size(lanes)));
  typedef std::int32_t Ints __attribute__((vector_size(4 * lanes)));
  typedef double Doubles __attribute__((vector_size(8 * lanes)));
};

// counts[i] = number of edges that bytes[i] reaches, plus kOpen from the last one on.
template <std::size_t size>
__attribute__((always_inline)) inline void count_edges(const unsigned char* bytes, std::size_t n,
                                                       const std::uint8_t* edge,
                                                       std::uint8_t* counts) {
  using Bytes = typename Lanes<size>::Bytes;
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
template <std::size_t size>
__attribute__((always_inline)) inline void mark_below(const unsigned char* bytes, std::size_t n,
                                                      std::uint8_t limit, std::uint8_t* marks) {
  using Bytes = typename Lanes<size>::Bytes;
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
  mark_below<16>(bytes, n, limit, marks);
}

void count_edges_narrow(const unsigned char* bytes, std::size_t n, const std::uint8_t* edge,
                        std::uint8_t* counts) {
  count_edges<16>(bytes, n, edge, counts);
}

// Counts as doubles; left alone, the compiler takes the bytes one by one.
struct FourCounts {
  static constexpr std::size_t kLanes = 4;
  using Doubles = Lanes<kLanes>::Doubles;
  static void read(Doubles& out, const std::uint8_t* counts) {
    Lanes<kLanes>::Ints ints;
#if IMPACT_WIDE
    int word;
    std::memcpy(&word, counts, sizeof(word));
    ints = Lanes<kLanes>::Ints(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(word)));
#else
    Lanes<kLanes>::Bytes bytes;
    std::memcpy(&bytes, counts, sizeof(bytes));
    ints = __builtin_convertvector(bytes, Lanes<kLanes>::Ints);
#endif
    out = __builtin_convertvector(ints, Doubles);
  }
};

#if IMPACT_WIDE
struct EightCounts {
  static constexpr std::size_t kLanes = 8;
  using Doubles = Lanes<kLanes>::Doubles;
  __attribute__((target("avx512f"))) static void read(Doubles& out, const std::uint8_t* counts) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(counts));
    out = Doubles(_mm512_maskz_cvtepi32_pd(0xFFU, _mm256_cvtepu8_epi32(bytes)));
  }
};
#endif

// Columns one to three at a time, so that a count is widened once for all of them. Sixteen partial
// sums, in two registers or in more: additions to one would wait for each other.
template <class Counts, std::size_t columns>
__attribute__((always_inline)) inline void add_columns(const std::uint8_t* counts, std::size_t n,
                                                       const double* values, std::size_t stride,
                                                       double* sums) {
  using Doubles = typename Counts::Doubles;
  constexpr std::size_t kLanes = Counts::kLanes;
  constexpr std::size_t kParts = 16 / kLanes;
  Doubles part[columns][kParts] = {};
  for (std::size_t i = 0; i < n; i += 16) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kParts; ++k) {
      Doubles c;
      Counts::read(c, counts + i + k * kLanes);
#pragma GCC unroll 3
      for (std::size_t j = 0; j < columns; ++j) {
        Doubles x;
        std::memcpy(&x, values + j * stride + i + k * kLanes, sizeof(x));
        part[j][k] += c * x;
      }
    }
  }
#pragma GCC unroll 3
  for (std::size_t j = 0; j < columns; ++j) {
    double s[16];
    std::memcpy(s, part[j], sizeof(s));
    for (std::size_t half = 8; half > 0; half /= 2) {
      for (std::size_t k = 0; k < half; ++k) s[k] += s[k + half];
    }
    sums[j] = s[0];
  }
}

template <class Counts>
__attribute__((always_inline)) inline void add_all(const std::uint8_t* counts, std::size_t n,
                                                   const double* values, std::size_t stride,
                                                   std::size_t columns, double* sums) {
  std::size_t j = 0;
  for (; j + 3 <= columns; j += 3) {
    add_columns<Counts, 3>(counts, n, values + j * stride, stride, sums + j);
  }
  if (columns - j == 2) add_columns<Counts, 2>(counts, n, values + j * stride, stride, sums + j);
  if (columns - j == 1) add_columns<Counts, 1>(counts, n, values + j * stride, stride, sums + j);
}

void add_all_narrow(const std::uint8_t* counts, std::size_t n, const double* values,
                    std::size_t stride, std::size_t columns, double* sums) {
  add_all<FourCounts>(counts, n, values, stride, columns, sums);
}

#if IMPACT_WIDE
IMPACT_TARGET_256 void mark_below_256(const unsigned char* bytes, std::size_t n, std::uint8_t limit,
                                      std::uint8_t* marks) {
  mark_below<32>(bytes, n, limit, marks);
}
IMPACT_TARGET_256 void count_edges_256(const unsigned char* bytes, std::size_t n,
                                       const std::uint8_t* edge, std::uint8_t* counts) {
  count_edges<32>(bytes, n, edge, counts);
}
IMPACT_TARGET_256 void add_all_256(const std::uint8_t* counts, std::size_t n, const double* values,
                                   std::size_t stride, std::size_t columns, double* sums) {
  add_all<FourCounts>(counts, n, values, stride, columns, sums);
}
IMPACT_TARGET_512 void add_all_512(const std::uint8_t* counts, std::size_t n, const double* values,
                                   std::size_t stride, std::size_t columns, double* sums) {
  add_all<EightCounts>(counts, n, values, stride, columns, sums);
}
#else
constexpr auto mark_below_256 = mark_below_narrow;
constexpr auto count_edges_256 = count_edges_narrow;
constexpr auto add_all_256 = add_all_narrow;
constexpr auto add_all_512 = add_all_narrow;
#endif

bool wide() { return registers() != Registers::kNarrow; }

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
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint8_t first = 0, last = 0;
    for (const std::uint32_t at : table.rest) {
      first = static_cast<std::uint8_t>(first + ((byte << 24U) >= at ? 1 : 0));
      last = static_cast<std::uint8_t>(last + ((byte << 24U | 0xFFFFFFU) >= at ? 1 : 0));
    }
    table.known[byte] = first == last ? first : kOpen;
  }
  return table;
}

// The leading byte of a word nearly always says how many edges the word reaches.
std::uint8_t Multinomial::Poisson::count_of(std::uint32_t word) const {
  std::uint8_t reached = known[word >> 24U];
  if ((reached & kOpen) == 0) return reached;
  for (reached = 0; reached < rest.size() && word >= rest[reached];) ++reached;
  return reached;
}

// Open bytes are rare and lie at random: words that hold one are listed first, so that no branch
// has to guess.
void Multinomial::decide_open(std::span<std::uint8_t> cell, const Poisson& table,
                              WordReader& words) {
  constexpr std::uint64_t kOpenBits = 0x8080808080808080U;
  constexpr std::size_t kBlock = 4096;
  std::uint16_t listed[kBlock / 8];
  std::size_t begin = 0;
  for (; begin + 8 <= cell.size(); begin += kBlock) {
    const std::size_t here = std::min(kBlock, (cell.size() - begin) / 8 * 8);
    std::size_t count = 0;
    for (std::size_t i = 0; i < here; i += 8) {
      listed[count] = static_cast<std::uint16_t>(i);
      count += (eight(&cell[begin + i]) & kOpenBits) != 0 ? 1 : 0;
    }
    for (std::size_t k = 0; k < count; ++k) {
      std::uint8_t* const at = &cell[begin + listed[k]];
      for (std::uint64_t open = eight(at) & kOpenBits; open != 0; open &= open - 1) {
        std::uint8_t& byte = at[static_cast<std::size_t>(std::countr_zero(open)) / 8];
        byte = table.count_of(words.next());
      }
    }
  }
  for (std::size_t i = cell.size() / 8 * 8; i < cell.size(); ++i) {
    if ((cell[i] & kOpen) != 0) cell[i] = table.count_of(words.next());
  }
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
      (wide() ? count_edges_256 : count_edges_narrow)(bytes + begin, n, table.edge, cell.data());
      decide_open(cell, table, words);
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
      (wide() ? mark_below_256 : mark_below_narrow)(bytes + begin, n,
                                                    static_cast<std::uint8_t>(limit), cell.data());
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
  const auto kernel = registers() == Registers::k512   ? add_all_512
                      : registers() == Registers::k256 ? add_all_256
                                                       : add_all_narrow;
  kernel(counts.data(), n, columns.values.data(), n, columns.count, sums);
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
