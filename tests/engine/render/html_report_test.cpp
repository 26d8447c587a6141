#include "engine/render/html_report.h"

#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/support/sample_report.h"

namespace impact {
namespace {

using Kind = ReportSection::Kind;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::string page_of(ReportSection section) {
  Report report;
  report.title = "t";
  report.sections.push_back(std::move(section));
  return html_report(report);
}

// What stands between <main> and </main>.
std::string main_of(const std::string& html) {
  const auto begin = html.find("<main");
  return html.substr(begin, html.find("</main>") - begin);
}

TEST_CASE("a report escapes every text and asks for nothing outside itself") {
  Report report;
  report.title = "<script>alert(1)</script>";
  report.notice = "generated & invented";
  report.sections.push_back({.kind = Kind::kProse, .text = "one\n\ntwo <b>"});
  std::vector<Column> columns;
  columns.push_back(Column::text("<img src=x>", {0, 11}));
  columns.push_back(Column::numbers({501029.4527477102}));
  columns.push_back(Column::integers({0}, {0}));
  report.sections.push_back(
      {.kind = Kind::kTable, .text = "Table", .frame = Frame({"a", "b", "c"}, std::move(columns))});
  report.provenance = {{"engine", "0.1"}};
  const std::string html = html_report(report);
  const std::string main = main_of(html);

  CHECK_FALSE(has(main, "<script"));
  CHECK(has(html, "<title>&lt;script&gt;"));
  CHECK_FALSE(has(html, "<img"));
  CHECK_FALSE(has(html, "http:"));
  CHECK_FALSE(has(html, "https:"));
  CHECK(has(html, "default-src 'none'; script-src 'sha256-"));
  CHECK_FALSE(has(html, "unsafe-eval"));
  CHECK(has(html, "generated &amp; invented"));
  CHECK(has(main, "<p>one</p>"));
  CHECK(has(main, "<p>two &lt;b&gt;</p>"));
  CHECK(has(main, R"(title="501029.4527477102">501029.5<)"));
  CHECK(has(main, R"(<td class="number missing">missing</td>)"));
  CHECK_FALSE(has(html, "vegaEmbed"));  // No chart, no libraries.
  CHECK(html.size() < 60000);
}

TEST_CASE("equal reports give equal pages") {
  CHECK(html_report(sample_report()) == html_report(sample_report()));
}

TEST_CASE("numbers of one size align, numbers of very different size keep their digits") {
  const auto cells = [](std::vector<double> data) {
    std::vector<Column> columns;
    columns.push_back(Column::numbers(std::move(data)));
    return page_of({.kind = Kind::kTable, .frame = Frame({"x"}, std::move(columns))});
  };
  CHECK(has(cells({32.421731, 8.5}), ">8.50000<"));
  CHECK(has(cells({5627454067.3, 32.421731}), ">32.42173<"));
  CHECK(has(cells({5627454067.3, 32.421731}), ">5627454067<"));
  CHECK(has(cells({5627454067.3, -0.000151234567}), ">-0.0001512346<"));
  CHECK(has(cells({5627454067.3, 0.0}), ">0<"));
  CHECK(has(cells({3.0, 4.0}), R"(title="3.0">3<)"));
  CHECK(has(cells({1e-9, 4.5}), ">1.000000e-09<"));
}

TEST_CASE("a failed check is shown with its rows") {
  std::vector<Column> columns;
  columns.push_back(Column::integers({7}));
  const std::string html = page_of(
      {.kind = Kind::kChecks,
       .checks = {{"unique ids", false, std::int64_t{1}, Frame({"id"}, std::move(columns))}}});
  CHECK(has(html, R"(<td class="failed">failed</td>)"));
  CHECK(has(html, "Rows that failed &#39;unique ids&#39;"));
}

TEST_CASE("a long table is cut and says how long it is") {
  const auto table = [](std::size_t rows, std::uint64_t all) {
    std::vector<Column> columns;
    columns.push_back(Column::integers(std::vector<std::int64_t>(rows, 1)));
    return page_of(
        {.kind = Kind::kTable, .frame = Frame({"x"}, std::move(columns)), .all_rows = all});
  };
  CHECK_FALSE(has(table(10000, 0), "The first"));
  const std::string cut = table(10001, 0);
  CHECK(has(cut, "The first 10000 of 10001 rows"));
  CHECK(count(cut, "<tr><td class=\"number\">1</td>") == 10000);
  CHECK(has(table(3, 19382), "The first 3 of 19382 rows"));
}

TEST_CASE("alarms and warnings are shown where they belong") {
  const std::string main = main_of(html_report(sample_report()));
  const auto alarm = main.find(R"(<div class="alarm" role="alert">)");
  CHECK(alarm < main.find("<ul class=\"findings\">"));
  CHECK(has(main, R"(<a class="about" href="#node-welch">welch</a>)"));
  CHECK(has(main, R"(<tr id="node-welch">)"));
  CHECK(count(main, "id=\"node-welch\"") == 1);
  // Inside the cell of the estimate it concerns.
  CHECK(
      has(main, "590.25<p class=\"warning\"><strong>Warning:</strong> Only 209 verified authors"));
  CHECK(has(main, "10 videos without a month are left out."));
  CHECK(has(main, "Half of the views are imputed."));
  CHECK(has(main, "The gap is not the same in all groups."));
}

TEST_CASE("a page with charts carries libraries, licences and words") {
  const std::string html = html_report(sample_report());
  CHECK(count(html, "<script>") == 6);
  CHECK(count(html, "'sha256-") == 6);
  CHECK(has(html, "University of Washington Interactive Data Lab"));
  CHECK(has(html, "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS"));
  CHECK(has(html, "<p class=\"words\">Bars: claims outnumber opinions.</p>"));
  CHECK(has(html, R"(data-link="m")"));
  CHECK(has(html, R"(claim \u003c/script> 😀)"));
  CHECK_FALSE(has(html, "sourceMappingURL"));
  CHECK(html.size() < 1200000);
}

TEST_CASE("a chart that is not JSON is an error") {
  CHECK_THROWS_AS(page_of({.kind = Kind::kFigure, .figure = {"{\"mark\": }", "w", ""}}), DataError);
}

TEST_CASE("a figure without a chart shows its words") {
  const std::string html =
      page_of({.kind = Kind::kFigure, .text = "Later", .figure = {"", "Not drawn yet.", ""}});
  CHECK(has(html, "<figcaption>Later</figcaption>"));
  CHECK(has(html, "<p class=\"words\">Not drawn yet.</p>"));
  CHECK_FALSE(has(html, "vegaEmbed"));
}

TEST_CASE("an interval is drawn only where there is one") {
  ReportEstimate item;
  item.row.node = "e";
  const auto page = [&] { return page_of({.kind = Kind::kEstimates, .estimates = {item}}); };
  CHECK_FALSE(has(main_of(page()), "<svg"));
  CHECK(has(page(), R"(title="NaN"><span class="note">not defined<)"));
  item.row.estimate.estimate = 2;
  CHECK(has(main_of(page()), "<circle"));
  CHECK_FALSE(has(main_of(page()), "\"range\""));
  item.row.estimate.conf_low = 1;
  item.row.estimate.conf_high = std::numeric_limits<double>::infinity();
  CHECK(has(main_of(page()), R"(x2="160.0")"));
}

TEST_CASE("headings keep their ids apart and the contents list two levels") {
  Report report;
  report.title = "t";
  report.sections = {{.kind = Kind::kHeading, .text = "Data"},
                     {.kind = Kind::kHeading, .text = "Same", .level = 2},
                     {.kind = Kind::kHeading, .text = "Same", .level = 3},
                     {.kind = Kind::kHeading, .text = "Más & more"}};
  const std::string html = html_report(report);
  CHECK(has(html, R"(<h2 id="data-2">Data</h2>)"));
  CHECK(has(html, R"(<h3 id="same">Same</h3>)"));
  CHECK(has(html, R"(<h4 id="same-2">Same</h4>)"));
  CHECK(has(html, R"(<h2 id="más-more">Más &amp; more</h2>)"));
  CHECK(has(html,
            "<li><a href=\"#data-2\">Data</a>\n<ol>\n<li><a href=\"#same\">Same</a></li></ol></li>"
            "\n<li><a href=\"#más-more\">"));
}

}  // namespace
}  // namespace impact
