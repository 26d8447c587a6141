#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/error.h"
#include "engine/learn/folds.h"
#include "engine/stats/groups.h"

namespace impact {
namespace {

void check_count(std::size_t count, const char* what) {
  if (count >= 2 && count <= std::numeric_limits<std::int32_t>::max()) return;
  throw ArgumentError({.what = fmt::format("leaving one of the {} out needs two", what),
                       .got = std::to_string(count)});
}

}  // namespace

Folds leave_one_out(std::size_t rows) {
  check_count(rows, "rows");
  Folds folds{.rows = rows, .folds = static_cast<int>(rows), .repeats = 1};
  folds.fold.resize(rows);
  std::iota(folds.fold.begin(), folds.fold.end(), 0);
  return folds;
}

Folds leave_one_group_out(std::span<const std::int32_t> groups) {
  const auto bad = std::find_if(groups.begin(), groups.end(), [](auto code) { return code < 0; });
  if (bad != groups.end()) {
    throw ArgumentError({.what = "a row without a group belongs to no fold",
                         .where = fmt::format("row {}", bad - groups.begin() + 1),
                         .got = std::to_string(*bad),
                         .expected = "0 or more"});
  }
  Folds folds{.rows = groups.size(), .repeats = 1, .fold = {groups.begin(), groups.end()}};
  const std::size_t count = detail::close_gaps(folds.fold);
  check_count(count, "groups");
  folds.folds = static_cast<int>(count);
  return folds;
}

// With M moments, fold k of K is tested on [M - (K - k) t, M - (K - k - 1) t) and learns from what
// lies before the gap in front of it.
Folds time_folds(std::span<const double> time, const TimeFoldSpec& spec) {
  for (std::size_t i = 0; i < time.size(); ++i) {
    if (std::isfinite(time[i])) continue;
    throw ArgumentError({.what = "a row without a time has no place in an order",
                         .where = fmt::format("row {}", i + 1),
                         .hint = "leave rows with missing times out"});
  }
  if (spec.folds < 1) {
    throw ArgumentError({.what = "there is one fold at least",
                         .where = "folds",
                         .got = std::to_string(spec.folds),
                         .expected = "1 or more"});
  }
  std::vector<double> moments(time.begin(), time.end());
  std::sort(moments.begin(), moments.end());
  moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
  const std::size_t count = moments.size();
  const auto parts = static_cast<std::size_t>(spec.folds);
  const std::size_t test = spec.test > 0 ? spec.test : count / (parts + 1);
  // One by one: products of sizes as users may write them could overflow.
  if (test == 0 || test > count / parts || spec.gap >= count || test * parts + spec.gap >= count) {
    throw ArgumentError(
        {.what = fmt::format("{} distinct times are too few for {} folds", count, spec.folds),
         .where = "folds",
         .got = fmt::format("{} folds of {} times, a gap of {}", spec.folds, test, spec.gap),
         .expected = "one time at least in front of the first gap"});
  }
  Folds folds{.rows = time.size(), .folds = spec.folds, .repeats = 1};
  const std::size_t first = count - test * parts;
  for (std::size_t k = 0; k < parts; ++k) {
    const std::size_t end = first + k * test - spec.gap;
    const std::size_t begin = spec.train == 0 || spec.train >= end ? 0 : end - spec.train;
    folds.window.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }
  folds.fold.reserve(time.size());
  folds.moment.reserve(time.size());
  for (const double t : time) {
    const auto place = static_cast<std::size_t>(
        std::lower_bound(moments.begin(), moments.end(), t) - moments.begin());
    folds.moment.push_back(static_cast<std::uint32_t>(place));
    folds.fold.push_back(place < first ? -1 : static_cast<std::int32_t>((place - first) / test));
  }
  return folds;
}

}  // namespace impact
