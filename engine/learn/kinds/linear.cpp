#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/core/option_reader.h"
#include "engine/learn/elastic_net.h"
#include "engine/learn/elastic_net_choice.h"
#include "engine/learn/folds.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/kinds/linear_predictor.h"
#include "engine/learn/logistic_classifier.h"
#include "engine/learn/ridge.h"

// Regressions with a linear predictor: penalised, or not.
namespace impact::detail {
namespace {

constexpr const char* kMissing = "rows with a missing number are left out and get no prediction";

ElasticNetFamily family_of(OptionReader& read, const Lesson& lesson) {
  const std::string named = read.choice("family", "auto", {"auto", "gaussian", "poisson"});
  if (lesson.of_classes()) {
    if (named != "auto") read.fail("family", "is for numbers", "\"auto\" for classes");
    return lesson.classes.size() > 2 ? ElasticNetFamily::kMultinomial : ElasticNetFamily::kBinomial;
  }
  return named == "poisson" ? ElasticNetFamily::kPoisson : ElasticNetFamily::kGaussian;
}

// Folds of the training rows, numbered as rows of the whole lesson; others are in fold 0 and take
// no part.
Folds inner_folds(const Training& training, int wanted) {
  const Lesson& lesson = training.lesson;
  const std::size_t n = training.rows.size();
  std::vector<std::int32_t> strata;
  std::vector<std::int32_t> groups;
  for (const std::uint32_t row : training.rows) {
    if (lesson.of_classes()) {
      strata.push_back(
          std::isnan(lesson.outcome[row]) ? 0 : static_cast<std::int32_t>(lesson.outcome[row]));
    }
    if (!lesson.groups.empty()) groups.push_back(lesson.groups[row]);
  }
  const Folds drawn = draw_folds(
      n, {.folds = std::min(wanted, static_cast<int>(n)), .strata = strata, .groups = groups},
      training.key.child("folds"));
  tell(training, drawn.warnings);
  Folds out{.rows = lesson.features.rows(), .folds = drawn.folds, .repeats = 1};
  out.fold.assign(out.rows, 0);
  for (std::size_t i = 0; i < n; ++i) out.fold[training.rows[i]] = drawn.at(i);
  return out;
}

ModelTable path_table(const LambdaChoice& choice) {
  ModelTable table{.name = "path", .number_names = {"lambda", "value"}};
  table.numbers = {choice.lambda, choice.value};
  if (!choice.std_error.empty()) {
    table.number_names.emplace_back("std_error");
    table.numbers.push_back(choice.std_error);
  }
  return table;
}

std::shared_ptr<const Predictor> held(const Training& training, ElasticNetModel model,
                                      std::vector<ModelTable> tables = {}) {
  const auto& classes = training.lesson.classes;
  return std::make_shared<const LinearPredictor>(
      std::move(model), training.lesson.features.names(),
      std::vector<std::string>(classes.begin(), classes.end()), std::move(tables));
}

// `alpha` below 0: an option.
std::shared_ptr<const Predictor> penalised(const char* name, double alpha,
                                           const nlohmann::json& options,
                                           const Training& training) {
  OptionReader read(name, options);
  const Lesson& lesson = training.lesson;
  ElasticNetSpec spec;
  spec.family = family_of(read, lesson);
  spec.alpha = alpha < 0.0 ? read.number("alpha", 0.5, 0.0, 1.0) : alpha;
  spec.lambda = read.numbers("lambda");
  if (read.given("lambda") && spec.lambda.empty()) {
    read.fail("lambda", "is an empty list", "penalties, or nothing for a grid");
  }
  spec.lambdas = static_cast<int>(read.integer("lambdas", 100, 2, 10000));
  spec.lambda_ratio = read.number("lambda_ratio", 0.0, 0.0, 0.999999);
  spec.standardise = read.flag("standardise", true);
  spec.intercept = read.flag("intercept", true);
  spec.classes = lesson.of_classes() ? lesson.classes.size() : 0;
  if (spec.classes == 2) spec.classes = 0;
  spec.grouped = read.flag("grouped", false);
  const std::size_t rule = read.place("choose", "folds", {"folds", "aic", "aicc", "bic", "ebic"});
  const bool one_se = read.flag("one_se", false);
  const auto folds = static_cast<int>(read.integer("folds", 10, 2, 1000));
  read.done();

  const FeatureColumns x = lesson.features.matrix();
  const ElasticNetPath path =
      fit_elastic_net(x, lesson.outcome, training.rows, spec, lesson.weights, {}, training.context);
  tell(training, path.warnings);
  if (path.lambda.size() == 1) return held(training, elastic_net_at(path, path.lambda.front()));
  const LambdaChoice choice =
      rule == 0 ? choose_by_folds(x, lesson.outcome, training.rows, inner_folds(training, folds),
                                  spec, lesson.weights, {}, training.context)
                : choose_by_criterion(path, static_cast<InformationCriterion>(rule - 1));
  tell(training, choice.warnings);
  const double lambda = one_se ? choice.one_se : choice.best;
  // Without a choice the heaviest penalty is the one that can do no harm.
  return held(training, elastic_net_at(path, std::isnan(lambda) ? path.lambda.front() : lambda),
              {path_table(choice)});
}

std::shared_ptr<const Predictor> fit_lasso(const nlohmann::json& options,
                                           const Training& training) {
  return penalised("lasso", 1.0, options, training);
}
std::shared_ptr<const Predictor> fit_net(const nlohmann::json& options, const Training& training) {
  return penalised("elastic_net", -1.0, options, training);
}
std::shared_ptr<const Predictor> fit_ridge_kind(const nlohmann::json& options,
                                                const Training& training) {
  return penalised("ridge", 0.0, options, training);
}

// Least squares: of several solutions the shortest.
std::shared_ptr<const Predictor> fit_linear(const nlohmann::json& options,
                                            const Training& training) {
  OptionReader read("linear", options);
  const RidgeSpec spec{.lambda = {0.0}, .intercept = read.flag("intercept", true)};
  read.done();
  const Lesson& lesson = training.lesson;
  const ElasticNetPath path = fit_ridge(lesson.features.matrix(), lesson.outcome, training.rows,
                                        spec, lesson.weights, training.context);
  tell(training, path.warnings);
  return held(training, elastic_net_at(path, 0.0));
}

std::shared_ptr<const Predictor> fit_logistic(const nlohmann::json& options,
                                              const Training& training) {
  OptionReader read("logistic", options);
  const double penalty = read.number("penalty", 1.0, 0.0);
  read.done();
  const Lesson& lesson = training.lesson;
  const FeatureColumns x = lesson.features.matrix();
  if (lesson.classes.size() > 2) {
    // The same objective, divided by the rows.
    ElasticNetSpec spec{.family = ElasticNetFamily::kMultinomial, .alpha = 0.0};
    const double rows = static_cast<double>(std::max<std::size_t>(training.rows.size(), 1));
    spec.lambda = {penalty / rows};
    spec.classes = lesson.classes.size();
    const ElasticNetPath path = fit_elastic_net(x, lesson.outcome, training.rows, spec,
                                                lesson.weights, {}, training.context);
    tell(training, path.warnings);
    return held(training, elastic_net_at(path, spec.lambda.front()));
  }
  const LogisticClassifier fit = fit_logistic_classifier(
      x, labels_of(lesson), training.rows, {.penalty = penalty}, lesson.weights, training.context);
  tell(training, fit.warnings);
  ElasticNetModel model{.family = ElasticNetFamily::kBinomial, .lambda = penalty};
  model.intercept = {fit.intercept};
  model.coefficient = fit.coefficient;
  ModelTable scaled{.name = "standardised", .text_names = {"term"}, .texts = {{"(intercept)"}}};
  for (const std::string& name : lesson.features.names()) scaled.texts[0].push_back(name);
  scaled.number_names = {"per standard deviation"};
  scaled.numbers = {{fit.standardised_intercept}};
  scaled.numbers[0].insert(scaled.numbers[0].end(), fit.standardised.begin(),
                           fit.standardised.end());
  return held(training, std::move(model), {std::move(scaled)});
}

constexpr LearnerKind kKinds[] = {
    {"elastic_net",
     "Regression with a mixed lasso and ridge penalty; the amount is chosen by folds of the "
     "training rows (Zou & Hastie 2005).",
     kLinearFile, kMissing, true, true, true, fit_net, read_linear},
    {"lasso",
     "Regression that drops columns: absolute values of coefficients are penalised (Tibshirani "
     "1996); the penalty is chosen by folds of the training rows.",
     kLinearFile, kMissing, true, true, true, fit_lasso, read_linear},
    {"linear", "Least squares, of several solutions the shortest.", kLinearFile, kMissing, true,
     false, false, fit_linear, read_linear},
    {"logistic",
     "Logistic regression with a ridge penalty on standardised columns (le Cessie & van "
     "Houwelingen 1992), multinomial for more than two classes.",
     kLinearFile, kMissing, false, true, true, fit_logistic, read_linear},
    {"ridge",
     "Regression that shrinks coefficients: their squares are penalised (Hoerl & Kennard 1970); "
     "the penalty is chosen by folds of the training rows.",
     kLinearFile, kMissing, true, true, true, fit_ridge_kind, read_linear},
};

}  // namespace

std::span<const LearnerKind> linear_kinds() { return kKinds; }

}  // namespace impact::detail
