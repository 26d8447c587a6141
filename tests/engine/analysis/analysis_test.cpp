#include "engine/analysis/analysis.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"

namespace impact {
namespace {

AnalysisInput sample() {
  AnalysisInput input;
  input.frame = Frame({"y", "g", "z", "whole", "won"},
                      {Column::numbers({1, 2, 4, 7, 3, 8}),
                       Column::texts({"a", "a", "b", "b", "a", ""}, {0b011111}),
                       Column::texts({"p", "q", "r", "p", "q", "r"}),
                       Column::numbers({0, 1, 1, 0, 1, 0}), Column::booleans({1, 0, 1, 1, 0, 1})});
  return input;
}

AnalysisResult run(const char* method, AnalysisInput input,
                   std::vector<std::pair<std::string, std::vector<std::string>>> roles,
                   nlohmann::json options = nlohmann::json::object()) {
  input.roles = std::move(roles);
  input.options = std::move(options);
  return analyse(method, input, {});
}

std::string message_of(const char* method,
                       std::vector<std::pair<std::string, std::vector<std::string>>> roles,
                       nlohmann::json options = nlohmann::json::object()) {
  try {
    (void)run(method, sample(), std::move(roles), std::move(options));
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("every method has a name of its own and says what it does", "[analysis]") {
  std::string before;
  for (const AnalysisMethod& method : analysis_methods()) {
    INFO(method.name);
    CHECK(before < method.name);
    CHECK(method.words.size() > 20);
    CHECK(method.words.back() == '.');
    before = method.name;
  }
  CHECK_THROWS_AS(analysis_method("welsh"), InternalError);
}

TEST_CASE("two groups: the first minus the second, rows without a group counted", "[analysis]") {
  const auto rows = run("welch", sample(), {{"of", {"y"}}, {"by", {"g"}}}).estimates;
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].term == "a - b");
  CHECK(rows[0].estimate == Approx(2.0 - 5.5));
  CHECK(rows[0].n == 5);
  REQUIRE(rows[0].warnings.size() == 1);
  CHECK(rows[0].warnings[0] == "1 row was left out because 'g' is missing");
  const auto turned =
      run("welch", sample(), {{"of", {"y"}}, {"by", {"g"}}}, {{"between", {"b", "a"}}}).estimates;
  CHECK(turned[0].estimate == -rows[0].estimate);
}

TEST_CASE("whole numbers and booleans make groups, measures do not", "[analysis]") {
  CHECK(run("welch", sample(), {{"of", {"y"}}, {"by", {"whole"}}}).estimates[0].term == "0 - 1");
  CHECK(run("welch", sample(), {{"of", {"y"}}, {"by", {"won"}}}).estimates[0].term ==
        "false - true");
  AnalysisInput measured = sample();
  measured.frame = Frame({"y", "m"}, {Column::numbers({1, 2, 3}), Column::numbers({0.5, 1, 2})});
  CHECK_THROWS_WITH(run("welch", measured, {{"of", {"y"}}, {"by", {"m"}}}),
                    Catch::Contains("'m' is a measure, not groups"));
}

TEST_CASE("groups that do not fit are said with what there is", "[analysis]") {
  CHECK(message_of("welch", {{"of", {"y"}}, {"by", {"z"}}}).find("makes 3 groups") !=
        std::string::npos);
  CHECK(message_of("share", {{"of", {"y"}}}).find("is not an outcome that happens or not") !=
        std::string::npos);
  CHECK(message_of("share", {{"of", {"g"}}}, {{"success", "c"}}).find("'g' never is 'c'") !=
        std::string::npos);
  const auto absent =
      run("welch", sample(), {{"of", {"y"}}, {"by", {"g"}}}, {{"between", {"a", "bb"}}});
  CHECK(std::isnan(absent.estimates[0].estimate));
  CHECK(absent.estimates[0].warnings[0] == "no row has g = 'bb'; its values: a, b");
}

TEST_CASE("counts of two columns, with the table that was tested", "[analysis]") {
  const auto result = run("chi_square", sample(), {{"of", {"g"}}, {"by", {"won"}}});
  REQUIRE(result.tables.size() == 1);
  const Frame& counts = result.tables[0].frame;
  CHECK(counts.schema().names() == std::vector<std::string>{"g", "false", "true"});
  CHECK(counts.column("false").as_integers()[0] == 2);
  CHECK(counts.column("true").as_integers()[1] == 2);
  CHECK(result.estimates[0].n == 5);
  CHECK(result.estimates[0].warnings[0].find("1 row was left out") == 0);
}

TEST_CASE("p-values are adjusted as one family", "[analysis]") {
  AnalysisInput input;
  for (const auto& [name, p] : {std::pair{"one", 0.01}, {"two", 0.04}, {"three", 0.03}}) {
    input.earlier.push_back({name, {{.term = "t", .p_value = p, .method = "welch"}}});
  }
  input.options["method"] = "holm";
  const auto result = analyse("adjust", input, {});
  CHECK(result.estimates[0].p_value == Approx(0.03));
  CHECK(result.estimates[1].p_value == Approx(0.06));
  CHECK(result.estimates[2].p_value == Approx(0.06));
  CHECK(result.estimates[1].term == "two: t");
  CHECK(result.tables[0].frame.column("p").as_numbers()[1] == 0.04);
}

TEST_CASE("descriptions by group", "[analysis]") {
  const auto result = run("describe", sample(), {{"of", {"y"}}, {"by", {"g"}}});
  const Frame& table = result.tables[0].frame;
  REQUIRE(table.rows() == 2);
  CHECK(table.column("median").as_numbers()[0] == 2.0);
  CHECK(table.column("n").as_integers()[1] == 2);
  // Two values have no kurtosis: said, not silent.
  REQUIRE(result.estimates.size() == 1);
  CHECK(!result.estimates[0].warnings.empty());
}

}  // namespace
}  // namespace impact
