#include "engine/table/duckdb/sql_check.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"

namespace impact::duck {
namespace {

struct Fixture {
  Database database{{}};
  std::unique_ptr<Connection> connection = database.connect();

  std::string fragment(const std::string& text) { return check_fragment(*connection, text); }
  CheckedSql statement(const std::string& text, const std::vector<std::string>& names = {"t"}) {
    return check_statement(*connection, text, names, [](const std::string&) { return 2U; });
  }
  // The message of the refusal, or "accepted".
  std::string refusal(const std::string& text) {
    try {
      (void)statement(text);
    } catch (const ArgumentError& error) {
      return error.info().what;
    }
    return "accepted";
  }
};

TEST_CASE_METHOD(Fixture, "a fragment comes back as SQL text with exact aggregates") {
  CHECK(fragment("a > 1 AND b IS NOT NULL") == "((a > 1) AND (b IS NOT NULL))");
  CHECK(fragment("sum(a) / count(*) -- a comment") == "(impact_sum(a) / count_star())");
  CHECK(fragment("avg(x) FILTER (WHERE y > 0)") == "impact_mean(x) FILTER (WHERE (y > 0))");
  CHECK(fragment("SUM(x) OVER (PARTITION BY g ORDER BY t)").find("impact_sum(x) OVER") == 0);
}

TEST_CASE_METHOD(Fixture, "a fragment is one expression without subqueries") {
  for (const char* text :
       {"1) FROM t WHERE (2", "a = 1) OR (1 = 1", "(SELECT max(a) FROM t)", "*", "a; DROP TABLE t",
        "EXISTS (SELECT 1 FROM t)", "a) UNION SELECT (b", "x FROM 'file.csv'", "$1", ""}) {
    INFO(text);
    CHECK_THROWS_AS(fragment(text), ArgumentError);
  }
}

TEST_CASE_METHOD(Fixture, "a query reads its inputs and its own CTEs only") {
  CHECK(refusal("SELECT * FROM t") == "accepted");
  CHECK(refusal("SELECT * FROM T JOIN t AS u USING (a)") == "accepted");
  CHECK(refusal("WITH c AS (SELECT a FROM t) SELECT * FROM c") == "accepted");
  CHECK(refusal("SELECT * FROM range(5)") == "accepted");
  CHECK(refusal("SELECT * FROM (VALUES (1), (2)) v(x)") == "accepted");
  CHECK(refusal("SELECT * FROM u").find("reads 'u'") != std::string::npos);
  CHECK(refusal("SELECT * FROM 'a.csv'").find("reads 'a.csv'") != std::string::npos);
  CHECK(refusal("SELECT * FROM main.t").find("reads 't'") != std::string::npos);
  CHECK(refusal("SELECT * FROM information_schema.tables").find("tables") != std::string::npos);
  CHECK(refusal("SELECT (SELECT max(x) FROM secret) FROM t").find("secret") != std::string::npos);
  for (const char* name : {"read_csv", "read_text", "read_blob", "glob", "read_parquet",
                           "duckdb_settings", "query", "query_table", "sniff_csv"}) {
    INFO(name);
    CHECK(refusal(std::string("SELECT * FROM ") + name + "('x')").find("table function") !=
          std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture, "only one SELECT runs") {
  for (const char* text :
       {"DELETE FROM t", "CREATE TABLE x (a INT)", "COPY t TO 'x.csv'", "ATTACH 'x.db'",
        "INSTALL httpfs", "SET threads = 1", "PRAGMA version", "SELECT 1; SELECT 2",
        "FROM (DESCRIBE t)", "", "SELECT FROM", "EXPORT DATABASE 'd'"}) {
    INFO(text);
    CHECK_THROWS_AS(statement(text), ArgumentError);
  }
}

TEST_CASE_METHOD(Fixture, "what changes from run to run is refused") {
  for (const char* text : {"SELECT random() FROM t",
                           "SELECT now()",
                           "SELECT current_date",
                           "SELECT uuid()",
                           "SELECT hash(a) FROM t",
                           "SELECT a FROM t LIMIT 3",
                           "SELECT list(a) FROM t",
                           "SELECT first(a) FROM t",
                           "SELECT row_number() OVER () FROM t",
                           "SELECT DISTINCT ON (a) * FROM t ORDER BY a",
                           "SELECT * FROM t TABLESAMPLE 10%",
                           "SELECT * FROM t POSITIONAL JOIN t AS u",
                           "SELECT kurtosis(a) FROM t",
                           "SELECT arg_max(a, b) FROM t",
                           "SELECT getenv('HOME')",
                           "SELECT mode(a) FROM t",
                           "SELECT approx_quantile(a, 0.5) FROM t",
                           "SELECT string_agg(a, ',') FROM t",
                           "SELECT * FROM t WHERE a IN (SELECT a FROM t LIMIT 1)",
                           "SELECT (SELECT a FROM t ORDER BY b LIMIT 1)",
                           "SELECT pg_postmaster_start_time()",
                           "SELECT current_localtimestamp()",
                           "SELECT geometric_mean(a) FROM t",
                           "SELECT wavg(a, b) FROM t",
                           "SELECT json_group_array(a) FROM t",
                           "SELECT * FROM t ASOF JOIN t AS u ON t.a >= u.a"}) {
    INFO(text);
    CHECK_THROWS_AS(statement(text), ArgumentError);
  }
  CHECK(refusal("SELECT list(a ORDER BY b) FROM t") == "accepted");
  CHECK(refusal("SELECT median(a), quantile_cont(a, 0.1), min(a), count(DISTINCT a) FROM t") ==
        "accepted");
  CHECK(refusal("SELECT row_number() OVER (ORDER BY a) FROM t") == "accepted");
}

TEST_CASE_METHOD(Fixture, "a final ORDER BY is completed to a total order") {
  const CheckedSql plain = statement("SELECT a, b FROM t");
  CHECK_FALSE(plain.ordered);
  const CheckedSql sorted = statement("SELECT a, b FROM t ORDER BY b DESC LIMIT 3");
  CHECK(sorted.ordered);
  CHECK(sorted.text.find("ORDER BY b DESC, 1 ASC NULLS LAST, 2 ASC NULLS LAST LIMIT 3") !=
        std::string::npos);
  CHECK(statement("SELECT a, b FROM t ORDER BY ALL").ordered);
}

TEST_CASE_METHOD(Fixture, "a refusal names the near table and every input") {
  try {
    (void)statement("SELECT * FROM clams", {"claims", "posts"});
    FAIL("accepted");
  } catch (const ArgumentError& error) {
    CHECK(error.info().got == "clams");
    CHECK(error.info().expected == "claims, posts");
    CHECK(error.info().hint == "did you mean 'claims'?");
  }
}

}  // namespace
}  // namespace impact::duck
