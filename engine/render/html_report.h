#pragma once

#include <string>
#include <string_view>

#include "engine/render/report.h"

namespace impact {

/// One self-contained HTML page: no script, no request, light and dark, prints well. Every text is
/// escaped. Numbers are rounded to seven digits for reading, the exact value is in the cell's
/// tooltip; missing cells are visible. Tables show at most 200 rows and say so.
[[nodiscard]] std::string html_report(const Report& report);

/// Text safe inside an HTML element or a quoted attribute.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace impact
