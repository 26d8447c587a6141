#include "engine/stats/sorting.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace impact::detail {
namespace {

constexpr std::size_t kFew = 4096;
constexpr unsigned kDigitBits = 11;
constexpr std::size_t kDigits = 6;
constexpr std::size_t kRange = std::size_t{1} << kDigitBits;

// Whole numbers in the order of the doubles: those below zero count down with their bits.
std::uint64_t key_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double value_of(std::uint64_t key) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;
  return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

std::size_t digit(std::uint64_t key, std::size_t d) {
  return (key >> (d * kDigitBits)) & (kRange - 1);
}

// Radix sort from the lowest digit of what `key` gives; a digit that all keys share needs no pass.
// Moves between `from` and `to`; returns where the sorted items are.
template <class Item, class Key>
Item* radix_sort(Item* from, Item* to, std::size_t n, Key&& key) {
  std::array<std::array<std::size_t, kRange>, kDigits> counts = {};
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t whole = key(from[i]);
    for (std::size_t d = 0; d < kDigits; ++d) ++counts[d][digit(whole, d)];
  }
  for (std::size_t d = 0; d < kDigits; ++d) {
    auto& count = counts[d];
    if (count[digit(key(from[0]), d)] == n) continue;
    std::size_t next = 0;
    for (std::size_t& place : count) next += std::exchange(place, next);
    for (std::size_t i = 0; i < n; ++i) to[count[digit(key(from[i]), d)]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

}  // namespace

void sort_numbers(std::span<double> values) {
  const std::size_t n = values.size();
  if (n < kFew) {
    std::sort(values.begin(), values.end());
    return;
  }
  const auto memory = std::make_unique_for_overwrite<std::uint64_t[]>(2 * n);
  for (std::size_t i = 0; i < n; ++i) memory[i] = key_of(values[i]);
  const std::uint64_t* sorted =
      radix_sort(memory.get(), memory.get() + n, n, [](std::uint64_t key) { return key; });
  for (std::size_t i = 0; i < n; ++i) values[i] = value_of(sorted[i]);
}

// By the first alone, then the second of each group of ties.
void sort_pairs(std::span<std::pair<double, double>> pairs) {
  using Pair = std::pair<double, double>;
  const std::size_t n = pairs.size();
  if (n < kFew) {
    std::sort(pairs.begin(), pairs.end());
    return;
  }
  std::vector<Pair> spare(n);
  const Pair* sorted = radix_sort(pairs.data(), spare.data(), n,
                                  [](const Pair& pair) { return key_of(pair.first); });
  if (sorted != pairs.data()) std::copy(spare.begin(), spare.end(), pairs.begin());
  std::vector<double> seconds;
  for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
    while (end < n && pairs[end].first == pairs[begin].first) ++end;
    if (end - begin < 2) continue;
    seconds.clear();
    for (std::size_t i = begin; i < end; ++i) seconds.push_back(pairs[i].second);
    sort_numbers(seconds);
    for (std::size_t i = begin; i < end; ++i) pairs[i].second = seconds[i - begin];
  }
}

}  // namespace impact::detail
