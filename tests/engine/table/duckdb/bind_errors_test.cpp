#include "engine/table/duckdb/bind_errors.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/verbs.h"
#include "tests/engine/table/duckdb/open_backend.h"

using namespace impact;
using Catch::Contains;
using Catch::EndsWith;
using test::message_of;

namespace {

struct Posts {
  Posts() {
    std::vector<Column> columns;
    columns.push_back(Column::integers({1, 2}));
    columns.push_back(Column::text("ab", {0, 1, 2}));
    columns.push_back(Column::dates({19000, 19001}));
    columns.push_back(Column::numbers({0.5, 1.5}));
    columns.push_back(Column::booleans({1, 0}));
    columns.push_back(Column::timestamps({0, 1}));
    columns.push_back(Column::categories(category_type({"low", "high, or 'so'"}), {0, 1}));
    posts = scan_frame(
        backend, Frame({"id", "name", "day", "rate", "paid", "posted", "tier"}, std::move(columns)),
        {"id"}, "'posts'");
  }
  // What is said about a query over the table, or about a condition in its filter. What an error
  // says in our words holds none of DuckDB's.
  std::string of_query(const std::string& text) const {
    return checked([&] { return query(backend, text, {{"self", posts}}); });
  }
  std::string of_filter(const std::string& text) const {
    return checked([&] { return filter(posts, sql_expr(text)); });
  }

  test::TempDir dir;
  std::shared_ptr<Backend> backend = test::open(dir);
  RelationPtr posts;

 private:
  template <class Build>
  std::string checked(Build&& build) const {
    const std::string message =
        message_of<ArgumentError>([&] { backend->collect(build(), Context{}); });
    for (const char* theirs : {"explicit", "_LITERAL", "might need", "impact_", "Candidate"}) {
      CHECK_THAT(message, !Contains(theirs));
    }
    return message;
  }
};

}  // namespace

TEST_CASE("types that cannot be compared are named with a way out", "[bind_errors]") {
  const Posts t;
  CHECK_THAT(t.of_filter("name > 5"),
             Contains("a text and an integer cannot be compared") &&
                 Contains("where:    'posts'") && Contains("got:      text and integer") &&
                 Contains("expected: two values of one type") &&
                 Contains("write a text in quotes: '5', or convert the text: to_integer, in SQL "
                          "CAST(... AS BIGINT)"));
  CHECK_THAT(t.of_filter("name > id"),
             Contains("hint:     convert the text: to_integer, in SQL CAST(... AS BIGINT)"));
  CHECK_THAT(t.of_filter("day > 5"), Contains("a date and an integer cannot be compared") &&
                                         Contains("write a date as a text: '2024-01-31'"));
  CHECK_THAT(t.of_filter("posted > 5"),
             Contains("a timestamp and an integer") && Contains("'2024-01-31 12:00:00'"));
  CHECK_THAT(t.of_filter("day > name"), Contains("to_date, in SQL CAST(... AS DATE)"));
  CHECK_THAT(t.of_filter("tier > 5"), Contains("a category and an integer cannot be compared") &&
                                          Contains("write a level in quotes"));
}

TEST_CASE("operators and functions say what they take", "[bind_errors]") {
  const Posts t;
  CHECK_THAT(t.of_query("SELECT name + id AS x FROM self"),
             Contains("'+' cannot be applied to text and integer") &&
                 Contains("got:      text, integer") &&
                 Contains("expected: numbers, or a date and days") &&
                 Contains("convert the text: to_number"));
  CHECK_THAT(t.of_query("SELECT day + name AS x FROM self"),
             Contains("'+' cannot be applied to date and text") &&
                 Contains("convert the text: to_integer"));
  CHECK_THAT(t.of_query("SELECT -name AS x FROM self"),
             Contains("'-' cannot be applied to text\n"));
  CHECK_THAT(
      t.of_query("SELECT tier * 2 AS x FROM self"),
      Contains("'*' cannot be applied to category and integer") && EndsWith("expected: numbers"));
  CHECK_THAT(t.of_filter("name LIKE 5"), Contains("LIKE cannot be applied to text and integer") &&
                                             Contains("expected: two texts") &&
                                             Contains("to_text, in SQL CAST(... AS VARCHAR)"));
  CHECK_THAT(t.of_query("SELECT sqrt(name) AS x FROM self"),
             Contains("'sqrt' cannot be applied to text") && Contains("expected: sqrt(number)") &&
                 Contains("convert the text: to_number"));
  CHECK_THAT(t.of_query("SELECT avg(name) AS x FROM self"),
             Contains("'avg' cannot be applied to text") && Contains("avg(number)"));
  CHECK_THAT(t.of_query("SELECT round(name, 1) AS x FROM self"),
             Contains("round(integer) or round(integer, integer) or round(number) or "
                      "round(number, integer)"));
  CHECK_THAT(t.of_query("SELECT extract(year FROM name) AS x FROM self"),
             Contains("expected: date_part(text, date) or date_part(text, timestamp)"));
}

