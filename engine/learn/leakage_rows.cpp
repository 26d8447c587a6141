#include "engine/learn/leakage_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr double kOverChance = 3.0;

// To so many significant digits, by way of decimal text so that each number has one answer.
double rounded(double value, int digits) {
  if (!std::isfinite(value) || value == 0.0) return value;
  return parse_double(fmt::format("{:.{}e}", value, digits - 1)).value_or(value);
}

}  // namespace

Folds folds_of_sides(std::span<const std::int32_t> side) {
  Folds folds{.rows = side.size(), .folds = 0, .repeats = 1};
  folds.fold.assign(side.begin(), side.end());
  for (const std::int32_t code : side) {
    if (code < 0) {
      throw ArgumentError({.what = "a row is on no side of the split",
                           .expected = "a value in the split's column for every row"});
    }
    folds.folds = std::max(folds.folds, code + 1);
  }
  return folds;
}

NearTwins find_near_twins(const FeatureColumns& features, const Folds& folds, StreamKey key,
                          const NearTwinSpec& spec) {
  check_features(features, folds.rows);
  if (spec.digits < 1 || spec.digits > 15) {
    throw ArgumentError({.what = "numbers can't be rounded to so many digits",
                         .where = "digits",
                         .got = std::to_string(spec.digits),
                         .expected = "1 to 15"});
  }
  NearTwins out;
  std::vector<double> near(features.x.size());
  std::transform(features.x.begin(), features.x.end(), near.begin(),
                 [&](double value) { return rounded(value, spec.digits); });
  const auto twins_of = [&](const std::vector<double>& x) {
    return find_fold_twins({x, features.columns, features.names}, folds, spec.limit);
  };
  out.exact = find_fold_twins(features, folds, spec.limit).rows;
  out.twins = twins_of(near);
  std::vector<double> shuffled = near;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const std::span<double> column(shuffled.data() + j * folds.rows, folds.rows);
    Stream(key, j).shuffle(column);
  }
  out.by_chance = static_cast<double>(twins_of(shuffled).rows);
  const auto further = static_cast<double>(out.twins.rows - out.exact);
  out.alarm = out.twins.alarm && further >= spec.limit * static_cast<double>(out.twins.n) &&
              further >= kOverChance * out.by_chance;
  if (out.alarm) {
    out.text = fmt::format(
        "{} of {} rows agree to {} digits with a row of another fold (rows {} and {}), {} of them "
        "to the last one; shuffled columns give {:.0f}: near copies are on both sides of the split",
        out.twins.rows, out.twins.n, spec.digits, out.twins.example[0] + 1,
        out.twins.example[1] + 1, out.exact, out.by_chance);
  }
  return out;
}

SharedGroups find_shared_groups(std::span<const std::int32_t> group,
                                std::span<const std::string> names, const std::string& what,
                                const Folds& folds, double limit) {
  if (group.size() != folds.rows) {
    throw ArgumentError({.what = "groups and folds are not of the same rows",
                         .got = fmt::format("{} and {} rows", group.size(), folds.rows)});
  }
  struct Seen {
    std::int64_t rows = 0;
    std::int32_t fold = -1;
    bool shared = false;
  };
  std::vector<Seen> seen;
  SharedGroups out;
  for (std::size_t row = 0; row < group.size(); ++row) {
    if (group[row] < 0) continue;
    const auto at = static_cast<std::size_t>(group[row]);
    if (at >= seen.size()) seen.resize(at + 1);
    Seen& one = seen[at];
    if (one.rows == 0) one.fold = folds.at(row);
    one.shared = one.shared || one.fold != folds.at(row);
    ++one.rows;
    ++out.n;
  }
  std::int64_t largest = 0;
  for (std::size_t code = 0; code < seen.size(); ++code) {
    if (seen[code].rows > 0) ++out.all;
    if (!seen[code].shared) continue;
    ++out.groups;
    out.rows += seen[code].rows;
    if (seen[code].rows > largest) {
      largest = seen[code].rows;
      out.example = static_cast<std::int32_t>(code);
    }
  }
  if (out.n == 0) return out;
  out.share = static_cast<double>(out.rows) / static_cast<double>(out.n);
  out.alarm = out.share > limit;
  if (!out.alarm) return out;
  const auto example = static_cast<std::size_t>(out.example);
  out.text = fmt::format(
      "{} of {} values of {} have rows on more than one side of the split ({} of {} rows; such as "
      "'{}' with {}): the model is judged on what it has met; keep the rows of one {} together",
      out.groups, out.all, what, out.rows, out.n,
      example < names.size() ? names[example] : std::to_string(out.example), largest, what);
  return out;
}

}  // namespace impact
