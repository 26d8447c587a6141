#include "engine/study/compare_results.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/study/align.h"
#include "engine/study/results.h"
#include "tests/support/temp_dir.h"

namespace impact {
namespace {

using Catch::Contains;
using nlohmann::json;
using test::message_of;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

json results() {
  return parse_json(R"json({
    "study": "s", "plan_hash": "ab",
    "estimates": [
      {"node": "lin", "inquiry": "ATE", "term": "positive", "estimate": 0.25, "std_error": 0.1,
       "df": "Infinity", "n": 400, "warnings": ["few clusters"]},
      {"node": "dml", "inquiry": "ATE", "term": "positive", "estimate": 0.3, "std_error": "NaN",
       "df": 12.0, "n": 400, "warnings": []}],
    "checks": [{"node": "balance", "passed": true, "value": 0.05,
                "rows": {"columns": ["x", "smd"], "rows": [["age", 0.05], ["tier", -0.0]]}}],
    "tables": {
      "outliers": {"columns": ["id", "median", "name"],
                   "rows": [[9007199254740993, 1.5, "a"], [2, null, "b"], [3, "NaN", "c"]]},
      "empty": {"columns": [], "rows": []}}
  })json",
                    "test");
}

ResultsComparison compare(const json& a, const json& b, std::size_t most = 20) {
  return compare_results(canonical_json(a), "a.json", canonical_json(b), "b.json", most);
}

template <class Edit>
ResultsComparison after(Edit&& edit) {
  json now = results();
  edit(now);
  const ResultsComparison back = compare(now, results());
  const ResultsComparison found = compare(results(), now);
  // Whatever differs one way differs the other way.
  CHECK(back.count == found.count);
  CHECK(back.close() == found.close());
  CHECK(back.largest_relative == found.largest_relative);
  return found;
}

json& cell(json& of, std::size_t row, std::size_t column) {
  return of["tables"]["outliers"]["rows"][row][column];
}

TEST_CASE("equal results have no differences", "[compare_results]") {
  CHECK(compare(results(), results()).count == 0);
  CHECK(compare(results(), results()).close());
  // Another layout of the same values.
  CHECK(compare_results(pretty_json(nlohmann::ordered_json(results())), "a",
                        canonical_json(results()), "b")
            .count == 0);
}

TEST_CASE("a rounded number is close, with its place and size", "[compare_results]") {
  const auto found = after([](json& now) {
    cell(now, 0, 1) = 1.5 * (1 + 1e-12);
    now["estimates"][0]["std_error"] = 0.1 * (1 + 1e-10);
  });
  REQUIRE(found.count == 2);
  CHECK(found.only_numbers);
  CHECK(found.close());
  CHECK(found.largest_where == "estimate 'lin' of 'ATE', term 'positive', std_error");
  CHECK(found.largest_relative == Approx(1e-10).epsilon(1e-5));
  CHECK(found.values[1].where == "table 'outliers', row 1, column 'median'");
  CHECK(found.values[1].before == "1.5");
  CHECK(found.values[1].after == "1.5000000000015001");
}

TEST_CASE("the limit of close is 1e-9, of the larger number", "[compare_results]") {
  const auto with = [](double value) { return after([&](json& now) { cell(now, 0, 1) = value; }); };
  CHECK(with(1.5 * (1 + 0.9e-9)).close());
  CHECK_FALSE(with(1.5 * (1 + 1.1e-9)).close());
  CHECK(with(1.5 * (1 + 1.1e-9)).only_numbers);
  CHECK(with(-1.5).largest_relative == 2.0);
  CHECK(with(0.0).largest_relative == 1.0);
}

TEST_CASE("relative differences neither overflow nor vanish", "[compare_results]") {
  const auto between = [](double a, double b) {
    return compare(json{{"x", a}}, json{{"x", b}}).largest_relative;
  };
  constexpr double kMost = std::numeric_limits<double>::max();
  CHECK(between(kMost, -kMost) == 2.0);
  CHECK(between(kMost, std::nextafter(kMost, 0.0)) == Approx(0x1p-53).epsilon(1e-6));
  CHECK(between(5e-324, 1e-323) == 0.5);
  CHECK(between(5e-324, 0.0) == 1.0);
  CHECK(between(1.0, std::nextafter(1.0, 2.0)) == Approx(0x1p-52).epsilon(1e-6));
}

