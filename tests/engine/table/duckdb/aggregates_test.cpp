#include <cmath>
#include <cstring>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"
#include "engine/table/duckdb/database.h"
#include "engine/table/duckdb/functions.h"
#include "engine/table/verbs.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;

namespace {

struct Duck {
  explicit Duck(int threads)
      : database({{"threads", std::to_string(threads)}}), connection(database.connect()) {
    duck::register_aggregates(*connection);
    duck::register_draw(*connection);
    duck::register_casts(*connection);
  }
  // The bits of a DOUBLE column, row by row.
  std::vector<std::uint64_t> bits(const std::string& sql) {
    std::vector<std::uint64_t> out;
    duck::Result result = connection->run(sql);
    while (const auto chunk = result.fetch()) {
      duckdb_vector vector = chunk->column(0);
      const auto* cells = static_cast<const std::uint64_t*>(duckdb_vector_get_data(vector));
      const auto* validity = duckdb_vector_get_validity(vector);
      for (std::size_t row = 0; row < chunk->rows(); ++row) {
        out.push_back(duck::present(validity, row) ? cells[row] : 0xDEAD);
      }
    }
    return out;
  }
  std::optional<double> number(const std::string& expression, const std::string& from) {
    const auto cells = bits("SELECT " + expression + " FROM " + from);
    REQUIRE(cells.size() == 1);
    if (cells[0] == 0xDEAD) return std::nullopt;
    double value = 0;
    std::memcpy(&value, cells.data(), 8);
    return value;
  }
  duck::Database database;
  std::unique_ptr<duck::Connection> connection;
};

std::string error_of(Duck& duck, const std::string& sql) {
  try {
    duck.connection->execute(sql);
  } catch (const duck::QueryError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("aggregates by hand", "[aggregates]") {
  Duck duck(2);
  const std::string from =
      "(VALUES (1.0::DOUBLE, 2.0::DOUBLE), (2.0, 4.0), (NULL, 9.0), (6.0, 3.0)) t(x, y)";
  CHECK(duck.number("impact_sum(x)", from) == 9.0);
  CHECK(duck.number("impact_mean(x)", from) == 3.0);
  CHECK(duck.number("impact_var_samp(x)", from) == 7.0);  // (4 + 1 + 9) / 2
  CHECK(duck.number("impact_var_pop(x)", from) == 14.0 / 3.0);
  CHECK(duck.number("impact_stddev_samp(x)", from) == std::sqrt(7.0));
  CHECK(duck.number("impact_stddev_pop(x)", from) == std::sqrt(14.0 / 3.0));
  // Deviations x: -2 -1 3, y: -1 1 0: sum of products 1, over 2.
  CHECK(duck.number("impact_covar_samp(x, y)", from) == 0.5);
  CHECK(*duck.number("impact_corr(x, y)", from) ==
        Approx(0.5 / std::sqrt(7.0 * 1.0)).epsilon(1e-15));
  CHECK(duck.number("impact_mean(k)", "(VALUES (1::BIGINT), (2), (4)) t(k)") == 7.0 / 3.0);
}

TEST_CASE("sums cancel exactly", "[aggregates]") {
  Duck duck(2);
  CHECK(duck.number("impact_sum(x)", "(VALUES (1e16::DOUBLE), (1.0), (-1e16)) t(x)") == 1.0);
  CHECK(duck.number("impact_var_samp(x + 1e9)", "(VALUES (1.0::DOUBLE), (2.0), (3.0)) t(x)") ==
        1.0);
}

TEST_CASE("no rows give no value", "[aggregates]") {
  Duck duck(2);
  for (const char* name : {"impact_sum", "impact_mean", "impact_var_samp", "impact_var_pop",
                           "impact_stddev_samp", "impact_stddev_pop"}) {
    CHECK_FALSE(duck.number(std::string(name) + "(x)", "(SELECT 1.0::DOUBLE AS x WHERE false) t"));
    CHECK_FALSE(duck.number(std::string(name) + "(x)", "(SELECT NULL::DOUBLE AS x) t"));
  }
  CHECK_FALSE(duck.number("impact_var_samp(x)", "(SELECT 1.0::DOUBLE AS x) t"));
  CHECK(duck.number("impact_var_pop(x)", "(SELECT 1.0::DOUBLE AS x) t") == 0.0);
  CHECK_FALSE(duck.number("impact_covar_samp(x, x)", "(SELECT 1.0::DOUBLE AS x) t"));
  CHECK(duck.bits("SELECT impact_sum(x) FROM (VALUES (1, 2.0::DOUBLE), (2, NULL)) t(g, x) GROUP BY "
                  "g ORDER BY g")[1] == 0xDEAD);
}

TEST_CASE("what is not a number follows IEEE arithmetic", "[aggregates]") {
  Duck duck(2);
  CHECK(std::isnan(*duck.number("impact_sum(x)", "(VALUES (1.0::DOUBLE), ('nan')) t(x)")));
  CHECK(*duck.number("impact_sum(x)", "(VALUES (1.0::DOUBLE), ('inf')) t(x)") ==
        std::numeric_limits<double>::infinity());
  CHECK(std::isnan(*duck.number("impact_sum(x)", "(VALUES ('-inf'::DOUBLE), ('inf')) t(x)")));
  CHECK(std::isnan(
      *duck.number("impact_var_samp(x)", "(VALUES (1.0::DOUBLE), ('nan'), (2.0)) t(x)")));
}

TEST_CASE("integer sums are exact or fail", "[aggregates]") {
  Duck duck(2);
  CHECK(duck.connection->integer("SELECT impact_sum(x) FROM (VALUES (9223372036854775807::BIGINT), "
                                 "(9223372036854775807), (-9223372036854775807), (-5)) t(x)") ==
        9223372036854775802);
  CHECK(duck.connection->integer(
            "SELECT impact_sum(x::BIGINT) FROM range(-1000000, 1000001) t(x)") == 0);
  CHECK_THAT(
      error_of(duck, "SELECT impact_sum(x) FROM (VALUES (9223372036854775807::BIGINT), (1)) t(x)"),
      Contains("does not fit 64 bits"));
  CHECK(duck.number("impact_mean(x)",
                    "(VALUES (9223372036854775807::BIGINT), (9223372036854775807)) t(x)") ==
        9223372036854775807.0);
}

TEST_CASE("the same bits on any number of threads and in any order of rows", "[aggregates]") {
  const std::string data =
      "SELECT i, i % 7 AS g, (hash(i) % 1000003)::DOUBLE * pow(10, (i % 31) - 15) * CASE WHEN i % "
      "2 = 0 THEN 1 ELSE -1 END AS x, (hash(i + 1) % 1009)::DOUBLE / 7 AS y FROM range(300000) "
      "t(i)";
  const std::string statistics[] = {"impact_sum(x)",           "impact_mean(x)",
                                    "impact_var_samp(x)",      "impact_stddev_pop(y)",
                                    "impact_covar_samp(x, y)", "impact_corr(x, y)"};
  std::vector<std::vector<std::uint64_t>> first;
  for (const int threads : {1, 2, 3, 8}) {
    Duck duck(threads);
    duck.connection->execute("CREATE TABLE a AS " + data);
    duck.connection->execute("CREATE TABLE b AS SELECT * FROM a ORDER BY hash(i)");
    for (const char* table : {"a", "b"}) {
      std::vector<std::vector<std::uint64_t>> all;
      for (const std::string& statistic : statistics) {
        all.push_back(duck.bits("SELECT " + statistic + " FROM " + table));
        all.push_back(duck.bits("SELECT " + statistic + " FROM " + std::string(table) +
                                " GROUP BY g ORDER BY g"));
      }
      if (first.empty()) first = all;
      CHECK(all == first);
    }
  }
  CHECK(first[1].size() == 7);
}

TEST_CASE("the SQL sum is the engine's sum", "[aggregates]") {
  std::vector<double> terms;
  std::string values;
  Stream stream(StreamKey::root(7));
  for (int i = 0; i < 500; ++i) {
    terms.push_back(static_cast<double>(stream.integer(-1000000, 1000000)) / 1024.0);
    values += (i == 0 ? "(" : ", (") + std::to_string(terms.back()) + "::DOUBLE)";
  }
  Duck duck(2);
  CHECK(duck.number("impact_sum(x)", "(VALUES " + values + ") t(x)") ==
        Approx(exact_sum(terms)).epsilon(1e-9));
}

TEST_CASE("aggregates run over windows", "[aggregates]") {
  Duck duck(2);
  const auto sums = duck.bits(
      "SELECT impact_sum(x) OVER (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM "
      "(SELECT i, i::DOUBLE AS x FROM range(10000) t(i)) ORDER BY i");
  const auto plain = duck.bits(
      "SELECT CASE WHEN i = 0 THEN 0 WHEN i = 1 THEN 1 ELSE 3 * i - 3 END::DOUBLE FROM "
      "range(10000) t(i) ORDER BY i");
  CHECK(sums == plain);
  const auto means = duck.bits(
      "SELECT impact_mean(x) OVER (PARTITION BY i % 3 ROWS BETWEEN UNBOUNDED PRECEDING AND "
      "4611686018427387904 FOLLOWING) FROM (SELECT i, i::DOUBLE AS x FROM range(3000) t(i)) ORDER "
      "BY i");
  double value = 0;
  std::memcpy(&value, &means[4], 8);
  CHECK(value == 1499.5);  // 1, 4, ..., 2998
  CHECK(duck.bits(
            "SELECT impact_stddev_samp(x) OVER (ORDER BY i ROWS BETWEEN 99 PRECEDING AND CURRENT "
            "ROW) FROM (SELECT i, i::DOUBLE AS x FROM range(5000) t(i)) ORDER BY i")[0] == 0xDEAD);
}

TEST_CASE("XXH64 gives the published values", "[draw]") {
  // xxHash specification and the test vectors of its reference implementation, seed 0.
  CHECK(duck::xxh64("", 0) == 0xEF46DB3751D8E999ULL);
  CHECK(duck::xxh64("a", 0) == 0xD24EC4F1A98C6E5BULL);
  CHECK(duck::xxh64("abc", 0) == 0x44BC2CF5AD770999ULL);
  CHECK(duck::xxh64("Nobody inspects the spammish repetition", 0) == 0xFBCEA83C8A378BF1ULL);
}

TEST_CASE("keys are told apart", "[draw]") {
  using Keys = std::vector<std::string_view>;
  const std::vector<Keys> all{{},
                              {""},
                              {"", ""},
                              {"ab", "c"},
                              {"a", "bc"},
                              {"abc"},
                              {std::string_view()},
                              {std::string_view(), ""},
                              {"", std::string_view()}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(duck::hash_keys(all[i]) != duck::hash_keys(all[j]));
  }
}

TEST_CASE("draws are uniform, keyed and the same in every order", "[draw]") {
  Duck duck(3);
  const auto draws =
      duck.bits("SELECT impact_draw(42::UBIGINT, i::VARCHAR) FROM range(100000) t(i) ORDER BY i");
  std::vector<int> cells(100);
  double sum = 0;
  for (const std::uint64_t bits : draws) {
    double value = 0;
    std::memcpy(&value, &bits, 8);
    REQUIRE(value >= 0.0);
    REQUIRE(value < 1.0);
    ++cells[static_cast<std::size_t>(value * 100)];
    sum += value;
  }
  double chi = 0;
  for (const int count : cells) chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
  // 99 degrees of freedom: below 148.2 with probability 0.999 (fixed seed, so not chance).
  CHECK(chi < 148.2);
  CHECK(sum / 100000 == Approx(0.5).margin(0.003));

  Duck single(1);
  CHECK(single.bits("SELECT impact_draw(42::UBIGINT, i::VARCHAR) FROM (SELECT * FROM range(100000) "
                    "t(i) ORDER BY -i) ORDER BY i") == draws);
  CHECK(single.bits("SELECT impact_draw(43::UBIGINT, '1')") !=
        single.bits("SELECT impact_draw(42::UBIGINT, '1')"));
  CHECK(single.bits("SELECT impact_draw(42::UBIGINT, NULL)")[0] != 0xDEAD);
  // The construction itself: XXH64 of the text seeded by the number of keys, then the stream.
  const std::uint64_t hash = duck::xxh64("0", 1);
  double value = 0;
  std::memcpy(&value, draws.data(), 8);
  CHECK(value == Stream(StreamKey{42}, hash).uniform());
}

TEST_CASE("strict cells", "[casts]") {
  std::int64_t value = 0;
  for (const char* good :
       {"0", "-1", "+5", " 12 ", "007", "9223372036854775807", "-9223372036854775808"}) {
    CHECK(duck::parse_cell_integer(good, value));
  }
  CHECK(value == std::numeric_limits<std::int64_t>::min());
  for (const char* bad : {"", " ", "-", "1.5", "1e3", "0x1", "1 2", "9223372036854775808",
                          "-9223372036854775809", "99999999999999999999999"}) {
    CHECK_FALSE(duck::parse_cell_integer(bad, value));
  }
  CHECK((duck::parse_cell_timestamp("1970-01-01", value) && value == 0));
  CHECK((duck::parse_cell_timestamp("1970-01-02T00:00:00.5Z", value) && value == 86400500000));
  CHECK((duck::parse_cell_timestamp("1969-12-31 23:59:59.999999", value) && value == -1));
  CHECK((duck::parse_cell_timestamp("1970-01-01T02:00:00+02:00", value) && value == 0));
  CHECK((duck::parse_cell_timestamp("1970-01-01T00:00:00-0130", value) && value == 5400000000));
  for (const char* bad :
       {"", "1970", "1970-02-30", "1970-01-01T24:00:00", "1970-01-01T00:00", "1970-01-01T00:00:00.",
        "1970-01-01T00:00:00+2", "1970-01-01 00:00:00 UTC", "1970-01-01T00:00:00.1234567",
        "01/02/1970", "0000-01-01"}) {
    CHECK_FALSE(duck::parse_cell_timestamp(bad, value));
  }
}
