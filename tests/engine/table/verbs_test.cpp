#include "engine/table/verbs.h"

#include <unistd.h>

#include <filesystem>

#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

RelationPtr posts(Tables& t) {
  return t.table({"id", "author", "views", "rate"},
                 {{i(4), s("b"), i(10), 0.5},
                  {i(1), s("a"), i(30), 0.25},
                  {i(3), s("b"), kMissing, 0.125},
                  {i(2), s("a"), i(20), kMissing}},
                 {"id"});
}

TEST_CASE_METHOD(Tables, "rows come in key order whatever order they were given in") {
  CHECK(text(posts(*this)) ==
        "id,author,views,rate|1,a,30,0.25|2,a,20,missing|3,b,missing,0.125|4,b,10,0.5");
}

TEST_CASE_METHOD(Tables, "without a key rows stay as they were given") {
  const auto t = table({"x"}, {{i(3)}, {i(1)}, {i(2)}});
  CHECK(text(t) == "x|3|1|2");
  CHECK(text(filter(t, call("ne", {column("x"), literal(i(1))}))) == "x|3|2");
  CHECK(text(head(t, 2)) == "x|3|1");
}

TEST_CASE_METHOD(Tables, "select, drop, rename and derive") {
  const auto t = posts(*this);
  CHECK(text(select(t, {{"v", column("views")}, {"id", column("id")}})) ==
        "v,id|30,1|20,2|missing,3|10,4");
  CHECK(text(drop(t, {"author", "rate"})) == "id,views|1,30|2,20|3,missing|4,10");
  CHECK(text(head(rename(t, {{"views", "v"}, {"id", "key"}}), 1)) ==
        "key,author,v,rate|1,a,30,0.25");
  const auto d = derive(t, {{"double", call("multiply", {column("views"), literal(i(2))})},
                            {"rate", call("coalesce", {column("rate"), literal(0.0)})}});
  CHECK(text(drop(d, {"author", "views"})) ==
        "id,rate,double|1,0.25,60|2,0.0,40|3,0.125,missing|4,0.5,20");
  CHECK(d->key == std::vector<std::string>{"id"});
  CHECK_THROWS_AS(select(t, {{"x", column("veiws")}}), ArgumentError);
  CHECK_THROWS_AS(derive(t, {{"m", aggregate("mean", {column("views")})}}), ArgumentError);
}

TEST_CASE_METHOD(Tables, "a misspelt column is an error with a suggestion") {
  try {
    (void)drop(posts(*this), {"veiws"});
    FAIL("accepted");
  } catch (const ArgumentError& error) {
    CHECK(error.info().what == "no column 'veiws' in 't'");
    CHECK(error.info().expected == "id, author, views, rate");
    CHECK(error.info().hint == "did you mean 'views'?");
  }
}

TEST_CASE_METHOD(Tables, "names that differ only in case are refused") {
  CHECK_THROWS_AS(derive(posts(*this), {{"Views", literal(i(1))}}), DataError);
  CHECK_THROWS_AS(rename(posts(*this), {{"rate", "VIEWS"}}), DataError);
}

TEST_CASE_METHOD(Tables, "what does not fit in memory spills to disk") {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("impact-spill-" + std::to_string(::getpid())) / "made on demand";
  const auto small = open_duckdb(
      {.threads = 2, .memory_limit = 120'000'000, .temp_directory = folder, .readable = {}});
  const auto wide = query(small,
                          "SELECT range AS id, repeat('x', 40) || (range * 7919 % 3000017) AS t "
                          "FROM range(3000000) ORDER BY t",
                          {});
  std::int64_t rows = 0;
  small->stream(wide, context, [&](const Frame& frame) {
    rows += static_cast<std::int64_t>(frame.rows());
    return true;
  });
  CHECK(rows == 3'000'000);
  std::filesystem::remove_all(folder.parent_path());
}

TEST_CASE_METHOD(Tables, "a filter keeps rows whose condition is true, missing is not true") {
  const auto t = posts(*this);
  CHECK(text(select(filter(t, call("gt", {column("views"), literal(i(15))})),
                    {{"id", column("id")}})) == "id|1|2");
  CHECK(text(select(filter(t, sql_expr("views < 25 OR rate IS NULL")), {{"id", column("id")}})) ==
        "id|2|4");
  CHECK_THROWS_AS(filter(t, column("views")), ArgumentError);
  CHECK_THROWS_AS(filter(t, sql_expr("veiws > 3")), ArgumentError);
}

TEST_CASE_METHOD(Tables, "distinct keeps whole rows or the first row by key") {
  const auto t = posts(*this);
  CHECK(text(distinct(select(t, {{"author", column("author")}}))) == "author|a|b");
  CHECK(text(select(distinct(t, {"author"}), {{"id", column("id")}})) == "id|1|3");
}