TEST_CASE("types that cannot stand together or be converted are named", "[bind_errors]") {
  const Posts t;
  CHECK_THAT(t.of_query("SELECT CASE WHEN paid THEN name ELSE id END AS x FROM self"),
             Contains("an integer and a text cannot stand in one CASE") && Contains("to_integer"));
  CHECK_THAT(t.of_query("SELECT coalesce(id, day) AS x FROM self"),
             Contains("an integer and a date cannot stand in one COALESCE"));
  CHECK_THAT(t.of_filter("tier BETWEEN 1 AND day"), Contains("cannot stand in one BETWEEN"));
  CHECK_THAT(t.of_query("SELECT greatest(id, day) AS x FROM self"),
             Contains("an integer and a date cannot be combined"));
  CHECK_THAT(t.of_query("SELECT [id, name] AS x FROM self"),
             Contains("an integer and a text cannot stand in one list"));
  CHECK_THAT(t.of_filter("CAST(id AS DATE) = day"),
             Contains("an integer cannot become a date") &&
                 Contains("got:      integer, column 'id'") && Contains("expected: date"));
}

TEST_CASE("a text that is no date or time is shown", "[bind_errors]") {
  const Posts t;
  const auto said = [&](const char* condition) {
    return message_of<DataError>(
        [&] { t.backend->collect(filter(t.posts, sql_expr(condition)), Context{}); });
  };
  CHECK_THAT(said("day = 'x'"), Contains("a text is not a date") && Contains("got:      'x'") &&
                                    Contains("expected: YYYY-MM-DD"));
  CHECK_THAT(said("posted > '2024-13-01'"),
             Contains("a text is not a timestamp") && Contains("got:      '2024-13-01'"));
  CHECK_THAT(t.of_query("SELECT date_trunc('fortnight', day) AS x FROM self"),
             Contains("no part of a date is named 'fortnight'") && Contains("quarter, month"));
}

TEST_CASE("names that are not there are found in SQL too", "[bind_errors]") {
  const Posts t;
  CHECK_THAT(t.of_query("SELECT nam FROM self"),
             Contains("no column 'nam' in the query") && Contains("did you mean 'name'?"));
  CHECK_THAT(t.of_query("SELECT * EXCLUDE (nam) FROM self"),
             Contains("no column 'nam' in the query") && Contains("did you mean 'name'?"));
  CHECK_THAT(t.of_query("SELECT b.id FROM self JOIN self b USING (ident)"),
             Contains("no column 'ident' in the query"));
  CHECK_THAT(t.of_query("SELECT a.id FROM self"),
             Contains("no table 'a'") && Contains("expected: self"));
  CHECK_THAT(
      t.of_query("SELECT id FROM self a JOIN self b ON a.id = b.id"),
      Contains("column 'id' stands in more than one table") && Contains("expected: a.id or b.id"));
  CHECK_THAT(t.of_query("SELECT flor(rate) AS x FROM self"),
             Contains("no function 'flor'") && Contains("did you mean 'floor'?"));
  CHECK_THAT(t.of_query("SELECT CAST(id AS whole) AS x FROM self"),
             Contains("no type 'whole'") && Contains("BIGINT"));
}

TEST_CASE("clauses in the wrong place say which", "[bind_errors]") {
  const Posts t;
  CHECK_THAT(t.of_query("SELECT name, max(id) AS n FROM self"),
             Contains("column 'name' is neither grouped nor summarised") &&
                 Contains("GROUP BY, or write max(name)"));
  CHECK_THAT(t.of_query("SELECT name FROM self GROUP BY name HAVING id > 1"),
             Contains("column 'id' is neither grouped nor summarised"));
  CHECK_THAT(t.of_query("SELECT name FROM self WHERE max(id) > 1"),
             Contains("WHERE cannot hold an aggregate") && Contains("HAVING"));
  CHECK_THAT(t.of_query("SELECT id FROM self WHERE row_number() OVER (ORDER BY id) > 1"),
             Contains("WHERE cannot hold a window function") && Contains("QUALIFY"));
  CHECK_THAT(t.of_query("SELECT max(max(id)) AS n FROM self"),
             Contains("an aggregate stands inside another"));
  CHECK_THAT(t.of_query("SELECT id FROM self UNION SELECT id, name FROM self"),
             Contains("UNION, INTERSECT or EXCEPT differ in columns"));
  CHECK_THAT(t.of_query("SELECT id, name FROM self ORDER BY 3"),
             Contains("ORDER names a column by a number") && Contains("between 1 and 2"));
  CHECK_THAT(t.of_query("SELECT (SELECT id, name FROM self) AS x FROM self"),
             Contains("more than one column") && Contains("got:      2 columns"));
}

TEST_CASE("names of types in our words", "[bind_errors]") {
  CHECK(duck::type_words("DECIMAL(2,1)") == "number");
  CHECK(duck::type_words("INTEGER_LITERAL") == "integer");
  CHECK(duck::type_words("ENUM('a', 'b')") == "category");
  CHECK(duck::type_words("TIMESTAMP WITH TIME ZONE") == "timestamp");
  CHECK(duck::type_words("BIGINT[]") == "list");
  CHECK(duck::in_our_words("from INT64 to DOUBLE, not POINTED or DATES") ==
        "from integer to number, not POINTED or DATES");
}
