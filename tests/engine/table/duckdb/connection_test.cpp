#include "engine/table/duckdb/database.h"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

// A connection that closes while an exception unwinds must still wait for its running tasks:
// otherwise they go on in freed memory, which crashes or hangs the closing of the database.
TEST_CASE("an exception in the middle of a streamed result leaves no task behind", "[duckdb]") {
  const std::vector<std::pair<std::string, std::string>> settings = {{"threads", "4"}};
  for (int round = 0; round < 3; ++round) {
    impact::duck::Database database(settings);
    CHECK_THROWS_AS(
        [&] {
          auto connection = database.connect();
          connection->execute("CREATE TABLE t AS SELECT i FROM range(1000000) r(i)");
          // The first rows come at once; the tasks that look for more are still at work then.
          const auto statement = connection->prepare(
              "SELECT i FROM t WHERE i < 5000 OR md5(md5(md5(md5(i::VARCHAR)))) = 'no such "
              "digest'");
          auto result = connection->stream(statement);
          REQUIRE(result.fetch());
          throw std::runtime_error("stop");
        }(),
        std::runtime_error);
  }
}
