#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/core/number.h"
#include "engine/render/html_parts.h"
#include "engine/render/html_text.h"
#include "engine/render/shown_number.h"

namespace impact {
namespace {

constexpr std::size_t kAtAGlance = 10;
constexpr int kDigits = 5;
constexpr double kWidth = 160;
constexpr double kHeight = 20;

// Rows with one axis answer one inquiry, or have one term where no inquiry was asked: other rows
// may have other units.
const std::string& axis_key(const ReportEstimate& item) {
  return item.row.inquiry.empty() ? item.row.estimate.term : item.row.inquiry;
}

// What the intervals on one axis span.
struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void take_in(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] bool empty() const { return !(low <= high); }
  [[nodiscard]] double place(double value) const {
    constexpr double kMargin = 4;
    const double span = high - low;
    const double part = span > 0 ? (value - low) / span : 0.5;
    return kMargin + std::clamp(part, 0.0, 1.0) * (kWidth - 2 * kMargin);
  }
  [[nodiscard]] bool holds(double value) const { return low <= value && value <= high; }
};

std::map<std::string, Axis> axes_of(const std::vector<ReportEstimate>& estimates) {
  std::map<std::string, Axis> axes;
  for (const ReportEstimate& item : estimates) {
    Axis& axis = axes[axis_key(item)];
    const Estimate& e = item.row.estimate;
    for (const double value : {e.estimate, e.conf_low, e.conf_high}) axis.take_in(value);
  }
  for (auto& [key, axis] : axes) {
    // Zero belongs to the picture unless it would squeeze the intervals.
    const double span = axis.high - axis.low;
    if (!axis.empty() && axis.low - span <= 0 && 0 <= axis.high + span) axis.take_in(0);
  }
  return axes;
}

std::string interval_drawing(const Estimate& e, const Axis& axis) {
  if (axis.empty() || !std::isfinite(e.estimate)) return "";
  std::string out = fmt::format(
      "<svg class=\"interval\" viewBox=\"0 0 {} {}\" aria-hidden=\"true\" focusable=\"false\">",
      kWidth, kHeight);
  constexpr double kMiddle = kHeight / 2;
  if (axis.holds(0)) {
    out += fmt::format("<line class=\"zero\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"0\" y2=\"{1}\"/>",
                       axis.place(0), kHeight);
  }
  // An end that is infinite runs out of the picture's side.
  if (!std::isnan(e.conf_low) && !std::isnan(e.conf_high)) {
    out += fmt::format("<line class=\"range\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>",
                       std::isfinite(e.conf_low) ? axis.place(e.conf_low) : 0,
                       std::isfinite(e.conf_high) ? axis.place(e.conf_high) : kWidth, kMiddle,
                       kMiddle);
  }
  return out + fmt::format("<circle class=\"point\" cx=\"{:.1f}\" cy=\"{}\" r=\"3.5\"/></svg>",
                           axis.place(e.estimate), kMiddle);
}

std::string number_cell(double value, const std::string& below = {}) {
  return fmt::format("<td class=\"number\" title=\"{}\">{}{}</td>", format_double(value),
                     std::isnan(value) ? R"(<span class="note">not defined</span>)"
                                       : shown_number(value, kPerCell, kDigits),
                     below);
}

std::string text_cell(const std::string& text, bool hidden = false) {
  return (hidden ? "<td hidden>" : "<td>") + escape_html(text) + "</td>";
}

// Fields of the download that the page has no room for.
std::string unseen_number(double value) { return "<td hidden>" + format_double(value) + "</td>"; }

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

struct Head {
  const char* name;   // In the download.
  const char* label;  // On the page; "" for one that is drawn or not seen.
  const char* type;
  bool hidden = false;
};

// Columns that say the same in every row.
struct Common {
  bool inquiry = false;
  bool node = false;
  bool term = false;
};

void append_heads(std::string& out, const Common& common) {
  const Head heads[] = {{"inquiry", "inquiry", "text", common.inquiry},
                        {"node", "estimator", "text", common.node},
                        {"term", "term", "text", common.term},
                        {"estimate", "estimate", "number"},
                        {"", "interval", "drawn"},
                        {"conf_low", "from", "number"},
                        {"conf_high", "to", "number"},
                        {"std_error", "std. error", "number"},
                        {"statistic", "", "number", true},
                        {"df", "", "number", true},
                        {"p_value", "p", "number"},
                        {"n", "n", "number"},
                        {"method", "method", "text"},
                        {"se_type", "", "text", true},
                        {"warnings", "", "text", true}};
  out += "<thead><tr>";
  for (const Head& head : heads) {
    const std::string_view type = head.type;
    out += "<th scope=\"col\"";
    if (type == "number") out += " class=\"number\"";
    out += type == "drawn" ? " data-drawn"
                           : fmt::format(" data-type=\"{}\" data-name=\"{}\"", type, head.name);
    out += fmt::format("{}>{}</th>", head.hidden ? " hidden" : "", head.label);
  }
  out += "</tr></thead>\n<tbody>\n";
}

void append_row(std::string& out, const ReportEstimate& item, const Axis& axis,
                const Common& common, Anchors& anchors) {
  const Estimate& e = item.row.estimate;
  std::string warnings;
  append_warnings(warnings, e.warnings);
  out += "<tr" + anchors.claimed_attribute(item.row.node) + ">";
  out += text_cell(item.row.inquiry, common.inquiry);
  out += fmt::format("<td title=\"{0}\"{2}>{0}{1}</td>", escape_html(item.row.node),
                     item.primary ? " <span class=\"badge\">primary</span>" : "",
                     common.node ? " hidden" : "");
  out += text_cell(e.term, common.term);
  out += number_cell(e.estimate, warnings);
  out += "<td>" + interval_drawing(e, axis) + "</td>";
  out += number_cell(e.conf_low) + number_cell(e.conf_high) + number_cell(e.std_error);
  out += unseen_number(e.statistic) + unseen_number(e.df) + number_cell(e.p_value);
  out += fmt::format("<td class=\"number\">{}</td>", e.n);
  out += fmt::format("<td class=\"words\" title=\"{}\">{}</td>", escape_html(e.method),
                     escape_html(e.se_type.empty() ? e.method : e.method + ", " + e.se_type));
  out += text_cell(e.se_type, true) + text_cell(joined(e.warnings), true) + "</tr>\n";
}

}  // namespace

