#include <limits>
#include <catch2/catch.hpp>

#include "engine/analysis/analysis.h"
#include "engine/core/error.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

AnalysisResult learned(const char* method, Frame frame,
                       std::vector<std::pair<std::string, std::vector<std::string>>> roles,
                       nlohmann::json options) {
  AnalysisInput input;
  input.frame = std::move(frame);
  input.roles = std::move(roles);
  input.options = std::move(options);
  return analyse(method, input, {});
}

nlohmann::json learner(const char* kind, nlohmann::json options = nlohmann::json::object()) {
  return {{"learner", kind}, {"options", std::move(options)}};
}

std::string said(const AnalysisResult& result) {
  std::string out;
  for (const std::string& warning : result.estimates.front().warnings) {
    out.append(warning).append("\n");
  }
  return out;
}

// y follows from x; 40 rows.
Frame straight(std::vector<std::pair<std::size_t, double>> x_instead = {},
               std::vector<std::pair<std::size_t, double>> y_instead = {}) {
  std::vector<double> x, y;
  for (int i = 0; i < 40; ++i) {
    x.push_back(i);
    y.push_back(2.0 * i + (i * 7) % 5);
  }
  for (const auto& [row, value] : x_instead) x[row] = value;
  for (const auto& [row, value] : y_instead) y[row] = value;
  return Frame({"y", "x"}, {Column::numbers(y), Column::numbers(x)});
}

TEST_CASE("an infinite number is said with its column and row", "[analysis][learn]") {
  const auto fit =
      learned("learn.fit", straight({{6, kInfinity}, {9, -kInfinity}}, {{2, kInfinity}}),
              {{"of", {"y"}}, {"features", {"x"}}}, {{"learner", learner("linear")}});
  CHECK_THAT(said(fit), Catch::Contains("'x' is infinite in 2 rows, first in row 7: make such "
                                        "numbers missing, or filter the rows out"));
  CHECK_THAT(said(fit), Catch::Contains("'y' is infinite in 1 row, first in row 3"));
  CHECK_THAT(said(fit), !Catch::Contains("is missing"));
  const auto judged =
      learned("learn.evaluate", straight({{6, kInfinity}}), {{"of", {"y"}}, {"features", {"x"}}},
              {{"learner", learner("linear")}, {"folds", 4}});
  CHECK_THAT(said(judged), Catch::Contains("'x' is infinite in 1 row, first in row 7"));
  CHECK_THAT(said(judged), Catch::Contains("there is no prediction for it"));
  CHECK_THAT(said(judged), !Catch::Contains("a value is missing"));
}

}  // namespace
}  // namespace impact
