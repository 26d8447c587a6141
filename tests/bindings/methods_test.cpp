#include <fstream>
#include <sstream>
#include <catch2/catch.hpp>

#include "engine/study/blind.h"
#include "tests/bindings/script_fixture.h"
#include "tests/engine/stats/reference.h"

using namespace impact;
using namespace impact::bindings;
using Catch::Contains;
using impact::reference::agree;
using impact::reference::peer;
using impact::testing::ScriptFixture;

namespace {

// The units of the peers' tests as u.csv, with the arms as texts.
struct Units : ScriptFixture {
  Units() {
    std::ifstream in(IMPACT_SOURCE "/tests/reference/stats/units.txt");
    std::string text;
    int id = 0;
    for (std::string line; std::getline(in, line); ++id) {
      std::istringstream fields(line);
      std::string row = id == 0 ? "id" : std::to_string(id);
      std::vector<std::string> cells;
      for (std::string cell; fields >> cell; cells.push_back(cell)) row += "," + cell;
      row += id == 0 ? ",arm,armc"
                     : std::string(cells[2] == "1" ? ",treated" : ",control") +
                           (cells[3] == "1" ? ",treated" : ",control");
      text += row + "\n";
    }
    dir.file("u.csv", text);
  }
  static std::string declared(const std::string& contrast, const std::string& method) {
    return "local u <const> = S:source \"u\" { csv = \"u.csv\", key = \"id\" }\n"
           "local z <const> = S:assignment \"z\" { units = u, arms = { \"control\", \"treated\" "
           "}, given = u.arm, within = u.block }\n"
           "local zc <const> = S:assignment \"zc\" { units = u, arms = { \"control\", "
           "\"treated\" }, given = u.armc, clusters = u.cluster }\n"
           "local ATE <const> = S:inquiry \"ATE\" { of = u.y, contrast = " +
           contrast + ":between(\"treated\", \"control\") }\n" + "S:estimator \"e\" (" + method +
           ") { answers = ATE }";
  }
  // The only row of the method's answer.
  Estimate answer(const std::string& contrast, const std::string& method) {
    const auto it = script(kHead + declared(contrast, method) + "\nreturn S");
    it->declare();
    const Study& study = it->study();
    const Blind blind(study, false);
    const auto rows = estimate_node(study, *study.find("e"), blind, it->session().context());
    REQUIRE(rows.size() == 1);
    return rows[0];
  }
  std::string wrong(const std::string& method, const std::string& contrast = "z") {
    return refusal(declared(contrast, method));
  }
};

}  // namespace

TEST_CASE("difference_in_means gives the peer's numbers", "[methods]") {
  Units s;
  agree(s.answer("z", "difference_in_means {}"), peer("dim_standard").at("z"));
  agree(s.answer("u.arm", "difference_in_means {}"), peer("dim_standard").at("z"));
  agree(s.answer("z", "difference_in_means { conf_level = 0.9 }"), peer("dim_standard_90").at("z"));
  agree(s.answer("z", "blocked_difference_in_means {}"), peer("dim_blocked").at("z"));
  agree(s.answer("u.arm", "blocked_difference_in_means { blocks = u.block }"),
        peer("dim_blocked").at("z"));
  agree(s.answer("zc", "difference_in_means {}"), peer("dim_clustered").at("zc"));
  agree(s.answer("zc", "difference_in_means { weights = u.w }"),
        peer("dim_clustered_weighted").at("zc"));
  agree(
      s.answer("u.armc", "blocked_difference_in_means { blocks = u.block, clusters = u.cluster }"),
      peer("dim_block_clustered").at("zc"));
}

