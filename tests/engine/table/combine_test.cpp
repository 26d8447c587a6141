#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

struct Joins : Tables {
  RelationPtr left =
      table({"id", "x"}, {{i(1), s("a")}, {i(2), s("b")}, {i(3), s("c")}, {kMissing, s("m")}}, {},
            "'left'");
  RelationPtr right =
      table({"id", "x"}, {{i(2), s("B")}, {i(3), s("C")}, {i(4), s("D")}, {kMissing, s("M")}}, {},
            "'right'");
  std::string joined(JoinKind kind) {
    return text(join(left, right, {.kind = kind, .on = {{"id", "id"}}}));
  }
};

TEST_CASE_METHOD(Joins, "every kind of join; missing keys match nothing") {
  CHECK(joined(JoinKind::kInner) == "id,x,x_right|2,b,B|3,c,C");
  CHECK(joined(JoinKind::kLeft) == "id,x,x_right|1,a,missing|2,b,B|3,c,C|missing,m,missing");
  CHECK(joined(JoinKind::kRight) == "id,x,x_right|2,b,B|3,c,C|4,missing,D|missing,missing,M");
  CHECK(joined(JoinKind::kFull) ==
        "id,x,x_right|1,a,missing|2,b,B|3,c,C|4,missing,D|missing,m,missing|missing,missing,M");
  CHECK(joined(JoinKind::kSemi) == "id,x|2,b|3,c");
  CHECK(joined(JoinKind::kAnti) == "id,x|1,a|missing,m");
  const auto crossed =
      join(left, rename(right, {{"id", "other"}}), {.kind = JoinKind::kCross, .on = {}});
  CHECK(backend->count_rows(crossed, context) == 16);
}

TEST_CASE_METHOD(Joins, "an expected kind of match is enforced with the keys that break it") {
  const auto twice = union_all({right, right});
  Join one{.kind = JoinKind::kLeft, .on = {{"id", "id"}}};
  one.expect = JoinExpectation::kManyToOne;
  CHECK_NOTHROW(backend->collect(join(left, right, one), context));
  try {
    (void)backend->collect(join(left, twice, one), context);
    FAIL("accepted");
  } catch (const DataError& error) {
    CHECK(error.info().what.find("more than once") != std::string::npos);
    CHECK(error.info().got == "id = 2, rows = 2; id = 3, rows = 2; id = 4, rows = 2");
  }
  Join rows{.kind = JoinKind::kInner, .on = {{"id", "id"}}};
  rows.expect_rows = 3;
  try {
    (void)backend->collect(head(join(left, right, rows), 1), context);
    FAIL("accepted");
  } catch (const DataError& error) {
    CHECK(error.info().got == "2");
    CHECK(error.info().expected == "3");
  }
}

TEST_CASE_METHOD(Joins, "a join says what it can't match") {
  CHECK_THROWS_AS(join(left, right, {.kind = JoinKind::kInner, .on = {}}), ArgumentError);
  CHECK_THROWS_AS(join(left, right, {.kind = JoinKind::kInner, .on = {{"id", "x"}}}),
                  ArgumentError);
  CHECK_THROWS_AS(join(left, right, {.kind = JoinKind::kInner, .on = {{"id", "idd"}}}),
                  ArgumentError);
}

TEST_CASE_METHOD(Tables, "a union matches columns by name") {
  const auto a = table({"x", "y"}, {{i(1), s("a")}});
  const auto b = table({"y", "x"}, {{s("b"), 0.5}});
  CHECK_THROWS_AS(union_all({a, b}), ArgumentError);
  CHECK(text(union_all({cast(a, {{"x", number_type()}}), b})) == "x,y|0.5,b|1.0,a");
  CHECK(text(union_all({a, a})) == "x,y|1,a|1,a");
  CHECK(text(union_all({a, a}, true)) == "x,y|1,a");
  CHECK_THROWS_AS(union_all({a, table({"x"}, {{i(1)}})}), ArgumentError);
  CHECK_THROWS_AS(union_all({a, table({"x", "y"}, {{s("q"), s("b")}})}), ArgumentError);
}

TEST_CASE_METHOD(Tables, "pivots are inverse to each other") {
  const auto wide =
      table({"id", "likes", "views"}, {{i(1), i(10), i(100)}, {i(2), kMissing, i(200)}}, {"id"});
  const auto longer = pivot_longer(
      wide, {.columns = {"likes", "views"}, .names_to = "measure", .values_to = "count"});
  CHECK(text(longer) == "id,measure,count|1,likes,10|1,views,100|2,likes,missing|2,views,200");
  CHECK(longer->key == std::vector<std::string>{"id", "measure"});
  const auto back =
      pivot_wider(longer, {.names_from = "measure", .values_from = "count", .names = {}});
  CHECK(text(back) == text(wide));
  const auto some = pivot_wider(
      longer, {.names_from = "measure", .values_from = "count", .names = {"views", "shares"}});
  CHECK(text(some) == "id,views,shares|1,100,missing|2,200,missing");
  const auto twice = table({"id", "m", "v"}, {{i(1), s("a"), i(1)}, {i(1), s("a"), i(2)}});
  CHECK_THROWS_AS(
      backend->collect(pivot_wider(twice, {.names_from = "m", .values_from = "v", .names = {}}),
                       context),
      DataError);
  CHECK_THROWS_AS(pivot_longer(table({"a", "b"}, {{i(1), s("x")}}), {.columns = {"a", "b"}}),
                  ArgumentError);
}

