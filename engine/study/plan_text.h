#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <nlohmann/json_fwd.hpp>

namespace impact {

/// A piece of a plan as a person would say it: expressions as formulas ("views > 10 and tier ==
/// \"large\""), tables as their steps ("scan videos.csv, filter views > 10"), else compact JSON
/// without quotes around keys. Whole, however long.
[[nodiscard]] std::string plan_text(const nlohmann::json& value);

/// Whether the value is a table expression ({"verb": ...}) or a column expression.
[[nodiscard]] bool is_table_step(const nlohmann::json& value);
[[nodiscard]] bool is_expression(const nlohmann::json& value);

/// One step of a table without the steps below it: "filter views > 10".
[[nodiscard]] std::string step_text(const nlohmann::json& step);

/// The text cut to at most `most` characters, "..." where it was cut.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t most);

/// Both texts cut so that they still show where they first differ.
[[nodiscard]] std::pair<std::string, std::string> shorten_pair(std::string_view a,
                                                               std::string_view b,
                                                               std::size_t most);

}  // namespace impact