TEST_CASE("zero and minus zero differ by nothing, but differ", "[compare_results]") {
  const auto found = after([](json& now) { now["checks"][0]["rows"]["rows"][1][1] = 0.0; });
  CHECK(found.count == 1);
  CHECK(found.close());
  CHECK(found.largest_relative == 0);
  CHECK(found.largest_where == "check 'balance', row 2, column 'smd'");
}

TEST_CASE("NaN and infinity are numbers, but far from all others", "[compare_results]") {
  const auto found = after([](json& now) { now["estimates"][1]["std_error"] = 0.1; });
  REQUIRE(found.count == 1);
  CHECK(found.only_numbers);
  CHECK(found.largest_relative == kInfinity);
  CHECK_FALSE(found.close());
  CHECK(found.values[0].before == "\"NaN\"");
  CHECK_FALSE(after([](json& now) { now["estimates"][0]["df"] = 1e308; }).close());
  CHECK_FALSE(after([](json& now) { now["estimates"][0]["df"] = "-Infinity"; }).close());
  CHECK_FALSE(after([](json& now) { cell(now, 1, 1) = "NaN"; }).close());
  CHECK_FALSE(after([](json& now) { cell(now, 2, 1) = nullptr; }).only_numbers);
  // A text is no number, though it may look like one.
  CHECK_FALSE(after([](json& now) { cell(now, 2, 2) = "NaN"; }).only_numbers);
  CHECK_FALSE(compare(json{{"x", 1.0}}, json{{"x", "1.0"}}).only_numbers);
}

TEST_CASE("whole numbers, texts and missing cells are never close", "[compare_results]") {
  CHECK_FALSE(after([](json& now) { cell(now, 0, 0) = 9007199254740992; }).close());
  CHECK(after([](json& now) { cell(now, 0, 0) = 9007199254740992; }).values[0].after ==
        "9007199254740992");
  CHECK_FALSE(after([](json& now) { now["estimates"][0]["n"] = 401; }).close());
  CHECK_FALSE(after([](json& now) { now["estimates"][0]["n"] = 400.0; }).close());
  CHECK_FALSE(after([](json& now) { cell(now, 0, 2) = "A"; }).close());
  CHECK_FALSE(after([](json& now) { cell(now, 0, 1) = nullptr; }).close());
  CHECK_FALSE(after([](json& now) { now["checks"][0]["passed"] = false; }).close());
  CHECK_FALSE(compare(json{{"x", -1}}, json{{"x", 18446744073709551615ULL}}).close());
}

TEST_CASE("rows of estimates and checks are matched by name", "[compare_results]") {
  SECTION("one more, one less") {
    const auto found = after([](json& now) {
      now["estimates"].erase(0);
      now["checks"].push_back({{"node", "overlap"}, {"passed", true}});
    });
    REQUIRE(found.count == 2);
    CHECK(found.values[0].where == "estimate 'lin' of 'ATE', term 'positive'");
    CHECK(found.values[0].after.empty());
    CHECK(found.values[1].where == "check 'overlap'");
    CHECK(found.values[1].before.empty());
  }
  SECTION("another order") {
    const auto found =
        after([](json& now) { std::swap(now["estimates"][0], now["estimates"][1]); });
    REQUIRE(found.count == 1);
    CHECK(found.values[0].where == "order of estimates");
  }
  SECTION("a field more, a warning more") {
    const auto found = after([](json& now) {
      now["estimates"][0]["extra"] = 1;
      now["estimates"][1]["warnings"].push_back("poor overlap");
    });
    REQUIRE(found.count == 2);
    CHECK(found.values[0].where == "estimate 'lin' of 'ATE', term 'positive', extra");
    CHECK(found.values[1].where == "estimate 'dml' of 'ATE', term 'positive', warnings");
    CHECK_FALSE(found.only_numbers);
  }
  SECTION("the same name twice") {
    const auto twice = [](double second) {
      return json{{"estimates", {{{"node", "e"}, {"x", 1.0}}, {{"node", "e"}, {"x", second}}}}};
    };
    const auto found = compare(twice(1.0), twice(2.0));
    REQUIRE(found.count == 1);
    CHECK(found.values[0].where == "estimate 'e' (2), x");
  }
}

