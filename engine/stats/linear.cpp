#include "engine/stats/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/stats/absorb.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sandwich.h"

namespace impact {
namespace {

using detail::Factor;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 8> kSeNames = {"classical", "HC0", "HC1", "HC2",
                                                      "HC3",       "CR0", "CR1", "CR2"};
// CR2 decomposes a matrix with a row for each dummy in every cluster.
constexpr std::size_t kMostClusterDummies = 500;
// Numbers that dummies may take: one gigabyte.
constexpr std::size_t kMostDummyCells = std::size_t{1} << 27U;
// CR0 and CR1 are too small on average below this (Cameron, Gelbach & Miller 2008).
constexpr std::int64_t kManyClusters = 30;
// Below this the t distribution no longer describes a CR2 statistic (Tipton 2015).
constexpr double kFewDf = 4.0;
// A kept column with less than this of its own is worth a warning.
constexpr double kAlmostDependent = 1e-7;

// The data without the rows that do not count; views where all rows do.
struct Complete {
  std::span<const double> x;
  std::span<const double> y;
  std::span<const double> weights;
  std::vector<std::int32_t> clusters = {};
  std::vector<Factor> factors = {};
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  std::vector<double> own_x = {}, own_y = {}, own_weights = {};
};

void check(const LinearData& data, const LinearSpec& spec) {
  const std::size_t rows = data.y.size();
  require_length("x", data.x.size(), rows * data.columns);
  require_optional_length("weights", data.weights.size(), rows);
  require_optional_length("clusters", data.clusters.size(), rows);
  for (const auto& codes : data.absorbed) require_length("absorbed", codes.size(), rows);
  if (!data.names.empty()) require_length("names", data.names.size(), data.columns);
  require_weights(data.weights);
  if (clustered(spec.se) && data.clusters.empty() && rows > 0) {
    throw ArgumentError({.what = fmt::format("{} needs clusters", se_type_name(spec.se)),
                         .where = "se",
                         .got = std::string(se_type_name(spec.se)),
                         .expected = "clusters, or one of classical, HC0, HC1, HC2, HC3"});
  }
  if (!clustered(spec.se) && !data.clusters.empty()) {
    throw ArgumentError({.what = fmt::format("{} ignores clusters", se_type_name(spec.se)),
                         .where = "se",
                         .got = std::string(se_type_name(spec.se)),
                         .expected = "CR0, CR1 or CR2, or no clusters"});
  }
}

// A row with weight 0 is no loss, whatever it holds; one that misses a number and holds an infinite
// one counts as missing.
enum class RowState : std::uint8_t { kUsed, kNoWeight, kMissing, kInfinite };

// What becomes of each row.
std::vector<RowState> row_states(const LinearData& data) {
  const std::size_t n = data.y.size();
  std::vector<RowState> states(n, RowState::kUsed);
  const auto look = [&](std::span<const double> column) {
    for (std::size_t i = 0; i < n; ++i) {
      if (std::isfinite(column[i])) continue;
      if (std::isnan(column[i])) {
        states[i] = RowState::kMissing;
      } else if (states[i] == RowState::kUsed) {
        states[i] = RowState::kInfinite;
      }
    }
  };
  const auto look_at_codes = [&](std::span<const std::int32_t> codes) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] < 0) states[i] = RowState::kMissing;
    }
  };
  look(data.y);
  for (std::size_t k = 0; k < data.columns; ++k) look(data.x.subspan(k * n, n));
  look_at_codes(data.clusters);
  for (const auto& codes : data.absorbed) look_at_codes(codes);
  for (std::size_t i = 0; i < data.weights.size(); ++i) {
    if (std::isnan(data.weights[i])) states[i] = RowState::kMissing;
    if (data.weights[i] == 0.0) states[i] = RowState::kNoWeight;
  }
  return states;
}

template <class T>
std::vector<T> used(std::span<const T> column, const std::vector<RowState>& states,
                    std::size_t count) {
  std::vector<T> result;
  if (column.empty()) return result;
  result.reserve(count);
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (states[i] == RowState::kUsed) result.push_back(column[i]);
  }
  return result;
}

