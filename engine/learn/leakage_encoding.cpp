#include "engine/learn/leakage_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/learn/folds.h"
#include "engine/stats/correlation.h"

namespace impact {
namespace {

using Kind = TargetEncoding::Kind;

constexpr std::size_t kFewValues = 3;
constexpr std::size_t kFewSmoothed = 5;
constexpr int kFolds = 5;

// Rows that have everything, with dense codes of their groups.
struct Rows {
  std::vector<double> x, y;
  std::vector<std::int32_t> code;
  std::size_t groups = 0;
};

// Label of each group.
struct Sums {
  std::vector<double> sum, count;
};

Sums sums_of(const Rows& rows) {
  Sums out;
  out.sum.assign(rows.groups, 0.0);
  out.count.assign(rows.groups, 0.0);
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    const auto g = static_cast<std::size_t>(rows.code[i]);
    out.sum[g] += rows.y[i];
    out.count[g] += 1.0;
  }
  return out;
}

double sd_of(const std::vector<double>& values) {
  ExactMoments moments;
  for (const double value : values) moments.add(value);
  return std::sqrt(moments.variance(1));
}

Rows rows_of(std::span<const double> x, std::span<const double> y,
             std::span<const std::int32_t> codes) {
  Rows out;
  std::map<std::int32_t, std::int32_t> dense;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i]) || codes[i] < 0) continue;
    const auto [at, fresh] = dense.try_emplace(codes[i], static_cast<std::int32_t>(dense.size()));
    out.x.push_back(x[i]);
    out.y.push_back(y[i]);
    out.code.push_back(at->second);
  }
  out.groups = dense.size();
  return out;
}

// A group for each distinct number.
std::vector<std::int32_t> codes_of_values(std::span<const double> x) {
  std::set<double> distinct;
  for (const double value : x) {
    if (std::isfinite(value)) distinct.insert(value);
  }
  std::map<double, std::int32_t> place;
  for (const double value : distinct) {
    place.emplace(value, static_cast<std::int32_t>(place.size()));
  }
  std::vector<std::int32_t> out;
  for (const double value : x) out.push_back(std::isfinite(value) ? place.at(value) : -1);
  return out;
}

// Different numbers of the column that are none of the label's own values: the encodings of groups
// with rows of both kinds.
std::size_t mixed_values(const Rows& rows) {
  const std::set<double> label(rows.y.begin(), rows.y.end());
  std::set<double> mixed;
  for (const double value : rows.x) {
    if (label.count(value) == 0) mixed.insert(value);
  }
  return mixed.size();
}

// Most rows share their group with another one.
bool repeats(const Rows& rows, const Sums& sums) {
  double alone = 0.0;
  for (const double count : sums.count) alone += count == 1.0 ? 1.0 : 0.0;
  return 2.0 * alone < static_cast<double>(rows.x.size());
}

// The column's number of each group; none where it varies inside.
std::optional<std::vector<double>> per_group(const Rows& rows, double tolerance) {
  std::vector<double> value(rows.groups, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    double& known = value[static_cast<std::size_t>(rows.code[i])];
    if (std::isnan(known)) known = rows.x[i];
    if (std::abs(known - rows.x[i]) > tolerance) return std::nullopt;
  }
  return value;
}

std::optional<TargetEncoding> whole_mean(const std::vector<double>& value, const Sums& sums,
                                         double tolerance) {
  TargetEncoding out{.kind = Kind::kMean};
  for (std::size_t g = 0; g < value.size(); ++g) {
    const double difference = std::abs(value[g] - sums.sum[g] / sums.count[g]);
    out.largest_difference = std::max(out.largest_difference, difference);
  }
  if (out.largest_difference > tolerance) return std::nullopt;
  return out;
}

// n x - S = m p - m x: least squares of the left side on x, then every group.
std::optional<TargetEncoding> smoothed_mean(const std::vector<double>& value, const Sums& sums,
                                            double tolerance) {
  if (std::set<double>(value.begin(), value.end()).size() < kFewSmoothed) return std::nullopt;
  ExactMoments along, up;
  ExactCoMoments both;
  for (std::size_t g = 0; g < value.size(); ++g) {
    const double left = sums.count[g] * value[g] - sums.sum[g];
    along.add(value[g]);
    up.add(left);
    both.add(value[g], left);
  }
  TargetEncoding out{.kind = Kind::kSmoothed};
  out.smoothing = -both.covariance(0) / along.variance(0);
  if (!(out.smoothing > 0.0)) return std::nullopt;
  out.prior = along.mean() + up.mean() / out.smoothing;
  for (std::size_t g = 0; g < value.size(); ++g) {
    const double mean = (sums.sum[g] + out.smoothing * out.prior) / (sums.count[g] + out.smoothing);
    out.largest_difference = std::max(out.largest_difference, std::abs(value[g] - mean));
  }
  if (out.largest_difference > tolerance) return std::nullopt;
  return out;
}

