#include "engine/render/html_parts.h"

#include <fmt/format.h>

#include "engine/render/html_table.h"
#include "engine/render/html_text.h"
#include "engine/render/markdown.h"

namespace impact {
namespace {

// " (see <name>)" where the page shows the declaration.
std::string reference(const std::string& about, const Anchors& anchors) {
  const std::string link = anchors.link(about);
  if (link.empty()) return "";
  return fmt::format(" <a class=\"about\" href=\"{}\">{}</a>", escape_html(link),
                     escape_html(about));
}

std::string table_head(const std::string& title, const std::string& file, bool plain) {
  std::string out = "<figure>\n";
  const std::string caption = escape_html(title);
  if (!caption.empty()) out += "<figcaption>" + caption + "</figcaption>\n";
  return out + fmt::format(
                   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n"
                   "<table class=\"data\" data-title=\"{0}\" data-file=\"{1}\"{2}>\n",
                   caption.empty() ? escape_html(file) : caption, escape_html(file),
                   plain ? " data-plain" : "");
}

constexpr const char* kTableEnd = "</tbody>\n</table>\n</div>\n</figure>\n";
constexpr std::size_t kAtAGlance = 10;

// "12,345".
std::string grouped(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string count_cell(std::uint64_t count) {
  return fmt::format("<td class=\"number\" title=\"{}\">{}</td>", count, grouped(count));
}

}  // namespace

void append_alarms(std::string& out, const std::vector<Alarm>& alarms, const Anchors& anchors) {
  for (const Alarm& alarm : alarms) {
    out += "<div class=\"alarm\" role=\"alert\"><strong>Alarm, " + escape_html(alarm.rule) +
           ":</strong> " + escape_html(alarm.text) + reference(alarm.about, anchors) + "</div>\n";
  }
}

void append_findings(std::string& out, const std::vector<Finding>& findings,
                     const Anchors& anchors) {
  if (findings.empty()) return;
  out += "<ul class=\"findings\">\n";
  for (const Finding& finding : findings) {
    out += "<li>" + escape_html(finding.sentence) + reference(finding.about, anchors);
    append_warnings(out, finding.warnings);
    out += "</li>\n";
  }
  out += "</ul>\n";
}

void append_values(std::string& out, const std::vector<ReportValue>& values) {
  out += "<dl class=\"values\">\n";
  for (const ReportValue& value : values) {
    out += "<div><dt>" + escape_html(value.label) + "</dt>\n<dd><span class=\"value\">" +
           escape_html(value.value) + "</span>";
    if (!value.note.empty())
      out += "<br><span class=\"note\">" + escape_html(value.note) + "</span>";
    append_warnings(out, value.warnings);
    out += "</dd></div>\n";
  }
  out += "</dl>\n";
}

void append_checks(std::string& out, const std::string& title, const std::vector<CheckRow>& checks,
                   Anchors& anchors) {
  out += table_head(title, "checks", checks.size() <= kAtAGlance);
  out +=
      "<thead><tr><th scope=\"col\" data-type=\"text\">check</th><th scope=\"col\" "
      "data-type=\"text\">outcome</th><th scope=\"col\" data-type=\"number\" class=\"number\">value"
      "</th></tr></thead>\n<tbody>\n";
  for (const CheckRow& check : checks) {
    const char* outcome = check.passed ? "passed" : "failed";
    out +=
        fmt::format("<tr{}><td>{}</td><td class=\"{}\">{}</td><td class=\"number\">{}</td></tr>\n",
                    anchors.claimed_attribute(check.node), escape_html(check.node), outcome,
                    outcome, escape_html(format_value(check.value)));
  }
  out += kTableEnd;
  for (const CheckRow& check : checks) {
    if (check.passed || check.rows.rows() == 0) continue;
    append_table(
        out, check.rows,
        {.caption = fmt::format("Rows that failed '{}'", check.node), .file = slug(check.node)});
  }
}

void append_figure(std::string& out, const ReportSection& section, Anchors& anchors) {
  const ReportFigure& figure = section.figure;
  const std::string& name = section.node.empty() ? section.text : section.node;
  const bool drawn = !figure.spec.empty();
  out += "<figure";
  if (drawn) out += " class=\"chart\" data-file=\"" + escape_html(slug(name)) + "\"";
  if (drawn && !figure.link.empty()) out += " data-link=\"" + escape_html(figure.link) + "\"";
  out += anchors.claimed_attribute(section.node) + ">\n";
  if (!section.text.empty()) {
    out += "<figcaption>" + escape_html(section.text) + "</figcaption>\n";
  }
  if (drawn) out += "<div class=\"plot\"></div><div class=\"on-paper\"></div>\n";
  out += "<p class=\"words\">" + escape_html(figure.words) + "</p>\n";
  if (drawn) {
    out += "<script type=\"application/json\">";
    // In JSON "<" stands only inside strings.
    for (const char c : figure.spec) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
    out += "</script>\n";
  }
  out += "</figure>\n";
}

void append_data(std::string& out, const std::vector<DataFact>& facts) {
  for (const DataFact& fact : facts) {
    out += table_head(fact.source, "rows of " + slug(fact.source), true);
    out +=
        "<thead><tr><th scope=\"col\" data-type=\"text\">step</th><th scope=\"col\" "
        "class=\"number\" "
        "data-type=\"number\">rows</th><th scope=\"col\" class=\"number\" data-type=\"number\">"
        "dropped</th><th scope=\"col\" data-type=\"text\">why</th></tr></thead>\n<tbody>\n";
    out += "<tr><td>rows in</td>" + count_cell(fact.rows_in) +
           "<td class=\"number missing\"></td><td></td></tr>\n";
    for (const DataFact::Step& step : fact.steps) {
      out += "<tr><td>" + escape_html(step.name) + "</td>" + count_cell(step.rows) +
             count_cell(step.dropped) + "<td class=\"text\">" + escape_html(step.why) +
             "</td></tr>\n";
    }
    out += kTableEnd;
  }
}

void append_methods(std::string& out, const std::vector<MethodNote>& notes, Anchors& anchors) {
  for (const MethodNote& note : notes) {
    out += fmt::format("<div class=\"prose\"{}>\n<h3>{}</h3>\n{}</div>\n",
                       anchors.claimed_attribute(note.node), escape_html(note.node),
                       markdown_html(note.words, 4, anchors));
  }
}

}  // namespace impact
