#pragma once

#include <cstdint>
#include <span>

#include "engine/core/rng.h"

namespace impact {

/// The words of Stream(key, unit) from the first one of block `block` on, many blocks at a time:
/// what next_u32() would hand out, about ten times as fast. Same bits on every machine.
void fill_words(StreamKey key, std::uint64_t unit, std::uint64_t block,
                std::span<std::uint32_t> words);

/// Reads such a stream a word at a time through a buffer. Cheap to make; not thread-safe.
class WordReader {
 public:
  explicit WordReader(StreamKey key, std::uint64_t unit = 0) : key_(key), unit_(unit) {}

  [[nodiscard]] std::uint32_t next() {
    if (used_ == kWords) refill();
    return words_[used_++];
  }

  /// Uniform integer in [0, n), n >= 1: Lemire (2019) on 32 bits, unbiased.
  [[nodiscard]] std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = std::uint64_t{next()} * n;
    if (static_cast<std::uint32_t>(product) < n) [[unlikely]] {
      const std::uint32_t threshold = (0U - n) % n;
      while (static_cast<std::uint32_t>(product) < threshold) {
        product = std::uint64_t{next()} * n;
      }
    }
    return static_cast<std::uint32_t>(product >> 32U);
  }

 private:
  static constexpr unsigned kWords = 256;
  void refill();
  StreamKey key_;
  std::uint64_t unit_;
  std::uint64_t block_ = 0;
  unsigned used_ = kWords;
  std::uint32_t words_[kWords];
};

}  // namespace impact
