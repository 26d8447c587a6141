#include "engine/causal/arm_weights.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

// A weight and its derivative.
struct Weight {
  double w = 0.0;
  double dw = 0.0;
};

// h of each target and the weights h/e and h/(1 - e), with e' = de/deta.
struct RowWeights {
  Weight h;
  Weight treated;
  Weight control;
};

RowWeights row_weights(EffectTarget target, bool is_treated, double e, double slope) {
  const double c = 1.0 - e;
  switch (target) {
    case EffectTarget::kAll:
      return {{1.0, 0.0}, {1.0 / e, -slope / (e * e)}, {1.0 / c, slope / (c * c)}};
    case EffectTarget::kTreated:
      return {{is_treated ? 1.0 : 0.0, 0.0}, {1.0, 0.0}, {e / c, slope / (c * c)}};
    case EffectTarget::kControls:
      return {{is_treated ? 0.0 : 1.0, 0.0}, {c / e, -slope / (e * e)}, {1.0, 0.0}};
    case EffectTarget::kOverlap: return {{e * c, slope * (c - e)}, {c, -slope}, {e, slope}};
    default:  // min(e, c): over e it is 1 and c/e, over c it is e/c and 1.
      return e <= c ? RowWeights{{e, slope}, {1.0, 0.0}, {e / c, slope / (c * c)}}
                    : RowWeights{{c, -slope}, {c / e, -slope / (e * e)}, {1.0, 0.0}};
  }
}

void size_for(ArmWeights& out, std::size_t n) {
  for (auto* each : {&out.w[0], &out.w[1], &out.dw[0], &out.dw[1], &out.h, &out.dh}) {
    each->assign(n, 0.0);
  }
  out.kept.assign(n, 1);
}

void put(ArmWeights& out, std::size_t i, const RowWeights& row, bool fixed) {
  out.h[i] = row.h.w;
  out.w[0][i] = row.control.w;
  out.w[1][i] = row.treated.w;
  out.dh[i] = fixed ? 0.0 : row.h.dw;
  out.dw[0][i] = fixed ? 0.0 : row.control.dw;
  out.dw[1][i] = fixed ? 0.0 : row.treated.dw;
}

void adopt(ArmWeights& out, MomentModel model) {
  for (const std::string& text : model.warnings) {
    if (std::ranges::find(out.warnings, text) == out.warnings.end()) out.warnings.push_back(text);
  }
  for (const std::string& text : model.broken) {
    if (std::ranges::find(out.broken, text) == out.broken.end()) out.broken.push_back(text);
  }
  out.models.push_back(std::move(model));
}

// Weights of propensities: every target.
void by_propensity(const AverageEffectData& data, const AverageEffectSpec& spec,
                   std::span<const double> slope, ArmWeights& out) {
  const std::size_t n = data.y.size();
  for (std::size_t i = 0; i < n; ++i) {
    double e = out.propensity[i];
    if (e < spec.trim || e > 1.0 - spec.trim) {
      out.kept[i] = 0;
      ++out.trimmed;
      continue;
    }
    const double moved = std::clamp(e, spec.clip, 1.0 - spec.clip);
    out.clipped += moved != e ? 1 : 0;
    put(out, i, row_weights(spec.target, data.treated[i] == 1, moved, slope[i]), moved != e);
    out.propensity[i] = e;
  }
}

// Overlap that is not there makes weights infinite: said, not divided by.
void look_at_overlap(const AverageEffectData& data, const AverageEffectSpec& spec,
                     ArmWeights& out) {
  std::int64_t certain = 0;
  std::int64_t rare = 0;
  for (std::size_t i = 0; i < out.propensity.size(); ++i) {
    if (out.kept[i] == 0) continue;
    const bool treated = data.treated[i] == 1;
    const double own = treated ? out.w[1][i] : out.w[0][i];
    const double e = out.propensity[i];
    if (!std::isfinite(own) || !std::isfinite(out.h[i])) ++certain;
    if (std::min(e, 1.0 - e) < 1e-3) ++rare;
    // A weight that is never used may be infinite.
    for (int arm = 0; arm < 2; ++arm) {
      const auto a = static_cast<std::size_t>(arm);
      if (!std::isfinite(out.w[a][i])) out.w[a][i] = 0.0;
      if (!std::isfinite(out.dw[a][i])) out.dw[a][i] = 0.0;
    }
  }
  const bool robust = spec.target == EffectTarget::kOverlap;
  if (certain > 0) {
    out.broken.push_back(fmt::format(
        "{} {} a propensity of 0 or 1 though the other treatment happened: there is no overlap",
        certain, certain == 1 ? "row has" : "rows have"));
  } else if (rare > 0 && !robust) {
    out.warnings.push_back(fmt::format(
        "{} {} a propensity beyond 0.001 or 0.999: the answer leans on few rows; trim, or ask for "
        "the overlap population",
        rare, rare == 1 ? "row has" : "rows have"));
  }
}

