#include "engine/analysis/strata.h"

#include <cmath>
#include <catch2/catch.hpp>

namespace impact {
namespace {

// Outcomes of two groups in two strata: within each, the groups differ by `gap`; the groups are
// spread unevenly over the strata, whose levels lie 100 apart.
AnalysisInput mixed(double gap_low, double gap_high) {
  std::vector<double> y;
  std::vector<std::string> group, level;
  const auto add = [&](int count, const char* g, const char* l, double mean) {
    for (int i = 0; i < count; ++i) {
      y.push_back(mean + (i % 2 == 0 ? 1.0 : -1.0));
      group.emplace_back(g);
      level.emplace_back(l);
    }
  };
  add(80, "a", "high", 100 + gap_high);
  add(20, "b", "high", 100);
  add(20, "a", "low", gap_low);
  add(80, "b", "low", 0);
  AnalysisInput input;
  input.frame =
      Frame({"y", "g", "s"}, {Column::numbers(y), Column::texts(group), Column::texts(level)});
  input.roles = {{"of", {"y"}}, {"by", {"g"}}};
  return input;
}

std::vector<StrataFinding> findings(const AnalysisInput& input) {
  const AnalysisMethod& method = analysis_method("welch");
  return compare_strata(method, input, method.run(input, {}), {"s"}, {});
}

TEST_CASE("a difference that is all composition dissolves within strata", "[strata]") {
  const auto found = findings(mixed(0, 0));
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "dissolves");
  REQUIRE(found[0].strata.size() == 2);
  CHECK(found[0].strata[0].level == "high");
  CHECK(found[0].strata[0].estimate.estimate == Approx(0).margin(1e-12));
  CHECK(found[0].within.n == 200);
  CHECK(found[0].text.find("dissolves within s") != std::string::npos);
}

TEST_CASE("a difference that turns around within strata reverses", "[strata]") {
  const auto found = findings(mixed(-5, -5));
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "reverses");
  CHECK(found[0].within.estimate == Approx(-5));
  // Headline: 0.8 * 95 + 0.2 * -5 - 0.2 * 100 = 55.
  CHECK(found[0].text.find("is 55 over all rows") != std::string::npos);
}

TEST_CASE("one level that turns around is enough", "[strata]") {
  const auto found = findings(mixed(-5, 60));
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "reverses");
  CHECK(found[0].text.find("turns around where it is 'low'") != std::string::npos);
}

TEST_CASE("a difference that stays raises nothing", "[strata]") {
  const auto found = findings(mixed(50, 50));
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule.empty());
  CHECK(found[0].text.empty());
}

TEST_CASE("numbers make strata too, many of them by quintiles", "[strata]") {
  AnalysisInput input = mixed(0, 0);
  std::vector<double> flag, age;
  for (std::size_t row = 0; row < 200; ++row) {
    const bool high = input.frame.column("s").text_at(row) == "high";
    flag.push_back(high ? 1 : 0);
    age.push_back((high ? 50.5 : 20.5) + static_cast<double>(row) / 10);
  }
  for (const auto& [cells, levels] : {std::pair(flag, 2U), {age, 5U}}) {
    input.frame = Frame({"y", "g", "s"},
                        {input.frame.column("y"), input.frame.column("g"), Column::numbers(cells)});
    const auto found = findings(input);
    REQUIRE(found.size() == 1);
    CHECK(found[0].strata.size() == levels);
    // The headline is 60. One of five classes holds both kinds of rows.
    CHECK(std::abs(found[0].within.estimate) < (levels == 2 ? 1e-9 : 40.0));
  }
}

TEST_CASE("tests without a standard error of their own are looked at by means", "[strata]") {
  AnalysisInput input = mixed(0, 0);
  for (const char* name : {"mann_whitney", "permutation"}) {
    const AnalysisMethod& method = analysis_method(name);
    input.options["draws"] = 999;
    const auto found = compare_strata(method, input, method.run(input, {}), {"s"}, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].rule == "dissolves");
  }
  const AnalysisMethod& describe = analysis_method("describe");
  CHECK(compare_strata(describe, input, describe.run(input, {}), {"s"}, {}).empty());
}

TEST_CASE("no headline, no strata", "[strata]") {
  AnalysisInput input = mixed(0, 0);
  std::vector<double> flat(200);
  for (std::size_t i = 0; i < flat.size(); ++i) flat[i] = i % 2 == 0 ? 1 : -1;
  input.frame = Frame({"y", "g", "s"},
                      {Column::numbers(flat), input.frame.column("g"), input.frame.column("s")});
  CHECK(findings(input).empty());
}

TEST_CASE("a stratum with one group is not comparable and does not count", "[strata]") {
  AnalysisInput input = mixed(0, 0);
  std::vector<std::string> level;
  for (std::size_t row = 0; row < 200; ++row) {
    level.push_back(row < 20 ? "only a" : std::string(input.frame.column("s").text_at(row)));
  }
  input.frame = Frame({"y", "g", "s"},
                      {input.frame.column("y"), input.frame.column("g"), Column::texts(level)});
  const auto found = findings(input);
  REQUIRE(found.size() == 1);
  CHECK(found[0].within.n == 180);
  CHECK(found[0].text.find("only a not comparable") != std::string::npos);
  const Frame table = strata_table(found);
  CHECK(table.rows() == 4);
  CHECK(table.column("estimate").missing(2));
}

}  // namespace
}  // namespace impact