void append_estimates(std::string& out, const std::string& title,
                      const std::vector<ReportEstimate>& estimates, Anchors& anchors) {
  // What is the same in every row stands once, above.
  const auto same = [&](auto text) {
    return std::all_of(estimates.begin(), estimates.end(), [&](const ReportEstimate& item) {
      return text(item) == text(estimates.front());
    });
  };
  const auto inquiry = [](const ReportEstimate& item) { return item.row.inquiry; };
  const auto term = [](const ReportEstimate& item) { return item.row.estimate.term; };
  // The caption of one declaration's rows is its name.
  const Common said{.inquiry = same(inquiry),
                    .node = !title.empty() &&
                            same([](const ReportEstimate& item) { return item.row.node; }) &&
                            !estimates.empty() && estimates.front().row.node == title,
                    .term = same(term)};
  const std::string caption = escape_html(title);
  out += "<figure>\n";
  if (!caption.empty()) out += "<figcaption>" + caption + "</figcaption>\n";
  std::string common;
  const auto add_common = [&](const char* what, const std::string& text) {
    if (text.empty()) return;
    common += (common.empty() ? "" : ", ") + fmt::format("{} {}", what, escape_html(text));
  };
  if (!estimates.empty() && said.inquiry) add_common("inquiry", inquiry(estimates.front()));
  if (!estimates.empty() && said.term) add_common("term", term(estimates.front()));
  if (!common.empty()) out += "<p class=\"note\">All rows: " + common + ".</p>\n";
  out += fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n"
      "<table class=\"data\" data-title=\"{0}\" data-file=\"{1}\"{2}>\n",
      caption.empty() ? "Estimates" : caption,
      escape_html(slug(title.empty() ? "estimates" : title)),
      estimates.size() <= kAtAGlance ? " data-plain" : "");
  append_heads(out, said);
  const std::map<std::string, Axis> axes = axes_of(estimates);
  for (const ReportEstimate& item : estimates) {
    append_row(out, item, axes.at(axis_key(item)), said, anchors);
  }
  out += "</tbody>\n</table>\n</div>\n</figure>\n";
}

}  // namespace impact
