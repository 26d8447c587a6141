#include "engine/core/rng_fill.h"

#include <cstdint>
#include <vector>
#include <catch2/catch.hpp>

using namespace impact;

TEST_CASE("filled words are those of the stream", "[rng]") {
  const StreamKey key = StreamKey::root(3).child("fill");
  for (const std::uint64_t unit : {std::uint64_t{0}, std::uint64_t{1} << 40U}) {
    for (const std::size_t count : {0U, 1U, 7U, 16U, 31U, 1000U}) {
      std::vector<std::uint32_t> words(count, 0);
      fill_words(key, unit, 0, words);
      Stream stream(key, unit);
      for (const std::uint32_t word : words) REQUIRE(word == stream.next_u32());
    }
    std::vector<std::uint32_t> later(40);
    fill_words(key, unit, 5, later);
    Stream stream(key, unit);
    for (int i = 0; i < 20; ++i) (void)stream.next_u32();
    for (const std::uint32_t word : later) REQUIRE(word == stream.next_u32());
  }
  // The number of a block is 64 bits wide.
  const std::uint64_t far = (std::uint64_t{1} << 32U) - 1;
  std::vector<std::uint32_t> words(16);
  fill_words(key, 9, far, words);
  const std::array<std::uint32_t, 2> halves = {static_cast<std::uint32_t>(key.value),
                                               static_cast<std::uint32_t>(key.value >> 32U)};
  for (std::size_t b = 0; b < 4; ++b) {
    const std::uint64_t block = far + b;
    const auto expected = philox4x32(
        {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32U), 9, 0},
        halves);
    for (std::size_t i = 0; i < 4; ++i) CHECK(words[4 * b + i] == expected[i]);
  }
}

TEST_CASE("a reader's words and integers", "[rng]") {
  const StreamKey key = StreamKey::root(4).child("reader");
  WordReader reader(key, 12);
  Stream stream(key, 12);
  for (int i = 0; i < 600; ++i) REQUIRE(reader.next() == stream.next_u32());
  std::vector<int> seen(7, 0);
  for (int i = 0; i < 70000; ++i) ++seen[reader.below(7)];
  for (const int count : seen) CHECK(std::abs(count - 10000) < 5 * 93);  // five standard errors
  // Half of all words would favour some result; below() throws them back.
  const std::uint32_t wide = 0x80000001U;
  for (int i = 0; i < 100; ++i) CHECK(reader.below(wide) < wide);
  CHECK(reader.below(1) == 0);
}
