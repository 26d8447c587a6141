#include "engine/design/evaluate.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>
#include <nlohmann/json.hpp>

#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;
using Catch::Contains;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

ExprPtr I(std::int64_t v) { return literal(v); }
ExprPtr X(double v) { return literal(v); }
ExprPtr T(const char* v) { return literal(std::string(v)); }
ExprPtr C(const char* name) { return column(name); }

/// Six rows: x with a missing cell and signs, k whole, b boolean with a missing cell, t text with a
/// missing cell.
struct Evaluator : Tables {
  std::vector<double> x = {-2.5, 0.0, 1.5, kNaN, 7.0, 0.25};
  std::vector<double> k = {-3, 0, 1, 2, 7, 4};
  std::vector<double> b = {1, 0, kNaN, 1, 0, 1};
  std::vector<std::string> t = {"low", "high", "", "low", "mid", "12"};  // "" = missing

  Program program{6};
  Operand in_x = program.input(SimKind::kNumber, x);
  Operand in_k = program.input(SimKind::kInteger, k);
  Operand in_b = program.input(SimKind::kBoolean, b);
  Operand in_t = program.input(SimKind::kText, codes());

  std::vector<double> codes() {
    std::vector<double> out;
    for (const auto& text : t) out.push_back(text.empty() ? kNaN : program.text_code(text));
    return out;
  }
  Program::Lookup lookup = [this](const std::string& name) {
    return name == "x" ? in_x : name == "k" ? in_k : name == "b" ? in_b : in_t;
  };
  Operand compile(const ExprPtr& expr, std::optional<StreamKey> key = std::nullopt) {
    return program.compile(*expr, lookup, {"variable 'y'", key});
  }
  // Cells as the tables print them.
  std::string simulated(const ExprPtr& expr) {
    const Operand operand = compile(expr);
    SimWorkspace workspace(program);
    workspace.run(0);
    std::string out;
    for (const double cell : workspace.column(operand)) {
      Value value;
      if (!std::isnan(cell)) {
        switch (operand.kind) {
          case SimKind::kNumber: value = cell; break;
          case SimKind::kInteger: value = static_cast<std::int64_t>(cell); break;
          case SimKind::kBoolean: value = cell == 1.0; break;
          case SimKind::kText: value = workspace.text(cell); break;
          case SimKind::kMissing: break;
        }
      }
      out += "|" + format_value(value);
    }
    return out;
  }
  std::string tabulated(const ExprPtr& expr) {
    std::vector<std::vector<Value>> rows;
    for (std::size_t r = 0; r < x.size(); ++r) {
      rows.push_back({std::isnan(x[r]) ? Value{} : Value{x[r]}, static_cast<std::int64_t>(k[r]),
                      std::isnan(b[r]) ? Value{} : Value{b[r] == 1.0},
                      t[r].empty() ? Value{} : Value{t[r]}, static_cast<std::int64_t>(r)});
    }
    const RelationPtr data = table({"x", "k", "b", "t", "row"}, rows, {"row"});
    const Frame frame = backend->collect(select(data, {{"row", C("row")}, {"v", expr}}), context);
    std::string out;
    for (std::size_t r = 0; r < frame.rows(); ++r) {
      out += "|" + format_value(frame.column(1).value(r));
    }
    return out;
  }
  std::string error(const ExprPtr& expr, std::optional<StreamKey> key = std::nullopt) {
    const Program before = program;
    std::string message = "no error";
    try {
      (void)compile(expr, key);
      SimWorkspace workspace(program);
      workspace.run(0);
    } catch (const Error& caught) {
      message = caught.what();
    }
    program = before;
    return message;
  }
  std::vector<double> drawn(const ExprPtr& expr, std::uint64_t simulation = 0) {
    const Operand operand = compile(expr, StreamKey::root(1).child("model").child("y"));
    SimWorkspace workspace(program);
    workspace.run(simulation);
    const auto cells = workspace.column(operand);
    return {cells.begin(), cells.end()};
  }
};

