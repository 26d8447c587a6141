#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;
using test::TempDir;

namespace {

struct Fixture {
  Fixture() : backend(open_duckdb({})) {
    FileSource source;
    source.path = dir.file("v.csv",
                           "video,views,tier,rate\n"
                           "b,5,low,0.5\n"
                           "a,-1,high,0.1\n"
                           "b,7,mid,\n"
                           ",9,low,0.2\n"
                           "c,11,low,2.5\n"
                           "a,4,low,0.3\n");
    source.types["tier"] = category_type({"low", "mid", "high"});
    file = scan_file(backend, source, {}, "'videos'");
  }
  std::string failure(const Expectations& expectations) const {
    return message_of<DataError>([&] { backend->check(file, expectations, Context{}); });
  }
  std::string failure(const ColumnExpectation& column) const {
    Expectations expectations;
    expectations.columns = {column};
    return failure(expectations);
  }
  TempDir dir;
  std::shared_ptr<Backend> backend;
  RelationPtr file;
};

ColumnExpectation expect(const std::string& column) {
  ColumnExpectation expectation;
  expectation.column = column;
  return expectation;
}

}  // namespace

TEST_CASE("numbers of rows", "[expect]") {
  const Fixture fixture;
  Expectations expectations;
  expectations.min_rows = 6;
  expectations.max_rows = 6;
  CHECK(fixture.failure(expectations).empty());
  expectations.min_rows = 7;
  CHECK_THAT(fixture.failure(expectations),
             Contains("'videos' has too few rows") && Contains("6 rows") && Contains("at least 7"));
  expectations.min_rows = 1;
  expectations.max_rows = 5;
  CHECK_THAT(fixture.failure(expectations), Contains("too many rows") && Contains("at most 5"));
}

TEST_CASE("a key is present and unique", "[expect]") {
  const Fixture fixture;
  Expectations expectations;
  expectations.key = {"video"};
  CHECK_THAT(fixture.failure(expectations),
             Contains("the key (video) of 'videos' is missing in 1 row") &&
                 Contains("row 4: video = missing, views = 9"));
  expectations.key = {"video", "views"};
  CHECK_THAT(fixture.failure(expectations), Contains("missing in 1 row"));
  const auto present = drop_missing(fixture.file, {"video"});
  expectations.key = {"video"};
  const std::string message =
      message_of<DataError>([&] { fixture.backend->check(present, expectations, Context{}); });
  CHECK_THAT(message, Contains("repeats: 2 values in 4 rows") && Contains("video = b") &&
                          Contains("video = a"));
  expectations.key = {"video", "views"};
  CHECK_NOTHROW(fixture.backend->check(present, expectations, Context{}));
  expectations.key = {"vidoe"};
  CHECK_THROWS_AS(fixture.backend->check(present, expectations, Context{}), ArgumentError);
}

TEST_CASE("a declared key is checked when the table is first used", "[expect]") {
  const Fixture fixture;
  const auto keyed = with_key(drop_missing(fixture.file, {"video"}), {"video"});
  CHECK_THAT(message_of<DataError>([&] { (void)fixture.backend->collect(keyed, Context{}); }),
             Contains("the key (video)") && Contains("repeats"));
}

TEST_CASE("columns hold what is expected", "[expect]") {
  const Fixture fixture;
  auto column = expect("rate");
  column.present = true;
  CHECK_THAT(fixture.failure(column), Contains("column 'rate' of 'videos' is missing in 1 row") &&
                                          Contains("row 3: rate = missing, video = b"));
  column = expect("views");
  column.unique = true;
  column.min = std::int64_t{-1};
  column.max = std::int64_t{11};
  CHECK(fixture.failure(column).empty());
  column.min = std::int64_t{0};
  CHECK_THAT(fixture.failure(column), Contains("below its minimum in 1 row") &&
                                          Contains("row 2: views = -1") && Contains("at least 0"));
  column.min.reset();
  column.max = std::int64_t{6};
  CHECK_THAT(fixture.failure(column),
             Contains("above its maximum in 3 rows") && Contains("row 3: views = 7") &&
                 Contains("row 4: views = 9") && Contains("row 5: views = 11"));
  column = expect("rate");
  column.max = 1.0;
  CHECK_THAT(fixture.failure(column), Contains("row 5: rate = 2.5"));
  column = expect("video");
  column.unique = true;
  CHECK_THAT(fixture.failure(column),
             Contains("column 'video' of 'videos' repeats: 2 values in 4 rows") &&
                 Contains("row 1: video = b") && Contains("row 3: video = b"));
  column = expect("tier");
  column.allowed = {std::string("low"), std::string("high"), std::string("none")};
  CHECK_THAT(fixture.failure(column), Contains("not allowed in 1 row") && Contains("tier = mid") &&
                                          Contains("low, high, none"));
  column = expect("tier");
  column.max = std::string("mid");  // By the declared order, not the alphabet.
  CHECK_THAT(fixture.failure(column), Contains("1 row") && Contains("tier = high"));
  column = expect("veiws");
  CHECK_THROWS_AS(fixture.failure(column), ArgumentError);
}

TEST_CASE("only five offending rows are shown", "[expect]") {
  const auto backend = open_duckdb({});
  const auto relation = query(backend, "SELECT i AS x FROM range(1000) t(i) ORDER BY i", {});
  Expectations expectations;
  ColumnExpectation column;
  column.column = "x";
  column.min = std::int64_t{100};
  expectations.columns = {column};
  const std::string message =
      message_of<DataError>([&] { backend->check(relation, expectations, Context{}); });
  CHECK_THAT(message, Contains("in 100 rows") && Contains("row 5: x = 4") && !Contains("row 6"));
}
