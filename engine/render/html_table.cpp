#include "engine/render/html_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/number.h"
#include "engine/render/html_text.h"
#include "engine/render/shown_number.h"

namespace impact {
namespace {

// Shorter tables are seen at a glance and need no search.
constexpr std::size_t kAtAGlance = 5;

void append_cell(std::string& out, const Column& column, std::size_t row, int decimals) {
  if (column.missing(row)) {
    out += column.type().numeric() ? R"(<td class="number missing">missing</td>)"
                                   : R"(<td class="missing">missing</td>)";
    return;
  }
  const Value value = column.value(row);
  if (const double* number = std::get_if<double>(&value)) {
    const std::string exact = format_double(*number);
    const std::string shown = shown_number(*number, decimals);
    out += R"(<td class="number")";
    if (exact != shown) out += " title=\"" + exact + "\"";
    out += ">" + shown + "</td>";
    return;
  }
  const std::string text = format_value(value);
  // Dates and names stay on one line, a few words may take two, longer texts form a paragraph.
  const char* kind = column.type().numeric() ? R"( class="number")"
                     : text.size() > 40      ? R"( class="text")"
                     : text.size() > 16      ? R"( class="words")"
                                             : "";
  out += "<td" + std::string(kind) + ">" + escape_html(text) + "</td>";
}

void append_head(std::string& out, const ColumnInfo& info) {
  const TypeKind kind = info.type.kind;
  const bool time = kind == TypeKind::kDate || kind == TypeKind::kTimestamp;
  out += R"(<th scope="col")";
  if (info.type.numeric()) out += R"( class="number")";
  out += fmt::format(R"( data-type="{}")", info.type.numeric() ? "number" : time ? "date" : "text");
  if (kind == TypeKind::kCategory) {
    out +=
        " data-levels=\"" + escape_html(canonical_json(nlohmann::json(*info.type.levels))) + "\"";
  }
  out += ">" + escape_html(info.name) + "</th>";
}

}  // namespace

void append_table(std::string& out, const Frame& frame, const TableText& text) {
  out += text.id.empty() ? "<figure>\n" : "<figure id=\"" + escape_html(text.id) + "\">\n";
  const std::string caption = escape_html(text.caption);
  if (!caption.empty()) out += "<figcaption>" + caption + "</figcaption>\n";
  const std::size_t rows = std::min(frame.rows(), kMostRows);
  out += fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n"
      "<table class=\"data\" data-title=\"{0}\" data-file=\"{1}\"{2}>\n<thead><tr>",
      caption.empty() ? "Table" : caption, escape_html(text.file),
      rows <= kAtAGlance ? " data-plain" : "");
  std::vector<int> decimals;
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    const ColumnInfo& info = frame.schema()[i];
    append_head(out, info);
    decimals.push_back(info.type.kind == TypeKind::kNumber ? column_decimals(frame.column(i)) : 0);
  }
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < rows; ++row) {
    out += "<tr>";
    for (std::size_t i = 0; i < decimals.size(); ++i) {
      append_cell(out, frame.column(i), row, decimals[i]);
    }
    out += "</tr>\n";
  }
  out += "</tbody>\n</table>\n</div>\n";
  const std::uint64_t all = std::max<std::uint64_t>(text.all_rows, frame.rows());
  if (rows < all) {
    out += fmt::format(
        "<p class=\"note\">The first {} of {} rows; search, filters and download see these. "
        "results.json has them all.</p>\n",
        rows, all);
  }
  out += "</figure>\n";
}

}  // namespace impact
