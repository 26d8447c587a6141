#include "engine/study/effect_answer.h"

#include <catch2/catch.hpp>

#include "engine/causal/average_effect.h"
#include "engine/causal/double_learning.h"
#include "tests/engine/study/units_study.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;
using namespace impact::reference;
using Kind = Method::Kind;

TEST_CASE("a declared average effect is that of its matrices", "[study][estimate]") {
  UnitsStudy s;
  const Numbers y = units()["y"];
  const Codes treated = units().codes("z");
  Numbers x(units().rows(), 1.0);
  x.insert(x.end(), units()["x"].begin(), units()["x"].end());
  const Numbers e = x;
  x.insert(x.end(), units()["v"].begin(), units()["v"].end());
  for (const char* target : {"ATE", "ATT", "ATO"}) {
    s.inquiry().target = target;
    Method method{.kind = Kind::kEffect, .covariates = s.terms({"x", "v"})};
    AverageEffectData data{.y = y,
                           .treated = treated,
                           .x_outcome = x,
                           .outcome_columns = 3,
                           .x_treatment = x,
                           .treatment_columns = 3};
    AverageEffectSpec spec{.target = parse_effect_target(target)};
    same_numbers(s.only(method), to_estimates(average_effect(data, spec))[0]);
    // Propensities of their own.
    method.propensity = s.terms({"x"});
    data.x_treatment = e;
    data.treatment_columns = 2;
    same_numbers(s.only(method), to_estimates(average_effect(data, spec))[0]);
    method.effect.method = spec.method = EffectMethod::kWeighting;
    method.effect.weighting = spec.weighting = Weighting::kProbit;
    same_numbers(s.only(method), to_estimates(average_effect(data, spec))[0]);
  }
  s.inquiry().target = "ATT";
  const Estimate ols = s.only({.kind = Kind::kOls});
  CHECK_THAT(ols.warnings.front(), Contains("asks for the effect on the treated"));
  s.inquiry().target = "ATO";
  CHECK_THAT(s.only({}).warnings.front(),
             Contains("asks for the effect where treatment is least certain"));
}

TEST_CASE("declared double learning is that of its columns and folds", "[study][estimate]") {
  UnitsStudy s;
  const Codes treated = units().codes("z");
  const Numbers y = units()["y"];
  const Numbers d = units()["z"];
  const LearnerSpec linear{"linear", nlohmann::json::object()};
  const LearnerSpec logit{"logistic", {{"penalty", 0.0}}};
  Method method{.kind = Kind::kLearned,
                .covariates = s.terms({"x", "v"}),
                .learned = std::make_shared<LearnedMethod>(LearnedMethod{
                    .spec = {.outcome = linear, .treatment = logit}, .folds = 4, .repeats = 3})};
  const Estimate row = s.only(method);
  const StreamKey key = StreamKey::root(s.study.seed)
                            .child("estimator")
                            .child("e" + std::to_string(s.study.nodes.size() - 1));
  const Folds folds =
      draw_folds(y.size(), {.folds = 4, .repeats = 3, .strata = treated}, key.child("folds"));
  const DoubleLearningFit fit = double_learning(
      {.features =
           FeatureTable({number_feature("x", units()["x"]), number_feature("v", units()["v"])}),
       .y = y,
       .treatment = d},
      method.learned->spec, folds, key);
  same_numbers(row, to_estimates(fit)[0]);
  CHECK(row.method == "irm");
  method.learned = std::make_shared<LearnedMethod>(LearnedMethod{
      .spec = {.model = DoubleModel::kPartiallyLinear, .outcome = linear, .treatment = linear}});
  CHECK(s.only(method).method == "plr");
  s.inquiry().target = "ATT";
  CHECK_THAT(s.only(method).warnings.front(), Contains("asks for the effect on the treated"));
}
