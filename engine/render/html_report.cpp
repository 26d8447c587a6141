#include "engine/render/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/render/figure.h"
#include "engine/render/html_parts.h"
#include "engine/render/html_table.h"
#include "engine/render/html_text.h"
#include "engine/render/markdown.h"
#include "engine/render/page_script.h"
#include "engine/render/report_assets.h"

namespace impact {
namespace {

using Kind = ReportSection::Kind;

// One line of the table of contents.
struct Entry {
  int level = 1;  // 1 or 2.
  std::string id;
  std::string text;
};

// The body of a page, and what its head and contents must know of it.
class Page {
 public:
  explicit Page(const Report& report) : report_(report), anchors_(report) {
    summary();
    for (const ReportSection& section : report.sections) append(section);
    if (!report.data.empty()) {
      fixed_heading("data", "Data");
      append_data(main_, report.data);
    }
    if (!report.methods.empty()) {
      fixed_heading("methods", "Methods");
      append_methods(main_, report.methods, anchors_);
    }
  }

  [[nodiscard]] const std::string& main() const { return main_; }
  [[nodiscard]] bool charts() const { return charts_; }

  [[nodiscard]] std::string contents() const {
    std::string out = "<nav class=\"contents\" aria-label=\"Contents\">\n<p>Contents</p>\n<ol>";
    bool inner = false;
    bool first = true;
    for (const Entry& entry : entries_) {
      const bool deep = entry.level == 2 && !first;
      if (deep && !inner) out += "\n<ol>";
      if (!deep && inner) out += "</li></ol>";
      if (!first && (deep == inner || !deep)) out += "</li>";
      out += fmt::format("\n<li><a href=\"#{}\">{}</a>", escape_html(entry.id),
                         escape_html(entry.text));
      inner = deep;
      first = false;
    }
    if (inner) out += "</li></ol>";
    return out + (first ? "" : "</li>") +
           "\n<li><a href=\"#provenance\">Provenance</a></li>\n</ol>\n</nav>\n";
  }

 private:
  void fixed_heading(const std::string& id, const std::string& text) {
    main_ += fmt::format("<h2 id=\"{}\">{}</h2>\n", id, text);
    entries_.push_back({1, id, text});
  }

  void summary() {
    if (report_.alarms.empty() && report_.summary.empty()) return;
    fixed_heading("summary", "Summary");
    append_alarms(main_, report_.alarms, anchors_);
    append_findings(main_, report_.summary, anchors_);
  }

  void heading(const ReportSection& section) {
    level_ = std::clamp(section.level, 1, 3);
    const std::string id = section.node.empty() ? "" : anchors_.claim(section.node);
    const std::string used = id.empty() ? anchors_.fresh(section.text) : id;
    main_ += fmt::format("<h{0} id=\"{1}\">{2}</h{0}>\n", level_ + 1, escape_html(used),
                         escape_html(section.text));
    if (level_ <= 2) entries_.push_back({level_, used, section.text});
  }

  void append(const ReportSection& section) {
    switch (section.kind) {
      case Kind::kHeading: heading(section); break;
      case Kind::kProse:
        main_ += "<div class=\"prose\"" + anchors_.claimed_attribute(section.node) + ">\n" +
                 markdown_html(section.text, level_ + 2, anchors_) + "</div>\n";
        break;
      case Kind::kTable: table(section); break;
      case Kind::kChecks: append_checks(main_, section.text, section.checks, anchors_); break;
      case Kind::kFigure:
        if (!section.figure.spec.empty()) {
          static_cast<void>(parse_json(section.figure.spec, "a figure's specification"));
          charts_ = true;
        }
        append_figure(main_, section, anchors_);
        break;
      case Kind::kValues: append_values(main_, section.values); break;
      case Kind::kEstimates:
        append_estimates(main_, section.text, section.estimates, anchors_);
        break;
      case Kind::kFindings: append_findings(main_, section.findings, anchors_); break;
    }
    append_warnings(main_, section.warnings);
  }

  void table(const ReportSection& section) {
    const std::string& name = section.node.empty() ? section.text : section.node;
    append_table(main_, section.frame,
                 {.caption = section.text,
                  .file = slug(name.empty() ? "table" : name),
                  .id = anchors_.claim(section.node),
                  .all_rows = section.all_rows});
  }

  const Report& report_;
  Anchors anchors_;
  std::string main_;
  std::vector<Entry> entries_;
  int level_ = 1;
  bool charts_ = false;
};

std::string_view asset(std::string_view name) { return find_embedded(report_assets(), name)->text; }

// Colours for both modes; nothing in them closes the element.
std::string chart_themes() {
  return "<script type=\"application/json\" id=\"chart-themes\">{\"light\":" +
         canonical_json(theme(false)) + ",\"dark\":" + canonical_json(theme(true)) + "}</script>\n";
}

std::string footer(const Report& report, bool charts) {
  std::string out = "<footer>\n<h2 id=\"provenance\">Provenance</h2>\n<dl class=\"facts\">\n";
  for (const auto& [name, value] : report.provenance) {
    out += "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd>\n";
  }
  out += "</dl>\n";
  if (charts) {
    out +=
        "<p>Charts are drawn by Vega, Vega-Lite and Vega-Embed (University of Washington "
        "Interactive Data Lab, BSD 3-clause); this file carries them and their licences.</p>\n";
  }
  return out + "</footer>\n";
}

}  // namespace

std::string html_report(const Report& report) {
  const Page page(report);
  const PageScripts scripts = page_scripts(page.charts());
  const std::string title = escape_html(report.title);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {}; "
      "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n"
      "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
      "<div class=\"page with-contents\">\n<header>\n<h1>{}</h1>\n</header>\n",
      scripts.hashes, title, asset("report.css"), title);
  if (!report.notice.empty()) {
    out += "<p class=\"notice\" role=\"note\">" + escape_html(report.notice) + "</p>\n";
  }
  out += page.contents();
  out += "<main id=\"content\" tabindex=\"-1\">\n" + page.main() + "</main>\n";
  out += footer(report, page.charts()) + "</div>\n";
  if (page.charts()) out += chart_themes();
  return out + scripts.elements + "</body>\n</html>\n";
}

}  // namespace impact
