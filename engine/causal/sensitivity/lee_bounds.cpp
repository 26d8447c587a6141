#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <fmt/format.h>

#include "engine/causal/sensitivity/bounds_parts.h"
#include "engine/causal/sensitivity/effect_bounds.h"
#include "engine/core/exact_sum.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Row {
  double y = 0.0;  ///< NaN: not observed.
  double weight = 0.0;
  std::size_t row = 0;
};

// Mean of the smallest share r of the weight of sorted observed rows, and the value at the edge.
struct Trimmed {
  double mean = kNan;
  double edge = kNan;
};

Trimmed smallest_share(const std::vector<Row>& observed, double total, double r) {
  const double kept = r * total;
  ExactSum sum;
  double before = 0.0;
  for (const Row& row : observed) {
    const double take = std::fmin(row.weight, kept - before);
    if (take > 0.0) sum.add(take * row.y);
    before += row.weight;
    // The edge is where the weight kept runs out.
    if (before >= kept * (1.0 - 1e-12)) return {sum.round() / kept, row.y};
  }
  return {sum.round() / kept, observed.back().y};
}

struct Side {
  std::vector<Row> observed = {};  ///< Increasing outcomes.
  std::vector<Row> unseen = {};
  double weight = 0.0;  ///< Of all rows.
  double seen = 0.0;    ///< Of those observed.

  [[nodiscard]] double share() const { return seen / weight; }
};

void finish(Side& side) {
  // Ties by weight, so that sums have one order whatever that of the rows.
  std::ranges::sort(side.observed, [](const Row& a, const Row& b) {
    return a.y != b.y ? a.y < b.y : a.weight < b.weight;
  });
  ExactSum seen;
  ExactSum all;
  for (const Row& row : side.observed) {
    seen.add(row.weight);
    all.add(row.weight);
  }
  for (const Row& row : side.unseen) all.add(row.weight);
  side.seen = seen.round();
  side.weight = all.round();
}

double mean_of(const Side& side) {
  ExactSum sum;
  for (const Row& row : side.observed) sum.add(row.weight * row.y);
  return sum.round() / side.seen;
}

// Bounds of one stratum and their influence, conditional on the stratum: to be divided by the
// weight of a row's stratum. `large` is trimmed; sign is -1 where that is the control arm.
struct Stratum {
  std::array<double, 2> bound = {kNan, kNan};  ///< Low, high.
  double always = 0.0;                         ///< min(q_0, q_1).
  bool treated_trimmed = false;
  double trimmed = 0.0;
  double weight = 0.0;
  /// Per row: influence of the bounds, and of `always`.
  struct Psi {
    std::size_t row;
    std::array<double, 2> bound;
    double always;
    double weight;
  };
  std::vector<Psi> psi = {};
};

// With r = q_s / q_l (small and large share), mu = mean of the smallest share r of Y in the large
// arm, c the outcome at its edge:
//   psi_mu = 1{observed} ((Y - c) 1{Y <= c} - r (mu - c)) / (r q_l pi_l) + (c - mu) / r psi_r
//   psi_r  = r (psi_qs / q_s - psi_ql / q_l),  psi_q = 1{arm} (S - q) / pi
// pi the share of the arm. The largest share is the smallest of negated outcomes.
Stratum bound_stratum(std::array<Side, 2>& arms) {
  Stratum s;
  s.weight = arms[0].weight + arms[1].weight;
  const double q0 = arms[0].share();
  const double q1 = arms[1].share();
  s.treated_trimmed = q1 >= q0;
  Side& large = arms[s.treated_trimmed ? 1 : 0];
  const Side& small = arms[s.treated_trimmed ? 0 : 1];
  s.always = small.share();
  const double r = std::fmin(1.0, small.share() / large.share());
  s.trimmed = 1.0 - r;
  const double other = mean_of(small);
  const Trimmed lower = smallest_share(large.observed, large.seen, r);
  std::vector<Row> negated(large.observed.rbegin(), large.observed.rend());
  for (Row& row : negated) row.y = -row.y;
  std::ranges::sort(negated, [](const Row& a, const Row& b) {
    return a.y != b.y ? a.y < b.y : a.weight < b.weight;
  });
  Trimmed upper = smallest_share(negated, large.seen, r);
  upper = {-upper.mean, -upper.edge};

  const double sign = s.treated_trimmed ? 1.0 : -1.0;
  // Of the control arm the upper mean makes the lower bound.
  const std::array<Trimmed, 2> ends =
      s.treated_trimmed ? std::array{lower, upper} : std::array{upper, lower};
  const auto keeps = [&](std::size_t end, double y, double edge) {
    const bool smallest = (end == 0) == s.treated_trimmed;
    return smallest ? y <= edge : y >= edge;
  };
  const double pi_large = large.weight / s.weight;
  const double pi_small = small.weight / s.weight;
  for (std::size_t end = 0; end < 2; ++end) s.bound[end] = sign * (ends[end].mean - other);
  const auto add = [&](const Side& side, bool is_large) {
    const double pi = is_large ? pi_large : pi_small;
    const double q = side.share();
    for (const auto* rows : {&side.observed, &side.unseen}) {
      const bool seen = rows == &side.observed;
      for (const Row& row : *rows) {
        const double psi_q = ((seen ? 1.0 : 0.0) - q) / pi;
        const double psi_r = is_large ? -r * psi_q / q : r * psi_q / q;
        Stratum::Psi psi = {row.row, {0.0, 0.0}, is_large ? 0.0 : psi_q, row.weight};
        for (std::size_t end = 0; end < 2; ++end) {
          const auto [mean, edge] = ends[end];
          double own = (edge - mean) / r * psi_r;
          if (seen && is_large) {
            const double inside = keeps(end, row.y, edge) ? row.y - edge : 0.0;
            own += (inside - r * (mean - edge)) / (r * q * pi);
          }
          if (seen && !is_large) own -= (row.y - other) / (q * pi);
          psi.bound[end] = sign * own;
        }
        s.psi.push_back(psi);
      }
    }
  };
  add(large, true);
  add(small, false);
  return s;
}

}  // namespace