void require_propensity_target(const AverageEffectSpec& spec) {
  const bool propensity =
      spec.target == EffectTarget::kOverlap || spec.target == EffectTarget::kMatchable;
  if (!propensity && spec.trim == 0.0 && spec.clip == 0.0) return;
  throw ArgumentError(
      {.what = propensity ? "a target by propensity needs one propensity a row"
                          : "weights that balance are not trimmed or clipped by propensity",
       .where = "weighting",
       .got = std::string(weighting_name(spec.weighting)),
       .expected = "logistic, probit or cbps"});
}

// One model an arm, each tilted to the target. For the treated (controls) only the other arm moves.
void by_arm(const AverageEffectData& data, const AverageEffectSpec& spec, ArmWeights& out,
            const Context& context) {
  require_propensity_target(spec);
  const std::size_t n = data.y.size();
  const bool entropy = spec.weighting == Weighting::kEntropy;
  const MomentData of = treatment_data(data, out);
  const auto tilt = [&](std::size_t arm, MomentFamily family, bool one_more) {
    MomentModel model = fit_moments(of, family, context);
    const double sign = family == MomentFamily::kBalanceControls ? -1.0 : 1.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double odds = std::exp(sign * model.eta[i]);
      out.w[arm][i] = one_more ? 1.0 + odds : odds;
      out.dw[arm][i] = sign * odds;
    }
    out.model[arm] = out.models.size();
    adopt(out, std::move(model));
  };
  const auto leave = [&](std::size_t arm) { std::ranges::fill(out.w[arm], 1.0); };
  for (std::size_t i = 0; i < n; ++i) {
    const bool treated = data.treated[i] == 1;
    out.h[i] = spec.target == EffectTarget::kAll                    ? 1.0
               : treated == (spec.target == EffectTarget::kTreated) ? 1.0
                                                                    : 0.0;
  }
  switch (spec.target) {
    case EffectTarget::kTreated:
      leave(1);
      tilt(0, MomentFamily::kBalanceTreated, false);
      break;
    case EffectTarget::kControls:
      leave(0);
      tilt(1, MomentFamily::kBalanceControls, false);
      break;
    default:
      tilt(1, entropy ? MomentFamily::kEntropyTreated : MomentFamily::kBalanceControls, !entropy);
      tilt(0, entropy ? MomentFamily::kEntropyControls : MomentFamily::kBalanceTreated, !entropy);
  }
}

MomentFamily propensity_family(const AverageEffectSpec& spec) {
  if (spec.weighting == Weighting::kLogistic) return MomentFamily::kLogistic;
  if (spec.weighting == Weighting::kProbit) return MomentFamily::kProbit;
  switch (spec.target) {
    case EffectTarget::kTreated: return MomentFamily::kBalanceTreated;
    case EffectTarget::kControls: return MomentFamily::kBalanceControls;
    // Overlap weights of the maximum likelihood fit balance exactly (Li, Morgan & Zaslavsky 2018).
    case EffectTarget::kOverlap: return MomentFamily::kLogistic;
    default: return MomentFamily::kBalanceAll;
  }
}

std::vector<double> as_numbers(std::span<const std::int32_t> treated) {
  return {treated.begin(), treated.end()};
}

}  // namespace

MomentData treatment_data(const AverageEffectData& data, const ArmWeights& weights) {
  return {.x = data.x_treatment,
          .columns = data.treatment_columns,
          .y = weights.y,
          .weights = data.weights,
          .names = data.treatment_names};
}

ArmWeights target_only(const AverageEffectData& data, const AverageEffectSpec& spec) {
  const std::size_t n = data.y.size();
  ArmWeights out;
  size_for(out, n);
  for (std::size_t i = 0; i < n; ++i) {
    const bool treated = data.treated[i] == 1;
    out.h[i] = spec.target == EffectTarget::kAll                    ? 1.0
               : treated == (spec.target == EffectTarget::kTreated) ? 1.0
                                                                    : 0.0;
  }
  return out;
}

ArmWeights arm_weights(const AverageEffectData& data, const AverageEffectSpec& spec,
                       const Context& context) {
  const std::size_t n = data.y.size();
  ArmWeights out;
  size_for(out, n);
  std::vector<double> slope(n, 0.0);
  if (!data.propensity.empty()) {
    out.propensity.assign(data.propensity.begin(), data.propensity.end());
  } else {
    out.y = as_numbers(data.treated);
    if (spec.weighting == Weighting::kTilting || spec.weighting == Weighting::kEntropy) {
      by_arm(data, spec, out, context);
      return out;
    }
    MomentModel model = fit_moments(treatment_data(data, out), propensity_family(spec), context);
    out.propensity.resize(n);
    model.mean(out.propensity, slope);
    adopt(out, std::move(model));
  }
  by_propensity(data, spec, slope, out);
  look_at_overlap(data, spec, out);
  return out;
}

}  // namespace impact::detail
