#include "engine/table/take.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/frame_codec.h"
#include "tests/engine/table/table_fixture.h"

using namespace impact;
using namespace impact::testing;

namespace {

// One column of every type, the fourth row missing everywhere.
Frame every_type() {
  const std::vector<std::uint64_t> valid{0b10111};
  return {{"flag", "whole", "number", "text", "day", "time", "size"},
          {Column::booleans({1, 0, 1, 0, 0}, valid), Column::integers({10, 20, 30, 0, 50}, valid),
           Column::numbers({0.5, 1.5, 2.5, 0, 4.5}, valid),
           Column::text("abcdde", {0, 1, 3, 3, 3, 6}, valid), Column::dates({1, 2, 3, 0, 5}, valid),
           Column::timestamps({100, 200, 300, 0, 500}, valid),
           Column::categories(category_type({"S", "M"}), {0, 1, 1, 0, 0}, valid)}};
}

}  // namespace

TEST_CASE("taken rows stand in the order asked for, repeated as often as asked", "[table][take]") {
  const Frame all = every_type();
  const std::vector<std::size_t> rows{4, 0, 3, 0, 1};
  const Frame some = take_rows(all, rows);
  REQUIRE(some.rows() == rows.size());
  CHECK(some.schema() == all.schema());
  for (std::size_t c = 0; c < all.schema().size(); ++c) {
    INFO(all.schema()[c].name);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(some.column(c).value(i) == all.column(c).value(rows[i]));
    }
    CHECK(some.column(c).missing_count() == 1);
  }
}

TEST_CASE("no rows leave the columns and their types", "[table][take]") {
  const Frame none = take_rows(every_type(), {});
  CHECK(none.rows() == 0);
  CHECK(none.schema() == every_type().schema());
}

TEST_CASE("taking every row gives the same bytes, beyond a word of validity bits too",
          "[table][take]") {
  std::vector<std::vector<Value>> cells;
  std::vector<std::size_t> rows;
  for (int r = 0; r < 131; ++r) {
    cells.push_back({r % 3 == 0 ? kMissing : i(r), s("t" + std::to_string(r))});
    rows.push_back(static_cast<std::size_t>(r));
  }
  const Frame all = make_frame({"a", "b"}, cells);
  CHECK(encode_frame(take_rows(all, rows)) == encode_frame(all));
}

TEST_CASE("a row beyond the end is an internal error", "[table][take]") {
  const std::vector<std::size_t> rows{0, 5};
  CHECK_THROWS_AS(take_rows(every_type(), rows), InternalError);
}
