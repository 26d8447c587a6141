#include "engine/learn/binned_features.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/trees_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// A row's code says of every cut what its value says.
void consistent(const FeatureColumns& x, const BinnedFeatures& binned, std::size_t j) {
  const auto column = x.column(j);
  const auto& known = binned.column[j];
  for (std::size_t a = 0; a < known.low.size(); ++a) {
    for (std::size_t b = a + 1; b < known.low.size(); b += 31) {
      for (const double wish : {kNaN, known.high[a], 0.3 * known.high[a] + 0.7 * known.low[b]}) {
        const auto cut = std::isnan(wish) ? binned.cut(j, a, b) : binned.cut(j, a, b, wish);
        bool same = cut.last >= a && cut.last < b;
        for (std::size_t i = 0; i < binned.rows; ++i) {
          if (std::isnan(column[i])) continue;
          same = same && (column[i] <= cut.threshold) == (binned.codes(j).at(i) <= cut.last);
        }
        if (!same) FAIL("column " << j << " between " << a << " and " << b << " at " << wish);
      }
    }
  }
}

}  // namespace

TEST_CASE("bins: one a value where there are few, missing apart, infinite at the ends", "[trees]") {
  const std::vector<double> x = {3, 1, kNaN, 1, kInf, -kInf, -0.0, 0.0};
  const FeatureColumns features{.x = x, .columns = 1};
  const auto rows = rows_between(0, 8);
  const BinnedFeatures binned = bin_features(features, rows);
  const auto& column = binned.column[0];
  CHECK(column.low == std::vector<double>{-kInf, 0, 1, 3, kInf});
  CHECK(column.high == column.low);
  CHECK(column.missing);
  std::vector<int> codes;
  for (std::size_t i = 0; i < 8; ++i) codes.push_back(binned.codes(0).at(i));
  CHECK(codes == std::vector<int>{3, 2, 255, 2, 4, 0, 1, 1});
  CHECK(binned.cut(0, 1, 2).threshold == 0.5);
  CHECK(binned.cut(0, 1, 3).threshold == 1.5);
  CHECK(binned.cut(0, 1, 3).last == 2);
  CHECK(binned.cut(0, 0, 1).threshold == -kInf);
  CHECK(binned.cut(0, 3, 4).threshold == 3);
  CHECK(binned.cut(0, 0, 4).threshold == -kInf);
  consistent(features, binned, 0);
}

TEST_CASE("bins: many values make 256 about equal ones that part no equal values", "[trees]") {
  const std::size_t n = 3000;
  Columns x{.x = std::vector<double>(40 * n), .columns = 40};
  Stream stream({7});
  for (double& value : x.x) value = std::round(1000 * stream.normal()) / 1000;
  for (std::size_t i = 0; i < n; i += 2) x.x[33 * n + i] = 0.25;  // half of a column is one value
  for (std::size_t i = 0; i < n; i += 3) x.x[34 * n + i] = kNaN;
  const auto rows = rows_between(0, n);
  const BinnedFeatures binned = bin_features(x.features(), rows);
  CHECK(binned.column[0].low.size() == 256);
  CHECK(binned.column[33].low.size() <= 256);
  CHECK(binned.column[33].low.size() > 200);
  CHECK(binned.column[34].low.size() == 255);
  std::vector<std::size_t> count(256);
  for (std::size_t i = 0; i < n; ++i) ++count[binned.codes(0).at(i)];
  for (const auto c : count) CHECK((c >= 1 && c <= 40));
  for (const std::size_t j : {std::size_t{0}, std::size_t{33}, std::size_t{34}}) {
    consistent(x.features(), binned, j);
  }
  const BinnedFeatures again = bin_features(x.features(), rows, {.threads = 3});
  CHECK(again.code == binned.code);
}

TEST_CASE("bins: rows that are not there", "[trees]") {
  const std::vector<double> x = {1, 2};
  const std::vector<std::uint32_t> rows = {0, 2};
  CHECK_THROWS_AS(bin_features({.x = x, .columns = 1}, rows), ArgumentError);
}
