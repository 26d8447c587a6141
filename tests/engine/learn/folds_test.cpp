#include "engine/learn/folds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

using namespace impact;

namespace {

const StreamKey kKey = StreamKey::root(7).child("folds");

std::vector<std::int32_t> cycle(std::size_t rows, std::vector<std::int32_t> pattern) {
  std::vector<std::int32_t> codes(rows);
  for (std::size_t i = 0; i < rows; ++i) codes[i] = pattern[i % pattern.size()];
  return codes;
}

}  // namespace

TEST_CASE("folds are a partition of nearly equal parts, drawn anew in each repeat", "[learn]") {
  const Folds folds = draw_folds(103, {.folds = 5, .repeats = 3}, kKey);
  for (int r = 0; r < 3; ++r) {
    std::set<std::uint32_t> seen;
    for (int k = 0; k < 5; ++k) {
      const Split split = folds.split(k, r);
      CHECK(split.train.size() + split.test.size() == 103);
      CHECK((split.test.size() == 20 || split.test.size() == 21));
      CHECK(std::is_sorted(split.train.begin(), split.train.end()));
      seen.insert(split.test.begin(), split.test.end());
    }
    CHECK(seen.size() == 103);
  }
  CHECK(folds.split(0, 0).test != folds.split(0, 1).test);
  CHECK(folds.warnings.empty());
}

TEST_CASE("folds: the name of the stream decides, and the numbers stay", "[learn]") {
  const auto first = draw_folds(12, {.folds = 3}, kKey).fold;
  CHECK(first == draw_folds(12, {.folds = 3}, kKey).fold);
  CHECK(first != draw_folds(12, {.folds = 3}, StreamKey::root(7).child("other")).fold);
  CHECK(first != draw_folds(12, {.folds = 3}, StreamKey::root(8).child("folds")).fold);
  CHECK(first == std::vector<std::int32_t>{1, 2, 0, 0, 2, 0, 1, 2, 1, 2, 1, 0});
  const auto codes = cycle(12, {0, 1, 1, 2, 0});
  CHECK(draw_folds(12, {.folds = 3, .strata = codes}, kKey).fold ==
        std::vector<std::int32_t>{0, 1, 2, 1, 2, 1, 0, 0, 2, 0, 1, 2});
  CHECK(draw_folds(12, {.folds = 3, .groups = codes}, kKey).fold ==
        std::vector<std::int32_t>{0, 1, 1, 2, 0, 0, 1, 1, 2, 0, 0, 1});
  CHECK(draw_split(12, {}, kKey).test == std::vector<std::uint32_t>{8, 9, 11});
  // Repeat 0 does not depend on how many follow.
  const auto more = draw_folds(12, {.folds = 3, .repeats = 2}, kKey).fold;
  CHECK(std::equal(first.begin(), first.end(), more.begin()));
}

TEST_CASE("a row is in each fold equally often", "[learn]") {
  std::vector<int> count(4);
  const Folds folds = draw_folds(8, {.folds = 4, .repeats = 4000}, kKey);
  for (int r = 0; r < 4000; ++r) ++count[static_cast<std::size_t>(folds.at(5, r))];
  for (const int c : count) CHECK(std::abs(c - 1000) < 4 * 28);  // sd 27.4
}