TEST_CASE_METHOD(Tables, "sort puts missing last and ties in key order") {
  const auto t = posts(*this);
  CHECK(text(select(sort(t, {{column("views"), true}}), {{"id", column("id")}})) == "id|1|2|4|3");
  CHECK(text(select(sort(t, {{column("author"), true}}), {{"id", column("id")}})) == "id|3|4|1|2");
  CHECK(text(select(head(sort(t, {{column("views"), false}}), 2), {{"id", column("id")}})) ==
        "id|4|2");
}

TEST_CASE_METHOD(Tables, "an order survives the loss of the columns it was by") {
  const auto sorted = sort(posts(*this), {{column("views"), true}});
  const auto names = select(sorted, {{"author", column("author")}});
  CHECK(text(names) == "author|a|a|b|b");
  CHECK(text(filter(
            select(sort(posts(*this), {{column("rate"), true}}), {{"author", column("author")}}),
            call("is_present", {column("author")}))) == "author|b|a|b|a");
}

TEST_CASE_METHOD(Tables, "summarise groups in group order and knows empty groups from zero") {
  const auto t = posts(*this);
  const auto grouped = summarise(t, {{"author", column("author")}},
                                 {{"n", aggregate("count", {})},
                                  {"present", aggregate("count", {column("views")})},
                                  {"total", aggregate("sum", {column("views")})},
                                  {"mean", aggregate("mean", {column("views")})},
                                  {"median", aggregate("median", {column("views")})}});
  CHECK(text(grouped) ==
        "author,n,present,total,mean,median|a,2,2,50,25.0,25.0|b,2,1,10,10.0,10.0");
  CHECK(grouped->key == std::vector<std::string>{"author"});
  const auto none = filter(t, call("gt", {column("views"), literal(i(99))}));
  CHECK(text(summarise(none, {},
                       {{"n", aggregate("count", {})},
                        {"total", aggregate("sum", {column("views")})}})) == "n,total|0,missing");
  CHECK_THROWS_AS(summarise(t, {}, {{"x", column("views")}}), ArgumentError);
  CHECK_THROWS_AS(summarise(t, {}, {{"x", aggregate("mean", {column("author")})}}), ArgumentError);
}

TEST_CASE_METHOD(Tables, "every aggregate by hand") {
  // 1 2 2 3 7: mean 3, median 2, sd sqrt(22/4), quartiles 2 and 3
  const auto t = table({"x", "y", "b", "k"},
                       {{i(3), 1.0, true, i(1)},
                        {i(1), 3.0, true, i(2)},
                        {i(2), 2.0, false, i(3)},
                        {i(7), -3.0, true, i(4)},
                        {i(2), 2.0, kMissing, i(5)}},
                       {"k"});
  const auto value = [&](const char* name, std::vector<ExprPtr> args) {
    const auto frame =
        backend->collect(summarise(t, {}, {{"v", aggregate(name, std::move(args))}}), context);
    return format_value(frame.column("v").value(0));
  };
  const auto x = column("x");
  CHECK(value("count", {}) == "5");
  CHECK(value("count", {column("b")}) == "4");
  CHECK(value("count_missing", {column("b")}) == "1");
  CHECK(value("count_distinct", {x}) == "4");
  CHECK(value("sum", {x}) == "15");
  CHECK(value("sum", {column("b")}) == "3");
  CHECK(value("sum", {column("y")}) == "5.0");
  CHECK(value("mean", {x}) == "3.0");
  CHECK(value("mean", {column("b")}) == "0.75");
  CHECK(value("median", {x}) == "2.0");
  CHECK(value("quantile", {x, literal(0.75)}) == "3.0");
  CHECK(value("iqr", {x}) == "1.0");
  CHECK(value("min", {x}) == "1");
  CHECK(value("max", {column("y")}) == "3.0");
  CHECK(value("var", {x}) == "5.5");
  CHECK(value("var_population", {x}) == "4.4");
  CHECK(value("sd", {x}) == "2.345207879911715");
  CHECK(value("mode", {x}) == "2");
  CHECK(value("any", {column("b")}) == "true");
  CHECK(value("all", {column("b")}) == "false");
  CHECK(value("first", {x}) == "3");
  CHECK(value("last", {x}) == "2");
  // cov(x, y) = sum (x - 3)(y - 1) / 4 = (0 - 4 - 1 - 16 - 1) / 4
  CHECK(value("covariance", {x, column("y")}) == "-5.5");
  // sd y = sqrt((0 + 4 + 1 + 16 + 1) / 4), so the correlation is exactly -1
  CHECK(value("correlation", {x, column("y")}) == "-1.0");
}

TEST_CASE_METHOD(Tables, "value counts put the most frequent first") {
  CHECK(text(value_counts(table({"g"}, {{s("b")}, {s("a")}, {s("b")}, {kMissing}}), {"g"})) ==
        "g,n|b,2|a,1|missing,1");
}

