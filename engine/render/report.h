#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/study/results.h"
#include "engine/table/frame.h"

/// What a reader sees of a run, before it has a form: html_report.h draws it, report_json.h keeps
/// it. Texts are plain unless they say Markdown; nothing in them is ever read as HTML.
namespace impact {

/// One sentence of the summary, computed from its number.
struct Finding {
  std::string sentence = {};
  std::string about = {};  ///< Name of the declaration it speaks of; empty for none.
  std::vector<std::string> warnings = {};
};

/// A rule of the engine that the analysis breaks. Alarms stand above everything else.
struct Alarm {
  std::string rule = {};  ///< Short name: "subgroup reversal".
  std::string text = {};
  std::string about = {};  ///< As in Finding.
};

/// One box of a row of key figures, texts as they shall be read.
struct ReportValue {
  std::string label = {};
  std::string value = {};
  std::string note = {};  ///< A few words below the value; may be empty.
  std::vector<std::string> warnings = {};
};

/// One line of a table of estimates.
struct ReportEstimate {
  EstimateRow row = {};
  bool primary = false;
};

/// A Vega-Lite chart. Charts with the same `link` share their selections: a selection parameter
/// that several of them declare under one name has the same value in all.
struct ReportFigure {
  std::string spec = {};   ///< JSON text, data inline; empty: only the words are shown.
  std::string words = {};  ///< Alternative text: what the chart shows, for who cannot see it.
  std::string link = {};   ///< Empty: alone.
};

/// One piece of a report, in reading order.
struct ReportSection {
  enum class Kind {
    kHeading,
    kProse,
    kTable,
    kChecks,
    kFigure,
    kValues,
    kEstimates,
    kFindings,
  };
  Kind kind = Kind::kProse;
  /// Heading, Markdown (kProse: paragraphs, emphasis, code, links, lists, quotes, tables, headings)
  /// or caption.
  std::string text = {};
  int level = 1;                         ///< kHeading: 1 to 3.
  std::string node = {};                 ///< Declaration it shows; others link to it by name.
  Frame frame = {};                      ///< kTable.
  std::uint64_t all_rows = 0;            ///< kTable: rows of the table that `frame` begins; 0:
                                         ///< `frame` is all of it.
  std::vector<CheckRow> checks = {};     ///< kChecks.
  ReportFigure figure = {};              ///< kFigure.
  std::vector<ReportValue> values = {};  ///< kValues.
  std::vector<ReportEstimate> estimates = {};  ///< kEstimates.
  std::vector<Finding> findings = {};          ///< kFindings.
  std::vector<std::string> warnings = {};      ///< Any kind; shown at the section.
};

/// What became of the rows of one source.
struct DataFact {
  struct Step {
    std::string name = {};
    std::uint64_t rows = 0;     ///< Left after it.
    std::uint64_t dropped = 0;  ///< By it.
    std::string why = {};
  };
  std::string source = {};
  std::uint64_t rows_in = 0;
  std::vector<Step> steps = {};
};

/// How one declaration computes what it computes.
struct MethodNote {
  std::string node = {};
  std::string words = {};  ///< Markdown.
};

/// What a reader sees. Provenance is a list of (name, value) facts without times or machine paths,
/// so that equal runs give equal bytes.
struct Report {
  std::string title = {};
  std::string notice = {};  ///< First line, shown with emphasis; empty for none.
  std::vector<Finding> summary = {};
  std::vector<Alarm> alarms = {};
  std::vector<ReportSection> sections = {};
  std::vector<DataFact> data = {};
  std::vector<MethodNote> methods = {};
  std::vector<std::pair<std::string, std::string>> provenance = {};
};

}  // namespace impact
