#include "engine/stats/design_matrix.h"

#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

using namespace impact;
using Catch::Contains;

namespace {

using Numbers = std::vector<double>;
using Names = std::vector<std::string>;

Column text(const Names& cells, std::vector<std::uint64_t> valid = {}) {
  std::string bytes;
  std::vector<std::uint64_t> offsets = {0};
  for (const auto& cell : cells) {
    bytes += cell;
    offsets.push_back(bytes.size());
  }
  return Column::text(bytes, offsets, std::move(valid));
}

// Four rows: x 1 2 3 4, k 5 6 7 8, yes 0 1 0 1, tier b a c b (declared c a b), topic q p q p.
Frame frame() {
  return Frame({"x", "k", "yes", "tier", "topic", "day"},
               {Column::numbers({1, 2, 3, 4}), Column::integers({5, 6, 7, 8}),
                Column::booleans({0, 1, 0, 1}),
                Column::categories(category_type({"c", "a", "unused", "b"}), {3, 1, 0, 3}),
                text({"q", "p", "q", "p"}), Column::dates({1, 2, 3, 4})});
}

Numbers column(const DesignMatrix& matrix, const std::string& name) {
  for (std::size_t k = 0; k < matrix.names.size(); ++k) {
    if (matrix.names[k] != name) continue;
    const auto at = matrix.x.begin() + static_cast<std::ptrdiff_t>(k * matrix.rows);
    return {at, at + static_cast<std::ptrdiff_t>(matrix.rows)};
  }
  FAIL("no column " << name);
  return {};
}

}  // namespace

TEST_CASE("design matrix: numbers enter as they are, factors as dummies", "[stats]") {
  const DesignMatrix m =
      design_matrix(frame(), {.terms = {{{"x"}}, {{"k"}}, {{"yes"}}, {{"tier"}}, {{"topic"}}}});
  CHECK(m.names == Names{"(intercept)", "x", "k", "yes", "tier[a]", "tier[b]", "topic[q]"});
  CHECK(m.term == std::vector<std::size_t>{DesignMatrix::kIntercept, 0, 1, 2, 3, 3, 4});
  CHECK(m.rows == 4);
  CHECK(m.x.size() == 28);
  CHECK(column(m, "(intercept)") == Numbers{1, 1, 1, 1});
  CHECK(column(m, "k") == Numbers{5, 6, 7, 8});
  CHECK(column(m, "yes") == Numbers{0, 1, 0, 1});
  // The reference is the first declared level, c; the level nobody has makes no column.
  CHECK(column(m, "tier[a]") == Numbers{0, 1, 0, 0});
  CHECK(column(m, "tier[b]") == Numbers{1, 0, 0, 1});
  // Without declared levels the first in byte order, p.
  CHECK(column(m, "topic[q]") == Numbers{1, 0, 1, 0});
  CHECK(m.dropped == 0);
  CHECK(m.warnings.empty());
}

TEST_CASE("design matrix: interactions", "[stats]") {
  const DesignMatrix m = design_matrix(
      frame(), {.terms = {{{"x"}}, {{"tier"}}, {{"x", "tier"}}, {{"tier", "topic"}}}});
  // topic alone is not in the model: within each tier both topics... but tier is, so q only.
  CHECK(m.names == Names{"(intercept)", "x", "tier[a]", "tier[b]", "x:tier[a]", "x:tier[b]",
                         "tier[c]:topic[q]", "tier[a]:topic[q]", "tier[b]:topic[q]"});
  CHECK(column(m, "x:tier[b]") == Numbers{1, 0, 0, 4});
  CHECK(column(m, "tier[b]:topic[q]") == Numbers{1, 0, 0, 0});

  // Slopes by tier without a common slope: every tier has its own.
  const DesignMatrix slopes = design_matrix(frame(), {.terms = {{{"x", "tier"}}}});
  CHECK(slopes.names == Names{"(intercept)", "x:tier[c]", "x:tier[a]", "x:tier[b]"});
}

