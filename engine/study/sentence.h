#pragma once

#include <string>

#include "engine/stats/estimate.h"

/// Sentences that are computed from a number and so can't contradict it.
namespace impact {

/// What an estimate says about its hypothesis, at the level of its own interval.
enum class Direction { kAbove, kBelow, kUndecided };

/// Above or below `null_value` where the interval excludes it (where there is no interval: p below
/// 0.05), else undecided.
[[nodiscard]] Direction direction_of(const Estimate& row, double null_value);

/// The value that a row's estimate has when there is nothing to tell: 1 for ratios, 1/2 for chances
/// that one value exceeds another, else 0. `declared` is the hypothesis that the script names, NaN
/// for none; it is about the headline of t tests, shares and resampling, not about effect sizes.
[[nodiscard]] double null_value_of(const Estimate& row, double declared);

/// Fills in a template: {estimate}, {size} (its absolute value), {std_error}, {statistic}, {df},
/// {p}, {low}, {high}, {interval} ("low to high"), {n}, {term}; ":share" after a name writes it in
/// per cent. {more|fewer|as many} takes the first, second or third by direction_of. Braces are
/// doubled to stand for themselves. Throws ArgumentError for anything else in braces.
[[nodiscard]] std::string write_sentence(const std::string& text, const Estimate& row,
                                         double null_value);

/// Throws what write_sentence would throw for any row.
void check_sentence(const std::string& text);

/// "views, not verified - verified: 174,225 (160,823 to 187,626; p < 0.001)."
[[nodiscard]] std::string plain_sentence(const std::string& about, const Estimate& row);

}  // namespace impact
