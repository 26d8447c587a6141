#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/study/results.h"
#include "engine/table/frame.h"

namespace impact {

/// One piece of a report, in reading order.
struct ReportSection {
  enum class Kind { kHeading, kProse, kTable, kChecks };
  Kind kind = Kind::kProse;
  std::string text = {};  ///< Heading, prose (blank lines separate paragraphs) or caption.
  Frame frame = {};       ///< kTable.
  std::vector<CheckRow> checks = {};  ///< kChecks.
};

/// What a reader sees. Provenance is a list of (name, value) facts without times or machine paths,
/// so that equal runs give equal bytes.
struct Report {
  std::string title;
  std::string notice;  ///< First line, shown with emphasis; empty for none.
  std::vector<ReportSection> sections;
  std::vector<std::pair<std::string, std::string>> provenance;
};

/// One self-contained HTML page: no script, no request, light and dark, prints well. Every text is
/// escaped. Numbers are rounded to seven digits for reading, the exact value is in the cell's
/// tooltip; missing cells are visible. Tables show at most 200 rows and say so.
[[nodiscard]] std::string html_report(const Report& report);

/// Text safe inside an HTML element or a quoted attribute.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace impact