TEST_CASE("tables are compared by column name and row", "[compare_results]") {
  SECTION("a column taken out of the middle") {
    const auto found = after([](json& now) {
      json& table = now["tables"]["outliers"];
      table["columns"].erase(1);
      for (json& row : table["rows"]) row.erase(1);
    });
    REQUIRE(found.count == 1);
    CHECK(found.values[0].where == "table 'outliers', column 'median'");
  }
  SECTION("a column put in front, and a value changed behind it") {
    const auto found = after([](json& now) {
      json& table = now["tables"]["outliers"];
      table["columns"].insert(table["columns"].begin(), "new");
      for (json& row : table["rows"]) row.insert(row.begin(), 0);
      table["rows"][1][3] = "B";
    });
    REQUIRE(found.count == 2);
    CHECK(found.values[0].where == "table 'outliers', column 'new'");
    CHECK(found.values[1].where == "table 'outliers', row 2, column 'name'");
  }
  SECTION("columns in another order") {
    const auto found = after([](json& now) {
      json& table = now["tables"]["outliers"];
      std::swap(table["columns"][0], table["columns"][2]);
      for (json& row : table["rows"]) std::swap(row[0], row[2]);
    });
    REQUIRE(found.count == 1);
    CHECK(found.values[0].where == "table 'outliers', order of columns");
  }
  SECTION("a row put in between") {
    const auto found = after([](json& now) {
      json& rows = now["tables"]["outliers"]["rows"];
      rows.insert(rows.begin() + 1, json{7, 7.0, "x"});
    });
    REQUIRE(found.count == 2);
    CHECK(found.values[0].where == "table 'outliers', number of rows");
    CHECK(found.values[0].before == "3");
    CHECK(found.values[0].after == "4");
    CHECK(found.values[1].where == "table 'outliers', row 2 of the second run");
    CHECK(found.values[1].after == "[7,7.0,\"x\"]");
  }
  SECTION("a row taken out, another changed") {
    const auto found = after([](json& now) {
      json& rows = now["tables"]["outliers"]["rows"];
      rows[2][2] = "C";
      rows.erase(0);
    });
    REQUIRE(found.count == 3);
    CHECK(found.values[1].where == "table 'outliers', row 1");
    CHECK(found.values[2].where == "table 'outliers', row 3, column 'name'");
  }
  SECTION("a table more, a table less") {
    const auto found = after([](json& now) {
      now["tables"].erase("empty");
      now["tables"]["other"] = {{"columns", {"x"}}, {"rows", json::array()}};
    });
    REQUIRE(found.count == 2);
    CHECK(found.values[0].where == "table 'empty'");
    CHECK(found.values[1].where == "table 'other'");
  }
}

TEST_CASE("the first differences are kept, the others counted", "[compare_results]") {
  json a = {{"tables", {{"t", {{"columns", {"x"}}, {"rows", json::array()}}}}}};
  json b = a;
  for (int i = 0; i < 100; ++i) {
    a["tables"]["t"]["rows"].push_back(json::array({1.0}));
    b["tables"]["t"]["rows"].push_back(json::array({i == 70 ? 2.0 : 1.0 + 1e-13}));
  }
  const auto found = compare(a, b, 5);
  CHECK(found.count == 100);
  CHECK(found.values.size() == 5);
  CHECK(found.values[4].where == "table 't', row 5, column 'x'");
  // The largest is looked for among all.
  CHECK(found.largest_where == "table 't', row 71, column 'x'");
  CHECK(found.largest_relative == 0.5);
}

