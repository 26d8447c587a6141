#include "engine/learn/folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/pick.h"
#include "engine/stats/groups.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using detail::Groups;
using detail::pick;

void check_codes(const char* what, std::span<const std::int32_t> codes, std::size_t rows) {
  require_optional_length(what, codes.size(), rows);
  const auto bad = std::find_if(codes.begin(), codes.end(), [](auto code) { return code < 0; });
  if (bad == codes.end()) return;
  throw ArgumentError({.what = fmt::format("a row without '{}' belongs to no fold", what),
                       .where = fmt::format("row {}", bad - codes.begin() + 1),
                       .got = std::to_string(*bad),
                       .expected = "0 or more",
                       .hint = "leave rows with missing values out, or give them a code"});
}

void check_rows(std::size_t rows) {
  if (rows <= std::numeric_limits<std::uint32_t>::max()) return;
  throw ResourceError({.what = "too many rows for folds", .got = std::to_string(rows)});
}

// Rows by class; all rows are one class where there are no strata.
Groups classes(std::span<const std::int32_t> strata, std::size_t rows) {
  if (!strata.empty()) return detail::group_rows(strata);
  Groups all;
  all.rows.resize(rows);
  std::iota(all.rows.begin(), all.rows.end(), 0U);
  if (rows > 0) all.offsets.push_back(static_cast<std::uint32_t>(rows));
  return all;
}

// Deals whole groups in the order given to bins that should hold `share` of the rows of each class.
// With f_bc the part of class c that lies in bin b, sum_bc f_bc^2 / share_b is least where every
// f_bc is share_b; each group goes where it adds least, among equals to the bin with fewest rows.
std::vector<std::int32_t> deal_groups(const Groups& groups, std::span<const std::uint32_t> order,
                                      std::span<const std::int32_t> strata, const Groups& classes,
                                      std::span<const double> share) {
  const std::size_t kinds = classes.count();
  std::vector<std::int32_t> kind(strata.size());
  for (std::size_t c = 0; c < kinds; ++c) {
    for (const auto row : classes[c]) {
      if (!kind.empty()) kind[row] = static_cast<std::int32_t>(c);
    }
  }
  std::vector<double> held(share.size() * kinds, 0.0);
  std::vector<std::size_t> rows(share.size(), 0);
  std::vector<double> part(kinds);
  std::vector<std::int32_t> bin(classes.rows.size());
  for (const auto g : order) {
    std::fill(part.begin(), part.end(), 0.0);
    for (const auto row : groups[g]) {
      const auto c = kind.empty() ? std::size_t{0} : static_cast<std::size_t>(kind[row]);
      part[c] += 1.0;
    }
    for (std::size_t c = 0; c < kinds; ++c) part[c] /= static_cast<double>(classes[c].size());
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t b = 0; b < share.size(); ++b) {
      double added = 0.0;  // (f + p)^2 - f^2
      for (std::size_t c = 0; c < kinds; ++c) {
        added += part[c] * (2.0 * held[b * kinds + c] + part[c]) / share[b];
      }
      if (added < least || (added == least && rows[b] < rows[best])) {
        least = added;
        best = b;
      }
    }
    for (std::size_t c = 0; c < kinds; ++c) held[best * kinds + c] += part[c];
    rows[best] += groups[g].size();
    for (const auto row : groups[g]) bin[row] = static_cast<std::int32_t>(best);
  }
  return bin;
}

std::vector<std::uint32_t> shuffled(std::size_t count, Stream& stream) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  stream.shuffle(order);
  return order;
}

void check_folds(const FoldSpec& spec, std::size_t units, const char* unit) {
  if (spec.folds < 2 || static_cast<std::size_t>(spec.folds) > units) {
    throw ArgumentError(
        {.what = fmt::format("{} {} cannot be cut into {} folds", units, unit, spec.folds),
         .where = "folds",
         .got = std::to_string(spec.folds),
         .expected = fmt::format("2 or more, at most one for each of the {}", unit)});
  }
  if (spec.repeats < 1) {
    throw ArgumentError({.what = "folds are drawn at least once",
                         .where = "repeats",
                         .got = std::to_string(spec.repeats),
                         .expected = "1 or more"});
  }
}

}  // namespace

