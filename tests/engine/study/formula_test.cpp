#include "engine/study/formula.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;

namespace {

std::string text_of(const std::vector<Formula::Term>& terms, const char* between) {
  std::string out;
  for (const Formula::Term& term : terms) {
    std::string part;
    for (const ExprPtr& item : term) {
      part += (part.empty() ? "" : between);
      part += item->kind == Expr::Kind::kColumn ? item->name : item->name + "()";
    }
    out += (out.empty() ? "" : " + ") + part;
  }
  return out;
}

// "y ~ terms | effects | endogenous ~ instruments" as it was understood.
std::string understood(const std::string& text) {
  const Formula formula = parse_formula(text);
  std::string out = formula.outcome->name + " ~ " + (formula.intercept ? "1" : "0");
  for (const Formula::Term& term : formula.terms) out += " + " + text_of({term}, " % ");
  if (!formula.fixed_effects.empty()) out += " | " + text_of(formula.fixed_effects, " ^ ");
  for (const ExprPtr& item : formula.endogenous) out += " | " + item->name;
  for (const ExprPtr& item : formula.instruments) out += " ~ " + item->name;
  return out;
}

std::string refusal(const std::string& text) {
  return message_of<ArgumentError>([&] { (void)parse_formula(text); });
}

}  // namespace

TEST_CASE("a formula lists its terms in order, each once", "[study][formula]") {
  CHECK(understood("y ~ z + x1 + x2") == "y ~ 1 + z + x1 + x2");
  CHECK(understood("y~z+x+z+x") == "y ~ 1 + z + x");
  CHECK(understood("  y\t~ z\n+ (x + v) ") == "y ~ 1 + z + x + v");
  CHECK(understood("y ~ 1") == "y ~ 1");
  CHECK(understood("y ~ z + 1") == "y ~ 1 + z");
  CHECK(understood("y ~ 0 + z") == "y ~ 0 + z");
  CHECK(understood("y ~ z + 0") == "y ~ 0 + z");
}

TEST_CASE("a star is both columns and their interaction, a colon and % the interaction alone",
          "[study][formula]") {
  CHECK(understood("y ~ z * x") == "y ~ 1 + z + x + z % x");
  CHECK(understood("y ~ z : x") == "y ~ 1 + z % x");
  CHECK(understood("y ~ z % x") == "y ~ 1 + z % x");
  CHECK(understood("y ~ (a + b) : c") == "y ~ 1 + a % c + b % c");
  CHECK(understood("y ~ (a + b) * c") == "y ~ 1 + a + b + c + a % c + b % c");
  CHECK(understood("y ~ a * b * c") == "y ~ 1 + a + b + a % b + c + a % c + b % c + a % b % c");
  CHECK(understood("y ~ a + b : c + d") == "y ~ 1 + a + b % c + d");
}

TEST_CASE("an interaction is one term in whatever order it is written", "[study][formula]") {
  CHECK(understood("y ~ a:b + b:a") == "y ~ 1 + a % b");
  CHECK(understood("y ~ a*b + b*a") == "y ~ 1 + a + b + a % b");
  CHECK(understood("y ~ a:b:c + c:a:b") == "y ~ 1 + a % b % c");
}

TEST_CASE("after a bar stand fixed effects, combined by ^", "[study][formula]") {
  CHECK(understood("y ~ x | f") == "y ~ 1 + x | f");
  CHECK(understood("y ~ x | f + g + f") == "y ~ 1 + x | f + g");
  CHECK(understood("y ~ x | f ^ g") == "y ~ 1 + x | f ^ g");
  CHECK(understood("y ~ x | tier + f ^ g ^ h") == "y ~ 1 + x | tier + f ^ g ^ h");
}

TEST_CASE("the last part with ~ names instruments", "[study][formula]") {
  CHECK(understood("y ~ x * z | fe1 ^ fe2 | d ~ iv") ==
        "y ~ 1 + x + z + x % z | fe1 ^ fe2 | d ~ iv");
  CHECK(understood("y ~ x | d ~ iv1 + iv2") == "y ~ 1 + x | d ~ iv1 ~ iv2");
}

TEST_CASE("names that are not words stand in backquotes", "[study][formula]") {
  CHECK(understood("`log views` ~ `a+b` * x") == "log views ~ 1 + a+b + x + a+b % x");
  CHECK(understood("y.1 ~ _x2 + größe") == "y.1 ~ 1 + _x2 + größe");
}

TEST_CASE("what can't be read is shown with its place", "[study][formula]") {
  CHECK_THAT(refusal("y ~ x + "), Contains("character 9 of 'y ~ x + '") &&
                                      Contains("got:      the end") &&
                                      Contains("expected: a column's name"));
  CHECK_THAT(refusal("y x"),
             Contains("character 3") && Contains("got:      'x'") && Contains("expected: '~'"));
  CHECK_THAT(refusal("y ~ (x + z"), Contains("character 11") && Contains("expected: ')'"));
  CHECK_THAT(refusal("y ~ x)"), Contains("character 6") && Contains("got:      ')'"));
  CHECK_THAT(refusal("y ~ x | f | g"), Contains("the formula can't be read"));
  CHECK_THAT(refusal("y ~ x z"),
             Contains("character 7") && Contains("expected: an operator or the end"));
  CHECK_THAT(refusal("y ~ `x"), Contains("a name between backquotes"));
  CHECK_THAT(refusal("y ~ ``"), Contains("a name between backquotes"));
  CHECK_THAT(refusal("y ~ x $ z"), Contains("got:      '$'"));
  for (const char* wrong : {"", "~", "y", "y ~", "~ x", "y ~ ~ x", "y ~ x |", "y ~ x | d ~",
                            "y ~ x ~ z", "y ~ x | f ~ z ~ w", "y ~ 2 * x", "y ~ x ^"}) {
    INFO(wrong);
    CHECK_FALSE(refusal(wrong).empty());
  }
}

TEST_CASE("minus and factors that are numbers are refused with what to write instead",
          "[study][formula]") {
  CHECK_THAT(refusal("y ~ x - 1"), Contains("no minus") && Contains("0 + ..."));
  CHECK_THAT(refusal("y ~ 1 * x"), Contains("can't multiply a column by a number"));
  CHECK_THAT(refusal("y ~ x | 1"), Contains("a fixed effect must be a column"));
  bool intercept = true;
  const ExprPtr two = call("add", {column("x"), literal(2.0)});
  CHECK_THAT(message_of<ArgumentError>([&] { (void)formula_terms(two, &intercept); }),
             Contains("no place for a number but 0 and 1"));
}

TEST_CASE("parentheses too deep to be meant are refused", "[study][formula]") {
  const std::string deep(200000, '(');
  CHECK_THAT(refusal("y ~ " + deep + "x"), Contains("parentheses"));
  const std::string some(50, '(');
  CHECK(understood("y ~ " + some + "x" + std::string(50, ')')) == "y ~ 1 + x");
}

TEST_CASE("a call other than + * % is one column", "[study][formula]") {
  bool intercept = true;
  const ExprPtr log = call("log", {column("x")});
  const auto terms = formula_terms(call("add", {column("z"), log}), &intercept);
  CHECK(text_of(terms, " % ") == "z + log()");
  CHECK(intercept);
  const auto squares = formula_terms(call("power", {column("x"), literal(2.0)}), &intercept);
  CHECK(text_of(squares, " % ") == "power()");
}
