#pragma once

#include <string>

#include "engine/render/report.h"

namespace impact {

/// One self-contained HTML page that asks for nothing outside itself, which its policy enforces.
/// Light, dark and print; readable without scripts, which add sorting, filters, download and the
/// charts (a chart's words stand in its place). Every text is escaped. Equal reports give equal
/// bytes. Throws DataError when a figure's specification is not JSON.
[[nodiscard]] std::string html_report(const Report& report);

}  // namespace impact
