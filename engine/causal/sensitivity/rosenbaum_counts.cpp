#include <cmath>
#include <fmt/format.h>

#include "engine/causal/sensitivity/rosenbaum.h"
#include "engine/causal/sensitivity/rosenbaum_curve.h"
#include "engine/core/error.h"
#include "engine/stats/distribution.h"

namespace impact {
namespace {

// P(X >= x) of n trials with odds o is the incomplete beta I_p(x, n - x + 1), which is the
// distribution function of F with 2 x and 2 (n - x + 1) degrees of freedom at o (n - x + 1) / x.
double binomial_upper(std::int64_t x, std::int64_t n, double odds) {
  if (x <= 0) return 1.0;
  if (x > n) return 0.0;
  const auto a = static_cast<double>(x);
  const auto b = static_cast<double>(n - x + 1);
  return f_cdf(odds * b / a, 2.0 * a, 2.0 * b);
}

}  // namespace

RosenbaumBounds mcnemar_bounds(std::int64_t treated, std::int64_t discordant,
                               const RosenbaumSpec& spec, CountTail tail) {
  detail::check_rosenbaum(spec);
  if (treated < 0 || discordant < treated) {
    throw ArgumentError(
        {.what = "pairs with the event in the treated unit are among all discordant",
         .where = "treated",
         .got = fmt::format("{} of {}", treated, discordant),
         .expected = "0 <= treated <= discordant"});
  }
  RosenbaumBounds result;
  result.method = "mcnemar";
  result.p_type = "exact";
  result.n = discordant;
  result.statistic = static_cast<double>(treated);
  if (discordant == 0) {
    detail::undefined_bounds(result, spec, "no discordant pair: nothing to test");
    return result;
  }
  const std::int64_t beyond = tail == CountTail::kInclusive ? 0 : 1;
  const auto tails = [&](std::int64_t count) {
    return [=](double gamma) -> detail::TailBounds {
      return {binomial_upper(count + beyond, discordant, 1.0 / gamma),
              binomial_upper(count + beyond, discordant, gamma)};
    };
  };
  if (tail == CountTail::kExclusive) {
    result.warnings.emplace_back("P(X > x) is no p-value: it leaves out what was observed");
  }
  detail::complete_bounds(result, spec, tails(treated), tails(discordant - treated));
  return result;
}

RosenbaumBounds fisher_bounds(const FisherTable& table, const RosenbaumSpec& spec) {
  detail::check_rosenbaum(spec);
  const std::int64_t control_units = table.units - table.treated_units;
  const std::int64_t control_events = table.events - table.treated_events;
  if (table.treated_units < 0 || control_units < 0 || table.treated_events < 0 ||
      control_events < 0 || table.treated_events > table.treated_units ||
      control_events > control_units) {
    throw ArgumentError({.what = "these counts make no table of two arms",
                         .where = "table",
                         .got = fmt::format("{} of {} treated, {} of {} controls had the event",
                                            table.treated_events, table.treated_units,
                                            control_events, control_units),
                         .expected = "counts between 0 and the size of the arm"});
  }
  RosenbaumBounds result;
  result.method = "fisher";
  result.p_type = "exact";
  result.n = table.units;
  result.statistic = static_cast<double>(table.treated_events);
  if (table.treated_units == 0 || control_units == 0 || table.events == 0 ||
      table.events == table.units) {
    detail::undefined_bounds(result, spec, "one arm or one outcome only: nothing to test");
    return result;
  }
  const auto upper = [&](std::int64_t marked, std::int64_t count, double odds) {
    const auto terms = detail::marked_drawn(table.units, marked, table.treated_units, odds);
    double above = 0.0;
    double below = 0.0;
    for (std::size_t i = 0; i < terms.weight.size(); ++i) {
      (terms.first + static_cast<std::int64_t>(i) >= count ? above : below) += terms.weight[i];
    }
    return above / (above + below);
  };
  const auto tails = [&](std::int64_t marked, std::int64_t count) {
    return [&upper, marked, count](double gamma) -> detail::TailBounds {
      return {upper(marked, count, 1.0 / gamma), upper(marked, count, gamma)};
    };
  };
  // Fewer events among the treated are more of the other outcome.
  detail::complete_bounds(
      result, spec, tails(table.events, table.treated_events),
      tails(table.units - table.events, table.treated_units - table.treated_events));
  return result;
}

}  // namespace impact
