#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/causal/effect.h"
#include "engine/causal/matching/matching_metric.h"
#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Who chooses first, when a row of the other arm can be taken only once.
enum class MatchOrder {
  kLargest,   ///< Largest score: for the treated, those hardest to match.
  kSmallest,  ///< Smallest score.
  kClosest,   ///< The pair that is nearest of all still possible.
  kData,      ///< As the rows come.
  kRandom,    ///< A random permutation.
};
/// "largest", "smallest", "closest", "data", "random".
[[nodiscard]] std::string_view match_order_name(MatchOrder order);
/// Inverse of match_order_name. Throws ArgumentError with a suggestion.
[[nodiscard]] MatchOrder parse_match_order(std::string_view name);

/// Rows whose score lies outside the range of the other arm's.
enum class MatchDiscard { kNone, kTreated, kControls, kBoth };

/// Arrays of one length, finite; tables column by column. Ties go to the earlier row: hand rows
/// over in the order of their keys and the order of a file never matters.
struct NearestMatchData {
  std::span<const std::int32_t> treated;  ///< 1 or 0.
  std::span<const double> score = {};     ///< A propensity or its linear predictor.
  std::span<const double> x = {};         ///< Columns of the distance, unless by the score.
  std::size_t columns = 0;
  std::span<const std::string> names = {};        ///< Of x.
  std::span<const std::int32_t> exact = {};       ///< Codes >= 0 that matches share.
  std::span<const std::int32_t> anti_exact = {};  ///< Codes >= 0 in which matches differ.
};

struct NearestMatchSpec {
  MatchingMetric metric = MatchingMetric::kScore;
  EffectTarget target = EffectTarget::kTreated;  ///< Whose rows get matches: or kControls.
  int ratio = 1;  ///< Matches a row; everybody gets a first one before anybody a second.
  bool replace = false;
  MatchOrder order = MatchOrder::kLargest;                   ///< kData without a score.
  double caliper = std::numeric_limits<double>::infinity();  ///< Sds of the score, not discarded.
  std::span<const double> column_calipers = {};  ///< Sds of every column of x; infinite: none.
  MatchDiscard discard = MatchDiscard::kNone;
  StreamKey key = {};  ///< Of kRandom.
};

/// Rows that were matched, and what they count.
struct MatchedSample {
  std::vector<MatchedRow> pairs = {};  ///< By row, then in the order found; shares 1 / matches.
  /// One a row: 0, 1, ... in the order of the rows matched, -1 for rows not used. Empty with
  /// replacement, where a match belongs to several.
  std::vector<std::int32_t> subclass = {};
  /// 1 for rows with a match, the sum of shares for matches, so scaled that their mean is 1.
  std::vector<double> weight = {};
  std::int64_t matched_treated = 0;
  std::int64_t matched_controls = 0;
  std::int64_t discarded = 0;
  double effective_treated = 0.0;  ///< Kish's (sum w)^2 / sum w^2.
  double effective_controls = 0.0;
  std::vector<std::string> warnings = {};
  std::vector<std::string> broken = {};  ///< Nobody matched, nothing to match on.
};

/// Greedy nearest-neighbour matching (Rubin 1973): in `order`, each row of the target takes the
/// nearest row of the other arm that is left, within calipers and exact cells. Defined by
/// distances and row numbers alone. O(n log n) for few columns; with replacement parallel. Throws
/// ArgumentError for lengths that differ, one arm only, numbers that are not finite, a missing
/// score, options out of range. Weights and order as the R package MatchIt defines them (Ho, Imai,
/// King & Stuart, JSS 42 (2011)), whose numbers the tests reproduce.
[[nodiscard]] MatchedSample nearest_match(const NearestMatchData& data,
                                          const NearestMatchSpec& spec = {},
                                          const Context& context = {});

/// The effect in a matched sample: the coefficient of treatment in the weighted regression of y on
/// it and `covariates` (column by column; none: the weighted difference in means), with errors
/// clustered by subclass ("CR1"; HC1 where there are none: then, as matches recur, too small; a
/// warning says so). The matching counts as given (Abadie & Spiess, JASA 117 (2022)).
[[nodiscard]] Estimate matched_difference(const MatchedSample& sample, std::span<const double> y,
                                          std::span<const std::int32_t> treated,
                                          std::span<const double> covariates = {},
                                          std::size_t columns = 0, double conf_level = 0.95,
                                          const Context& context = {});

}  // namespace impact
