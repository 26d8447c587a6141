#include "engine/stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/inference.h"
#include "engine/stats/resample.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr std::size_t kDrawsATask = 16;

void refuse(bool wrong, const char* what, const char* where, std::string got,
            const char* expected) {
  if (!wrong) return;
  throw ArgumentError({.what = what, .where = where, .got = std::move(got), .expected = expected});
}

void check(const BootstrapSpec& spec) {
  check_conf_level(spec.conf_level);
  refuse(spec.draws < 1, "a bootstrap makes draws", "draws", std::to_string(spec.draws),
         "for example 9999");
  refuse(!(spec.quantile >= 0.0 && spec.quantile <= 1.0), "a quantile's level lies in [0, 1]",
         "quantile", format_double(spec.quantile), "for example 0.9");
  refuse(!(spec.trim >= 0.0 && spec.trim < 0.5), "a share that is cut off lies in [0, 1/2)", "trim",
         format_double(spec.trim), "for example 0.1");
  refuse(!std::isfinite(spec.null_value), "the value of the hypothesis is a finite number",
         "null_value", format_double(spec.null_value), "for example 0");
}

bool has_std_error(BootstrapStatistic statistic) {
  switch (statistic) {
    case BootstrapStatistic::kMean:
    case BootstrapStatistic::kStandardDeviation:
    case BootstrapStatistic::kCorrelation:
    case BootstrapStatistic::kRatioOfMeans:
    case BootstrapStatistic::kDifferenceOfMeans: return true;
    default: return false;
  }
}

std::vector<std::uint8_t> one_each(const detail::Units& units) {
  std::vector<std::uint8_t> counts(detail::padded(units.count()) + detail::kCountStep, 0);
  std::fill_n(counts.begin(), units.count(), 1);
  return counts;
}

// Calls body(draw, counts) for every draw, 16 of them a task.
template <class Body>
void for_draws(const detail::Units& units, const BootstrapSpec& spec, const Context& context,
               Body&& body) {
  const detail::Multinomial multinomial(spec.key, units.offsets);
  const auto draws = static_cast<std::size_t>(spec.draws);
  for_chunks(context, draws, kDrawsATask, [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint8_t> counts(detail::padded(units.count()) + detail::kCountStep);
    std::vector<std::uint32_t> scratch;
    for (std::size_t b = begin; b < end; ++b) {
      context.check();
      multinomial.draw(b, counts, scratch);
      body(b, std::span<const std::uint8_t>(counts));
    }
  });
}

// Sentences about the rows before those about the draws; an undefined statistic makes no draws.
Bootstrap finish(BootstrapDraws draws, const detail::Units& units, const BootstrapSpec& spec,
                 bool infinite) {
  Bootstrap result = summarise_draws(std::move(draws), spec);
  result.row.n = static_cast<std::int64_t>(units.rows.size());
  std::vector<std::string> warnings;
  detail::warn_missing(warnings, units.missing);
  if (infinite) detail::warn_infinite(warnings, units.infinite);
  for (std::size_t s = 0; s + 1 < units.offsets.size(); ++s) {
    if (units.offsets[s + 1] - units.offsets[s] > 1) continue;
    warnings.emplace_back("a stratum or arm has one row or cluster only, which every draw repeats");
    break;
  }
  result.row.warnings.insert(result.row.warnings.begin(), warnings.begin(), warnings.end());
  return result;
}

}  // namespace

Bootstrap bootstrap(const BootstrapData& data, const BootstrapSpec& spec, const Context& context) {
  check(spec);
  const bool studentised = spec.interval == BootstrapInterval::kStudentised;
  refuse(studentised && !has_std_error(spec.statistic),
         "this statistic has no standard error here to studentise with", "interval", "studentised",
         "percentile, basic, normal or bca");
  const bool arms = detail::reads_arm(spec.statistic);
  const detail::Units units =
      detail::units_of(data.y.size(), data, arms, detail::reads_x(spec.statistic));
  BootstrapDraws draws;
  bool present[2] = {};
  for (const std::uint32_t i : units.rows) present[arms ? data.arm[i] : 0] = true;
  const bool nothing = !present[0] || (arms && !present[1]);
  if (nothing || units.infinite > 0) {
    Bootstrap result = finish(std::move(draws), units, spec, true);
    if (nothing) result.row.warnings.emplace_back("there is no value, or none in an arm");
    return result;
  }
  const auto kernel = detail::kernel_of(data, units, spec);
  const detail::Kernel::Value whole = kernel->of(one_each(units), studentised);
  draws.estimate = whole.value;
  draws.std_error = whole.std_error;
  if (std::isfinite(whole.value)) {
    draws.values.resize(static_cast<std::size_t>(spec.draws));
    if (studentised) draws.std_errors.resize(draws.values.size());
    for_draws(units, spec, context, [&](std::size_t b, std::span<const std::uint8_t> counts) {
      const detail::Kernel::Value drawn = kernel->of(counts, studentised);
      draws.values[b] = drawn.value;
      if (studentised) draws.std_errors[b] = drawn.std_error;
    });
    if (spec.interval == BootstrapInterval::kBca) {
      draws.acceleration = detail::acceleration_of(kernel->jackknife(), units, whole.value);
    }
  }
  return finish(std::move(draws), units, spec, true);
}

Bootstrap bootstrap_rows(std::size_t rows, const RowStatistic& statistic, const BootstrapData& data,
                         const BootstrapSpec& spec, const Context& context) {
  check(spec);
  refuse(spec.interval == BootstrapInterval::kStudentised,
         "a statistic that is called has no standard error", "interval", "studentised",
         "percentile, basic, normal or bca");
  const detail::Units units = detail::units_of(
      rows, {.y = {}, .cluster = data.cluster, .stratum = data.stratum}, false, false);
  BootstrapDraws draws;
  // The rows of the units, as often as these are counted.
  const auto value = [&](std::span<const std::uint8_t> counts) {
    std::vector<std::uint32_t> chosen;
    chosen.reserve(units.rows.size());
    for (std::size_t u = 0; u < units.count(); ++u) {
      for (unsigned time = 0; time < counts[u]; ++time) {
        for (std::size_t at = units.first_row[u]; at < units.first_row[u + 1]; ++at) {
          chosen.push_back(units.rows[at]);
        }
      }
    }
    return statistic(chosen);
  };
  if (!units.rows.empty()) draws.estimate = value(one_each(units));
  if (std::isfinite(draws.estimate)) {
    draws.values.resize(static_cast<std::size_t>(spec.draws));
    for_draws(units, spec, context, [&](std::size_t b, std::span<const std::uint8_t> counts) {
      draws.values[b] = value(counts);
    });
    if (spec.interval == BootstrapInterval::kBca) {
      std::vector<double> left_out(units.count());
      for_chunks(context, units.count(), kDrawsATask, [&](std::size_t begin, std::size_t end) {
        std::vector<std::uint8_t> counts = one_each(units);
        for (std::size_t u = begin; u < end; ++u) {
          counts[u] = 0;
          left_out[u] = value(counts);
          counts[u] = 1;
        }
      });
      draws.acceleration = detail::acceleration_of(left_out, units, draws.estimate);
    }
  }
  return finish(std::move(draws), units, spec, false);
}

}  // namespace impact