TEST_CASE_METHOD(Tables, "resampling to every period") {
  // 2024-06-16 is a Sunday (day 19890), 2024-06-17 a Monday
  const auto t =
      table({"day", "n"},
            {{Date{19890}, i(1)}, {Date{19891}, i(2)}, {Date{19897}, i(4)}, {Date{19905}, i(8)}});
  const auto sums = [&](Period period) {
    return text(resample(t, "day", period, {}, {{"n", aggregate("sum", {column("n")})}}));
  };
  CHECK(sums(Period::kWeekMonday) == "day,n|2024-06-10,1|2024-06-17,6|2024-07-01,8");
  CHECK(sums(Period::kWeekSunday) == "day,n|2024-06-16,3|2024-06-23,4|2024-06-30,8");
  CHECK(sums(Period::kMonth) == "day,n|2024-06-01,7|2024-07-01,8");
  CHECK(sums(Period::kQuarter) == "day,n|2024-04-01,7|2024-07-01,8");
  CHECK(sums(Period::kYear) == "day,n|2024-01-01,15");
  CHECK(sums(Period::kDay) == "day,n|2024-06-16,1|2024-06-17,2|2024-06-23,4|2024-07-01,8");
  CHECK_THROWS_AS(resample(t, "n", Period::kDay, {}, {{"m", aggregate("count", {})}}),
                  ArgumentError);
}

TEST_CASE_METHOD(Tables, "SQL reads its inputs and keeps its order") {
  const auto t =
      table({"id", "g", "x"}, {{i(1), s("a"), 0.5}, {i(2), s("b"), 1.5}, {i(3), s("a"), 2.5}});
  CHECK(text(query(backend, "SELECT g, sum(x) AS total FROM t GROUP BY g ORDER BY total DESC",
                   {{"t", t}})) == "g,total|a,3.0|b,1.5");
  CHECK(text(query(backend, "SELECT t.id, u.g FROM t JOIN u USING (id) WHERE u.x > 1",
                   {{"t", t}, {"u", t}})) == "id,g|2,b|3,a");
  CHECK(text(query(backend, "SELECT 1 AS one", {})) == "one|1");
  CHECK_THROWS_AS(query(backend, "SELECT nope FROM t", {{"t", t}}), ArgumentError);
  CHECK_THROWS_AS(query(backend, "SELECT * FROM u", {{"t", t}}), ArgumentError);
}

TEST_CASE_METHOD(Tables, "a cached relation has the same rows and the same plan") {
  const auto t = table({"id", "x"}, {{i(2), i(20)}, {i(1), i(10)}}, {"id"});
  const auto d = derive(t, {{"y", call("negate", {column("x")})}});
  const auto cached = backend->cache(d, context);
  CHECK(text(cached) == text(d));
  CHECK(canonical_json(to_json(*cached)) == canonical_json(to_json(*d)));
  CHECK(cached->key == d->key);
}

TEST_CASE_METHOD(Tables, "plans differ where results could") {
  const auto t = table({"id", "x"}, {{i(1), i(2)}}, {"id"});
  const auto plan = [](const RelationPtr& r) { return hash_json(to_json(*r)); };
  const auto gt = [&](std::int64_t n) {
    return filter(t, call("gt", {column("x"), literal(i(n))}));
  };
  CHECK(plan(gt(1)) == plan(gt(1)));
  CHECK(plan(gt(1)) != plan(gt(2)));
  CHECK(plan(with_label(gt(1), "'other'")) == plan(gt(1)));
  CHECK(plan(with_key(gt(1), {"x"})) != plan(gt(1)));
  CHECK(plan(sort(t, {{column("x"), true}})) != plan(sort(t, {{column("x"), false}})));
}

TEST_CASE_METHOD(Tables, "a declared key is checked before rows are used") {
  const auto t = table({"id", "x"}, {{i(1), i(2)}, {i(1), i(3)}}, {"id"});
  CHECK_THROWS_AS(backend->collect(t, context), DataError);
  CHECK_THROWS_AS(backend->count_rows(head(t, 1), context), DataError);
  const auto keyed = with_key(table({"id"}, {{i(1)}, {kMissing}}), {"id"});
  CHECK_THROWS_AS(backend->collect(keyed, context), DataError);
}

}  // namespace
}  // namespace impact
