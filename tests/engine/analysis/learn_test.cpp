#include <limits>
#include <catch2/catch.hpp>

#include "engine/analysis/analysis.h"
#include "engine/core/error.h"
#include "engine/core/rng.h"

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

const Estimate& term_of(const AnalysisResult& result, const std::string& term) {
  for (const Estimate& row : result.estimates) {
    if (row.term == term) return row;
  }
  FAIL("no row " << term);
  return result.estimates.front();
}

const Frame& table_of(const AnalysisResult& result, const std::string& name) {
  for (const AnalysisTable& table : result.tables) {
    if (table.name == name) return table.frame;
  }
  FAIL("no table " << name);
  return result.tables.front().frame;
}

std::vector<double> cells_of(const Frame& frame, const char* column) {
  std::vector<double> storage;
  const auto span = frame.column(column).to_numbers(storage);
  return {span.begin(), span.end()};
}

TEST_CASE("intervals are judged on rows they did not learn from", "[analysis][learn]") {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < 400; ++i) {
    Stream stream(StreamKey{9}, i);
    x.push_back(stream.normal());
    y.push_back(3.0 * x.back() + stream.normal());
  }
  const Frame frame({"y", "x"}, {Column::numbers(y), Column::numbers(x)});
  const nlohmann::json conformal =
      learner("conformal", {{"learner", learner("linear")}, {"how", "cv_plus"}, {"level", 0.8}});
  const nlohmann::json inside =
      learner("pipeline", {{"steps", nlohmann::json::array()}, {"model", conformal}});
  for (const auto& [spec, repeats] : {std::pair{conformal, 1}, {conformal, 2}, {inside, 1}}) {
    const auto judged = learned("learn.evaluate", frame, {{"of", {"y"}}, {"features", {"x"}}},
                                {{"learner", spec}, {"folds", 4}, {"repeats", repeats}});
    const Frame& rows = table_of(judged, "predictions");
    const auto low = cells_of(rows, "low"), high = cells_of(rows, "high");
    const auto observed = cells_of(rows, "observed");
    double in = 0.0, width = 0.0;
    for (std::size_t i = 0; i < low.size(); ++i) {
      in += low[i] <= observed[i] && observed[i] <= high[i] ? 1.0 : 0.0;
      width += high[i] - low[i];
    }
    const Estimate& coverage = term_of(judged, "coverage");
    CHECK(coverage.estimate == Approx(in / 400.0).epsilon(1e-12));
    CHECK(coverage.null_value == 0.8);
    CHECK(coverage.estimate == Approx(0.8).margin(0.07));
    CHECK(term_of(judged, "mean_width").estimate == Approx(width / 400.0).epsilon(1e-12));
    // 80 % of a normal error of sd 1: 2.56 wide.
    CHECK(term_of(judged, "mean_width").estimate == Approx(2.56).margin(0.3));
    const Frame& folds = table_of(judged, "folds");
    const auto by_fold = cells_of(folds, "coverage");
    REQUIRE(by_fold.size() == static_cast<std::size_t>(4 * repeats));
    CHECK((by_fold[0] + by_fold[1] + by_fold[2] + by_fold[3]) / 4.0 ==
          Approx(coverage.estimate).epsilon(1e-12));
    CHECK(cells_of(folds, "mean_width").size() == by_fold.size());
    // Predictions are those of the learner without intervals' eyes on it.
    CHECK(judged.estimates.front().term == "r2");
  }
  const auto plain = learned("learn.evaluate", frame, {{"of", {"y"}}, {"features", {"x"}}},
                             {{"learner", learner("linear")}, {"folds", 4}});
  for (const Estimate& row : plain.estimates) CHECK(row.term != "coverage");
}

TEST_CASE("check.one_rule judges the predictions of an analysis", "[analysis][learn][check]") {
  // The label is a threshold of x; "wild" is chance.
  std::vector<double> x, wild, label;
  std::vector<std::string> id;
  for (std::size_t i = 0; i < 120; ++i) {
    Stream stream(StreamKey{4}, i);
    x.push_back(stream.normal());
    wild.push_back(stream.normal());
    label.push_back(x.back() > 0.3 ? 1.0 : 0.0);
    id.push_back("post " + std::to_string(i));
  }
  AnalysisInput input;
  input.frame = Frame({"id", "x", "wild", "hit"}, {Column::texts(id), Column::numbers(x),
                                                   Column::numbers(wild), Column::numbers(label)});
  input.key = {"id"};
  input.roles = {{"of", {"hit"}}, {"features", {"x", "wild"}}};
  input.options = {{"learner", learner("tree", {{"max_depth", 3}})}, {"folds", 4}};
  AnalysisResult judged = analyse("learn.evaluate", input, {});
  std::vector<std::pair<std::string, Frame>> tables;
  for (AnalysisTable& table : judged.tables) tables.emplace_back(table.name, table.frame);

  AnalysisInput check = input;
  check.options = nlohmann::json::object();
  check.earlier = {{"judged", {}, {}, &tables}};
  // Rows in another order are found by their key.
  std::vector<double> back_x(x.rbegin(), x.rend()), back_wild(wild.rbegin(), wild.rend());
  std::vector<double> back_label(label.rbegin(), label.rend());
  check.frame = Frame({"id", "x", "wild", "hit"},
                      {Column::texts({id.rbegin(), id.rend()}), Column::numbers(back_x),
                       Column::numbers(back_wild), Column::numbers(back_label)});
  const AnalysisResult found = analyse("check.one_rule", check, {});
  REQUIRE(found.alarms.size() == 1);
  CHECK(found.alarms[0].text.find("x > ") != std::string::npos);
  const Frame& comparison = table_of(found, "comparison");
  CHECK(std::get<std::string>(comparison.column("what").value(0)) == "model (judged)");
  CHECK(cells_of(comparison, "accuracy")[0] ==
        Approx(term_of(judged, "accuracy").estimate).epsilon(1e-12));

  check.roles = {{"of", {"wild"}}, {"features", {"x"}}};
  AnalysisInput other = check;
  std::vector<double> odd;
  for (std::size_t i = 0; i < 120; ++i) odd.push_back(i % 2 == 0 ? 1.0 : 0.0);
  other.frame =
      Frame({"id", "x", "wild"}, {Column::texts(id), Column::numbers(x), Column::numbers(odd)});
  CHECK_THROWS_WITH(analyse("check.one_rule", other, {}),
                    Catch::Contains("predicts something else"));
  other = input;
  other.options = nlohmann::json::object();
  other.earlier = {{"judged", {}, {}, &tables}};
  other.key = {};
  CHECK_THROWS_WITH(analyse("check.one_rule", other, {}), Catch::Contains("without a key"));
  other.key = {"id"};
  const std::vector<std::pair<std::string, Frame>> nothing;
  other.earlier = {{"fit", {}, {}, &nothing}};
  CHECK_THROWS_WITH(analyse("check.one_rule", other, {}),
                    Catch::Contains("no predictions of two classes"));
}

}  // namespace
}  // namespace impact
