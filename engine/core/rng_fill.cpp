#include "engine/core/rng_fill.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "engine/core/wide.h"

#if IMPACT_WIDE
#include <immintrin.h>
#endif

namespace impact {
namespace {

// The kernel works on vectors of 64-bit lanes, a block a lane. A word lives in the low half of its
// lane; what the high half holds never matters, for the product reads low halves only. A round is
// then two products, two shifts and four exclusive ors.
template <std::size_t lanes>
struct Lanes {
  typedef std::uint64_t Words __attribute__((vector_size(8 * lanes)));
};

struct AnyMultiply {
  static constexpr std::size_t kLanes = 2;
  using Words = Lanes<kLanes>::Words;
  static void run(Words& out, const Words& a, const Words& b) {
#if IMPACT_WIDE
    out = Words(_mm_mul_epu32(__m128i(a), __m128i(b)));
#else
    out = (a & 0xFFFFFFFFU) * b;
#endif
  }
};

// Neighbouring blocks, a group of as many as there are lanes at a time, ten rounds as in
// philox4x32.
template <class Multiply>
void fill_groups(StreamKey key, std::uint64_t unit, std::uint64_t block, std::size_t groups,
                 std::uint32_t* words) {
  using Words = typename Multiply::Words;
  constexpr std::size_t kLanes = Multiply::kLanes;
  const Words zero = {};
  const Words m0 = zero + 0xD2511F53U, m1 = zero + 0xCD9E8D57U;
  std::array<Words, 10> k0, k1;
  for (std::uint32_t round = 0; round < 10; ++round) {
    k0[round] = zero + (static_cast<std::uint32_t>(key.value) + round * 0x9E3779B9U);
    k1[round] = zero + (static_cast<std::uint32_t>(key.value >> 32U) + round * 0xBB67AE85U);
  }
  Words number = {};
  for (std::size_t lane = 0; lane < kLanes; ++lane) number[lane] = block + lane;
  for (std::size_t group = 0; group < groups; ++group) {
    Words c0 = number, c1 = number >> 32U, c2 = zero + unit, c3 = zero + (unit >> 32U);
    for (std::size_t round = 0; round < 10; ++round) {
      Words p0, p1;
      Multiply::run(p0, c0, m0);
      Multiply::run(p1, c2, m1);
      c0 = (p1 >> 32U) ^ c1 ^ k0[round];
      c1 = p1;
      c2 = (p0 >> 32U) ^ c3 ^ k1[round];
      c3 = p0;
    }
    number += kLanes;
    const Words first = (c0 & 0xFFFFFFFFU) | (c1 << 32U);
    const Words second = (c2 & 0xFFFFFFFFU) | (c3 << 32U);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::uint64_t lower = first[lane], upper = second[lane];
      const std::uint64_t pair[2] = {lower, upper};
      std::memcpy(words, pair, sizeof(pair));
      words += 4;
    }
  }
}

void fill_narrow(StreamKey key, std::uint64_t unit, std::uint64_t block, std::size_t groups,
                 std::uint32_t* words) {
  fill_groups<AnyMultiply>(key, unit, block, groups, words);
}

#if IMPACT_WIDE
struct Multiply256 {
  static constexpr std::size_t kLanes = 4;
  using Words = Lanes<kLanes>::Words;
  __attribute__((target("avx2"))) static void run(Words& out, const Words& a, const Words& b) {
    out = Words(_mm256_mul_epu32(__m256i(a), __m256i(b)));
  }
};
struct Multiply512 {
  static constexpr std::size_t kLanes = 8;
  using Words = Lanes<kLanes>::Words;
  __attribute__((target("avx512f"))) static void run(Words& out, const Words& a, const Words& b) {
    // Without a mask this is made of an uninitialised register, of which compilers warn.
    out = Words(_mm512_maskz_mul_epu32(0xFFU, __m512i(a), __m512i(b)));
  }
};

IMPACT_TARGET_256 void fill_256(StreamKey key, std::uint64_t unit, std::uint64_t block,
                                std::size_t groups, std::uint32_t* words) {
  fill_groups<Multiply256>(key, unit, block, groups, words);
}
IMPACT_TARGET_512 void fill_512(StreamKey key, std::uint64_t unit, std::uint64_t block,
                                std::size_t groups, std::uint32_t* words) {
  fill_groups<Multiply512>(key, unit, block, groups, words);
}
#endif

}  // namespace

void fill_words(StreamKey key, std::uint64_t unit, std::uint64_t block,
                std::span<std::uint32_t> words) {
  constexpr std::size_t kNarrow = 4 * AnyMultiply::kLanes;  // words of a group
  std::size_t done = 0;
#if IMPACT_WIDE
  const detail::Registers registers = detail::registers();
  if (registers != detail::Registers::kNarrow) {
    const bool widest = registers == detail::Registers::k512;
    const std::size_t size = 4 * (widest ? Multiply512::kLanes : Multiply256::kLanes);
    const std::size_t groups = words.size() / size;
    (widest ? fill_512 : fill_256)(key, unit, block, groups, words.data());
    done = groups * size;
  }
#endif
  const std::size_t groups = (words.size() - done) / kNarrow;
  fill_narrow(key, unit, block + done / 4, groups, words.data() + done);
  done += groups * kNarrow;
  if (done == words.size()) return;
  std::array<std::uint32_t, kNarrow> last;
  fill_narrow(key, unit, block + done / 4, 1, last.data());
  std::copy_n(last.begin(), words.size() - done, words.begin() + static_cast<std::ptrdiff_t>(done));
}

void WordReader::refill() {
  fill_words(key_, unit_, block_, words_);
  block_ += kWords / 4;
  used_ = 0;
}

}  // namespace impact