TEST_CASE("stratified folds hold their share of every class", "[learn]") {
  const auto strata = cycle(97, {0, 0, 4, 0, 1, 0, 0, 4});
  std::map<std::int32_t, int> size;
  for (const auto c : strata) ++size[c];
  const Folds folds = draw_folds(97, {.folds = 6, .strata = strata}, kKey);
  for (int k = 0; k < 6; ++k) {
    std::map<std::int32_t, int> held;
    const auto test = folds.split(k).test;
    for (const auto row : test) ++held[strata[row]];
    CHECK((test.size() == 16 || test.size() == 17));
    for (const auto& [code, n] : size) CHECK(std::abs(held[code] - n / 6.0) < 1.0);
  }
  const auto rare = cycle(20, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  const Folds few = draw_folds(20, {.folds = 5, .strata = rare}, kKey);
  REQUIRE(few.warnings.size() == 1);
  CHECK(few.warnings[0] == "class 1 has 2 row(s) for 5 folds: some folds test without it");
}

TEST_CASE("groups stay together, balanced in size and class", "[learn]") {
  std::vector<std::int32_t> groups;
  std::vector<std::int32_t> strata;
  for (std::int32_t g = 0; g < 60; ++g) {
    for (std::int32_t i = 0; i <= g % 7 + (g == 11 ? 30 : 0); ++i) {
      groups.push_back(g * 2);  // gaps in the codes are no groups
      strata.push_back(g % 3 == 0 ? 1 : 0);
    }
  }
  const double ones = static_cast<double>(std::count(strata.begin(), strata.end(), 1));
  for (const bool stratified : {false, true}) {
    FoldSpec spec{.folds = 4, .repeats = 2, .groups = groups};
    if (stratified) spec.strata = strata;
    const Folds folds = draw_folds(groups.size(), spec, kKey);
    CHECK(folds.split(0, 0).test != folds.split(0, 1).test);
    for (int r = 0; r < 2; ++r) {
      std::map<std::int32_t, std::set<std::int32_t>> where;
      for (std::size_t i = 0; i < groups.size(); ++i) where[groups[i]].insert(folds.at(i, r));
      for (const auto& [g, set] : where) CHECK(set.size() == 1);
      for (int k = 0; k < 4; ++k) {
        const auto test = folds.split(k, r).test;
        CHECK(std::abs(static_cast<double>(test.size()) -
                       0.25 * static_cast<double>(groups.size())) < 6.0);
        double held = 0.0;
        for (const auto row : test) held += strata[row];
        if (stratified) CHECK(std::abs(held - 0.25 * ones) < 6.0);
      }
    }
  }
}

TEST_CASE("no fold is empty where groups are of one class each", "[learn]") {
  const std::vector<std::int32_t> groups = {0, 0, 1, 2};
  const std::vector<std::int32_t> strata = {0, 0, 1, 2};
  const Folds folds = draw_folds(4, {.folds = 3, .strata = strata, .groups = groups}, kKey);
  for (int k = 0; k < 3; ++k) CHECK(!folds.split(k).test.empty());
}

TEST_CASE("splits: rows, classes, groups", "[learn]") {
  const auto strata = cycle(101, {0, 1, 1, 0, 0});
  Split split = draw_split(101, {.test_share = 0.3}, kKey);
  CHECK(split.test.size() == 30);
  CHECK(split.train.size() == 71);
  split = draw_split(101, {.test_share = 0.3, .strata = strata}, kKey);
  CHECK(split.test.size() == 30);
  CHECK(std::count_if(split.test.begin(), split.test.end(),
                      [&](auto row) { return strata[row] == 1; }) == 12);
  CHECK(draw_split(2, {.test_share = 0.01}, kKey).test.size() == 1);
  CHECK(draw_split(2, {.test_share = 0.99}, kKey).train.size() == 1);

  std::vector<std::int32_t> groups;
  for (std::int32_t g = 0; g < 40; ++g) groups.insert(groups.end(), 3, g);
  split = draw_split(120, {.test_share = 0.25, .groups = groups}, kKey);
  CHECK(split.test.size() == 30);
  std::set<std::int32_t> train;
  for (const auto row : split.train) train.insert(groups[row]);
  for (const auto row : split.test) CHECK(train.count(groups[row]) == 0);
  // Two groups, one much larger: neither side is empty, and each can be the test.
  const std::vector<std::int32_t> two = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  std::set<std::size_t> sizes;
  for (int seed = 0; seed < 20; ++seed) {
    sizes.insert(draw_split(10, {.groups = two}, StreamKey::root(seed)).test.size());
  }
  CHECK(sizes.count(0) + sizes.count(10) == 0);
}

TEST_CASE("folds: wrong input", "[learn]") {
  const std::vector<std::int32_t> two = {0, 1, 1, 1};
  const std::vector<std::int32_t> missing = {0, -1, 1, 1};
  CHECK_THROWS_AS(draw_folds(4, {.folds = 1}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(4, {.folds = 5}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(0, {.folds = 2}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(4, {.folds = 2, .repeats = 0}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(4, {.folds = 3, .groups = two}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(5, {.folds = 2, .strata = two}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(4, {.folds = 2, .strata = missing}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_folds(4, {.folds = 2}, kKey).split(2), ArgumentError);
  CHECK_THROWS_AS(draw_split(4, {.test_share = 1.0}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_split(1, {}, kKey), ArgumentError);
}
