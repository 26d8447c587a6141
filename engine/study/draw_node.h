#pragma once

#include "engine/render/figure.h"
#include "engine/study/recipe.h"
#include "engine/study/work.h"

namespace impact {

/// The picture of a recipe whose method is "plot." and a figure kind, from the data as they are.
[[nodiscard]] Figure draw_recipe(const Recipe& recipe, const Context& context);

/// The same in a run: columns as the run may see them, estimates and tables of earlier nodes. A
/// table of an earlier node is named by option "table" (none: its only one) and roles are then
/// names of its columns, as options "role <name>".
[[nodiscard]] NodeResult draw_node(const FigureNode& node, const Blind& blind,
                                   const EarlierResults& earlier, const Context& context);

}  // namespace impact
