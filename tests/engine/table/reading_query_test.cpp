#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"
#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

struct Reading : Tables {
  RelationPtr t = table({"x", "g"}, {{i(3), s("b")}, {i(1), s("a")}, {i(2), s("b")}});
  std::string result(const std::string& sql) {
    return text(reading_query(backend, sql, {{"t", t}}));
  }
};

TEST_CASE_METHOD(Reading, "looking at a table keeps its order", "[reading]") {
  CHECK(result("select * from t") == "x,g|3,b|1,a|2,b");
  CHECK(result("select x from t where g = 'b'") == "x|3|2");
  CHECK(result("select x from t limit 2") == "x|3|1");
  CHECK(result("select x from t limit 1 offset 1") == "x|1");
  CHECK(result("select x from t order by x limit 2") == "x|1|2");
  CHECK(result("select sum(x) as s from t limit 5") == "s|6");
}

TEST_CASE_METHOD(Reading, "a limit of other queries counts in the order of all columns",
                 "[reading]") {
  CHECK(result("select g, count(*) as n from t group by g limit 1") == "g,n|a,1");
  CHECK(result("select distinct g from t limit 1") == "g|a");
  CHECK(result("select a.x from t a join t b on a.g = b.g limit 2") == "x|1|2");
  CHECK(result("select x, row_number() over (order by x) as r from t limit 1") == "x,r|1,1");
  CHECK(result("select x from t union all select x from t limit 3") == "x|1|1|2");
}

TEST_CASE_METHOD(Reading, "what changes from run to run is refused here too", "[reading]") {
  CHECK_THROWS_AS(result("select random() as r from t limit 1"), ArgumentError);
  CHECK_THROWS_AS(result("select x from (select x from t limit 1)"), ArgumentError);
  CHECK_THROWS_AS(result("selec x from t"), ArgumentError);
  CHECK_THROWS_AS(result("select x from t; select x from t"), ArgumentError);
  CHECK_THROWS_AS(result("drop table t"), ArgumentError);
}

}  // namespace
}  // namespace impact
