#include "engine/render/report_json.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/render/html_report.h"
#include "engine/render/html_table.h"
#include "tests/support/sample_report.h"

namespace impact {
namespace {

using Kind = ReportSection::Kind;

Report table_report(Frame frame) {
  Report report;
  report.sections.push_back({.kind = Kind::kTable, .frame = std::move(frame)});
  return report;
}

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(read_report(text, "report.json"));
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a stored report draws the same page and is stored the same") {
  const Report report = sample_report();
  const std::string stored = report_json(report);
  const Report back = read_report(stored, "it");
  CHECK(html_report(back) == html_report(report));
  CHECK(report_json(back) == stored);
  CHECK(back.sections.size() == report.sections.size());
  CHECK(html_report(read_report(report_json({}), "it")) == html_report({}));
}

TEST_CASE("cells of every type come back") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<std::uint64_t> some{0b011111};
  std::vector<Column> columns;
  columns.push_back(Column::booleans({1, 0, 1, 1, 0, 1}, some));
  columns.push_back(Column::integers({std::numeric_limits<std::int64_t>::min(), -1, 0, 1,
                                      std::numeric_limits<std::int64_t>::max(), 5},
                                     some));
  columns.push_back(Column::numbers({-0.0, 0.1, kNan, kInfinity, -kInfinity, 5e-324}, some));
  columns.push_back(Column::texts({"", "null", "\"\\\n\r\t", "NaN", "é😀", "x"}, some));
  columns.push_back(Column::dates({-719162, -25568, 0, 19000, 2932896, 1}, some));
  columns.push_back(Column::timestamps({-1, 0, 1, 1718000000123456, -62135596800000000, 1}, some));
  columns.push_back(Column::categories(category_type({"b", "a"}), {0, 1, 0, 1, 0, 1}, some));
  const Report report = table_report({{"t", "i", "n", "s", "d", "u", "c"}, std::move(columns)});
  const Report back = read_report(report_json(report), "it");
  const Frame& was = report.sections[0].frame;
  const Frame& is = back.sections[0].frame;
  REQUIRE(is.schema() == was.schema());
  REQUIRE(is.rows() == 6);
  for (std::size_t i = 0; i < was.schema().size(); ++i) {
    for (std::size_t row = 0; row < 6; ++row) {
      CAPTURE(i, row);
      CHECK(is.column(i).missing(row) == (row == 5));
      CHECK(format_value(is.column(i).value(row)) == format_value(was.column(i).value(row)));
    }
  }
  CHECK(std::signbit(is.column(2).as_numbers()[0]));
}

TEST_CASE("values of checks keep their types") {
  for (const Value& value : {Value(), Value(true), Value(std::int64_t{3}), Value(3.0),
                             Value(std::string("3")), Value(std::string()), Value(Date{3}),
                             Value(Timestamp{3}), Value(std::numeric_limits<double>::infinity())}) {
    Report report;
    report.sections.push_back({.kind = Kind::kChecks, .checks = {{"c", true, value, {}}}});
    const Report back = read_report(report_json(report), "it");
    CHECK(back.sections.at(0).checks.at(0).value == value);
  }
}

TEST_CASE("a long table keeps what its page shows") {
  const Report report =
      table_report({{"x"}, [] {
                      std::vector<Column> one;
                      one.push_back(Column::integers(std::vector<std::int64_t>(kMostRows + 5, 7)));
                      return one;
                    }()});
  const Report back = read_report(report_json(report), "it");
  CHECK(back.sections[0].frame.rows() == kMostRows);
  CHECK(back.sections[0].all_rows == kMostRows + 5);
  CHECK(html_report(back) == html_report(report));
}

TEST_CASE("what is no stored report is refused with its name") {
  using Catch::Contains;
  CHECK_THAT(error_of("{"), Contains("report.json"));
  CHECK_THAT(error_of("[]"), Contains("no version"));
  CHECK_THAT(error_of("{\"title\": \"t\"}"), Contains("expected: version 1"));
  CHECK_THAT(error_of("{\"version\": 2}"), Contains("version 2"));
  const auto with = [](const std::string& rest) {
    return error_of("{\"version\": 1, " + rest + "}");
  };
  CHECK_THAT(with("\"tilte\": \"t\""), Contains("no other members"));
  CHECK_THAT(with("\"title\": 3"), Contains("'title'") && Contains("report.json"));
  CHECK_THAT(with("\"sections\": {}"), Contains("a list"));
  CHECK_THAT(with("\"sections\": [{\"kind\": \"picture\"}]"), Contains("a kind of section"));
  CHECK_THAT(with("\"sections\": [{\"level\": 1e9}]"), Contains("'level'"));
  CHECK_THAT(with("\"data\": [{\"rows_in\": -1}]"), Contains("a count"));
  const auto cells = [&](const std::string& column) {
    return with("\"sections\": [{\"kind\": \"table\", \"frame\": {\"columns\": [" + column +
                "]}}]");
  };
  CHECK_THAT(cells("{\"name\": \"x\", \"type\": \"integer\", \"cells\": [1.5]}"),
             Contains("an integer"));
  CHECK_THAT(cells("{\"name\": \"x\", \"type\": \"date\", \"cells\": [9999999999]}"),
             Contains("in range"));
  CHECK_THAT(cells("{\"name\": \"x\", \"type\": \"number\", \"cells\": [\"1\"]}"),
             Contains("a number"));
  CHECK_THAT(
      cells("{\"name\": \"x\", \"type\": \"category\", \"levels\": [\"a\"], \"cells\": [1]}"),
      Contains("position of a level"));
  CHECK_THAT(cells("{\"name\": \"x\", \"type\": \"things\", \"cells\": []}"), Contains("things"));
  CHECK_THAT(cells("{\"name\": \"x\", \"cells\": []}"), Contains("damaged"));
}

}  // namespace
}  // namespace impact
