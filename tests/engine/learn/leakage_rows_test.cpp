#include "engine/learn/leakage_rows.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/alarm_rows.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("near copies on both sides of a split", "[learn][leakage_rows]") {
  constexpr std::size_t kN = 200;
  auto a = lognormals(kN, 1), b = lognormals(kN, 2), c = lognormals(kN, 3);
  std::vector<std::int32_t> side(kN, 0);
  for (std::size_t i = 150; i < kN; ++i) side[i] = 1;
  AlarmTable clean;
  clean.add("a", a);
  clean.add("b", b);
  clean.add("c", c);
  CHECK(!find_near_twins(clean.features(), folds_of_sides(side), kAlarmKey).alarm);
  // Ten rows of the second side are rows of the first, a little grown; two are exact copies.
  for (std::size_t i = 0; i < 12; ++i) {
    const double growth = i < 10 ? 1.0 + 1e-7 : 1.0;
    a[150 + i] = a[i] * growth;
    b[150 + i] = b[i] * growth;
    c[150 + i] = c[i] * growth;
  }
  AlarmTable table;
  table.add("a", a);
  table.add("b", b);
  table.add("c", c);
  const NearTwins found = find_near_twins(table.features(), folds_of_sides(side), kAlarmKey);
  CHECK(found.alarm);
  CHECK(found.exact == 4);
  CHECK(found.twins.rows == 24);
  CHECK(found.by_chance == 0.0);
  CHECK(found.text.find("24 of 200 rows agree to 3 digits") == 0);
  CHECK_THROWS_AS(find_near_twins(table.features(), folds_of_sides(side), kAlarmKey, {.digits = 0}),
                  ArgumentError);
}

TEST_CASE("coarse columns have twins by chance", "[learn][leakage_rows]") {
  // Two columns of about 30 different values each: hundreds of pairs, and as many when shuffled.
  constexpr std::size_t kN = 400;
  AlarmTable table;
  Stream stream(kAlarmKey, 7);
  std::vector<double> a(kN), b(kN);
  for (std::size_t i = 0; i < kN; ++i) {
    a[i] = static_cast<double>(stream.below(30)) + 1e-6 * stream.uniform();
    b[i] = static_cast<double>(stream.below(30)) + 1e-6 * stream.uniform();
  }
  table.add("a", a);
  table.add("b", b);
  std::vector<std::int32_t> side(kN, 0);
  for (std::size_t i = 0; i < kN; i += 2) side[i] = 1;
  const NearTwins found = find_near_twins(table.features(), folds_of_sides(side), kAlarmKey);
  CHECK(found.twins.rows > 40);
  CHECK(found.by_chance > 20.0);
  CHECK(!found.alarm);
}

TEST_CASE("groups on both sides of a split", "[learn][leakage_rows]") {
  const std::vector<std::string> names = {"anna", "bob", "cleo", "dan"};
  const std::vector<std::int32_t> group = {0, 0, 1, 1, 1, 2, 3, -1};
  const std::vector<std::int32_t> side = {0, 0, 0, 1, 1, 1, 0, 1};
  const SharedGroups found = find_shared_groups(group, names, "creator", folds_of_sides(side));
  CHECK(found.alarm);
  CHECK(found.groups == 1);
  CHECK(found.all == 4);
  CHECK(found.rows == 3);
  CHECK(found.n == 7);
  CHECK(found.share == Approx(3.0 / 7.0));
  CHECK(found.example == 1);
  CHECK(found.text ==
        "1 of 4 values of creator have rows on more than one side of the split (3 of 7 rows; such "
        "as 'bob' with 3): the model is judged on what it has met; keep the rows of one creator "
        "together");
  CHECK(!find_shared_groups(group, names, "creator", folds_of_sides(side), 0.5).alarm);
  const std::vector<std::int32_t> apart = {0, 0, 1, 1, 1, 0, 0, 1};
  CHECK(!find_shared_groups(group, names, "creator", folds_of_sides(apart)).alarm);
  CHECK_THROWS_AS(
      find_shared_groups(std::vector<std::int32_t>(3), names, "creator", folds_of_sides(side)),
      ArgumentError);
  CHECK_THROWS_AS(folds_of_sides(std::vector<std::int32_t>{0, -1}), ArgumentError);
}

TEST_CASE("folds drawn by groups share none", "[learn][leakage_rows]") {
  std::vector<std::int32_t> group(300);
  for (std::size_t i = 0; i < group.size(); ++i) group[i] = static_cast<std::int32_t>(i / 6);
  const Folds whole = draw_folds(300, {.folds = 5, .groups = group}, kAlarmKey);
  CHECK(!find_shared_groups(group, {}, "creator", whole).alarm);
  const Folds plain = draw_folds(300, {.folds = 5}, kAlarmKey);
  CHECK(find_shared_groups(group, {}, "creator", plain).groups == 50);
}
