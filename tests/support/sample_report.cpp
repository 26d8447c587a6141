#include "tests/support/sample_report.h"

#include <cmath>
#include <limits>

namespace impact {
namespace {

using Kind = ReportSection::Kind;

constexpr const char* kProse = R"(
The *gap* between **verified** and other authors is [real](#welch), but see the
[sources](https://example.org/data?a=1&b=2), `code <b>` and <script>alert("no")</script>.

1. first
2. second, with ~~nothing~~ <i>raw</i> HTML
   - nested

> A quotation that a reader
> should find.

## A heading inside

| group | mean |
|---|---:|
| claim | 501029.45 |
| opinion | 4956.43 |

[a link that is refused](javascript:alert) and ![an image](https://example.org/x.png).
)";

// Two linked charts of one table: a brush over the months filters the bars.
constexpr const char* kData = R"("data": {"values": [
  {"m": 1, "s": "claim", "v": 30}, {"m": 1, "s": "opinion", "v": 8},
  {"m": 2, "s": "claim", "v": 41}, {"m": 2, "s": "opinion", "v": 7},
  {"m": 3, "s": "claim", "v": 38}, {"m": 3, "s": "opinion", "v": 11},
  {"m": 4, "s": "claim", "v": 52}, {"m": 4, "s": "opinion", "v": 9},
  {"m": 5, "s": "claim </script> 😀", "v": 20}, {"m": 6, "s": "opinion", "v": 12}]},)";

std::string months_chart() {
  return R"({"$schema": "https://vega.github.io/schema/vega-lite/v6.json", )" + std::string(kData) +
         R"("width": 420, "height": 180,
  "params": [{"name": "months", "select": {"type": "interval", "encodings": ["x"]}}],
  "mark": "bar", "encoding": {
    "x": {"field": "m", "type": "quantitative", "bin": {"step": 1}, "title": "month"},
    "y": {"field": "v", "type": "quantitative", "aggregate": "sum", "title": "videos"}}})";
}

std::string status_chart() {
  return R"({"$schema": "https://vega.github.io/schema/vega-lite/v6.json", )" + std::string(kData) +
         R"("width": 420, "height": 120, "params": [{"name": "months", "select": {"type": "point",
  "fields": ["m"], "on": "never", "clear": false}}],
  "transform": [{"filter": {"param": "months"}}],
  "mark": "bar", "encoding": {
    "y": {"field": "s", "type": "nominal", "title": "status"},
    "x": {"field": "v", "type": "quantitative", "aggregate": "sum", "title": "videos"},
    "color": {"field": "s", "type": "nominal", "legend": null}}})";
}

Frame videos() {
  constexpr std::size_t kRows = 120;
  std::vector<std::int64_t> ids;
  std::vector<double> views;
  std::vector<std::string> captions;
  std::vector<std::int32_t> days;
  std::vector<std::int32_t> codes;
  std::vector<std::uint64_t> some(2, ~std::uint64_t{0});
  const std::string odd[] = {"a </script><script>alert(1)</script>",
                             "quotes \"double\" and 'single'",
                             "emoji 😀🏳️‍🌈, commas, and\nlines",
                             "שלום עולם, מה שלומך היום",
                             "=1+1",
                             "missing",
                             "plain"};
  for (std::size_t i = 0; i < kRows; ++i) {
    ids.push_back(9007199254740993 + static_cast<std::int64_t>(i));
    views.push_back(std::sqrt(static_cast<double>(i * i * i) + 0.1) * 3);
    captions.push_back(odd[i % 7]);
    days.push_back(static_cast<std::int32_t>(19000 + i * 17 % 200));
    codes.push_back(static_cast<std::int32_t>(i % 3));
  }
  some[0] &= ~(std::uint64_t{1} << 5U);
  views[7] = std::numeric_limits<double>::quiet_NaN();
  std::vector<Column> columns;
  columns.push_back(Column::integers(std::move(ids)));
  columns.push_back(Column::numbers(std::move(views), some));
  columns.push_back(Column::texts(captions, some));
  columns.push_back(Column::dates(std::move(days)));
  columns.push_back(
      Column::categories(category_type({"small", "medium", "large"}), std::move(codes)));
  return {{"video \"id\"", "views", "caption <text>", "posted", "tier"}, std::move(columns)};
}

