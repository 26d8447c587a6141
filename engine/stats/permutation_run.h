#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/stats/permutation.h"

namespace impact::detail {

void check_permutation(const PermutationSpec& spec);
[[nodiscard]] PermutationTest start_permutation(const char* method, const PermutationSpec& spec);
/// p-value and its interval from the counts.
void finish_permutation(PermutationTest& test, const PermutationSpec& spec);

/// C(n, m), infinite beyond 2^53.
[[nodiscard]] double combinations(std::size_t n, std::size_t m);

/// The `rank`-th (lexicographic, from 0) of the `count` = C(n, m) subsets: marks[i] = 1 in it.
void unrank_subset(std::uint64_t rank, std::uint64_t count, std::size_t m,
                   std::span<std::uint8_t> marks);

inline constexpr std::size_t kAssignmentsATask = 64;

/// make() gives each task a function (number, exact) -> statistic. `possible`: how many assignments
/// there are; `scale`: of the statistic.
template <class Make>
void run_permutations(PermutationTest& test, double observed, double scale, double possible,
                      Alternative alternative, const PermutationSpec& spec, const Context& context,
                      Make&& make) {
  test.exact = possible <= static_cast<double>(spec.draws);
  test.assignments = test.exact ? static_cast<std::int64_t>(possible) : spec.draws;
  test.row.estimate = test.row.statistic = observed;
  const double size = std::max(std::abs(observed), scale);
  const double slack = std::isfinite(size) ? spec.tolerance * size : 0.0;
  const auto extreme = [&](double value) {
    switch (alternative) {
      case Alternative::kGreater: return value >= observed - slack;
      case Alternative::kLess: return value <= observed + slack;
      case Alternative::kTwoSided: break;
    }
    return std::abs(value) >= std::abs(observed) - slack;
  };
  test.extreme = reduce_chunks<std::int64_t>(
      context, static_cast<std::size_t>(test.assignments), kAssignmentsATask,
      [&](std::size_t begin, std::size_t end) {
        auto statistic = make();
        std::int64_t count = 0;
        for (std::size_t b = begin; b < end; ++b) {
          context.check();
          if (extreme(statistic(b, test.exact))) ++count;
        }
        return count;
      },
      [](std::int64_t& a, const std::int64_t& b) { a += b; });
  finish_permutation(test, spec);
}

}  // namespace impact::detail