TEST_CASE("ols and ols.lin give the peer's numbers", "[methods]") {
  Units s;
  for (const char* se : {"classical", "HC0", "HC1", "HC2", "HC3"}) {
    INFO(se);
    const std::string suffix = std::string("_") + se;
    const std::string option = std::string(", se = \"") + se + "\" }";
    agree(s.answer("z", "ols { covariates = { u.x, u.v }" + option), peer("ols" + suffix).at("z"));
    agree(s.answer("z", "ols { covariates = u.x, fixed_effects = u.f" + option),
          peer("ols_fe" + suffix).at("z"));
  }
  agree(s.answer("z", "ols { covariates = { u.x, u.v } }"), peer("ols_HC2").at("z"));
  agree(s.answer("z", "ols { covariates = { u.x, u.v }, weights = u.w }"),
        peer("ols_weighted_HC2").at("z"));
  agree(s.answer("z", "ols { covariates = { u.x, u.v }, clusters = u.uneven }"),
        peer("ols_uneven_CR2").at("z"));
  agree(s.answer("z", "ols.lin { covariates = { u.x, u.v } }"), peer("lin_HC2").at("z"));
  agree(s.answer("zc", "ols.lin { covariates = { u.x, u.v } }"), peer("lin_CR2").at("zc"));
  CHECK(s.answer("zc", "ols.lin { covariates = { u.x, u.v } }").se_type == "CR2");
}

TEST_CASE("a formula of columns and one of text say the same as options", "[methods][formula]") {
  Units s;
  for (const char* formula :
       {"ols(u.y ~ z + u.x + u.v)", "ols(u.y ~ u.x + z + u.v)", "ols \"y ~ z + x + v\"",
        "ols(\"y ~ z + x + v\", { se = \"HC2\" })"}) {
    INFO(formula);
    agree(s.answer("z", formula), peer("ols_HC2").at("z"));
  }
  for (const char* formula : {"ols(u.y ~ u.arm + u.x | u.f)", "ols \"y ~ arm + x | f\""}) {
    INFO(formula);
    agree(s.answer("u.arm", formula), peer("ols_fe_HC2").at("z"));
  }
  for (const char* formula :
       {"ols(u.y ~ u.arm + u.x | u.f + u.g)", "ols \"y ~ arm + x | f + g\""}) {
    INFO(formula);
    agree(s.answer("u.arm", formula), peer("ols_fe2_HC2").at("z"));
  }
}

TEST_CASE("interactions and combined effects mean the same however they are written",
          "[methods][formula]") {
  Units s;
  const Estimate star = s.answer("z", "ols(u.y ~ z + u.x * u.v)");
  for (const char* same : {"ols(u.y ~ z + u.x + u.v + u.x % u.v)", "ols \"y ~ z + x * v\"",
                           "ols \"y ~ z + x + v + v:x\""}) {
    INFO(same);
    CHECK(s.answer("z", same).estimate == Approx(star.estimate).epsilon(1e-12));
    CHECK(s.answer("z", same).std_error == Approx(star.std_error).epsilon(1e-12));
  }
  CHECK(star.estimate != Approx(peer("ols_HC2").at("z").estimate));
  // Clusters lie in the levels of f: combining both gives the clusters.
  const Estimate combined = s.answer("u.arm", "ols(u.y ~ u.arm + u.x | u.f ^ u.cluster)");
  const Estimate nested = s.answer("u.arm", "ols(u.y ~ u.arm + u.x | u.cluster)");
  CHECK(combined.estimate == Approx(nested.estimate).epsilon(1e-12));
  CHECK(combined.std_error == Approx(nested.std_error).epsilon(1e-12));
  CHECK(combined.df == nested.df);
}

TEST_CASE("a formula that does not answer the inquiry is refused", "[methods][formula]") {
  Units s;
  CHECK_THAT(s.wrong("ols(u.v ~ z + u.x)"),
             Contains("explains another column than the inquiry asks about") &&
                 Contains("got:      v") && Contains("expected: y"));
  CHECK_THAT(s.wrong("ols(u.y ~ u.x)"),
             Contains("the formula of 'e' lacks the exposure") && Contains("expected: z"));
  CHECK_THAT(s.wrong("ols(u.y ~ z % u.x)"), Contains("lacks the exposure"));
  CHECK_THAT(s.wrong("ols(u.y ~ 0 + z)"), Contains("a contrast needs an intercept"));
  CHECK_THAT(s.wrong("ols(u.y ~ z | (u.x ~ u.v))"), Contains("ols has no instruments"));
  CHECK_THAT(s.wrong("ols(u.y ~ z, { covariates = u.x })"),
             Contains("a formula or covariates, not both"));
  CHECK_THAT(s.wrong("ols(u.y ~ z - u.x)"), Contains("a formula has no minus"));
  CHECK_THAT(s.wrong("ols \"y ~ z + (x\""), Contains("character 11") && Contains("expected: ')'"));
  CHECK_THAT(s.wrong("ols \"y ~ z + xx\""), Contains("no column 'xx'"));
  CHECK_THAT(s.wrong("ols(u.y ~ z | u.f | u.g)"), Contains("one list of fixed effects"));
  CHECK_THAT(s.wrong("ols(u.y ~ \"z\")"), Contains("'~' joins columns and formulas"));
}