ReportEstimate estimate(const std::string& node, double value, double error,
                        std::vector<std::string> warnings = {}) {
  Estimate e;
  e.term = "verified";
  e.estimate = value;
  e.std_error = error;
  e.statistic = value / error;
  e.df = 1571.16;
  e.p_value = std::erfc(std::abs(e.statistic) / std::sqrt(2.0));
  e.conf_low = value - 1.96 * error;
  e.conf_high = value + 1.96 * error;
  e.n = 19084;
  e.method = "welch";
  e.se_type = "neyman";
  e.warnings = std::move(warnings);
  return {.row = {.node = node, .inquiry = "gap in views", .estimate = e},
          .primary = node == "welch"};
}

ReportSection heading(std::string text, int level = 1) {
  return {.kind = Kind::kHeading, .text = std::move(text), .level = level};
}

}  // namespace

Report sample_report() {
  Report report;
  report.title = "Claims & opinions: <who> is seen?";
  report.notice = "These results come from generated data, not from real ones.";
  report.alarms = {{"subgroup dissolves",
                    "The gap of 174,000 views vanishes inside claims (+590, p 0.98) and inside "
                    "opinions (-23, p 0.81).",
                    "welch"}};
  report.summary = {{"Videos of verified authors are seen 174,000 times less often.",
                     "welch",
                     {"The gap is not the same in all groups."}},
                    {"A claim is seen a hundred times more often than an opinion.", "", {}}};
  auto& sections = report.sections;
  sections.push_back({.kind = Kind::kValues,
                      .values = {{"Videos", "19,382", "298 without a status", {}},
                                 {"Claims", "50.3 %", "of the videos with a status", {}},
                                 {"Median views", "9,954", "", {"Half of the views are imputed."}},
                                 {"Authors", "not recorded", "", {}}}});
  sections.push_back(heading("Who is seen?"));
  sections.push_back({.text = kProse});
  sections.push_back(heading("Views", 2));
  sections.push_back(
      {.kind = Kind::kFigure,
       .text = "Videos a month",
       .node = "months",
       .figure = {months_chart(), "Bars: 38 videos in January to 12 in June.", "m"}});
  sections.push_back({.kind = Kind::kFigure,
                      .text = "Videos by status",
                      .figure = {status_chart(), "Bars: claims outnumber opinions.", "m"},
                      .warnings = {"10 videos without a month are left out."}});
  sections.push_back(heading("Estimates", 2));
  sections.push_back({.kind = Kind::kEstimates,
                      .text = "Gap in views",
                      .estimates = {estimate("welch", -174000.123456789, 6826.5),
                                    estimate("within claims", 590.25, 19400,
                                             {"Only 209 verified authors make claims."}),
                                    estimate("within opinions", -23.5, 97)}});
  sections.push_back(heading("Videos"));
  sections.push_back({.kind = Kind::kTable,
                      .text = "Some videos",
                      .node = "videos",
                      .frame = videos(),
                      .all_rows = 19382});
  std::vector<Column> rows;
  rows.push_back(Column::integers({7, 7}));
  sections.push_back({.kind = Kind::kChecks,
                      .text = "Checks",
                      .checks = {{"unique ids", false, std::int64_t{2}, {{"id"}, std::move(rows)}},
                                 {"views are counts", true, 0.0, {}}}});
  sections.push_back(
      {.kind = Kind::kFindings, .findings = {{"Nothing else stands out.", "months", {}}}});
  report.data = {{"videos.csv",
                  19382,
                  {{"status is known", 19084, 298, "298 rows lack every count"},
                   {"views > 0", 19084, 0, ""}}}};
  report.methods = {{"welch", "Difference in means with **Welch's** standard error."},
                    {"months", "Counts of videos by month of posting."}};
  report.provenance = {{"Study", "sample 1.0.0"}, {"Seed", "20240611"}};
  return report;
}

}  // namespace impact