Split Folds::split(int fold_number, int repeat) const {
  if (fold_number < 0 || fold_number >= folds || repeat < 0 || repeat >= repeats) {
    throw ArgumentError(
        {.what = "there is no such fold",
         .got = fmt::format("fold {} of repeat {}", fold_number, repeat),
         .expected = fmt::format("folds 0 to {}, repeats 0 to {}", folds - 1, repeats - 1)});
  }
  Split split;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = static_cast<std::uint32_t>(i);
    if (at(i, repeat) == fold_number) {
      split.test.push_back(row);
    } else if (trains(i, fold_number, repeat)) {
      split.train.push_back(row);
    }
  }
  return split;
}

Folds draw_folds(std::size_t rows, const FoldSpec& spec, StreamKey key) {
  check_rows(rows);
  check_codes("strata", spec.strata, rows);
  check_codes("groups", spec.groups, rows);
  const Groups classes = impact::classes(spec.strata, rows);
  const Groups groups = spec.groups.empty() ? Groups{} : detail::group_rows(spec.groups);
  if (spec.groups.empty()) {
    check_folds(spec, rows, "rows");
  } else {
    check_folds(spec, groups.count(), "groups");
  }
  Folds folds{.rows = rows, .folds = spec.folds, .repeats = spec.repeats};
  for (std::size_t c = 0; c < classes.count(); ++c) {
    if (classes[c].size() >= static_cast<std::size_t>(spec.folds)) continue;
    folds.warnings.push_back(
        fmt::format("class {} has {} row(s) for {} folds: some folds test without it",
                    spec.strata[classes[c][0]], classes[c].size(), spec.folds));
  }
  folds.fold.reserve(rows * static_cast<std::size_t>(spec.repeats));
  const auto count = static_cast<std::size_t>(spec.folds);
  for (int repeat = 0; repeat < spec.repeats; ++repeat) {
    Stream stream(key, static_cast<std::uint64_t>(repeat));
    if (spec.groups.empty()) {
      std::vector<std::int32_t> fold(rows);
      std::size_t dealt = 0;  // goes on from class to class, so that fold sizes stay equal
      for (std::size_t c = 0; c < classes.count(); ++c) {
        std::vector<std::uint32_t> members(classes[c].begin(), classes[c].end());
        stream.shuffle(members);
        for (const auto row : members) fold[row] = static_cast<std::int32_t>(dealt++ % count);
      }
      folds.fold.insert(folds.fold.end(), fold.begin(), fold.end());
      continue;
    }
    std::vector<std::uint32_t> order = shuffled(groups.count(), stream);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
      return std::bit_width(groups[a].size()) > std::bit_width(groups[b].size());
    });
    const std::vector<double> share(count, 1.0 / static_cast<double>(count));
    const auto fold = deal_groups(groups, order, spec.strata, classes, share);
    folds.fold.insert(folds.fold.end(), fold.begin(), fold.end());
  }
  return folds;
}