TEST_CASE("options of methods are checked where they are written", "[methods]") {
  Units s;
  CHECK_THAT(s.wrong("ols { covariate = u.x }"), Contains("-e:6:") &&
                                                     Contains("has no option 'covariate'") &&
                                                     Contains("did you mean 'covariates'?"));
  CHECK_THAT(s.wrong("ols { se = \"HC5\" }"), Contains("can't be 'HC5'") && Contains("HC2"));
  CHECK_THAT(s.wrong("ols { conf_level = 1 }"), Contains("must lie between 0 and 1"));
  CHECK_THAT(s.wrong("ols { conf_level = 95 }"), Contains("conf_level"));
  CHECK_THAT(s.wrong("ols.lin {}"), Contains("covariates"));
  CHECK_THAT(s.wrong("ols.linn { covariates = u.x }"),
             Contains("ols has no 'linn'") && Contains("did you mean 'lin'?"));
  CHECK_THAT(s.wrong("ols { covariates = u.arms }"),
             Contains("no column 'arms'") && Contains("did you mean 'arm'?"));
  CHECK_THAT(s.wrong("u.x"), Contains("Method"));
}

TEST_CASE("contrasts and inquiries are checked where they are written", "[methods]") {
  Units s;
  CHECK_THAT(s.refusal(Units::declared("z:between(\"treated\", \"treated\") and z", "ols {}")),
             Contains("two different values"));
  const std::string asked =
      "local u <const> = S:source \"u\" { csv = \"u.csv\", key = \"id\" }\n"
      "local z <const> = S:assignment \"z\" { units = u, arms = { \"control\", \"treated\" } }\n";
  CHECK_THAT(s.refusal(asked + "S:inquiry \"q\" { of = u.y, contrast = z:between(\"treatd\", "
                               "\"control\") }"),
             Contains("assignment 'z' has no arm 'treatd'") && Contains("did you mean 'treated'?"));
  CHECK_THAT(s.refusal(asked + "S:inquiry \"q\" { of = u.arm, contrast = z:between(\"treated\", "
                               "\"control\") }"),
             Contains("an outcome must be a number") && Contains("arm (text)"));
  CHECK_THAT(s.refusal(asked + "S:inquiry \"q\" { of = u.y }"), Contains("contrasts nothing"));
  CHECK_THAT(s.refusal(asked + "local q <const> = S:inquiry \"q\" { of = u.y, kind = "
                               "\"descriptive\" }\nS:estimator \"e\" (ols {}) { answers = q }"),
             Contains("'q' asks for no contrast"));
  CHECK_THAT(s.refusal(asked + "S:estimator \"e\" (ols {}) {}"), Contains("answers"));
}

TEST_CASE("an inquiry has one primary estimator", "[methods]") {
  Units s;
  CHECK_THAT(
      s.wrong("ols {}) { answers = ATE, primary = true }\n"
              "S:estimator \"f\" (ols {}) { answers = ATE, primary = true }\n"
              "S:estimator \"g\" (ols {}"),
      Contains("-e:7:") && Contains("'ATE' has two primary estimators") && Contains("'e' is it"));
}

TEST_CASE("columns of an estimator must be columns of the outcome's table", "[methods]") {
  Units s;
  s.dir.file("o.csv", "id,other\n1,2\n");
  CHECK_THAT(s.refusal("local o <const> = S:source \"o\" { csv = \"o.csv\", key = \"id\" }\n" +
                       Units::declared("z", "ols { covariates = o.other }")),
             Contains("no column 'other'"));
}
