#include "engine/render/html_report.h"

#include <catch2/catch.hpp>

namespace impact {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a report escapes every text and asks for nothing outside itself") {
  Report report;
  report.title = "<script>alert(1)</script>";
  report.notice = "generated & invented";
  report.sections.push_back({.kind = ReportSection::Kind::kProse, .text = "one\n\ntwo <b>"});
  std::vector<Column> columns;
  columns.push_back(Column::text("<img src=x>", {0, 11}));
  columns.push_back(Column::numbers({501029.4527477102}));
  columns.push_back(Column::integers({0}, {0}));
  report.sections.push_back({.kind = ReportSection::Kind::kTable,
                             .text = "Table",
                             .frame = Frame({"a", "b", "c"}, std::move(columns))});
  report.provenance = {{"engine", "0.1"}};
  const std::string html = html_report(report);

  CHECK_FALSE(has(html, "<script"));
  CHECK_FALSE(has(html, "<img"));
  CHECK_FALSE(has(html, "http"));
  CHECK(has(html, "generated &amp; invented"));
  CHECK(has(html, "<p>one</p>"));
  CHECK(has(html, "<p>two &lt;b&gt;</p>"));
  CHECK(has(html, R"(title="501029.4527477102">501029.5<)"));
  CHECK(has(html, R"(<td class="number missing">missing</td>)"));
  CHECK(html.find("generated") < html.find("<h1>"));
}

TEST_CASE("numbers of one size align, numbers of very different size keep their digits") {
  const auto cells = [](std::vector<double> data) {
    std::vector<Column> columns;
    columns.push_back(Column::numbers(std::move(data)));
    Report report;
    report.sections.push_back(
        {.kind = ReportSection::Kind::kTable, .frame = Frame({"x"}, std::move(columns))});
    return html_report(report);
  };
  CHECK(has(cells({32.421731, 8.5}), ">8.50000<"));
  CHECK(has(cells({5627454067.3, 32.421731}), ">32.42173<"));
  CHECK(has(cells({5627454067.3, 32.421731}), ">5627454067<"));
  CHECK(has(cells({3.0, 4.0}), ">3<"));
  CHECK(has(cells({1e-9, 4.5}), ">1.000000e-09<"));
}

TEST_CASE("a failed check is shown with its rows") {
  Report report;
  report.title = "t";
  std::vector<Column> columns;
  columns.push_back(Column::integers({7}));
  report.sections.push_back(
      {.kind = ReportSection::Kind::kChecks,
       .checks = {{"unique ids", false, std::int64_t{1}, Frame({"id"}, std::move(columns))}}});
  const std::string html = html_report(report);
  CHECK(has(html, R"(<td class="failed">failed</td>)"));
  CHECK(has(html, "Rows that failed &#39;unique ids&#39;"));
}

TEST_CASE("a long table shows its first rows and says how many there are") {
  std::vector<std::int64_t> cells(1000, 1);
  std::vector<Column> columns;
  columns.push_back(Column::integers(std::move(cells)));
  Report report;
  report.sections.push_back(
      {.kind = ReportSection::Kind::kTable, .frame = Frame({"x"}, std::move(columns))});
  CHECK(has(html_report(report), "First 200 of 1000 rows"));
}

}  // namespace
}  // namespace impact
