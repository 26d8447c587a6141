#include "engine/table/describe.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

struct Described : Tables {
  RelationPtr t = table(
      {"id", "x", "g"},
      {{i(1), 2.0, s("b")}, {i(2), kMissing, s("a")}, {i(3), 1.0, s("b")}, {i(4), 4.0, kMissing}},
      {"id"});
  std::string cell(const Frame& frame, const char* column, std::size_t row) {
    return format_value(frame.column(column).value(row));
  }
};

TEST_CASE_METHOD(Described, "describe gives one row a column") {
  const Frame d = describe(t, context);
  CHECK(d.rows() == 3);
  CHECK(cell(d, "column", 1) == "x");
  CHECK(cell(d, "count", 1) == "3");
  CHECK(cell(d, "missing", 1) == "1");
  CHECK(cell(d, "mean", 0) == "2.5");
  CHECK(cell(d, "sd", 0) == "1.2909944487358056");
  CHECK(cell(d, "min", 1) == "1.0");
  CHECK(cell(d, "q25", 0) == "1.75");
  CHECK(cell(d, "median", 1) == "2.0");
  CHECK(cell(d, "q75", 1) == "3.0");
  CHECK(cell(d, "max", 0) == "4.0");
  CHECK(cell(d, "distinct", 0) == "missing");
  CHECK(cell(d, "mean", 2) == "missing");
  CHECK(cell(d, "distinct", 2) == "2");
  CHECK(cell(d, "top", 2) == "b");
}

TEST_CASE_METHOD(Described,
                 "as relations they are lazy, composable and the same plan on other data") {
  const auto lazy = description(t);
  CHECK(backend->collect(lazy, context).schema() == describe(t, context).schema());
  CHECK(text(select(filter(column_info(t), call("eq", {column("column"), literal(s("x"))})),
                    {{"missing", column("missing")}})) == "missing|1");
  CHECK(backend->collect(lazy, context).rows() == 3);
  CHECK(to_json(*lazy) != to_json(*column_info(t)));
}

TEST_CASE_METHOD(Described, "info and shape") {
  const Frame n = info(t, context);
  CHECK(cell(n, "type", 0) == "integer");
  CHECK(cell(n, "type", 2) == "text");
  CHECK(cell(n, "missing", 2) == "1");
  CHECK(cell(n, "distinct", 1) == "3");
  CHECK(cell(n, "min", 2) == "a");
  const Shape size = shape(t, context);
  CHECK(size.rows == 4);
  CHECK(size.columns == 3);
  CHECK(size.incomplete_rows == 2);
  const Shape none = shape(filter(t, call("gt", {column("id"), literal(i(9))})), context);
  CHECK(none.rows == 0);
  CHECK(none.incomplete_rows == 0);
}

TEST_CASE_METHOD(Described, "describe and info take more columns than one query") {
  constexpr std::size_t kWidth = 1000;
  std::vector<std::string> names;
  std::vector<std::vector<Value>> rows(3);
  for (std::size_t c = 0; c < kWidth; ++c) {
    names.push_back("c" + std::to_string(c));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto value = static_cast<std::int64_t>(c * (r + 1));
      if (c % 3 == 2) {
        rows[r].emplace_back(s("w" + std::to_string(value)));
      } else if (c % 3 == 0) {
        rows[r].emplace_back(value);
      } else {
        rows[r].emplace_back(static_cast<double>(value));
      }
    }
  }
  const RelationPtr wide = table(names, rows);
  const Frame d = describe(wide, context);
  REQUIRE(d.rows() == kWidth);
  CHECK(cell(d, "column", 999) == "c999");
  CHECK(cell(d, "median", 999) == "1998.0");
  CHECK(cell(d, "sd", 999) == "999.0");
  CHECK(cell(d, "max", 511) == "1533.0");
  CHECK(cell(d, "top", 512) == "w1024");
  CHECK(cell(d, "top", 257) == "w257");
  const Frame n = info(wide, context);
  REQUIRE(n.rows() == kWidth);
  CHECK(cell(n, "max", 999) == "2997");
  CHECK(cell(n, "min", 257) == "w257");
  CHECK(shape(wide, context).columns == static_cast<std::int64_t>(kWidth));
}

TEST_CASE_METHOD(Described, "info spells infinities and NaN as tables do") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const RelationPtr ends =
      table({"x", "y", "g"}, {{-kInfinity, 1.5, s("inf")},
                              {kInfinity, std::numeric_limits<double>::quiet_NaN(), s("nan")}});
  const Frame n = info(ends, context);
  CHECK(cell(n, "min", 0) == format_value(-kInfinity));
  CHECK(cell(n, "min", 0) == "-Infinity");
  CHECK(cell(n, "max", 0) == "Infinity");
  CHECK(cell(n, "min", 1) == "1.5");
  CHECK(cell(n, "max", 1) == "NaN");
  CHECK(cell(n, "min", 2) == "inf");
  CHECK(cell(n, "max", 2) == "nan");
}

}  // namespace
}  // namespace impact
