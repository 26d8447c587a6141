#include "engine/study/results.h"

#include <limits>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace impact {
namespace {

Frame sample_frame() {
  std::vector<Column> columns;
  columns.push_back(Column::integers({9007199254740993, 0}, {1}));
  columns.push_back(Column::numbers({0.1, std::numeric_limits<double>::quiet_NaN()}));
  columns.push_back(Column::text("a\"b\nc", {0, 3, 5}));
  columns.push_back(Column::dates({19782, 0}));
  return {{"id", "x", "t", "d"}, std::move(columns)};
}

TEST_CASE("results.json has the fixed shape and loses no bit") {
  Results results;
  results.study = "claims";
  results.plan_hash = "ab12";
  results.checks.push_back({"no rows", false, std::int64_t{2}, sample_frame()});
  results.tables.push_back({"zeta", sample_frame()});
  results.tables.push_back({"alpha", Frame{}});
  const std::string text = results_json(results);
  CHECK(text.find("9007199254740993") != std::string::npos);

  const auto json = nlohmann::json::parse(text);
  CHECK(json.size() == 5);
  CHECK(json["study"] == "claims");
  CHECK(json["plan_hash"] == "ab12");
  CHECK(json["estimates"].empty());
  CHECK(json["checks"][0]["passed"] == false);
  CHECK(json["checks"][0]["value"] == 2);
  CHECK(json["tables"]["alpha"]["rows"].empty());
  const auto& zeta = json["tables"]["zeta"];
  CHECK(zeta["columns"] == nlohmann::json{"id", "x", "t", "d"});
  CHECK(zeta["rows"][0][0].get<std::int64_t>() == 9007199254740993);
  CHECK(zeta["rows"][1][0].is_null());
  CHECK(zeta["rows"][0][1].get<double>() == 0.1);
  CHECK(zeta["rows"][1][1] == "NaN");
  CHECK(zeta["rows"][0][2] == "a\"b");
  CHECK(zeta["rows"][0][3] == "2024-02-29");
  CHECK(zeta["rows"][1][3] == "1970-01-01");
}

}  // namespace
}  // namespace impact