TEST_CASE_METHOD(Evaluator, "simulated expressions: by hand") {
  CHECK(simulated(call("add", {C("x"), I(1)})) == "|-1.5|1.0|2.5|missing|8.0|1.25");
  CHECK(simulated(call("add", {C("k"), I(1)})) == "|-2|1|2|3|8|5");
  CHECK(simulated(call("divide", {C("k"), I(2)})) == "|-1.5|0.0|0.5|1.0|3.5|2.0");
  CHECK(simulated(call("add", {C("k"), C("b")})) == "|-2|0|missing|3|7|5");
  CHECK(simulated(call("eq", {C("t"), T("low")})) == "|true|false|missing|true|false|false");
  CHECK(simulated(call("all_of", {C("b"), call("gt", {C("x"), I(0)})})) ==
        "|false|false|missing|missing|false|true");
  CHECK(simulated(call("if_else", {C("b"), T("yes"), C("t")})) == "|yes|high|missing|yes|mid|yes");
  CHECK(simulated(call("to_text", {C("k")})) == "|-3|0|1|2|7|4");
  CHECK(simulated(call("sqrt", {call("subtract", {C("k"), I(3)})})) ==
        "|missing|missing|missing|missing|2.0|1.0");
  CHECK(simulated(cast_expr(literal(s("1.5")), number_type())) == "|1.5|1.5|1.5|1.5|1.5|1.5");
  CHECK(simulated(literal(Value{})) == "|missing|missing|missing|missing|missing|missing");
}

// The same expressions by the table engine: missing cells, signs, whole and broken numbers.
TEST_CASE_METHOD(Evaluator, "simulated expressions mean what they mean in a table") {
  const auto gt0 = call("gt", {C("x"), I(0)});
  const std::vector<ExprPtr> same = {
      call("add", {C("x"), C("k")}),
      call("subtract", {C("k"), C("x")}),
      call("multiply", {C("x"), C("x")}),
      call("multiply", {C("k"), C("k")}),
      call("divide", {C("x"), X(4)}),
      call("negate", {C("k")}),
      call("abs", {C("x")}),
      call("sign", {C("x")}),
      call("int_divide", {C("k"), I(2)}),
      call("int_divide", {C("k"), I(-2)}),
      call("modulo", {C("k"), I(3)}),
      call("modulo", {C("k"), I(-3)}),
      call("modulo", {C("x"), X(0.75)}),
      call("power", {C("x"), I(2)}),
      call("power", {C("x"), I(0)}),
      call("floor", {C("x")}),
      call("ceil", {C("x")}),
      call("round", {C("x")}),
      call("round", {X(0.125), I(2)}),
      call("least", {C("x"), C("k"), X(0.5)}),
      call("greatest", {C("x"), X(0.5)}),
      call("coalesce", {C("x"), X(-1)}),
      call("coalesce", {C("t"), T("none")}),
      call("null_if", {C("x"), I(0)}),
      call("is_missing", {C("x")}),
      call("is_present", {C("t")}),
      call("is_finite", {C("x")}),
      call("within", {C("x"), I(0), X(1.5)}),
      call("one_of", {C("k"), I(0), I(7)}),
      call("one_of", {C("t"), T("low"), T("12")}),
      call("one_of", {C("x"), X(0), literal(Value{})}),
      call("eq", {C("x"), C("k")}),
      call("ne", {C("t"), T("low")}),
      call("lt", {C("x"), C("k")}),
      call("le", {C("x"), I(0)}),
      call("ge", {C("x"), I(0)}),
      call("any_of", {C("b"), gt0}),
      call("all_of", {C("b"), gt0, call("lt", {C("k"), I(5)})}),
      call("not_", {C("b")}),
      call("if_else", {gt0, C("k"), I(-1)}),
      call("if_else", {C("b"), C("x"), C("k")}),
      call("to_text", {C("x")}),
      call("to_text", {C("b")}),
      call("to_integer", {call("floor", {C("x")})}),
      call("to_integer", {C("b")}),
      call("to_boolean", {C("k")}),
      call("to_number", {C("b")}),
      cast_expr(C("k"), text_type()),
  };
  for (const auto& expr : same) {
    INFO(expr->name);
    CHECK(simulated(expr) == tabulated(expr));
  }
  for (const char* name : {"exp", "expm1", "log1p"}) {
    INFO(name);
    const Operand operand = compile(call(name, {C("k")}));
    SimWorkspace workspace(program);
    workspace.run(0);
    CHECK(workspace.column(operand)[4] == Approx(name[0] == 'l'    ? std::log(8.0)
                                                 : name[3] == '\0' ? std::exp(7.0)
                                                                   : std::exp(7.0) - 1)
                                              .epsilon(1e-14));
  }
  CHECK(simulated(call("log", {X(1)})) == simulated(X(0)));
  CHECK(simulated(call("log10", {X(1000)})) == simulated(X(3)));
  CHECK(simulated(call("log2", {X(8)})) == simulated(X(3)));
}