Complete complete_rows(const LinearData& data) {
  const std::size_t n = data.y.size();
  const std::vector<RowState> states = row_states(data);
  Complete result{.x = data.x, .y = data.y, .weights = data.weights};
  result.missing = std::ranges::count(states, RowState::kMissing);
  result.infinite = std::ranges::count(states, RowState::kInfinite);
  const auto count = static_cast<std::size_t>(std::ranges::count(states, RowState::kUsed));
  if (count < n) {
    result.own_x.reserve(count * data.columns);
    for (std::size_t k = 0; k < data.columns; ++k) {
      const std::vector<double> column = used(data.x.subspan(k * n, n), states, count);
      result.own_x.insert(result.own_x.end(), column.begin(), column.end());
    }
    result.own_y = used(data.y, states, count);
    result.own_weights = used(data.weights, states, count);
    result.x = result.own_x;
    result.y = result.own_y;
    result.weights = result.own_weights;
  }
  result.clusters = used(data.clusters, states, count);
  for (const auto& codes : data.absorbed) {
    Factor factor{.codes = used(codes, states, count)};
    factor.levels = detail::close_gaps(factor.codes);
    result.factors.push_back(std::move(factor));
  }
  return result;
}

// Whether every level of the factor lies in one cluster.
bool nested(const Factor& factor, std::span<const std::int32_t> clusters) {
  std::vector<std::int32_t> home(factor.levels, -1);
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    std::int32_t& cluster = home[static_cast<std::size_t>(factor.codes[i])];
    if (cluster == -1) cluster = clusters[i];
    if (cluster != clusters[i]) return false;
  }
  return true;
}

// How absorbed factors are dealt with.
struct Plan {
  bool sweep = true;
  bool unavailable = false;  // no standard errors
};

// Within clusters that hold whole levels, a swept factor changes no CR2: its directions are those
// that the cluster fits by itself, and orthogonal to the swept columns (Pustejovsky & Tipton 2018,
// theorem 2). Elsewhere, and with weights, CR2 needs the dummies.
Plan make_plan(const Complete& rows, SeType se) {
  Plan plan;
  if (rows.factors.empty()) return plan;
  if (se == SeType::kCr2) {
    const Factor& largest = rows.factors[detail::swept_factor(rows.factors)];
    plan.sweep = rows.weights.empty() && nested(largest, rows.clusters);
    if (!plan.sweep && detail::dummy_count(rows.factors, false) > kMostClusterDummies) {
      plan = {.sweep = true, .unavailable = true};
    }
  }
  const std::size_t dummies = detail::dummy_count(rows.factors, plan.sweep);
  if (dummies > kMostDummies || dummies * rows.y.size() > kMostDummyCells) {
    throw ResourceError(
        {.what = "too many levels in the absorbed factors beside the largest",
         .where = "absorbed",
         .got = fmt::format("{} levels, {} rows", dummies, rows.y.size()),
         .expected = fmt::format("at most {} levels and {} cells", kMostDummies, kMostDummyCells)});
  }
  return plan;
}

std::string column_name(const LinearData& data, std::size_t k) {
  return data.names.empty() ? fmt::format("column {}", k + 1) : "'" + data.names[k] + "'";
}

std::string join(const LinearData& data, const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  for (const std::size_t k : columns) names.push_back(column_name(data, k));
  return list_words(names);
}

// sum w (y - mean)^2 about the weighted mean, or about zero.
double total_squares(const Complete& rows, bool about_mean) {
  const auto weight = [&](std::size_t i) { return rows.weights.empty() ? 1.0 : rows.weights[i]; };
  double mean = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; about_mean && i < rows.y.size(); ++i) {
    mean += weight(i) * rows.y[i];
    total += weight(i);
  }
  if (about_mean) mean /= total;
  double squares = 0.0;
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    squares += weight(i) * (rows.y[i] - mean) * (rows.y[i] - mean);
  }
  return squares;
}

// Everything that a warning may speak of.
struct Findings {
  const Complete* rows;
  const detail::Solution* solution;
  const detail::Sandwich* sandwich;
  std::size_t dummies;
  bool unavailable;
  bool perfect;
};

