#include "engine/render/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/number.h"

namespace impact {
namespace {

constexpr std::size_t kMostRows = 200;

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d8dee6;
  --ground: #ffffff; --band: #f5f7fa; --accent: #1f5fae; --good: #1a6e3c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa7b8; --line: #343d4a;
  --ground: #14181f; --band: #1b212b; --accent: #7db3f5; --good: #6fcf97; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 4rem; color: var(--ink);
  background: var(--ground); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
p { max-width: 46rem; margin: .6rem 0; }
.notice { border-left: 4px solid var(--bad); background: var(--band); padding: .6rem .9rem;
  margin: 0 0 1.5rem; max-width: none; font-weight: 600; }
figure { margin: 1.2rem 0 1.8rem; overflow-x: auto; }
figcaption { font-weight: 600; margin-bottom: .4rem; position: sticky; left: 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; white-space: nowrap; }
td.words { white-space: normal; min-width: 8rem; }
td.text { white-space: normal; min-width: 16rem; max-width: 34rem; overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid var(--soft); font-weight: 600; }
tbody tr:nth-child(even) { background: var(--band); }
.number { text-align: right; }
.missing { color: var(--soft); font-style: italic; }
.note { color: var(--soft); font-size: .85rem; }
.passed { color: var(--good); font-weight: 600; }
.failed { color: var(--bad); font-weight: 600; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); font-size: .85rem;
  color: var(--soft); }
footer dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
footer dt { font-weight: 600; }
footer dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; }
  figure { overflow: visible; } tr { break-inside: avoid; } table { font-size: 7.5pt; width: 100%; }
  td, th, td.text { white-space: normal; overflow-wrap: anywhere; min-width: 0; }
  td, th { padding: 2pt 3pt; } }
)";

constexpr int kPerCell = -1;
constexpr double kWideRange = 1e4;

// Decimals that give a value seven digits.
int decimals_for(double magnitude) {
  const int before_point =
      magnitude < 1 ? 1 : static_cast<int>(std::floor(std::log10(magnitude))) + 1;
  return std::clamp(7 - before_point, 0, 6);
}

// Decimals that give the largest cell of a column seven digits, so that its cells align; kPerCell
// where the cells differ so much in size that small ones would lose their digits.
int decimals_of(const Column& column) {
  double largest = 0;
  double smallest = std::numeric_limits<double>::infinity();
  bool whole = true;
  for (std::size_t row = 0; row < column.size(); ++row) {
    const double cell = std::abs(column.as_numbers()[row]);
    if (column.missing(row) || !std::isfinite(cell)) continue;
    largest = std::max(largest, cell);
    if (cell > 0) smallest = std::min(smallest, cell);
    whole = whole && cell == std::floor(cell);
  }
  if (whole && largest < 1e15) return 0;
  return largest > smallest * kWideRange ? kPerCell : decimals_for(largest);
}

std::string shown(double value, int decimals) {
  if (!std::isfinite(value)) return format_double(value);
  const double magnitude = std::abs(value);
  if (magnitude >= 1e15 || (value != 0 && magnitude < 1e-5)) return fmt::format("{:.6e}", value);
  if (decimals != kPerCell) return fmt::format("{:.{}f}", value, decimals);
  std::string text = fmt::format("{:.{}f}", value, decimals_for(magnitude));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string cell_html(const Column& column, std::size_t row, int decimals) {
  if (column.missing(row)) {
    return column.type().numeric() ? R"(<td class="number missing">missing</td>)"
                                   : R"(<td class="missing">missing</td>)";
  }
  const Value value = column.value(row);
  if (const double* number = std::get_if<double>(&value)) {
    return fmt::format(R"(<td class="number" title="{}">{}</td>)", format_double(*number),
                       shown(*number, decimals));
  }
  if (column.type().kind == TypeKind::kInteger) {
    return fmt::format(R"(<td class="number">{}</td>)", format_value(value));
  }
  // Dates and names stay on one line, a few words may take two, longer texts form a paragraph.
  const std::string text = format_value(value);
  const char* kind = text.size() > 40   ? R"( class="text")"
                     : text.size() > 16 ? R"( class="words")"
                                        : "";
  return fmt::format(R"(<td{}>{}</td>)", kind, escape_html(text));
}

void append_table(std::string& out, const Frame& frame, const std::string& caption) {
  out += "<figure>\n";
  if (!caption.empty()) out += fmt::format("<figcaption>{}</figcaption>\n", escape_html(caption));
  out += "<table>\n<thead><tr>";
  std::vector<int> decimals;
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    const ColumnInfo& info = frame.schema()[i];
    out += fmt::format(R"(<th scope="col"{}>{}</th>)",
                       info.type.numeric() ? R"( class="number")" : "", escape_html(info.name));
    decimals.push_back(info.type.kind == TypeKind::kNumber ? decimals_of(frame.column(i)) : 0);
  }
  out += "</tr></thead>\n<tbody>\n";
  const std::size_t rows = std::min(frame.rows(), kMostRows);
  for (std::size_t row = 0; row < rows; ++row) {
    out += "<tr>";
    for (std::size_t i = 0; i < frame.schema().size(); ++i) {
      out += cell_html(frame.column(i), row, decimals[i]);
    }
    out += "</tr>\n";
  }
  out += "</tbody>\n</table>\n";
  if (rows < frame.rows()) {
    out += fmt::format(R"(<p class="note">First {} of {} rows; results.json has them all.</p>)",
                       rows, frame.rows());
  }
  out += "</figure>\n";
}

