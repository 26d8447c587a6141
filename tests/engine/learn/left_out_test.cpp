#include "engine/learn/left_out.h"

#include <limits>
#include <catch2/catch.hpp>

#include "engine/learn/classification.h"
#include "engine/learn/multiclass_scores.h"
#include "engine/learn/regression_scores.h"
#include "engine/learn/trained_model.h"

using namespace impact;
using nlohmann::json;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string joined(const std::vector<std::string>& warnings) {
  std::string out;
  for (const std::string& warning : warnings) out.append(warning).append("\n");
  return out;
}

struct InfiniteRows {
  std::vector<double> a, b, number, two;
  InfiniteRows() {
    for (int i = 0; i < 60; ++i) {
      a.push_back(i % 7);
      b.push_back(i % 5);
      number.push_back(i % 7 + 0.1 * (i % 3));
      two.push_back((i * 7) % 11 > 5 ? 1.0 : 0.0);
    }
  }
  [[nodiscard]] std::string warnings(const char* kind, const json& options, bool classes) const {
    static const std::vector<std::string> kClasses{"no", "yes"};
    const FeatureTable x({number_feature("a", a), number_feature("views", b)});
    Lesson lesson{.features = x, .outcome = classes ? two : number};
    if (classes) lesson.classes = kClasses;
    return joined(train({kind, options}, lesson, every_row(a.size()), "y", StreamKey{1}).warnings);
  }
};

}  // namespace

TEST_CASE("an infinite number is not called missing", "[learn][left_out]") {
  InfiniteRows rows;
  rows.b[3] = kInfinity;
  rows.b[9] = -kInfinity;
  rows.a[4] = kNaN;
  const json small{{"layers", {2}}, {"epochs", 1}};
  for (const auto& [kind, options, classes] :
       {std::tuple<const char*, json, bool>{"linear", json::object(), false},
        {"ridge", {{"lambda", 0.1}}, false},
        {"lasso", {{"lambda", 0.1}}, true},
        {"rigorous_lasso", {{"post", false}}, false},
        {"logistic", json::object(), true},
        {"perceptron", small, false},
        {"perceptron", small, true}}) {
    INFO(kind);
    const std::string said = rows.warnings(kind, options, classes);
    CHECK_THAT(said, Catch::Contains("1 row was left out because a value is missing"));
    CHECK_THAT(said, Catch::Contains("2 rows were left out because a number is infinite, first in "
                                     "'views': make such numbers missing"));
  }
  CHECK_THAT(rows.warnings("boost", {{"rounds", 2}}, false),
             Catch::Contains("2 rows were left out: a number is infinite in single precision, "
                             "first in 'views'"));
  // Trees rank the numbers of a column; the outcome must be finite all the same.
  CHECK_THAT(rows.warnings("tree", json::object(), false), !Catch::Contains("infinite"));
  rows.number[5] = kInfinity;
  CHECK_THAT(rows.warnings("tree", json::object(), false),
             Catch::Contains("infinite, first in what is predicted"));
}

TEST_CASE("a row without a prediction is not called missing", "[learn][left_out]") {
  const std::vector<double> prediction{0.1, kNaN, 0.9, kNaN, 0.4, 0.2};
  const std::vector<double> outcome{0, 1, 1, 0, kNaN, 1};
  const auto numbers = regression_scores({.prediction = prediction, .outcome = outcome}, {});
  CHECK(joined(numbers[0].warnings)
            .find("1 row was left out because a value is missing\n2 rows "
                  "were left out because there is no prediction for "
                  "them\n") == 0);
  const std::vector<std::int32_t> label{0, 1, 1, 0, -1, 1};
  const ConfusionMatrix two = confusion_matrix({.score = prediction, .label = label}, 0.5);
  CHECK(two.missing == 1);
  CHECK(two.unpredicted == 2);
  CHECK(two.n == 3);
  const std::vector<std::int32_t> called{0, -1, 1, -1, 0, 0};
  const ClassMatrix many = class_matrix(called, label, 2);
  CHECK(many.missing == 1);
  CHECK(many.unpredicted == 2);
  CHECK_THAT(joined(class_matrix_scores(many, 0.95)[0].warnings),
             Catch::Contains("there is no prediction for them"));
  CHECK(one_against_rest(many, 1).unpredicted == 2);
}