Split draw_split(std::size_t rows, const SplitSpec& spec, StreamKey key) {
  check_rows(rows);
  check_codes("strata", spec.strata, rows);
  check_codes("groups", spec.groups, rows);
  if (!(spec.test_share > 0.0 && spec.test_share < 1.0)) {
    throw ArgumentError({.what = "the share of test rows lies between 0 and 1",
                         .where = "test_share",
                         .got = format_double(spec.test_share),
                         .expected = "for example 0.25"});
  }
  const Groups groups = spec.groups.empty() ? Groups{} : detail::group_rows(spec.groups);
  const std::size_t units = spec.groups.empty() ? rows : groups.count();
  if (units < 2) {
    throw ArgumentError(
        {.what = "a split needs two rows, or two groups", .got = std::to_string(units)});
  }
  const Groups classes = impact::classes(spec.strata, rows);
  Stream stream(key, 0);
  std::vector<std::int32_t> side(rows, 0);
  if (!spec.groups.empty()) {
    const std::vector<std::uint32_t> order = shuffled(groups.count(), stream);
    const std::vector<double> share = {1.0 - spec.test_share, spec.test_share};
    side = deal_groups(groups, order, spec.strata, classes, share);
    // No side stays empty: the last group dealt is a random one.
    const auto last = groups[order.back()];
    if (std::all_of(side.begin(), side.end(), [&](auto s) { return s == side[0]; })) {
      for (const auto row : last) side[row] = 1 - side[row];
    }
  } else {
    const auto total =
        static_cast<std::size_t>(std::clamp(std::round(spec.test_share * static_cast<double>(rows)),
                                            1.0, static_cast<double>(rows - 1)));
    // Whole parts first; what is missing to the total goes to the largest remainders.
    std::vector<std::size_t> take(classes.count());
    std::vector<double> rest(classes.count());
    std::size_t taken = 0;
    for (std::size_t c = 0; c < classes.count(); ++c) {
      const double wanted = static_cast<double>(total) * static_cast<double>(classes[c].size()) /
                            static_cast<double>(rows);
      take[c] = static_cast<std::size_t>(std::floor(wanted));
      rest[c] = wanted - std::floor(wanted);
      taken += take[c];
    }
    std::vector<std::size_t> by_rest(classes.count());
    std::iota(by_rest.begin(), by_rest.end(), std::size_t{0});
    std::stable_sort(by_rest.begin(), by_rest.end(),
                     [&](auto a, auto b) { return rest[a] > rest[b]; });
    for (std::size_t i = 0; taken < total; ++i, ++taken) ++take[by_rest[i]];
    for (std::size_t c = 0; c < classes.count(); ++c) {
      std::vector<std::uint32_t> members(classes[c].begin(), classes[c].end());
      stream.shuffle(members);
      for (std::size_t i = 0; i < take[c]; ++i) side[members[i]] = 1;
    }
  }
  Split split;
  for (std::size_t i = 0; i < rows; ++i) {
    (side[i] == 1 ? split.test : split.train).push_back(static_cast<std::uint32_t>(i));
  }
  return split;
}

ThreeWaySplit draw_three_way_split(std::size_t rows, const ThreeWaySpec& spec, StreamKey key) {
  const auto refuse = [](const char* what, const char* where, double got) {
    throw ArgumentError({.what = what,
                         .where = where,
                         .got = format_double(got),
                         .expected = "above 0, below 1, for example 0.2"});
  };
  for (const auto& [where, share] : {std::pair("validation_share", spec.validation_share),
                                     std::pair("test_share", spec.test_share)}) {
    if (!(share > 0.0 && share < 1.0)) refuse("a part is a share of the rows", where, share);
  }
  const double rest = 1.0 - spec.test_share;
  if (!(spec.validation_share < rest)) {
    refuse("no row is left to learn from", "validation_share + test_share",
           spec.validation_share + spec.test_share);
  }
  const Split outer = draw_split(
      rows, {.test_share = spec.test_share, .strata = spec.strata, .groups = spec.groups},
      key.child("test"));
  const auto strata = pick(spec.strata, outer.train);
  const auto groups = pick(spec.groups, outer.train);
  const Split inner =
      draw_split(outer.train.size(),
                 {.test_share = spec.validation_share / rest, .strata = strata, .groups = groups},
                 key.child("validation"));
  const std::span<const std::uint32_t> numbers = outer.train;
  return {.train = pick(numbers, inner.train),
          .validation = pick(numbers, inner.test),
          .test = outer.test};
}

}  // namespace impact