void explain_variance(const LinearData& data, const Findings& found, LinearFit& fit) {
  auto& warnings = fit.warnings;
  if (fit.n <= fit.rank) {
    warnings.push_back(
        fmt::format("{} rows for {} coefficients leave nothing to estimate the "
                    "error from: no standard errors",
                    fit.n, fit.rank));
    return;
  }
  if (found.unavailable) {
    warnings.push_back(fmt::format(
        "CR2 is not available for an absorbed factor of more than {} levels unless each level lies "
        "in one cluster and there are no weights: take CR1",
        kMostClusterDummies));
  }
  if (found.perfect) {
    warnings.emplace_back("the fit is perfect up to rounding: standard errors mean nothing");
  }
  std::vector<std::size_t> undefined;
  for (std::size_t k = 0, c = 0; k < data.columns; ++k) {
    if (std::ranges::find(fit.dropped, k) != fit.dropped.end()) continue;
    if (!found.sandwich->undefined.empty() && found.sandwich->undefined[c] != 0) {
      undefined.push_back(k);
    }
    ++c;
  }
  if (!undefined.empty()) {
    warnings.push_back(fmt::format(
        "{} row(s) have leverage 1, so {} is undefined for {}: take HC1 or drop what only they "
        "determine",
        found.sandwich->full_leverage, se_type_name(fit.se), join(data, undefined)));
  }
  if (!clustered(fit.se)) return;
  if (fit.clusters < 2) {
    warnings.emplace_back("a single cluster: no standard errors");
  } else if (fit.clusters < kFewClusters) {
    warnings.push_back(
        fmt::format("{} clusters only: inference from so few is approximate at "
                    "best",
                    fit.clusters));
  }
  if (fit.se != SeType::kCr2 && fit.clusters > 1 && fit.clusters < kManyClusters) {
    warnings.push_back(fmt::format("{} is too small on average with {} clusters: CR2 corrects it",
                                   se_type_name(fit.se), fit.clusters));
  }
}

void explain(const LinearData& data, const Findings& found, LinearFit& fit) {
  auto& warnings = fit.warnings;
  const auto left_out = [&](std::int64_t count, const char* why) {
    if (count == 0) return;
    warnings.push_back(fmt::format("{} left out because {}",
                                   count == 1 ? "1 row was" : fmt::format("{} rows were", count),
                                   why));
  };
  left_out(found.rows->missing, "a number or a code is missing");
  left_out(found.rows->infinite, "a number is infinite");
  if (fit.n == 0) {
    warnings.emplace_back("no row is left to fit");
    return;
  }
  if (!fit.dropped.empty()) {
    warnings.push_back(fmt::format("{} left out: linear combination(s) of earlier columns{}",
                                   join(data, fit.dropped),
                                   data.absorbed.empty() ? "" : " and absorbed levels"));
  }
  const std::size_t least = found.solution->least_own;
  if (found.solution->own_share < kAlmostDependent && least >= found.dummies) {
    warnings.push_back(fmt::format(
        "{} is almost a linear combination of earlier columns (its own part is {:.1e} of it): its "
        "coefficient rests on the last digits of the data",
        column_name(data, least - found.dummies), found.solution->own_share));
  }
  explain_variance(data, found, fit);
}

// Sorts the numbers of the kept columns into the places of all.
void fill(const LinearData& data, const detail::Solution& solution,
          const detail::Sandwich& sandwich, std::size_t dummies, LinearFit& fit) {
  const std::size_t columns = data.columns;
  std::vector<std::size_t> reported;
  std::size_t at = 0;
  for (const std::size_t k : solution.kept) {
    if (k >= dummies) {
      reported.push_back(k - dummies);
      fit.coefficient[k - dummies] = solution.coefficient[at];
    }
    ++at;
  }
  for (std::size_t a = 0; a < reported.size(); ++a) {
    for (std::size_t b = 0; b < reported.size(); ++b) {
      fit.covariance[reported[b] * columns + reported[a]] =
          sandwich.covariance[b * reported.size() + a];
    }
    const double variance = sandwich.covariance[a * reported.size() + a];
    fit.std_error[reported[a]] = std::sqrt(variance < 0.0 ? 0.0 : variance);
    fit.df[reported[a]] = sandwich.df[a];
  }
  for (std::size_t k = 0; k < columns; ++k) {
    if (std::ranges::find(reported, k) == reported.end()) fit.dropped.push_back(k);
  }
}

}  // namespace

std::string_view se_type_name(SeType type) { return kSeNames[static_cast<std::size_t>(type)]; }

SeType parse_se_type(std::string_view name) {
  const auto* const found = std::ranges::find(kSeNames, name);
  if (found != kSeNames.end()) return static_cast<SeType>(found - kSeNames.begin());
  const std::vector<std::string> names(kSeNames.begin(), kSeNames.end());
  throw ArgumentError({.what = "unknown kind of standard error",
                       .where = "se",
                       .got = std::string(name),
                       .expected = list_words(names),
                       .hint = did_you_mean(name, names)});
}

