#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/lengths.h"

namespace impact::detail {
namespace {

void require_columns(std::size_t rows, const BootstrapData& data, bool arms, bool x) {
  if (x) require_length("x", data.x.size(), rows);
  if (arms) require_length("arm", data.arm.size(), rows);
  require_optional_length("cluster", data.cluster.size(), rows);
  require_optional_length("stratum", data.stratum.size(), rows);
  if (rows >= std::numeric_limits<std::uint32_t>::max()) {
    throw ResourceError({.what = "too many rows for a bootstrap", .got = std::to_string(rows)});
  }
  if (!arms) return;
  for (std::size_t i = 0; i < rows; ++i) {
    if (data.arm[i] <= 1) continue;
    throw ArgumentError({.what = "an arm is 0 or 1",
                         .where = "row " + std::to_string(i + 1),
                         .got = std::to_string(data.arm[i]),
                         .expected = "0, 1 or a negative code for a missing one"});
  }
}

// A run of rows that is one unit, in the stratum and, if all of it is there, the arm it lies in.
struct Run {
  std::int32_t stratum = 0, arm = 0;
  std::size_t begin = 0, end = 0;
};

}  // namespace

bool reads_arm(BootstrapStatistic statistic) {
  return statistic == BootstrapStatistic::kDifferenceOfMeans ||
         statistic == BootstrapStatistic::kDifferenceOfMedians ||
         statistic == BootstrapStatistic::kWelchT;
}

bool reads_x(BootstrapStatistic statistic) {
  return statistic == BootstrapStatistic::kCorrelation ||
         statistic == BootstrapStatistic::kRatioOfMeans;
}

Units units_of(std::size_t rows, const BootstrapData& data, bool arms, bool x) {
  require_columns(rows, data, arms, x);
  Units units;
  units.clustered = !data.cluster.empty();
  const auto value = [](std::span<const double> column, std::uint32_t i) {
    return column.empty() ? 0.0 : column[i];
  };
  const auto code = [](std::span<const std::int32_t> column, std::uint32_t i) {
    return column.empty() ? 0 : column[i];
  };
  for (std::uint32_t i = 0; i < rows; ++i) {
    const double a = value(data.y, i), b = x ? data.x[i] : 0.0;
    if (std::isnan(a) || std::isnan(b) || (arms && data.arm[i] < 0) || code(data.cluster, i) < 0 ||
        code(data.stratum, i) < 0) {
      ++units.missing;
      continue;
    }
    if (std::isinf(a) || std::isinf(b)) ++units.infinite;
    units.rows.push_back(i);
  }
  // Clusters together, then by content.
  const auto key = [&](std::uint32_t i) {
    return std::tuple(code(data.cluster, i), code(data.stratum, i), arms ? data.arm[i] : 0,
                      value(data.y, i), x ? data.x[i] : 0.0, i);
  };
  std::sort(units.rows.begin(), units.rows.end(),
            [&](std::uint32_t i, std::uint32_t j) { return key(i) < key(j); });
  std::vector<Run> runs;
  units.arms_apart = arms;
  for (std::size_t at = 0; at < units.rows.size(); ++at) {
    const std::uint32_t i = units.rows[at];
    const std::int32_t arm = arms ? data.arm[i] : 0;
    if (units.clustered && at > 0 && data.cluster[units.rows[at - 1]] == data.cluster[i]) {
      if (runs.back().stratum != code(data.stratum, i)) {
        throw ArgumentError({.what = "a cluster lies in two strata",
                             .where = "row " + std::to_string(i + 1),
                             .got = "cluster " + std::to_string(data.cluster[i]),
                             .expected = "clusters within strata"});
      }
      if (runs.back().arm != arm) units.arms_apart = false;
      runs.back().end = at + 1;
      continue;
    }
    runs.push_back({code(data.stratum, i), arm, at, at + 1});
  }
  const auto cell = [&](const Run& run) {
    return std::pair(units.arms_apart ? run.arm : 0, run.stratum);
  };
  std::stable_sort(runs.begin(), runs.end(),
                   [&](const Run& a, const Run& b) { return cell(a) < cell(b); });
  std::vector<std::uint32_t> ordered;
  ordered.reserve(units.rows.size());
  for (std::size_t u = 0; u < runs.size(); ++u) {
    if (u == 0 || cell(runs[u - 1]) != cell(runs[u])) {
      units.offsets.push_back(u);
      units.cell_arm.push_back(static_cast<std::uint8_t>(cell(runs[u]).first));
    }
    units.first_row.push_back(ordered.size());
    for (std::size_t at = runs[u].begin; at < runs[u].end; ++at) ordered.push_back(units.rows[at]);
  }
  units.first_row.push_back(ordered.size());
  units.offsets.push_back(runs.size());
  units.rows = std::move(ordered);
  return units;
}

std::unique_ptr<Kernel> kernel_of(const BootstrapData& data, const Units& units,
                                  const BootstrapSpec& spec) {
  switch (spec.statistic) {
    case BootstrapStatistic::kMedian:
    case BootstrapStatistic::kQuantile:
    case BootstrapStatistic::kTrimmedMean:
    case BootstrapStatistic::kDifferenceOfMedians: return order_kernel(data, units, spec);
    default: return moment_kernel(data, units, spec);
  }
}

double acceleration_of(std::span<const double> left_out, const Units& units, double estimate) {
  ExactSum squares, cubes;
  for (std::size_t s = 0; s + 1 < units.offsets.size(); ++s) {
    const auto size = static_cast<double>(units.offsets[s + 1] - units.offsets[s]);
    for (std::size_t u = units.offsets[s]; u < units.offsets[s + 1]; ++u) {
      const double l = (size - 1.0) * (estimate - left_out[u]);
      if (size == 1.0) continue;  // what cannot vary in the draws has no influence
      squares.add(l * l);
      cubes.add(l * l * l);
    }
  }
  const double spread = squares.round();
  if (!(spread > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  return cubes.round() / (6.0 * spread * std::sqrt(spread));
}

}  // namespace impact::detail
