#include <cmath>
#include <limits>

#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

struct Expressions : Tables {
  RelationPtr row = cast(table({"i", "n", "x", "t", "d", "ts", "b", "z"},
                               {{i(7), i(-7), 0.5, s(" Héllo "), Date{19782},
                                 Timestamp{1'709'210'096'500'000}, true, kMissing}}),
                         {{"z", integer_type()}});
  std::string value(const ExprPtr& expr) {
    const Frame frame = backend->collect(select(row, {{"v", expr}}), context);
    return format_value(frame.column(0).value(0));
  }
  double number(const ExprPtr& expr) {
    const Frame frame = backend->collect(select(row, {{"v", expr}}), context);
    return frame.column(0).as_numbers()[0];
  }
};

ExprPtr I(std::int64_t v) { return literal(v); }
ExprPtr X(double v) { return literal(v); }
ExprPtr T(const char* v) { return literal(std::string(v)); }

TEST_CASE_METHOD(Expressions, "arithmetic") {
  CHECK(value(call("add", {column("i"), I(1)})) == "8");
  CHECK(value(call("divide", {column("i"), I(2)})) == "3.5");
  CHECK(value(call("divide", {column("i"), I(0)})) == "Infinity");
  CHECK(value(call("divide", {I(0), I(0)})) == "NaN");
  CHECK(value(call("int_divide", {column("n"), I(2)})) == "-4");
  CHECK(value(call("int_divide", {column("i"), I(-2)})) == "-4");
  CHECK(value(call("int_divide", {I(9007199254740993), I(1)})) == "9007199254740993");
  CHECK(value(call("int_divide", {X(7.5), X(2)})) == "3");
  CHECK(value(call("modulo", {column("n"), I(3)})) == "2");
  CHECK(value(call("modulo", {column("i"), I(-3)})) == "-2");
  CHECK(value(call("modulo", {X(0.1), X(3)})) == "0.1");
  CHECK(value(call("modulo", {X(-0.1), X(1e17)})) == "1e+17");
  CHECK(value(call("modulo", {X(5), X(std::numeric_limits<double>::infinity())})) == "5.0");
  CHECK(value(call("modulo", {I(5), I(9223372036854775807)})) == "5");
  CHECK(value(call("int_divide", {I(5), I(9223372036854775807)})) == "0");
  CHECK(value(call("int_divide", {X(-0.1), X(1e17)})) == "-1");
  CHECK(value(call("to_text", {call("divide", {I(0), I(0)})})) == "nan");
  CHECK(value(call("power", {I(2), I(10)})) == "1024.0");
  CHECK(value(call("abs", {column("n")})) == "7");
  CHECK(value(call("sign", {column("n")})) == "-1");
  CHECK(value(call("round", {X(2.5)})) == "3.0");
  CHECK(value(call("round", {X(2.345678), I(2)})) == "2.35");
  CHECK(value(call("floor", {X(-0.5)})) == "-1.0");
  CHECK(value(call("greatest", {column("i"), column("z"), I(9)})) == "9");
}

TEST_CASE_METHOD(Expressions, "logarithms and roots never fail") {
  CHECK(value(call("log", {X(0)})) == "-Infinity");
  CHECK(value(call("log", {X(-1)})) == "NaN");
  CHECK(value(call("log10", {I(1000)})) == "3.0");
  CHECK(value(call("log2", {I(8)})) == "3.0");
  CHECK(value(call("sqrt", {X(-1)})) == "NaN");
  CHECK(value(call("sqrt", {X(2.25)})) == "1.5");
  CHECK(value(call("log1p", {X(-1)})) == "-Infinity");
  CHECK(value(call("log1p", {X(-2)})) == "NaN");
  CHECK(value(call("log", {column("z")})) == "missing");
  for (const double x : {1e-20, 1e-10, 1e-5, 0.1, 0.9, 5.0, 1e8, -1e-12, -0.5, -0.999}) {
    INFO(x);
    CHECK(number(call("log1p", {X(x)})) == Approx(std::log1p(x)).epsilon(1e-14).margin(0));
    CHECK(number(call("expm1", {X(std::min(x, 50.0))})) ==
          Approx(std::expm1(std::min(x, 50.0))).epsilon(1e-14).margin(0));
  }
  CHECK(value(call("expm1", {X(0)})) == "0.0");
}

TEST_CASE_METHOD(Expressions, "comparison and logic with missing values") {
  CHECK(value(call("eq", {column("z"), I(1)})) == "missing");
  CHECK(value(call("is_missing", {column("z")})) == "true");
  CHECK(value(call("all_of", {column("b"), call("gt", {column("i"), I(3)})})) == "true");
  CHECK(value(call("any_of", {call("lt", {column("i"), I(3)}), column("b")})) == "true");
  CHECK(value(call("not_", {column("b")})) == "false");
  CHECK(value(call("within", {column("i"), I(7), I(9)})) == "true");
  CHECK(value(call("one_of", {column("i"), I(1), I(7)})) == "true");
  CHECK(value(call("coalesce", {column("z"), I(5)})) == "5");
  CHECK(value(call("null_if", {column("i"), I(7)})) == "missing");
  CHECK(value(call("if_else", {column("b"), T("yes"), T("no")})) == "yes");
}

TEST_CASE_METHOD(Expressions, "text is Unicode") {
  CHECK(value(call("length", {column("t")})) == "7");
  CHECK(value(call("upper", {call("trim", {column("t")})})) == "HÉLLO");
  CHECK(value(call("contains", {column("t"), T("éll")})) == "true");
  CHECK(value(call("matches", {column("t"), T("^\\s*H.+o\\s$")})) == "true");
  CHECK(value(call("regex_replace", {column("t"), T("l"), T("L")})) == " HéLLo ");
  CHECK(value(call("replace", {column("t"), T("o"), T("'\"")})) == " Héll'\" ");
  CHECK(value(call("substring", {column("t"), I(3), I(2)})) == "él");
  CHECK(value(call("split_part", {T("a/b/c"), T("/"), I(2)})) == "b");
  CHECK(value(call("concat", {T("n="), column("i")})) == "n=7");
  CHECK(value(call("concat", {T("n="), column("z")})) == "missing");
  CHECK(value(call("starts_with", {column("t"), T(" H")})) == "true");
  CHECK_THROWS_AS(value(literal(std::string("a\0b", 3))), ArgumentError);
}

TEST_CASE_METHOD(Expressions, "dates") {
  const auto d = column("d");  // 2024-02-29, a Thursday
  CHECK(value(call("year", {d})) == "2024");
  CHECK(value(call("quarter", {d})) == "1");
  CHECK(value(call("month", {d})) == "2");
  CHECK(value(call("day", {d})) == "29");
  CHECK(value(call("weekday", {d})) == "4");
  CHECK(value(call("iso_week", {d})) == "9");
  CHECK(value(call("yearday", {d})) == "60");
  CHECK(value(call("add_days", {d, I(1)})) == "2024-03-01");
  CHECK(value(call("days_between", {d, literal(Date{19783})})) == "1");
  CHECK(value(call("start_of_month", {d})) == "2024-02-01");
  CHECK(value(call("to_date", {T("2023-12-31")})) == "2023-12-31");
  CHECK(value(call("iso_year", {call("to_date", {T("2024-12-30")})})) == "2025");
  CHECK(value(column("ts")) == "2024-02-29T12:34:56.5Z");
  CHECK(value(call("hour", {column("ts")})) == "12");
  CHECK(value(call("minute", {column("ts")})) == "34");
  CHECK(value(call("second", {column("ts")})) == "56");
  CHECK(value(call("start_of_day", {column("ts")})) == "2024-02-29");
  CHECK(value(call("to_timestamp", {T("2024-02-29T00:00:01Z")})) == "2024-02-29T00:00:01Z");
}

TEST_CASE_METHOD(Expressions, "integers are never rounded into being") {
  const auto both = [&](const ExprPtr& x) {
    const std::string called = value(call("to_integer", {x}));
    CHECK(value(cast_expr(x, integer_type())) == called);
    return called;
  };
  CHECK(both(X(-3)) == "-3");
  CHECK(both(X(-0.0)) == "0");
  CHECK(both(X(0x1p53)) == "9007199254740992");
  CHECK(both(X(-0x1p63)) == "-9223372036854775808");
  CHECK(both(T(" 9007199254740993 ")) == "9007199254740993");
  CHECK(both(column("i")) == "7");
  CHECK(both(column("b")) == "1");
  CHECK(both(call("not_", {column("b")})) == "0");
  CHECK(both(column("z")) == "missing");
  CHECK(both(literal(Value{})) == "missing");
  CHECK(both(call("round", {column("x")})) == "1");
  CHECK(both(sql_expr("CAST(9007199254740993 AS HUGEINT)")) == "9007199254740993");
  CHECK(both(sql_expr("CAST(-1 AS HUGEINT)")) == "-1");
  CHECK(both(sql_expr("CAST(3 AS DECIMAL(9, 2))")) == "3");
  CHECK(both(sql_expr("CAST(200 AS UTINYINT)")) == "200");
}

TEST_CASE_METHOD(Expressions, "what is no integer is named") {
  const auto refused = [&](const ExprPtr& x, const std::string& got) {
    INFO(got);
    for (const auto& expr : {call("to_integer", {x}), cast_expr(x, integer_type())}) {
      try {
        (void)value(expr);
        FAIL("converted");
      } catch (const DataError& error) {
        CHECK(error.info().got == got);
        CHECK_FALSE(error.info().expected.empty());
        CHECK_FALSE(error.info().hint.empty());
      }
    }
  };
  refused(column("x"), "0.5");
  refused(X(1.5), "1.5");
  refused(X(0x1p63), "9.223372036854776e+18");
  refused(X(-1e300), "-1e+300");
  refused(X(std::nan("")), "NaN");
  refused(X(HUGE_VAL), "Infinity");
  refused(T("1.5"), "'1.5'");
  refused(T("1e3"), "'1e3'");
  refused(T("9223372036854775808"), "'9223372036854775808'");
  refused(T(""), "''");
  refused(sql_expr("CAST(1.5 AS DECIMAL(9, 2))"), "1.5");
  refused(sql_expr("CAST(18446744073709551616 AS HUGEINT)"), "1.8446744073709552e+19");
}

TEST_CASE_METHOD(Expressions, "every function of the vocabulary is translated") {
  for (const auto& info : functions()) {
    INFO(info.name);
    std::vector<ExprPtr> args;
    for (int k = 0; k < info.min_args; ++k) args.push_back(column("i"));
    // Whether it binds for integers is another matter; it must not be unknown to the dialect.
    try {
      switch (info.cls) {
        case FunctionInfo::Class::kScalar: (void)select(row, {{"v", call(info.name, args)}}); break;
        case FunctionInfo::Class::kAggregate:
          (void)summarise(row, {}, {{"v", aggregate(info.name, args)}});
          break;
        case FunctionInfo::Class::kWindow:
          (void)select(row, {{"v", window(info.name, args, {}, {{column("i"), false}})}});
          break;
      }
    } catch (const ArgumentError&) {
      continue;
    }
    SUCCEED();
  }
  CHECK_THROWS_AS(aggregate("quantile", {column("i"), literal(1.5)}), ArgumentError);
  CHECK_THROWS_AS(call("lenght", {column("t")}), ArgumentError);
  CHECK_THROWS_AS(call("length", {}), ArgumentError);
}

}  // namespace
}  // namespace impact