TEST_CASE("design matrix: without an intercept the first factor keeps all its levels", "[stats]") {
  const DesignMatrix m =
      design_matrix(frame(), {.terms = {{{"tier"}}, {{"topic"}}}, .intercept = false});
  CHECK(m.names == Names{"tier[c]", "tier[a]", "tier[b]", "topic[q]"});
}

TEST_CASE("design matrix: rows with a missing cell are left out and counted", "[stats]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Frame gaps({"y", "x", "tier"},
                   {Column::numbers({1, 2, 3, nan}), Column::integers({1, 2, 3, 4}, {0b1101}),
                    text({"a", "b", "b", "b"}, {0b1110})});
  const DesignMatrix m = design_matrix(gaps, {.terms = {{{"x"}}, {{"tier"}}}, .also = {"y"}});
  CHECK(m.rows == 1);
  CHECK(m.source == std::vector<std::size_t>{2});
  CHECK(m.dropped == 3);
  REQUIRE(m.warnings.size() == 1);
  CHECK(m.warnings[0] ==
        "3 rows were left out because a cell is missing in x (1), tier (1), y (1)");
  // Only b is left: it is the reference.
  CHECK(m.names == Names{"(intercept)", "x"});
  CHECK(take_rows(gaps.column("y").as_numbers(), m.source) == Numbers{3});
}

TEST_CASE("design matrix: what cannot be a term", "[stats]") {
  const Frame f = frame();
  CHECK_THROWS_WITH(design_matrix(f, {.terms = {{{"day"}}}}), Contains("'day' cannot enter"));
  CHECK_THROWS_WITH(design_matrix(f, {.terms = {{{"teir"}}}}), Contains("did you mean 'tier'?"));
  CHECK_THROWS_WITH(design_matrix(f, {.terms = {{{"x"}}}, .also = {"yy"}}), Contains("yy"));
  CHECK_THROWS_WITH(design_matrix(f, {.terms = {{{"x", "x"}}}}), Contains("twice in a term"));
  CHECK_THROWS_WITH(design_matrix(f, {.terms = {{{"x", "k"}}, {{"k", "x"}}}}),
                    Contains("a term stands twice"));
  CHECK_THROWS_AS(design_matrix(f, {.terms = {{{}}}}), ArgumentError);
  std::vector<std::int64_t> ids(20000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
  Names labels;
  for (const auto id : ids) labels.push_back(std::to_string(id));
  const Frame wide({"id"}, {text(labels)});
  CHECK_THROWS_WITH(design_matrix(wide, {.terms = {{{"id"}}}}), Contains("absorb it"));
}

TEST_CASE("factor codes: levels in order, missing is -1", "[stats]") {
  const Frame f(
      {"t", "i", "b", "d", "c", "x"},
      {text({"z", "a", "z"}, {0b011}), Column::integers({30, -4, 30}), Column::booleans({1, 0, 1}),
       Column::dates({9, 9, 8}), Column::categories(category_type({"hi", "lo"}), {1, 1, 1}),
       Column::numbers({1, 2, 3})});
  using Codes = std::vector<std::int32_t>;
  CHECK(factor_codes(f, "t").codes == Codes{1, 0, -1});
  CHECK(factor_codes(f, "t").levels == Names{"a", "z"});
  CHECK(factor_codes(f, "i").codes == Codes{1, 0, 1});
  CHECK(factor_codes(f, "i").levels == Names{"-4", "30"});
  CHECK(factor_codes(f, "b").levels == Names{"false", "true"});
  CHECK(factor_codes(f, "d").levels == Names{"1970-01-09", "1970-01-10"});
  CHECK(factor_codes(f, "c").codes == Codes{1, 1, 1});
  CHECK(factor_codes(f, "c").levels == Names{"hi", "lo"});
  CHECK_THROWS_WITH(factor_codes(f, "x"), Contains("cannot form groups"));
}