std::optional<TargetEncoding> leave_one_out(const Rows& rows, const Sums& sums, double tolerance) {
  TargetEncoding out{.kind = Kind::kLeaveOneOut};
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    const auto g = static_cast<std::size_t>(rows.code[i]);
    if (sums.count[g] < 2.0) continue;
    const double others = (sums.sum[g] - rows.y[i]) / (sums.count[g] - 1.0);
    const double difference = std::abs(rows.x[i] - others);
    if (difference > tolerance) return std::nullopt;
    out.largest_difference = std::max(out.largest_difference, difference);
  }
  return out;
}

double squared_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double r = pearson_correlation(a, b).estimate;
  return r * r;
}

// The label's mean over the group's rows of the other folds; of all their rows where there are
// none.
double out_of_fold(const Rows& rows, StreamKey key) {
  const Folds folds = draw_folds(rows.y.size(), {.folds = kFolds}, key);
  std::vector<double> encoded(rows.y.size());
  for (int fold = 0; fold < kFolds; ++fold) {
    std::vector<double> sum(rows.groups, 0.0), count(rows.groups, 0.0);
    double all = 0.0, n = 0.0;
    for (std::size_t i = 0; i < rows.y.size(); ++i) {
      if (folds.at(i) == fold) continue;
      const auto g = static_cast<std::size_t>(rows.code[i]);
      sum[g] += rows.y[i];
      count[g] += 1.0;
      all += rows.y[i];
      n += 1.0;
    }
    for (std::size_t i = 0; i < rows.y.size(); ++i) {
      if (folds.at(i) != fold) continue;
      const auto g = static_cast<std::size_t>(rows.code[i]);
      encoded[i] = count[g] > 0.0 ? sum[g] / count[g] : all / n;
    }
  }
  return squared_correlation(encoded, rows.y);
}

std::string text_of(const TargetEncoding& found) {
  std::string what;
  switch (found.kind) {
    case Kind::kMean:
      what = fmt::format("the label's mean within '{}', the row's own label included", found.group);
      break;
    case Kind::kSmoothed:
      what = fmt::format(
          "the label's mean within '{}' drawn towards {:.6g} with the weight of {:.6g} rows, the "
          "row's own label included",
          found.group, found.prior, found.smoothing);
      break;
    case Kind::kLeaveOneOut:
      what = fmt::format(
          "the label's mean over the other rows of '{}', from which the row's own label follows",
          found.group);
      break;
    case Kind::kOwnValues:
      what = "the label's mean over the rows that share its value, the row's own label included";
      break;
  }
  return fmt::format(
      "column '{}' was made from the label: it is {} ({} groups, {} rows, largest difference "
      "{:.1e}); it explains {:.1f} % of the label here, {:.1f} % when it comes from other rows: "
      "encode inside the folds",
      found.column, what, found.groups, found.n, found.largest_difference, 100.0 * found.r2,
      100.0 * found.r2_out_of_fold);
}

}  // namespace

TargetEncodings find_target_encodings(const FeatureColumns& features, std::span<const double> label,
                                      std::span<const GroupColumn> groups, StreamKey key,
                                      const TargetEncodingSpec& spec) {
  check_features(features, label.size());
  for (const GroupColumn& group : groups) {
    if (group.codes.size() == label.size()) continue;
    throw ArgumentError({.what = "groups and labels are not of the same rows",
                         .where = group.name,
                         .got = fmt::format("{} and {} rows", group.codes.size(), label.size())});
  }
  TargetEncodings out;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto x = features.column(j);
    const auto look = [&](std::span<const std::int32_t> codes,
                          bool own) -> std::optional<TargetEncoding> {
      const Rows rows = rows_of(x, label, codes);
      if (rows.groups < 2 || rows.x.size() < 2 * static_cast<std::size_t>(kFolds) ||
          mixed_values(rows) < kFewValues) {
        return std::nullopt;
      }
      const Sums sums = sums_of(rows);
      if (!repeats(rows, sums)) return std::nullopt;
      const double tolerance = spec.tolerance * sd_of(rows.y);
      std::optional<TargetEncoding> found;
      if (const auto value = per_group(rows, tolerance)) {
        found = whole_mean(*value, sums, tolerance);
        if (!found && !own) found = smoothed_mean(*value, sums, tolerance);
      } else {
        found = leave_one_out(rows, sums, tolerance);
      }
      if (!found) return found;
      if (own) found->kind = Kind::kOwnValues;
      found->column = features.name(j);
      found->groups = static_cast<std::int64_t>(rows.groups);
      found->n = static_cast<std::int64_t>(rows.x.size());
      found->r2 = squared_correlation(rows.x, rows.y);
      found->r2_out_of_fold = out_of_fold(rows, key.child(features.name(j)));
      return found;
    };
    std::optional<TargetEncoding> found;
    for (const GroupColumn& group : groups) {
      found = look(group.codes, false);
      if (!found) continue;
      found->group = group.name;
      break;
    }
    if (!found) found = look(codes_of_values(x), true);
    if (!found) continue;
    found->text = text_of(*found);
    out.found.push_back(std::move(*found));
  }
  out.alarm = !out.found.empty();
  return out;
}

}  // namespace impact
