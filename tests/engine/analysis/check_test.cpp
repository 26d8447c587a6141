#include <catch2/catch.hpp>

#include "engine/analysis/analysis.h"
#include "engine/analysis/reader.h"
#include "engine/core/error.h"
#include "tests/engine/learn/alarm_rows.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr std::size_t kN = 240;

// Posts whose label is a threshold of likes + comments; a status that repeats it in words.
AnalysisInput posts() {
  const auto likes = lognormals(kN, 1), comments = lognormals(kN, 2);
  std::vector<std::string> status, part;
  std::vector<double> engaged;
  for (std::size_t i = 0; i < kN; ++i) {
    const bool yes = likes[i] + comments[i] > 2.5;
    engaged.push_back(yes ? 1.0 : 0.0);
    status.push_back(yes ? "liked" : "ignored");
    part.push_back(i < 160 ? "old" : "new");
  }
  detail::TableBuilder table;
  table.numbers("likes", likes);
  table.numbers("comments", comments);
  table.numbers("engaged", std::move(engaged));
  table.texts("status", status);
  table.texts("part", part);
  return {.frame = table.build(), .stream = kAlarmKey};
}

const Frame& findings(const AnalysisResult& result) {
  REQUIRE(!result.tables.empty());
  CHECK(result.tables.front().name == "findings");
  return result.tables.front().frame;
}

std::string text_at(const Frame& frame, const std::string& column, std::size_t row) {
  return std::get<std::string>(frame.column(column).value(row));
}

}  // namespace

TEST_CASE("check.leakage names the sum, and a status that repeats the label", "[analysis][check]") {
  AnalysisInput input = posts();
  input.roles = {{"of", {"engaged"}}, {"features", {"likes", "comments"}}};
  const AnalysisResult sum = analyse("check.leakage", input, {});
  REQUIRE(sum.alarms.size() == 1);
  CHECK(text_at(findings(sum), "rule", 0) == "a few features together are the label");
  CHECK(text_at(findings(sum), "found", 0) == "likes + comments > 2.5");
  CHECK(text_at(findings(sum), "text", 0) == sum.alarms[0].text);
  input.roles = {{"of", {"engaged"}}, {"features", {"status", "likes"}}};
  const AnalysisResult words = analyse("check.leakage", input, {});
  REQUIRE(!words.alarms.empty());
  CHECK(text_at(findings(words), "rule", 0) == "one column separates the classes");
  CHECK(text_at(findings(words), "found", 0).starts_with("status is "));
  // A label of numbers: exact formulas only.
  input.roles = {{"of", {"likes"}}, {"features", {"comments"}}};
  CHECK(analyse("check.leakage", input, {}).alarms.empty());
}

TEST_CASE("checks without a finding have an empty table", "[analysis][check]") {
  AnalysisInput input = posts();
  input.roles = {{"features", {"likes", "comments"}}, {"by", {"part"}}};
  input.options["between"] = {"old", "new"};
  const AnalysisResult drift = analyse("check.drift", input, {});
  CHECK(drift.alarms.empty());
  CHECK(findings(drift).rows() == 0);
  REQUIRE(drift.tables.size() == 3);
  CHECK(drift.tables[1].frame.rows() == 2);
  input.roles = {{"features", {"likes", "comments"}}, {"split", {"part"}}, {"group", {"status"}}};
  const AnalysisResult shared = analyse("check.duplicates", input, {});
  REQUIRE(shared.alarms.size() == 1);  // Both words stand on both sides.
  CHECK(shared.alarms[0].rule == "the same status on both sides of the split");
}

TEST_CASE("checks of scores", "[analysis][check]") {
  AnalysisInput input = posts();
  input.roles = {{"of", {"engaged"}}, {"scores", {"likes"}}};
  input.options["rule"] = "youden";
  const AnalysisResult tuned = analyse("check.threshold", input, {});
  REQUIRE(tuned.alarms.size() == 1);
  CHECK(tuned.tables[1].frame.rows() == 5);
  input.options = {{"threshold", 1e-3}, {"rule", "youden"}};
  CHECK(analyse("check.threshold", input, {}).alarms.empty());
  input.options = {{"rate", 0.99}};
  CHECK(analyse("check.class_names", input, {}).alarms.empty());
  input.options["success"] = "ignored";
  input.roles = {{"of", {"status"}}, {"scores", {"likes"}}};
  const AnalysisResult swapped = analyse("check.class_names", input, {});
  REQUIRE(swapped.alarms.size() == 1);
  CHECK(swapped.alarms[0].rule == "scores rank the wrong way round");
  input.options = nlohmann::json::object();
  CHECK_THROWS_AS(analyse("check.class_names", input, {}), ArgumentError);
}

TEST_CASE("check.one_rule fits a model where none is given", "[analysis][check]") {
  AnalysisInput input = posts();
  input.roles = {{"of", {"engaged"}}, {"features", {"status", "likes"}}};
  const AnalysisResult found = analyse("check.one_rule", input, {.threads = 2});
  REQUIRE(found.alarms.size() == 1);
  CHECK(found.alarms[0].text.find("status is ") != std::string::npos);
  REQUIRE(found.tables.size() == 2);
  CHECK(text_at(found.tables[1].frame, "what", 0) == "model (forest)");
  CHECK(analyse("check.one_rule", input, {.threads = 1}).alarms[0].text == found.alarms[0].text);
  // The sum of two columns is more than either: a model that learns it is worth its keep.
  input.roles = {{"of", {"engaged"}}, {"features", {"comments", "likes"}}};
  input.options["learner"] = {{"learner", "logistic"}, {"options", nlohmann::json::object()}};
  const AnalysisResult sum = analyse("check.one_rule", input, {});
  CHECK(sum.alarms.empty());
  CHECK(text_at(sum.tables[1].frame, "what", 0) == "model (logistic)");
}