// theta = sum_x omega_x theta_x / Omega, omega_x = f_x a_x, f_x the stratum's share of weight, a_x
// the share always observed:
//   psi = sum_x (f_x a_x psi_theta_x / f_x + (theta_x - theta) (a_x (1{x} - f_x) + psi_a_x)) /
//   Omega
// where psi_theta_x and psi_a_x count within x and are 0 outside.
LeeBounds lee_bounds(const BoundsData& data, std::span<const std::int32_t> strata,
                     const LeeSpec& spec) {
  detail::check_bounds(data, spec.conf_level);
  require_optional_length("strata", strata.size(), data.y.size());
  LeeBounds result;
  EffectBounds& bounds = result.bounds;
  const std::size_t rows = data.y.size();
  std::map<std::int32_t, std::array<Side, 2>> cells;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::int32_t code = strata.empty() ? 0 : strata[i];
    if (code < 0 || (data.arm[i] != 0 && data.arm[i] != 1)) continue;
    const double w = data.weights.empty() ? 1.0 : data.weights[i];
    if (std::isnan(w)) ++missing;
    if (std::isinf(data.y[i])) ++infinite;
    if (!(w > 0.0) || std::isinf(data.y[i])) continue;
    Side& side = cells[code][static_cast<std::size_t>(data.arm[i])];
    (std::isnan(data.y[i]) ? side.unseen : side.observed).push_back({data.y[i] + 0.0, w, i});
  }
  detail::warn_missing(bounds.warnings, missing);
  detail::warn_infinite(bounds.warnings, infinite);
  std::vector<Stratum> used;
  std::int64_t lone = 0;
  std::array<double, 2> seen = {};
  std::array<double, 2> all = {};
  for (auto& [code, arms] : cells) {
    for (Side& side : arms) finish(side);
    if (arms[0].observed.empty() || arms[1].observed.empty()) {
      ++lone;
      continue;
    }
    for (std::size_t d = 0; d < 2; ++d) {
      seen[d] += arms[d].seen;
      all[d] += arms[d].weight;
      bounds.n += std::ssize(arms[d].observed) + std::ssize(arms[d].unseen);
    }
    used.push_back(bound_stratum(arms));
  }
  result.strata = std::ssize(used);
  if (used.empty()) {
    bounds.warnings.emplace_back("outcomes are observed in one arm only: nothing is bounded");
    return result;
  }
  if (lone > 0) {
    bounds.warnings.push_back(fmt::format("{} left out: no outcomes in one of the arms",
                                          detail::plural(lone, "stratum was", "strata were")));
  }
  result.observed_control = seen[0] / all[0];
  result.observed_treated = seen[1] / all[1];
  const double total = all[0] + all[1];
  double omega = 0.0;
  std::array<double, 2> theta = {};
  double trimmed = 0.0;
  bool up = false;
  bool down = false;
  for (const Stratum& s : used) {
    const double share = s.weight / total * s.always;
    omega += share;
    trimmed += share * s.trimmed;
    for (std::size_t end = 0; end < 2; ++end) theta[end] += share * s.bound[end];
    (s.treated_trimmed ? up : down) |= s.trimmed > 0.0;
  }
  for (double& end : theta) end /= omega;
  result.trimmed = trimmed / omega;
  bounds.low = theta[0];
  bounds.high = theta[1];
  if (up && down) {
    bounds.warnings.emplace_back(
        "treatment raises the share observed in some strata and lowers it in others: bounds then "
        "hold if its direction is the same within each stratum");
  }
  bounds.influence_low.assign(rows, 0.0);
  bounds.influence_high.assign(rows, 0.0);
  for (std::size_t end = 0; end < 2; ++end) {
    std::vector<double>& influence = end == 0 ? bounds.influence_low : bounds.influence_high;
    // sum_x f_x a_x (theta_x - theta) = 0, so that the centre of 1{x} - f_x drops out.
    for (const Stratum& s : used) {
      const double off = s.bound[end] - theta[end];
      for (const Stratum::Psi& psi : s.psi) {
        const double inner = s.always * psi.bound[end] + off * (s.always + psi.always);
        influence[psi.row] = static_cast<double>(rows) / total * psi.weight * inner / omega;
      }
    }
  }
  detail::complete_effect_bounds(bounds, data.clusters, spec.conf_level, spec.coverage);
  return result;
}

}  // namespace impact