TEST_CASE_METHOD(Evaluator, "simulated expressions: what is refused, and where") {
  CHECK_THAT(error(call("lower", {C("t")})),
             Contains("'lower' can't be simulated") && Contains("variable 'y'"));
  CHECK_THAT(error(aggregate("mean", {C("x")})), Contains("'mean' over rows can't be simulated"));
  CHECK_THAT(error(sql_expr("x + 1")), Contains("SQL text can't be simulated"));
  CHECK_THAT(error(call("add", {C("t"), I(1)})),
             Contains("argument 1 of 'add'") && Contains("text"));
  CHECK_THAT(error(call("eq", {C("t"), I(1)})), Contains("argument 2 of 'eq'"));
  CHECK_THAT(error(call("if_else", {C("x"), I(1), I(2)})), Contains("a boolean"));
  CHECK_THAT(error(literal(Date{1})), Contains("dates and times can't be simulated"));
  CHECK_THAT(error(call("to_integer", {C("x")})),
             Contains("a value is no integer") && Contains("got:      -2.5"));
  CHECK_THAT(error(call("to_number", {C("t")})), Contains("low"));
  CHECK_THAT(error(draw("normal", {I(0), I(1)})), Contains("stands outside the model"));
  const StreamKey key = StreamKey::root(1);
  CHECK_THAT(error(draw("normal", {C("t"), I(1)}), key), Contains("argument 1 of 'normal'"));
  CHECK_THAT(error(draw("normal", {I(0), I(-1)}), key),
             Contains("standard deviation") && Contains("variable 'y', normal"));
  CHECK_THAT(error(draw("binomial", {X(2.5), X(0.5)}), key), Contains("not a whole number"));
  CHECK_THAT(error(draw("gamma", {X(1), X(-1)}), key), Contains("scale"));
  CHECK_THAT(error(draw("normal", {C("k"), I(1)}, {C("b")}), key),
             Contains("differ in a parameter") && Contains("rows 1 and 4"));
}