TEST_CASE("what results.json really holds is compared", "[compare_results]") {
  const auto text = [](double number, std::int64_t id) {
    std::vector<Column> columns;
    columns.push_back(Column::integers({id, 0}, {0b01}));
    columns.push_back(Column::numbers({number, kNaN}));
    columns.push_back(Column::timestamps({1, 2}));
    Results out;
    out.study = "s";
    out.tables.push_back({"t", Frame({"id", "x", "at"}, std::move(columns))});
    return results_json(out);
  };
  const auto found = compare_results(text(1e300, 9007199254740993), "a",
                                     text(1.0000000000001e300, 9007199254740992), "b");
  REQUIRE(found.count == 2);
  CHECK(found.values[0].before == "9007199254740993");
  CHECK(found.values[1].relative.value() == Approx(1e-13).epsilon(1e-2));
  CHECK_FALSE(found.only_numbers);
  CHECK(compare_results(text(kInfinity, 1), "a", text(kInfinity, 1), "b").count == 0);
  CHECK(compare_results(text(kInfinity, 1), "a", text(1.0, 1), "b").largest_relative == kInfinity);
}

TEST_CASE("a text that is no JSON is an error with its file", "[compare_results]") {
  const std::string good = canonical_json(results());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, good.size() / 2, good.size() - 1}) {
    CAPTURE(size);
    const std::string bad = good.substr(0, size);
    CHECK_THAT(message_of<DataError>([&] { (void)compare_results(good, "a.json", bad, "b.json"); }),
               Contains("b.json, line"));
    CHECK_THAT(message_of<DataError>([&] { (void)compare_results(bad, "a.json", good, "b.json"); }),
               Contains("a.json, line"));
  }
  CHECK(compare(json::array(), results()).count == 1);
  CHECK(compare(json{{"estimates", 1}}, json{{"estimates", json::array()}}).count == 1);
  CHECK(compare(json{{"tables", 1}}, json::object()).count == 1);
  CHECK(compare(json{{"tables", {{"t", 1}}}}, json{{"tables", {{"t", 2}}}}).count == 1);
  // Rows that do not fit their columns are no table, and still compared.
  const auto ragged = [](const json& row) {
    return json{{"tables", {{"t", {{"columns", {"a", "b"}}, {"rows", json::array({row})}}}}}};
  };
  CHECK(compare(ragged({1}), ragged({2})).count == 1);
}

// Every value inside, to be changed in turn.
void places_in(const json& value, const json::json_pointer& at,
               std::vector<json::json_pointer>& out) {
  if (!at.empty()) out.push_back(at);
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) places_in(item, at / key, out);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) places_in(value[i], at / i, out);
  }
}

TEST_CASE("no change of a value goes unseen", "[compare_results]") {
  std::vector<json::json_pointer> places;
  places_in(results(), json::json_pointer(), places);
  REQUIRE(places.size() > 50);
  for (const auto& place : places) {
    for (const json& value : {json(), json(3), json(3.0), json("x"), json::array(), json(true),
                              json{{"columns", json::array()}, {"rows", json::array()}}}) {
      json now = results();
      now[place] = value;
      CAPTURE(place.to_string(), value.dump());
      const bool equal = canonical_json(now) == canonical_json(results());
      CHECK((compare(results(), now).count == 0) == equal);
      CHECK((compare(now, results()).count == 0) == equal);
      json fewer = results();
      json& parent = fewer[place.parent_pointer()];
      if (parent.is_object()) {
        parent.erase(place.back());
      } else {
        parent.erase(std::stoul(place.back()));
      }
      CHECK(compare(results(), fewer).count > 0);
      CHECK(compare(fewer, results()).count > 0);
    }
  }
}

TEST_CASE("lists are aligned along what they share", "[compare_results]") {
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  CHECK(align({}, {}).empty());
  CHECK(align({"a"}, {"b"}).empty());
  CHECK(align({"a", "b"}, {"a", "b"}) == Pairs{{0, 0}, {1, 1}});
  CHECK(align({"a", "b", "c"}, {"a", "c"}) == Pairs{{0, 0}, {2, 1}});
  CHECK(align({"a", "x", "b", "y", "c"}, {"x", "a", "b", "c", "d"}) ==
        Pairs{{1, 0}, {2, 2}, {4, 3}});
  CHECK(align({"a", "a"}, {"a"}) == Pairs{{0, 0}});
  // Too long for the table: only the ends are kept, and quickly.
  std::vector<std::string> a;
  for (int i = 0; i < 5000; ++i) a.push_back(std::to_string(i));
  std::vector<std::string> b(a.rbegin(), a.rend());
  b.front() = a.front();
  b.back() = a.back();
  CHECK(align(a, b).size() == 2);
}

}  // namespace
}  // namespace impact
