#include "engine/stats/multiplicity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

// In the order of Adjustment.
constexpr std::array<std::string_view, 6> kNames = {"none",     "bonferroni", "holm",
                                                    "hochberg", "bh",         "by"};

}  // namespace

std::string_view adjustment_name(Adjustment method) {
  return kNames[static_cast<std::size_t>(method)];
}

Adjustment parse_adjustment(std::string_view name) {
  return parse_choice<Adjustment>(kNames, name, "adjustment", "adjust");
}

// With p_(1) <= ... <= p_(m), factor f_i and c = sum 1/i:
//   Holm      max_{j <= i} (m - j + 1) p_(j)
//   Hochberg  min_{j >= i} (m - j + 1) p_(j)
//   BH        min_{j >= i} m / j p_(j);  BY: c times that
std::vector<double> adjust_p_values(std::span<const double> p, Adjustment method) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (std::isnan(p[i])) continue;
    if (!(p[i] >= 0.0 && p[i] <= 1.0)) {
      throw ArgumentError({.what = "a p-value lies in [0, 1]",
                           .where = "value " + std::to_string(i + 1),
                           .got = format_double(p[i]),
                           .expected = "0 to 1, or missing"});
    }
    order.push_back(i);
  }
  std::vector<double> adjusted(p.begin(), p.end());
  if (method == Adjustment::kNone || order.empty()) return adjusted;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] < p[b] : a < b; });
  const auto m = static_cast<double>(order.size());
  double harmonic = 0.0;
  for (double i = 1.0; i <= m; i += 1.0) harmonic += 1.0 / i;
  const auto factor = [&](std::size_t index) {
    const auto rank = static_cast<double>(index + 1);
    switch (method) {
      case Adjustment::kHolm:
      case Adjustment::kHochberg: return m - rank + 1.0;
      case Adjustment::kBh: return m / rank;
      case Adjustment::kBy: return harmonic * m / rank;
      case Adjustment::kBonferroni:
      case Adjustment::kNone: break;
    }
    return m;
  };
  const bool down = method == Adjustment::kHolm || method == Adjustment::kBonferroni;
  double bound = down ? 0.0 : 1.0;
  for (std::size_t step = 0; step < order.size(); ++step) {
    const std::size_t index = down ? step : order.size() - 1 - step;
    const double value = std::min(1.0, factor(index) * p[order[index]]);
    bound = down ? std::max(bound, value) : std::min(bound, value);
    adjusted[order[index]] = bound;
  }
  return adjusted;
}

}  // namespace impact
