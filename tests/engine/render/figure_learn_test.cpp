#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/render/figure.h"
#include "tests/engine/render/figure_gallery.h"

using namespace impact;
using gallery::Table;
using nlohmann::json;

namespace {

Figure make(const std::string& kind, const Frame& frame, gallery::Roles roles,
            json options = json::object()) {
  return make_figure(kind,
                     {.frame = frame, .roles = std::move(roles), .options = std::move(options)});
}

bool warned(const Figure& figure, const std::string& part) {
  return std::any_of(figure.warnings.begin(), figure.warnings.end(),
                     [&](const auto& warning) { return warning.find(part) != std::string::npos; });
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Rows of the data that have all of these fields.
std::vector<json> rows_with(const Figure& figure, const std::vector<std::string>& fields) {
  std::vector<json> rows;
  for (const json& row : figure.spec["data"]["values"]) {
    if (std::all_of(fields.begin(), fields.end(), [&](const auto& f) { return row.contains(f); })) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("a ROC curve carries its area, by trapezoids or as given", "[figure]") {
  const Frame frame = Table()
                          .numbers("false_positive_rate", {0, 0, 0.5, 1, 0, 0.5, 1})
                          .numbers("true_positive_rate", {0, 0.5, 1, 1, 0, 0.5, 1})
                          .numbers("auc", {0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5})
                          .texts("by", {"a", "a", "a", "a", "b", "b", "b"})
                          .build();
  gallery::Roles roles = {{"false_positive_rate", {"false_positive_rate"}},
                          {"true_positive_rate", {"true_positive_rate"}},
                          {"by", {"by"}}};
  // 0.5 x (0.5 + 1) / 2 + 0.5 x 1 = 0.875
  const Figure own = make("roc", frame, roles);
  CHECK(says(own.spec.dump(), "a (AUC 0.875)"));
  CHECK(says(own.spec.dump(), "b (AUC 0.500)"));
  CHECK(says(own.words, "a 0.875 and b 0.500"));
  CHECK(says(terminal_figure(own, 70, 16, false), "a (AUC 0.875)"));
  roles.emplace_back("auc", std::vector<std::string>{"auc"});
  CHECK(says(make("roc", frame, roles).spec.dump(), "a (AUC 0.900)"));
}

TEST_CASE("average precision takes no interpolation, and the cursor starts at the best F",
          "[figure]") {
  const Frame frame = Table()
                          .numbers("recall", {0.5, 0.5, 1.0})
                          .numbers("precision", {1.0, 0.5, 0.4})
                          .numbers("threshold", {0.9, 0.6, 0.2})
                          .build();
  gallery::Roles roles = {{"recall", {"recall"}}, {"precision", {"precision"}}};
  const Figure still = make("precision_recall", frame, roles);
  // 0.5 x 1 + 0 + 0.5 x 0.4
  CHECK(says(still.words, "average precision: 0.700"));
  CHECK_FALSE(still.spec.contains("params"));
  roles.emplace_back("threshold", std::vector<std::string>{"threshold"});
  const Figure moving = make("precision_recall", frame, roles, {{"prevalence", 0.2}});
  // F1: 2/3, 0.5, 0.571; called positive at the first: 0.5 x 0.2 / 1
  CHECK(says(moving.words, "The largest F1 is 0.667"));
  const json& pick = moving.spec["concat"][0]["layer"];
  json bind;
  for (const json& layer : pick) {
    if (layer.contains("params")) bind = layer["params"][0];
  }
  CHECK(bind["value"]["threshold"] == 0.9);
  CHECK(bind["bind"]["threshold"]["input"] == "range");
  CHECK(bind["bind"]["threshold"]["min"].get<double>() <= 0.2);
  CHECK(bind["bind"]["threshold"]["max"].get<double>() >= 0.9);
  CHECK(rows_with(moving, {"threshold", "share"})[0]["share"].get<double>() == Approx(0.1));
  const Figure recall = make("precision_recall", frame, roles, {{"beta", 2}});
  CHECK(says(recall.words, "The largest F2 is 0.769"));  // 5 x 0.4 / (1.6 + 1)
}

TEST_CASE("gain begins where nothing is looked at", "[figure]") {
  const Frame frame = Table().numbers("share", {0.5, 1.0}).numbers("gain", {0.8, 1.0}).build();
  const Figure gain = make("gain", frame, {{"share", {"share"}}, {"gain", {"gain"}}});
  const auto points = rows_with(gain, {"place"});
  REQUIRE(points.size() == 3);
  CHECK(points[0]["x"] == 0.0);
  CHECK(points[0]["y"] == 0.0);
  CHECK(says(gain.words, "80.0% in 50% of the rows"));
}

TEST_CASE("calibration: equally filled or uneven bins show the density of the predictions",
          "[figure]") {
  const auto bins = [](std::vector<std::int64_t> counts,
                       std::vector<double> predicted = {0.1, 0.3, 0.9}) {
    const Frame frame = Table()
                            .numbers("predicted", std::move(predicted))
                            .numbers("observed", {0.1, 0.3, 0.9})
                            .integers("count", std::move(counts))
                            .build();
    return rows_with(
        make("calibration", frame,
             {{"predicted", {"predicted"}}, {"observed", {"observed"}}, {"count", {"count"}}}),
        {"x_end"});
  };
  const auto counted = bins({10, 20, 30});
  REQUIRE(counted.size() == 3);
  CHECK(counted[1]["x"] == 0.2);
  CHECK(counted[1]["x_end"] == 0.6);
  CHECK(counted[1]["n"] == 20.0);
  // A third of the rows on a width of 0.4.
  CHECK(bins({20, 20, 20})[1]["n"].get<double>() == Approx(1.0 / 3 / 0.4).epsilon(1e-6));
  // Widths of 0.04, 0.44 and 0.52: areas are read, not heights.
  CHECK(bins({10, 20, 30}, {0.02, 0.06, 0.9})[0]["n"].get<double>() ==
        Approx(10.0 / 60 / 0.04).epsilon(1e-6));
}

TEST_CASE("importance: the largest first, the mean of repeats, the rest said", "[figure]") {
  const Frame frame = Table()
                          .texts("feature", {"a", "b", "b", "b", "c"})
                          .numbers("importance", {0.1, 0.2, 0.3, 0.4, -0.1})
                          .build();
  const gallery::Roles roles = {{"feature", {"feature"}}, {"importance", {"importance"}}};
  const Figure figure = make("importance", frame, roles, {{"limit", 2}});
  CHECK(figure.spec["layer"][0]["encoding"]["y"]["sort"] == json({"b", "a"}));
  CHECK(warned(figure, "The 2 highest of 3 columns are drawn"));
  CHECK(warned(figure, "95% t interval"));
  const auto intervals = rows_with(figure, {"low", "high"});
  // 0.3 -+ t_2(0.975) 0.1 / sqrt(3), t = 4.302653
  CHECK(intervals[0]["low"].get<double>() == Approx(0.3 - 4.302653 * 0.1 / std::sqrt(3.0)));
  const Figure all = make("importance", frame, roles, {{"sort", "label"}});
  CHECK(all.spec["layer"][0]["encoding"]["y"]["sort"] == json({"a", "b", "c"}));
}

TEST_CASE("a confusion matrix draws pairs without a row, with the right ones on the diagonal",
          "[figure]") {
  const Frame frame = Table()
                          .texts("truth", {"a", "a", "b", "c"})
                          .texts("predicted", {"a", "b", "b", "b"})
                          .integers("count", {30, 10, 5, 5})
                          .build();
  const gallery::Roles roles = {
      {"truth", {"truth"}}, {"predicted", {"predicted"}}, {"count", {"count"}}};
  const Figure figure = make("confusion", frame, roles);
  const auto rows = rows_with(figure, {"share"});
  REQUIRE(rows.size() == 9);
  CHECK(rows[0]["share"] == 0.75);
  CHECK(rows[8]["n"] == 0.0);
  CHECK(says(figure.words, "3 classes: 70% are predicted as what they are"));
  CHECK(rows_with(make("confusion", frame, roles, {{"share", "predicted"}}),
                  {"share"})[1]["share"] == 0.5);
}

TEST_CASE("learning curves take repeats together", "[figure]") {
  const Frame frame =
      Table().numbers("rows", {10, 10, 10, 20}).numbers("score", {1, 2, 3, 4}).build();
  const gallery::Roles roles = {{"rows", {"rows"}}, {"score", {"score"}}};
  const auto bands = rows_with(make("learning_curve", frame, roles), {"low", "high"});
  REQUIRE(bands.size() == 1);
  CHECK(bands[0]["low"] == 1.0);
  CHECK(bands[0]["high"] == 3.0);
  CHECK(rows_with(make("learning_curve", frame, roles, {{"band", "none"}}), {"low"}).empty());
}

TEST_CASE("the best value is one that training rows did not judge", "[figure]") {
  const Frame frame = Table()
                          .numbers("value", {1, 2, 3, 1, 2, 3})
                          .numbers("score", {0.7, 0.8, 0.75, 0.8, 0.9, 1.0})
                          .texts("by", {"test", "test", "test", "train", "train", "train"})
                          .build();
  const Figure figure =
      make("validation_curve", frame, {{"value", {"value"}}, {"score", {"score"}}, {"by", {"by"}}},
           {{"best", "highest"}});
  CHECK(says(figure.words, "The best score, 0.8, is at 2."));
  CHECK(says(figure.spec.dump(), "best 2"));
}

TEST_CASE("partial dependence: the mean is given, or that of the cases", "[figure]") {
  const auto draw = [](const std::vector<std::string>& cases) {
    const Frame frame = Table()
                            .numbers("value", {1, 2, 1, 2, 1, 2})
                            .numbers("prediction", {0, 1, 2, 3, 5, 6})
                            .gappy("case", cases)
                            .build();
    return make("partial_dependence", frame,
                {{"value", {"value"}}, {"prediction", {"prediction"}}, {"case", {"case"}}});
  };
  const Figure given = draw({"a", "a", "b", "b", "", ""});
  CHECK(says(given.words, "from 5 at 1 to 6 at 2"));
  CHECK(rows_with(given, {"id"}).size() == 4);
  const Figure mean = draw({"a", "a", "b", "b", "c", "c"});
  CHECK(says(mean.words, "from 2.333 at 1 to 3.333 at 2"));
}

TEST_CASE("a beeswarm orders columns by mean |SHAP| and moves dots aside", "[figure]") {
  std::vector<std::string> feature;
  std::vector<double> shap, value;
  for (int i = 0; i < 60; ++i) {
    feature.emplace_back(i % 2 == 0 ? "weak" : "strong");
    shap.push_back(i % 2 == 0 ? 0.1 : (i < 30 ? -1.0 : 1.0));
    value.push_back(i == 1 ? std::numeric_limits<double>::quiet_NaN() : i);
  }
  const Frame frame =
      Table().texts("feature", feature).numbers("shap", shap).numbers("value", value).build();
  const gallery::Roles roles = {{"feature", {"feature"}}, {"shap", {"shap"}}, {"value", {"value"}}};
  const Figure figure = make("shap_beeswarm", frame, roles);
  CHECK(figure.spec["layer"][1]["encoding"]["y"]["sort"] == json({"strong", "weak"}));
  CHECK(says(figure.words, "largest mean |SHAP|: strong 1 and weak 0.1"));
  std::vector<double> offsets;
  std::size_t grey = 0;
  for (const json& row : rows_with(figure, {"up"})) {
    if (row["category"] == "weak") offsets.push_back(row["up"]);
    grey += row.contains("colour") ? 0 : 1;
  }
  CHECK(grey == 1);
  std::sort(offsets.begin(), offsets.end());
  CHECK(offsets.size() == 30);
  CHECK(std::adjacent_find(offsets.begin(), offsets.end()) == offsets.end());
  CHECK(offsets.front() >= -1);
  CHECK(offsets.back() <= 1);
  CHECK(says(terminal_figure(figure, 60, 12, false), "█"));
}

TEST_CASE("a waterfall ends at the prediction", "[figure]") {
  const Frame frame = Table()
                          .texts("feature", {"a", "b", "c", "d"})
                          .numbers("shap", {0.5, -2.0, 0.25, 0.125})
                          .numbers("value", {1, 2, 3, 4})
                          .build();
  const Figure figure = make("shap_waterfall", frame,
                             {{"feature", {"feature"}}, {"shap", {"shap"}}, {"value", {"value"}}},
                             {{"base", 10}, {"limit", 3}});
  const auto bars = rows_with(figure, {"x_end"});
  REQUIRE(bars.size() == 3);
  CHECK(bars[0]["category"] == "b = 2");
  CHECK(bars[0]["x"] == 10.0);
  CHECK(bars[0]["x_end"] == 8.0);
  CHECK(bars[0]["label"] == "-2");
  CHECK(bars[1]["label"] == "+0.5");
  CHECK(bars[2]["category"] == "2 other columns");
  CHECK(bars[2]["x_end"] == 8.875);
  CHECK(says(figure.words, "to a prediction of 8.875"));
}

TEST_CASE("tuning shows the best so far and what it was made of", "[figure]") {
  const Frame history =
      Table().numbers("trial", {3, 1, 2, 4}).numbers("score", {0.9, 0.7, 0.6, 0.8}).build();
  const gallery::Roles roles = {{"trial", {"trial"}}, {"score", {"score"}}};
  CHECK(says(make("tuning_history", history, roles).words, "0.9 at trial 3"));
  CHECK(says(make("tuning_history", history, roles, {{"best", "lowest"}}).words, "0.6 at trial 2"));
  const Frame slices = Table()
                           .texts("parameter", {"rate", "kind", "rate", "kind", "rate", "kind"})
                           .texts("value", {"0.001", "x", "0.1", "y", "1", "x"})
                           .numbers("score", {1, 1, 2, 2, 3, 3})
                           .build();
  const Figure figure =
      make("tuning_slices", slices,
           {{"parameter", {"parameter"}}, {"value", {"value"}}, {"score", {"score"}}});
  REQUIRE(figure.spec["concat"].size() == 2);
  // The rate ranks the scores, the kind does not; three powers of ten ask for a logarithmic axis.
  const json& first = figure.spec["concat"][0]["layer"][0]["encoding"]["x"];
  CHECK(first["title"] == "rate");
  CHECK(first["scale"]["type"] == "log");
  CHECK(figure.spec["concat"][1]["layer"][0]["encoding"]["x"]["type"] == "nominal");
  CHECK(says(figure.words, "the best score, 3, has rate 1 and kind x"));
}
