#include <string>
#include <utility>

#include "engine/core/option_reader.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/kinds/linear_predictor.h"
#include "engine/learn/rigorous_lasso.h"

// The lasso whose penalty follows from theory.
namespace impact::detail {
namespace {

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("rigorous_lasso", options);
  const Lesson& lesson = training.lesson;
  const bool post = read.flag("post", true);
  const bool intercept = read.flag("intercept", true);
  std::optional<double> c;
  if (read.given("c")) c = read.number("c", 1.1, 1e-12);
  std::optional<double> gamma;
  if (read.given("gamma")) gamma = read.number("gamma", 0.1, 1e-300, 1.0);
  const auto loadings = static_cast<LassoLoadings>(
      read.place("loadings", "heteroskedastic", {"heteroskedastic", "homoskedastic"}));
  const bool x_dependent = read.flag("x_dependent", false);
  const auto draws = static_cast<int>(read.integer("draws", 5000, 100, 10000000));
  read.done();
  const FeatureColumns x = lesson.features.matrix();
  RigorousLasso found;
  ElasticNetModel model;
  if (lesson.of_classes()) {
    if (x_dependent) read.fail("x_dependent", "is for numbers", "false for classes");
    found = fit_rigorous_logit(x, lesson.outcome, training.rows,
                               {.post = post, .intercept = intercept, .c = c, .gamma = gamma},
                               lesson.weights, training.context);
    model.family = ElasticNetFamily::kBinomial;
  } else {
    RigorousLassoSpec spec;
    spec.loadings = loadings;
    spec.post = post;
    spec.intercept = intercept;
    spec.c = c;
    spec.gamma = gamma;
    spec.x_dependent = x_dependent;
    spec.draws = draws;
    if (!lesson.groups.empty()) {
      spec.loadings = LassoLoadings::kClustered;
      spec.clusters = lesson.groups;
    }
    found = fit_rigorous_lasso(x, lesson.outcome, training.rows, spec, lesson.weights, training.key,
                               training.context);
  }
  tell(training, found.warnings);
  model.lambda = found.level;
  model.intercept = {found.intercept};
  model.coefficient = found.coefficient;
  ModelTable selected{.name = "selected", .text_names = {"column"}, .texts = {{}}};
  selected.number_names = {"coefficient", "loading"};
  selected.numbers.resize(2);
  for (const std::size_t j : found.selected) {
    selected.texts[0].push_back(lesson.features[j].name);
    selected.numbers[0].push_back(found.coefficient[j]);
    selected.numbers[1].push_back(found.loadings[j]);
  }
  const auto& classes = lesson.classes;
  return std::make_shared<const LinearPredictor>(
      std::move(model), lesson.features.names(),
      std::vector<std::string>(classes.begin(), classes.end()),
      std::vector<ModelTable>{std::move(selected)});
}

constexpr LearnerKind kKinds[] = {
    {"rigorous_lasso",
     "Lasso with the penalty that theory gives, without cross-validation and without chance "
     "(Belloni, Chen, Chernozhukov & Hansen 2012).",
     kLinearFile, "rows with a missing number are left out and get no prediction", true, true,
     false, fit, read_linear},
};

}  // namespace

std::span<const LearnerKind> rigorous_kinds() { return kKinds; }

}  // namespace impact::detail