TEST_CASE("draws are declared with a known distribution and the right parameters") {
  const auto message = [](const char* name, std::vector<ExprPtr> args,
                          std::vector<ExprPtr> per = {}) {
    try {
      (void)draw(name, std::move(args), std::move(per));
    } catch (const ArgumentError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK_THAT(message("norml", {I(0), I(1)}), Contains("did you mean 'normal'?"));
  CHECK_THAT(message("normal", {I(0)}), Contains("2: mean, sd"));
  CHECK_THAT(message("categorical", {T("a")}), Contains("one weight for each label"));
  CHECK_THAT(message("categorical", {I(1), I(1)}), Contains("not a text"));
  CHECK_THAT(message("categorical", {T("a"), I(1), T("a"), I(1)}), Contains("repeated"));
  CHECK_THAT(message("normal", {I(0), I(1)}, {I(3)}), Contains("takes columns"));
  const ExprPtr shared = draw("normal", {C("m"), I(1)}, {C("village")});
  CHECK(columns_of(*shared) == std::vector<std::string>{"m", "village"});
  CHECK(to_json(*shared).dump() ==
        R"({"args":[{"column":"m"},{"value":1}],"draw":"normal","per":[{"column":"village"}]})");
}

TEST_CASE_METHOD(Tables, "a table refuses random draws") {
  const RelationPtr data = table({"x"}, {{1.0}});
  const ExprPtr noisy = call("add", {column("x"), draw("normal", {I(0), I(1)})});
  CHECK_THROWS_WITH(derive(data, {{"y", noisy}}), Contains("random draw"));
  CHECK_THROWS_WITH(filter(data, call("gt", {noisy, I(0)})), Contains("random draw"));
}

TEST_CASE_METHOD(Evaluator, "draws come from named streams, one value a row or a group") {
  const StreamKey key = StreamKey::root(1).child("model").child("y").child("1");
  Stream stream(key, 5);
  const std::vector<double> z = drawn(draw("normal", {I(1), I(2)}), 5);
  for (const double value : z) CHECK(value == stream.normal(1, 2));
  // b: true, false, missing, true, false, true
  Stream shared(key, 5);
  const std::vector<double> g = drawn(draw("uniform", {I(0), I(1)}, {C("b")}), 5);
  const double first = shared.uniform();
  const double second = shared.uniform();
  CHECK(g[0] == first);
  CHECK(g[1] == second);
  CHECK(std::isnan(g[2]));
  CHECK(g[3] == first);
  CHECK(g[5] == first);
  // Two columns: (b, k) differ in every row that has both.
  const std::vector<double> pairs = drawn(draw("uniform", {I(0), I(1)}, {C("b"), C("k")}), 5);
  CHECK(pairs[0] == first);
  CHECK(pairs[1] == second);
  CHECK(pairs[3] != first);
}

// A row's draw does not depend on the other rows' parameters, also where it is made by rejection;
// nor on whether a parameter of theirs is missing.
TEST_CASE_METHOD(Evaluator, "rows keep their draws when other rows' parameters change") {
  const ExprPtr one = I(1);
  const auto shifted = [&](const ExprPtr& value) {
    return call("if_else", {call("eq", {C("k"), I(0)}), call("multiply", {value, I(37)}), value});
  };
  const std::vector<std::pair<ExprPtr, ExprPtr>> pairs = {
      {draw("gamma", {X(0.4), one}), draw("gamma", {shifted(X(0.4)), one})},
      {draw("poisson", {X(3)}), draw("poisson", {shifted(X(3))})},
      {draw("beta", {X(0.5), one}), draw("beta", {shifted(X(0.5)), one})},
      {draw("binomial", {I(80), X(0.02)}), draw("binomial", {I(80), shifted(X(0.02))})},
      {draw("integer", {I(0), I(9)}), draw("integer", {I(0), shifted(I(9))})},
      {draw("normal", {I(0), I(1)}), draw("normal", {I(0), shifted(I(1))})},
  };
  for (const auto& [plain, other] : pairs) {
    INFO(plain->name);
    const std::vector<double> a = drawn(plain, 3);
    const std::vector<double> c = drawn(other, 3);
    for (const std::size_t row : {0U, 2U, 3U, 4U, 5U}) CHECK(a[row] == c[row]);
    CHECK(a[1] != c[1]);
  }
  const std::vector<double> all = drawn(draw("normal", {I(0), I(1)}));
  const std::vector<double> holed = drawn(draw("normal", {call("multiply", {I(0), C("x")}), I(1)}));
  CHECK(std::isnan(holed[3]));
  CHECK(holed[5] == all[5]);
}

// Means and variances of 60,000 draws within 5 standard errors (of the variance by the kurtosis).
TEST_CASE("draws have the moments of their distributions") {
  constexpr std::size_t kRows = 60000;
  struct Case {
    ExprPtr expr;
    double mean, variance, kurtosis;
  };
  const double e = std::exp(1.0);
  const std::vector<Case> cases = {
      {draw("normal", {I(2), I(3)}), 2, 9, 3},
      {draw("uniform", {I(-1), I(3)}), 1, 16.0 / 12, 1.8},
      {draw("lognormal", {I(0), X(0.5)}), std::exp(0.125), (std::exp(0.25) - 1) * std::exp(0.25),
       e + 2 * std::exp(0.75) + 3 * std::exp(0.5) - 3},
      {draw("bernoulli", {X(0.3)}), 0.3, 0.21, 3 + (1 - 6 * 0.21) / 0.21},
      {draw("binomial", {I(12), X(0.3)}), 3.6, 2.52, 3 + (1 - 6 * 0.21) / 2.52},
      {draw("binomial", {I(12), X(0.9)}), 10.8, 1.08, 3 + (1 - 6 * 0.09) / 1.08},
      {draw("binomial", {I(400), X(0.3)}), 120, 84, 3 + (1 - 6 * 0.21) / 84},
      {draw("poisson", {I(4)}), 4, 4, 3.25},
      {draw("exponential", {I(2)}), 2, 4, 9},
      {draw("gamma", {I(3), I(2)}), 6, 12, 5},
      {draw("beta", {I(2), I(3)}), 0.4, 0.04, 3 - 9.0 / 14},
      {draw("integer", {I(1), I(6)}), 3.5, 35.0 / 12, 3 - 6.0 / 5 * 37 / 35},
      {draw("categorical", {T("a"), I(1), T("b"), I(3)}), 0.75, 0.1875,
       3 + (1 - 6 * 0.1875) / 0.1875},
  };
  for (const auto& item : cases) {
    INFO(item.expr->name);
    Program program(kRows);
    const Operand operand = program.compile(
        *item.expr, [](const std::string&) { return Operand{}; }, {"y", StreamKey::root(7)});
    SimWorkspace workspace(program);
    workspace.run(0);
    double sum = 0;
    double squares = 0;
    for (const double value : workspace.column(operand)) {
      sum += value;
      squares += (value - item.mean) * (value - item.mean);
    }
    const double n = kRows;
    CHECK(std::abs(sum / n - item.mean) < 5 * std::sqrt(item.variance / n));
    CHECK(std::abs(squares / n - item.variance) <
          5 * item.variance * std::sqrt((item.kurtosis - 1) / n));
  }
}

}  // namespace
}  // namespace impact
