#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

/// Bounds on effects that data alone do not identify. Influence values are per row of the data (0
/// for rows not used), of mean zero and scaled so that a variance is sum (psi^2) over the square of
/// the number of all rows. Trouble is
/// NaN with a warning; what can never work throws ArgumentError. Nothing depends on the order of
/// the rows. All functions are pure.
namespace impact {

/// What an interval is to cover with probability conf_level.
enum class BoundsCoverage {
  kEffect,  ///< The effect, wherever it lies between the bounds (Imbens & Manski 2004).
  kBounds,  ///< Both bounds at once: z(1/2 + conf_level / 2) errors beyond each.
};

struct EffectBounds {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  double se_low = std::numeric_limits<double>::quiet_NaN();
  double se_high = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;  ///< Rows used.
  std::vector<double> influence_low = {};
  std::vector<double> influence_high = {};
  std::vector<std::string> warnings = {};
};

struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// [low - c se_low, high + c se_high]; for kEffect c solves
/// Phi(c + (high - low) / max(se_low, se_high)) - Phi(-c) = conf_level. Bounds that cross count as
/// no width. NaN in gives NaN.
[[nodiscard]] Interval bounds_interval(double low, double high, double se_low, double se_high,
                                       double conf_level = 0.95,
                                       BoundsCoverage coverage = BoundsCoverage::kEffect);

struct BoundsData {
  std::span<const double> y;          ///< NaN: outcome not observed.
  std::span<const std::int32_t> arm;  ///< 1 treated, 0 control; another code: row not used.
  std::span<const double> weights = {};
  std::span<const std::int32_t> clusters = {};  ///< Codes >= 0; errors sum over them.
};

/// How treatment, or being treated, is known to go with outcomes.
enum class Monotone {
  kNone,
  kUp,  ///< Response: no outcome falls by treatment. Selection: the treated do no worse either way.
  kDown,  ///< The reverse.
};

enum class BoundsTarget { kAte, kAtt, kAtc };

struct ManskiSpec {
  /// Smallest and largest possible outcome; NaN: as observed, with a warning. Observed outcomes
  /// beyond them are an ArgumentError.
  double lowest = std::numeric_limits<double>::quiet_NaN();
  double highest = std::numeric_limits<double>::quiet_NaN();
  BoundsTarget target = BoundsTarget::kAte;
  Monotone response = Monotone::kNone;   ///< Y1 >= Y0 for all (kUp), <= (kDown); Manski (1997).
  Monotone selection = Monotone::kNone;  ///< E[Y_d | treated] >= E[Y_d | control], d = 0, 1.
  double conf_level = 0.95;
  BoundsCoverage coverage = BoundsCoverage::kEffect;
};

/// No-assumption bounds (Manski 1990), narrowed by monotone response (Manski 1997) and monotone
/// selection (Manski & Pepper 2000). With p the share treated and m_d the mean of arm d:
///   ATE = p (m1 - x0) + (1 - p) (x1 - m0)
/// where x0 = E[Y0 | treated] and x1 = E[Y1 | control] lie in [lowest, highest], and
///   response up    x0 <= m1, x1 >= m0        selection up   x0 >= m0, x1 <= m1
/// (down: reversed). The ATT has p = 1, the ATC p = 0. Errors by the delta method. Assumptions that
/// contradict the data (bounds that cross) are warned of; rows without an outcome are left out.
[[nodiscard]] EffectBounds manski_bounds(const BoundsData& data, const ManskiSpec& spec = {});

struct LeeSpec {
  double conf_level = 0.95;
  BoundsCoverage coverage = BoundsCoverage::kEffect;
};

struct LeeBounds {
  EffectBounds bounds = {};
  double observed_treated = std::numeric_limits<double>::quiet_NaN();  ///< Shares observed.
  double observed_control = std::numeric_limits<double>::quiet_NaN();
  /// Share of the outcomes of the arm with more of them that is trimmed; of strata the mean.
  double trimmed = std::numeric_limits<double>::quiet_NaN();
  std::int64_t strata = 1;  ///< Strata used.
};

/// Bounds on the effect for those whose outcome would be observed in either arm, when treatment was
/// randomised and moves observation in one direction only (Lee, Review of Economic Studies 76,
/// 2009). y is NaN where it was not observed. With q_d the shares observed, of the arm with the
/// larger one the share 1 - q_small / q_large of the largest (smallest) outcomes is trimmed;
/// weight is split at the edge, so that exactly that share goes, also with ties. Errors count the
/// estimated shares (his Proposition 3).
/// `strata` (codes >= 0; negative: row not used) tighten: bounds are means over strata weighted by
/// the share always observed, f_x min(q_0x, q_1x); the direction may differ between strata, which
/// is warned of. Strata without an arm or without outcomes in one are left out with a warning.
[[nodiscard]] LeeBounds lee_bounds(const BoundsData& data,
                                   std::span<const std::int32_t> strata = {},
                                   const LeeSpec& spec = {});

}  // namespace impact
