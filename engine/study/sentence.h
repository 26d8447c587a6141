#pragma once

#include <string>

#include "engine/stats/estimate.h"

/// Sentences that are computed from a number and so can't contradict it.
namespace impact {

/// What an estimate says about its hypothesis, at the level of its own interval.
enum class Direction { kAbove, kBelow, kUndecided };

/// Above or below the row's null_value where the interval excludes it (where there is no interval:
/// p below 0.05), else undecided.
[[nodiscard]] Direction direction_of(const Estimate& row);

/// Fills in a template: {estimate}, {size} (its absolute value), {std_error}, {statistic}, {df},
/// {p}, {low}, {high}, {interval} ("low to high"), {n}, {term}; ":share" after a name writes it in
/// per cent. {more|fewer|as many} takes the first, second or third by direction_of. Braces are
/// doubled to stand for themselves. Throws ArgumentError for anything else in braces.
[[nodiscard]] std::string write_sentence(const std::string& text, const Estimate& row);

/// Throws what write_sentence would throw for any row.
void check_sentence(const std::string& text);

/// "views, not verified - verified: 174,225 (160,823 to 187,626; p < 0.001)."
[[nodiscard]] std::string plain_sentence(const std::string& about, const Estimate& row);

}  // namespace impact
