#include "engine/causal/effect.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/parallel.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/linear.h"

namespace impact {
namespace {

constexpr std::array<std::string_view, 5> kTargets = {"ATE", "ATT", "ATC", "ATO", "ATM"};
constexpr std::array<std::string_view, 5> kTargetWords = {
    "on everybody", "on the treated", "on the controls", "where treatment is least certain",
    "on those who can be matched"};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void check_codes(std::span<const std::int32_t> codes, std::size_t rows, const char* where) {
  if (codes.empty()) return;
  if (codes.size() != rows) {
    throw ArgumentError({.what = "clusters and rows differ in number",
                         .where = where,
                         .got = std::to_string(codes.size()),
                         .expected = std::to_string(rows)});
  }
  const auto bad = std::ranges::find_if(codes, [](std::int32_t c) { return c < 0; });
  if (bad == codes.end()) return;
  throw ArgumentError({.what = "a row has no cluster",
                       .where = fmt::format("{}, row {}", where, bad - codes.begin() + 1),
                       .got = std::to_string(*bad),
                       .expected = "a code of 0 or more"});
}

void check(std::span<const Effect> effects, const EffectInference& inference) {
  const bool clustered = inference.error == EffectError::kCluster;
  if (clustered == inference.clusters.empty()) {
    throw ArgumentError({.what = clustered ? "clustered errors need clusters"
                                           : "clusters are given, but the errors are not clustered",
                         .where = "clusters"});
  }
  if (!inference.second_clusters.empty() && inference.clusters.empty()) {
    throw ArgumentError(
        {.what = "a second kind of clusters comes with a first", .where = "second_clusters"});
  }
  for (const Effect& effect : effects) {
    if (effect.influence.empty()) continue;
    check_codes(inference.clusters, effect.influence.size(), "clusters");
    check_codes(inference.second_clusters, effect.influence.size(), "second_clusters");
  }
}

double product_sum(std::span<const double> a, std::span<const double> b) {
  ExactSum sum;
  for (std::size_t i = 0; i < a.size(); ++i) sum.add(a[i] * b[i]);
  return sum.round();
}

// Influence summed over each group. A group of rows that are not used has 0.
std::vector<double> group_sums(const detail::Groups& groups, std::span<const double> influence) {
  std::vector<double> out(groups.count());
  for (std::size_t j = 0; j < out.size(); ++j) {
    ExactSum sum;
    for (const std::uint32_t i : groups[j]) sum.add(influence[i]);
    out[j] = sum.round();
  }
  return out;
}

// Groups in which some effect has a row in use.
std::int64_t groups_in_use(const detail::Groups& groups, std::span<const Effect> effects) {
  std::int64_t count = 0;
  for (std::size_t j = 0; j < groups.count(); ++j) {
    const auto used = [&](const Effect& effect) {
      return !effect.influence.empty() && std::ranges::any_of(groups[j], [&](std::uint32_t i) {
        return effect.influence[i] != 0.0;
      });
    };
    count += std::ranges::any_of(effects, used) ? 1 : 0;
  }
  return count;
}

struct Covariance {
  std::vector<double> values;
  std::int64_t groups = 0;  // The fewest clusters of any part; 0 without clusters.
};

Covariance by_groups(std::span<const Effect> effects, const detail::Groups& groups, double n,
                     bool small_sample) {
  const std::size_t m = effects.size();
  std::vector<std::vector<double>> sums(m);
  for (std::size_t k = 0; k < m; ++k) {
    if (!effects[k].influence.empty()) sums[k] = group_sums(groups, effects[k].influence);
  }
  Covariance out{std::vector<double>(m * m, kNaN), groups_in_use(groups, effects)};
  const auto count = static_cast<double>(out.groups);
  const double factor = (small_sample ? count / (count - 1.0) : 1.0) / (n * n);
  for (std::size_t a = 0; a < m; ++a) {
    for (std::size_t b = 0; b < m; ++b) {
      if (sums[a].empty() || sums[b].empty() || count < 2.0) continue;
      out.values[a * m + b] = factor * product_sum(sums[a], sums[b]);
    }
  }
  return out;
}

Covariance covariance(std::span<const Effect> effects, std::int64_t rows,
                      const EffectInference& inference) {
  check(effects, inference);
  const std::size_t m = effects.size();
  const auto n = static_cast<double>(rows);
  if (inference.error != EffectError::kCluster) {
    Covariance out{std::vector<double>(m * m, kNaN), 0};
    const double factor = inference.error == EffectError::kHc1 ? n / (n - 1.0) : 1.0;
    for (std::size_t a = 0; a < m; ++a) {
      for (std::size_t b = 0; b < m; ++b) {
        if (effects[a].influence.empty() || effects[b].influence.empty() || rows < 2) continue;
        out.values[a * m + b] =
            factor * product_sum(effects[a].influence, effects[b].influence) / (n * n);
      }
    }
    return out;
  }
  Covariance first =
      by_groups(effects, detail::group_rows(inference.clusters), n, inference.small_sample);
  if (inference.second_clusters.empty()) return first;
  const Covariance second =
      by_groups(effects, detail::group_rows(inference.second_clusters), n, inference.small_sample);
  const Covariance both =
      by_groups(effects, detail::group_rows(inference.clusters, inference.second_clusters), n,
                inference.small_sample);
  Covariance out{first.values, std::min(first.groups, second.groups)};
  for (std::size_t k = 0; k < m * m; ++k) out.values[k] += second.values[k] - both.values[k];
  // A difference of covariances need not be one.
  for (std::size_t a = 0; a < m; ++a) {
    if (out.values[a * m + a] > 0.0 || std::isnan(out.values[a * m + a])) continue;
    return first.values[a * m + a] >= second.values[a * m + a]
               ? Covariance{first.values, out.groups}
               : Covariance{second.values, out.groups};
  }
  return out;
}

std::string error_name(const EffectInference& inference) {
  switch (inference.error) {
    case EffectError::kRobust: return "robust";
    case EffectError::kHc1: return "HC1";
    default: return inference.small_sample ? "CR1" : "CR0";
  }
}

}  // namespace

std::string_view effect_target_name(EffectTarget target) {
  return kTargets[static_cast<std::size_t>(target)];
}

std::string_view effect_target_words(EffectTarget target) {
  return kTargetWords[static_cast<std::size_t>(target)];
}

EffectTarget parse_effect_target(std::string_view name) {
  return parse_choice<EffectTarget>(kTargets, name, "target", "target");
}

std::vector<double> effect_covariance(std::span<const Effect> effects, std::int64_t n,
                                      const EffectInference& inference) {
  return covariance(effects, n, inference).values;
}

std::vector<Estimate> to_estimates(const EffectFit& fit, const EffectInference& inference) {
  check_conf_level(inference.conf_level);
  const Covariance v = covariance(fit.effects, fit.n, inference);
  std::vector<std::string> warnings = fit.broken;
  warnings.insert(warnings.end(), fit.warnings.begin(), fit.warnings.end());
  const bool clustered = inference.error == EffectError::kCluster;
  if (clustered && v.groups < kFewClusters) {
    warnings.push_back(
        fmt::format("{} {}: errors by clusters need more of them, and are too small here", v.groups,
                    v.groups == 1 ? "cluster" : "clusters"));
  }
  double df = std::numeric_limits<double>::infinity();
  if (!inference.normal) df = static_cast<double>((clustered ? v.groups : fit.n) - 1);
  std::vector<Estimate> rows;
  for (std::size_t k = 0; k < fit.effects.size(); ++k) {
    Estimate row;
    row.term = fit.effects[k].term;
    row.method = fit.method;
    const double variance = v.values[k * fit.effects.size() + k];
    const bool known = variance >= 0.0;
    if (!fit.effects[k].influence.empty()) {
      row.se_type = error_name(inference);
      if (!fit.nuisances.empty()) row.se_type.append(", ").append(fit.nuisances);
    }
    complete(row,
             {.estimate = fit.effects[k].estimate,
              .std_error = known ? std::sqrt(variance) : kNaN,
              .df = known ? df : kNaN,
              .n = fit.n},
             inference.conf_level);
    row.null_value = fit.effects[k].null_value;
    if (row.null_value != 0.0) {
      const Inference test =
          infer(row.estimate - row.null_value, row.std_error, row.df, inference.conf_level);
      row.statistic = test.statistic;
      row.p_value = test.p_value;
    }
    row.warnings = warnings;
    rows.push_back(std::move(row));
  }
  return rows;
}

Effect combine(std::string term, std::span<const Effect> effects, std::span<const double> a) {
  Effect out{.term = std::move(term), .estimate = 0.0};
  bool complete = true;
  for (const Effect& effect : effects) complete = complete && !effect.influence.empty();
  if (complete && !effects.empty()) out.influence.resize(effects[0].influence.size());
  for (std::size_t k = 0; k < effects.size(); ++k) {
    out.estimate += a[k] * effects[k].estimate;
    for (std::size_t i = 0; i < out.influence.size(); ++i) {
      out.influence[i] += a[k] * effects[k].influence[i];
    }
  }
  return out;
}

// d(a/b) = (da - (a/b) db) / b.
Effect ratio(std::string term, const Effect& first, const Effect& second) {
  Effect out{.term = std::move(term), .null_value = 1.0};
  if (second.estimate == 0.0) return out;
  const double r = first.estimate / second.estimate;
  const std::array<Effect, 2> both = {first, second};
  const std::array<double, 2> a = {1.0 / second.estimate, -r / second.estimate};
  out.influence = combine("", both, a).influence;
  out.estimate = r;
  return out;
}

// Under the null the vector of t statistics is near sum_i xi_i psi_i / (n se), xi normal.
UniformBand uniform_band(std::span<const Effect> effects, std::int64_t n,
                         const EffectInference& inference, int draws, StreamKey key,
                         const Context& context) {
  if (draws < 100) {
    throw ArgumentError({.what = "too few draws for a band",
                         .where = "draws",
                         .got = std::to_string(draws),
                         .expected = "100 or more"});
  }
  const std::size_t m = effects.size();
  const std::vector<double> v = effect_covariance(effects, n, inference);
  std::vector<std::vector<double>> scaled;
  std::vector<std::size_t> which;
  for (std::size_t k = 0; k < m; ++k) {
    const double se = std::sqrt(v[k * m + k]);
    if (!(se > 0.0)) continue;
    std::vector<double> part = effects[k].influence;
    if (!inference.clusters.empty()) {
      part = group_sums(detail::group_rows(inference.clusters), part);
    }
    // The draws have variance one whatever small-sample factor the error carries.
    const double length = std::sqrt(product_sum(part, part));
    for (double& x : part) x /= length;
    scaled.push_back(std::move(part));
    which.push_back(k);
  }
  UniformBand out;
  out.conf_low.assign(m, kNaN);
  out.conf_high.assign(m, kNaN);
  out.p_value.assign(m, kNaN);
  if (which.empty()) return out;
  std::vector<double> largest(static_cast<std::size_t>(draws));
  run_tasks(context, largest.size(), [&](std::size_t b) {
    Stream stream(key, b);
    std::vector<double> t(scaled.size(), 0.0);
    for (std::size_t i = 0; i < scaled[0].size(); ++i) {
      const double xi = stream.normal();
      for (std::size_t k = 0; k < t.size(); ++k) t[k] += xi * scaled[k][i];
    }
    for (const double x : t) largest[b] = std::max(largest[b], std::abs(x));
  });
  std::ranges::sort(largest);
  // The smallest draw that at least conf_level of the draws do not exceed.
  const auto place =
      static_cast<std::size_t>(std::ceil(inference.conf_level * static_cast<double>(draws) - 1e-9));
  out.critical = largest[std::clamp<std::size_t>(place, 1, largest.size()) - 1];
  for (const std::size_t k : which) {
    const double se = std::sqrt(v[k * m + k]);
    out.conf_low[k] = effects[k].estimate - out.critical * se;
    out.conf_high[k] = effects[k].estimate + out.critical * se;
    const auto above =
        largest.end() - std::ranges::lower_bound(largest, std::abs(effects[k].estimate) / se);
    // The sample itself is one of the draws.
    out.p_value[k] = (1.0 + static_cast<double>(above)) / (1.0 + static_cast<double>(draws));
  }
  return out;
}

}  // namespace impact