TEST_CASE_METHOD(Tables, "a sample depends on keys and stream only") {
  std::vector<std::vector<Value>> rows;
  for (std::int64_t n = 0; n < 200; ++n) rows.push_back({i(n), s(n % 2 == 0 ? "even" : "odd")});
  auto shuffled = rows;
  std::reverse(shuffled.begin(), shuffled.end());
  const auto a = table({"id", "g"}, rows, {"id"});
  const auto b = table({"id", "g"}, shuffled, {"id"});
  Sample ten{.count = 10, .fraction = {}, .by = {}, .stream = 42};
  CHECK(text(sample(a, ten)) == text(sample(b, ten)));
  CHECK(backend->count_rows(sample(a, ten), context) == 10);
  Sample other = ten;
  other.stream = 43;
  CHECK(text(sample(a, ten)) != text(sample(a, other)));
  Sample strata = ten;
  strata.by = {"g"};
  CHECK(text(value_counts(sample(a, strata), {"g"})) == "g,n|even,10|odd,10");
  const Sample half{.count = {}, .fraction = 0.5, .by = {}, .stream = 1};
  const auto kept = backend->count_rows(sample(a, half), context);
  CHECK(kept > 70);
  CHECK(kept < 130);
  CHECK_THROWS_AS(sample(table({"x"}, {{i(1)}}), half), ArgumentError);
}

TEST_CASE_METHOD(Tables, "missing cells: drop, fill, fill forward") {
  const auto t = posts(*this);
  CHECK(text(select(drop_missing(t), {{"id", column("id")}})) == "id|1|4");
  CHECK(text(select(drop_missing(t, {"views"}), {{"id", column("id")}})) == "id|1|2|4");
  CHECK(text(select(fill_missing(t, {{"views", i(0)}}), {{"v", column("views")}})) ==
        "v|30|20|0|10");
  CHECK_THROWS_AS(fill_missing(t, {{"views", s("none")}}), ArgumentError);
  const auto filled = fill_forward(t, {"views", "rate"}, {{column("id"), false}});
  CHECK(text(drop(filled, {"author"})) == "id,views,rate|1,30,0.25|2,20,0.25|3,20,0.125|4,10,0.5");
  CHECK(text(select(fill_forward(t, {"views"}, {}, {"author"}), {{"v", column("views")}})) ==
        "v|30|20|missing|10");
}

TEST_CASE_METHOD(Tables, "window functions have a total order") {
  const auto t = posts(*this);
  const auto by = std::vector<ExprPtr>{column("author")};
  const std::vector<SortKey> newest = {{column("views"), true}};
  const auto d = derive(
      t, {{"row", window("row_number", {}, by, newest)},
          {"rank", window("rank", {}, {}, {{column("author"), false}})},
          {"before", window("lag", {column("views")}, {}, {{column("id"), false}})},
          {"running", window("sum", {column("rate")}, {}, {{column("id"), false}})},
          {"share", call("divide", {column("views"), window("sum", {column("views")}, by, {})})},
          {"pair", window("mean", {column("views")}, {}, {{column("id"), false}},
                          WindowFrame{.before = 1, .after = 0})}});
  CHECK(text(drop(d, {"author", "views", "rate"})) ==
        "id,row,rank,before,running,share,pair"
        "|1,1,1,missing,0.25,0.6,30.0"
        "|2,2,1,30,0.25,0.4,25.0"
        "|3,2,3,20,0.375,missing,20.0"
        "|4,1,3,missing,0.875,1.0,10.0");
}

TEST_CASE_METHOD(Tables, "casts and categories with a declared order") {
  const auto t = table({"level", "n"}, {{s("high"), i(1)}, {s("low"), i(2)}, {s("mid"), i(3)}});
  const auto c = cast(t, {{"level", category_type({"low", "mid", "high"})}});
  CHECK(text(select(sort(c, {{column("level"), false}}), {{"level", column("level")}})) ==
        "level|low|mid|high");
  CHECK(text(cast(t, {{"n", number_type()}})) == "level,n|high,1.0|low,2.0|mid,3.0");
  CHECK_THROWS_AS(backend->collect(cast(t, {{"level", integer_type()}}), context), DataError);
  CHECK_THROWS_AS(backend->collect(cast(t, {{"level", category_type({"low"})}}), context),
                  DataError);
}

TEST_CASE_METHOD(Tables, "integers beyond 2^53 survive every verb") {
  const std::int64_t big = 9007199254740993;
  const auto t = table({"id", "x"}, {{i(big), i(1)}, {i(big + 1), i(2)}}, {"id"});
  const auto d = derive(t, {{"next", call("add", {column("id"), literal(i(1))})}});
  CHECK(text(filter(d, call("eq", {column("id"), literal(i(big))}))) ==
        "id,x,next|9007199254740993,1,9007199254740994");
  CHECK(text(summarise(t, {}, {{"s", aggregate("sum", {column("id")})}})) == "s|18014398509481987");
  CHECK(text(join(t, t, {.kind = JoinKind::kInner, .on = {{"id", "id"}}})) ==
        "id,x,x_right|9007199254740993,1,1|9007199254740994,2,2");
}

}  // namespace
}  // namespace impact