void append_prose(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    const std::string_view paragraph = text.substr(0, end);
    if (paragraph.find_first_not_of(" \n") != std::string_view::npos) {
      out += fmt::format("<p>{}</p>\n", escape_html(paragraph));
    }
    text.remove_prefix(std::min(end + 2, text.size()));
  }
}

void append_checks(std::string& out, const std::vector<CheckRow>& checks) {
  out +=
      "<figure>\n<table>\n<thead><tr><th scope=\"col\">check</th><th scope=\"col\">outcome</th>"
      "<th scope=\"col\" class=\"number\">value</th></tr></thead>\n<tbody>\n";
  for (const auto& check : checks) {
    out += fmt::format(R"(<tr><td>{}</td><td class="{}">{}</td><td class="number">{}</td></tr>)"
                       "\n",
                       escape_html(check.node), check.passed ? "passed" : "failed",
                       check.passed ? "passed" : "failed", escape_html(format_value(check.value)));
  }
  out += "</tbody>\n</table>\n</figure>\n";
  for (const auto& check : checks) {
    if (!check.passed && check.rows.rows() > 0) {
      append_table(out, check.rows, fmt::format("Rows that failed '{}'", check.node));
    }
  }
}

void append_warnings(std::string& out, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    out += fmt::format("<p class=\"failed\">{}</p>\n", escape_html(warning));
  }
}

void append_findings(std::string& out, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    out += fmt::format("<p>{}</p>\n", escape_html(finding.sentence));
    append_warnings(out, finding.warnings);
  }
}

void append_values(std::string& out, const std::vector<ReportValue>& values) {
  out += "<dl>\n";
  for (const ReportValue& value : values) {
    out += fmt::format("<dt>{}</dt><dd>{} <span class=\"note\">{}</span></dd>\n",
                       escape_html(value.label), escape_html(value.value), escape_html(value.note));
    append_warnings(out, value.warnings);
  }
  out += "</dl>\n";
}

void append_estimates(std::string& out, const std::vector<ReportEstimate>& estimates) {
  for (const ReportEstimate& item : estimates) {
    const Estimate& e = item.row.estimate;
    out += fmt::format("<p>{}, {}: {} ({} to {})</p>\n", escape_html(item.row.node),
                       escape_html(e.term), format_double(e.estimate), format_double(e.conf_low),
                       format_double(e.conf_high));
    append_warnings(out, e.warnings);
  }
}

void append_section(std::string& out, const ReportSection& section) {
  switch (section.kind) {
    case ReportSection::Kind::kHeading:
      out += fmt::format("<h2>{}</h2>\n", escape_html(section.text));
      break;
    case ReportSection::Kind::kProse: append_prose(out, section.text); break;
    case ReportSection::Kind::kTable: append_table(out, section.frame, section.text); break;
    case ReportSection::Kind::kChecks: append_checks(out, section.checks); break;
    case ReportSection::Kind::kFigure:
      out += fmt::format("<figure><p>{}</p><figcaption>{}</figcaption></figure>\n",
                         escape_html(section.figure.words), escape_html(section.text));
      break;
    case ReportSection::Kind::kValues: append_values(out, section.values); break;
    case ReportSection::Kind::kEstimates: append_estimates(out, section.estimates); break;
    case ReportSection::Kind::kFindings: append_findings(out, section.findings); break;
  }
  append_warnings(out, section.warnings);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string html_report(const Report& report) {
  const std::string title = escape_html(report.title);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      title, kStyle);
  if (!report.notice.empty()) {
    out += fmt::format("<p class=\"notice\" role=\"note\">{}</p>\n", escape_html(report.notice));
  }
  out += fmt::format("<h1>{}</h1>\n", title);
  for (const Alarm& alarm : report.alarms) {
    out += fmt::format("<p class=\"notice\" role=\"alert\">{}: {}</p>\n", escape_html(alarm.rule),
                       escape_html(alarm.text));
  }
  append_findings(out, report.summary);
  for (const ReportSection& section : report.sections) append_section(out, section);
  for (const DataFact& fact : report.data) {
    out += fmt::format("<p>{}: {} rows</p>\n", escape_html(fact.source), fact.rows_in);
    for (const DataFact::Step& step : fact.steps) {
      out += fmt::format("<p>{}: {} rows left, {} dropped, {}</p>\n", escape_html(step.name),
                         step.rows, step.dropped, escape_html(step.why));
    }
  }
  for (const MethodNote& note : report.methods) append_prose(out, note.words);
  out += "</main>\n<footer>\n<h2>Provenance</h2>\n<dl>\n";
  for (const auto& [name, value] : report.provenance) {
    out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(name), escape_html(value));
  }
  return out + "</dl>\n</footer>\n</body>\n</html>\n";
}

}  // namespace impact
