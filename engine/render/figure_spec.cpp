#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& path,
                         const std::string& hint) {
  throw ArgumentError({.what = what, .where = "figure 'spec', " + path, .hint = hint});
}

// A page that opens offline must not ask for anything: no address, no link, no picture, no data of
// another place. `usermeta` could reconfigure the loader of the page.
void check(const json& node, const std::string& path) {
  if (node.is_array()) {
    for (std::size_t i = 0; i < node.size(); ++i)
      check(node[i], path + "[" + std::to_string(i) + "]");
    return;
  }
  if (!node.is_object()) return;
  for (const auto& [key, value] : node.items()) {
    const std::string at = path + "." + key;
    if (key == "url" || key == "href") {
      refuse("a specification may not hold '" + key + "'", at,
             "its data is the table; a page that opens offline loads and links nothing");
    }
    if (key == "usermeta" || key == "datasets" || key == "$schema") {
      refuse("a specification may not hold '" + key + "'", at, "leave it out");
    }
    if (key == "data") refuse("the data of a specification is the table", at, "leave data out");
    if ((key == "mark" || key == "type") && value == "image") {
      refuse("a specification may not draw images", at, "");
    }
    check(value, at);
  }
}

// A cell as data of the specification: times as ISO 8601, what is not finite as null.
json cell_of(const Column& column, std::size_t row) {
  if (column.missing(row)) return nullptr;
  return std::visit(
      [](const auto& held) -> json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, Date>) {
          return format_date(held);
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          return format_timestamp(held);
        } else if constexpr (std::is_same_v<T, double>) {
          return std::isfinite(held) ? json(held) : json(nullptr);
        } else {
          return held;
        }
      },
      column.value(row));
}

}  // namespace

void draw_spec(Draft& draft) {
  if (!draft.options.has("spec")) {
    throw ArgumentError({.what = "figure 'spec' needs option 'spec'",
                         .expected = "a Vega-Lite specification without data"});
  }
  const Frame& frame = draft.input.frame;
  if (frame.rows() > kMostPoints) {
    throw ArgumentError({.what = "a specification gets at most 5,000 rows",
                         .where = "figure 'spec'",
                         .got = say_count(frame.rows()) + " rows",
                         .hint = "summarise the table first"});
  }
  json spec = draft.options.raw("spec");
  check(spec, "spec");
  std::vector<std::string> names = draft.columns("of");
  if (names.empty()) names = frame.schema().names();
  json rows = json::array();
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    json row = json::object();
    for (const std::string& name : names) row[name] = cell_of(frame.column(name), i);
    rows.push_back(std::move(row));
  }
  spec["data"] = {{"values", std::move(rows)}};
  for (const char* name : {"width", "height"}) {
    if (draft.options.has(name)) spec[name] = draft.options.number(name);
  }
  draft.figure.words = spec.contains("description") && spec["description"].is_string()
                           ? spec["description"].get<std::string>()
                           : "A figure of " + say_count(frame.rows(), "row", "rows") +
                                 " and the columns " + say_list(names) + ".";
  draft.figure.spec = std::move(spec);
}

}  // namespace impact::detail