bool clustered(SeType type) {
  return type == SeType::kCr0 || type == SeType::kCr1 || type == SeType::kCr2;
}

LinearFit linear(const LinearData& data, const LinearSpec& spec, const Context& context) {
  check(data, spec);
  const Complete rows = complete_rows(data);
  const Plan plan = make_plan(rows, spec.se);
  LinearFit fit;
  fit.se = spec.se;
  fit.n = static_cast<std::int64_t>(rows.y.size());
  fit.coefficient.assign(data.columns, kNaN);
  fit.std_error.assign(data.columns, kNaN);
  fit.df.assign(data.columns, kNaN);
  fit.covariance.assign(data.columns * data.columns, kNaN);

  std::optional<detail::Absorbed> absorbed;
  if (!rows.factors.empty() && fit.n > 0) {
    absorbed = detail::absorb(rows.x, data.columns, rows.y, rows.weights, rows.factors, plan.sweep,
                              context);
  }
  const std::size_t dummies = absorbed ? absorbed->dummies : 0;
  detail::Model model{.rows = rows.y.size(),
                      .columns = data.columns + dummies,
                      .x = absorbed ? absorbed->x.data() : rows.x.data(),
                      .y = absorbed ? absorbed->y.data() : rows.y.data(),
                      .weights = rows.weights.empty() ? nullptr : rows.weights.data()};
  detail::centre(model, context);
  if (absorbed) model.size = absorbed->size;
  const detail::Solution solution = detail::solve(model, context);

  const detail::Groups clusters = detail::group_rows(rows.clusters);
  fit.clusters = static_cast<std::int64_t>(clusters.count());
  fit.rank = static_cast<std::int64_t>(solution.kept.size() + (absorbed ? absorbed->levels : 0));
  const auto is_dummy = [&](std::size_t k) { return k < dummies; };
  const detail::Sandwich sandwich = detail::sandwich(
      model, solution,
      {.se = plan.unavailable ? SeType::kCr0 : spec.se,
       .nuisance = static_cast<std::size_t>(std::ranges::count_if(solution.kept, is_dummy)),
       .rank = static_cast<double>(fit.rank),
       .absorbed = absorbed && !absorbed->leverage.empty() ? absorbed->leverage.data() : nullptr,
       .clusters = clustered(spec.se) ? &clusters : nullptr},
      context);
  fill(data, solution, sandwich, dummies, fit);
  if (plan.unavailable) {
    std::ranges::fill(fit.std_error, kNaN);
    std::ranges::fill(fit.df, kNaN);
    std::ranges::fill(fit.covariance, kNaN);
  }

  const double total = total_squares(rows, model.intercept || absorbed);
  const auto spare = static_cast<double>(fit.n - fit.rank);
  fit.r_squared = total > 0.0 ? 1.0 - sandwich.residual_squares / total : kNaN;
  fit.residual_sd = spare > 0.0 ? std::sqrt(sandwich.residual_squares / spare) : kNaN;
  if (spec.explain) {
    // Rounding of the outcome itself, or of a spread that is fitted to the last digit.
    const double rounding = 8.0 * std::numeric_limits<double>::epsilon();
    const bool perfect = sandwich.residual_squares <=
                         std::max(1e-24 * total, rounding * rounding * total_squares(rows, false));
    explain(data,
            {.rows = &rows,
             .solution = &solution,
             .sandwich = &sandwich,
             .dummies = dummies,
             .unavailable = plan.unavailable,
             .perfect = perfect},
            fit);
  }
  return fit;
}

std::vector<Estimate> to_estimates(const LinearFit& fit, std::span<const std::string> names,
                                   std::string_view method, double conf_level) {
  require_length("names", names.size(), fit.coefficient.size());
  std::vector<Estimate> estimates;
  for (std::size_t k = 0; k < fit.coefficient.size(); ++k) {
    if (std::isnan(fit.coefficient[k])) continue;
    Estimate& row = estimates.emplace_back();
    row.term = names[k];
    row.method = method;
    row.se_type = se_type_name(fit.se);
    row.warnings = fit.warnings;
    complete(row, {fit.coefficient[k], fit.std_error[k], fit.df[k], fit.n}, conf_level);
    if (fit.se == SeType::kCr2 && row.df < kFewDf) {
      row.warnings.push_back(
          fmt::format("{:.2g} degrees of freedom: few clusters determine this coefficient, and its "
                      "p-value is unreliable below {}",
                      row.df, kFewDf));
    }
  }
  return estimates;
}

}  // namespace impact
