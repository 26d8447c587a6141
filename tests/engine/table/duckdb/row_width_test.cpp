#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

struct Wide : Tables {
  // g, c0, c1, ...: two rows of numbers.
  RelationPtr wide(std::size_t columns) {
    std::vector<std::string> names{"g"};
    std::vector<std::vector<Value>> rows{{i(1)}, {i(2)}};
    for (std::size_t c = 0; c < columns; ++c) {
      names.push_back("c" + std::to_string(c));
      rows[0].emplace_back(static_cast<double>(c));
      rows[1].emplace_back(static_cast<double>(2 * c));
    }
    return table(names, rows);
  }
  static std::vector<NamedExpr> each(const char* function, std::size_t columns) {
    std::vector<NamedExpr> out;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string name = "c" + std::to_string(c);
      out.push_back({name, aggregate(function, {column(name)})});
    }
    return out;
  }
};

// States of 120 bytes: 2184 fill a block. One more and DuckDB divides by zero.
TEST_CASE_METHOD(Wide, "a group wider than a block is refused, one below is computed",
                 "[row_width]") {
  const RelationPtr t = wide(2300);
  const std::vector<NamedExpr> by{{"g", column("g")}};
  CHECK(backend->collect(summarise(t, by, each("sd", 2150)), context).rows() == 2);
  CHECK(backend->collect(summarise(t, {}, each("sd", 2150)), context).rows() == 1);
  const auto too_wide = summarise(t, by, each("sd", 2300));
  CHECK_THROWS_AS(backend->collect(too_wide, context), ArgumentError);
  CHECK_THROWS_AS(backend->count_rows(too_wide, context), ArgumentError);
  CHECK_THROWS_AS(backend->cache(too_wide, context), ArgumentError);
  CHECK_THROWS_AS(backend->collect(summarise(t, {}, each("sd", 2300)), context), ArgumentError);
  try {
    (void)backend->collect(too_wide, context);
  } catch (const ArgumentError& error) {
    CHECK_THAT(error.info().what, Catch::Contains("2300 aggregates"));
    CHECK_FALSE(error.info().hint.empty());
  }
}

TEST_CASE_METHOD(Wide, "groups of SQL text are measured too, however short it is", "[row_width]") {
  const RelationPtr t = wide(2300);
  const auto ask = [&](const std::string& text) {
    return backend->collect(query(backend, text, {{"self", t}}), context).rows();
  };
  CHECK(ask("SELECT max(COLUMNS(*)) FROM self") == 1);
  const std::string three =
      "SELECT quantile_cont(COLUMNS(*), 0.1), quantile_cont(COLUMNS(*), 0.2), "
      "quantile_cont(COLUMNS(*), 0.3) FROM self GROUP BY ";
  CHECK_THROWS_AS(ask(three + "g"), ArgumentError);
}

TEST_CASE_METHOD(Wide, "any number of columns can be read, sorted and told apart", "[row_width]") {
  const RelationPtr t = wide(5000);
  CHECK(backend->collect(sort(t, {{column("c7"), true}}), context).rows() == 2);
  CHECK(backend->collect(distinct(t, {}), context).rows() == 2);
}

}  // namespace
}  // namespace impact
