#pragma once

#include "engine/render/figure_draft.h"

/// What the curves that judge a classifier share.
namespace impact::detail {

/// An axis of shares from 0 to 1; `letter` is "x" or "y".
[[nodiscard]] AxisSpec share_axis(const Draft& draft, const char* letter, const char* title);
/// As wide as high, unless a size is given or there are panels.
void make_square(Draft& draft, double side = 340.0);
[[nodiscard]] bool has_panels(const Draft& draft);
/// "0.912"
[[nodiscard]] std::string say_score(double value);

}  // namespace impact::detail
