#include "engine/design/assignment.h"

#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

using impact::Assignment;
using impact::AssignmentGroups;
using impact::AssignmentPlan;
using impact::Stream;
using impact::StreamKey;
using Codes = std::vector<std::int32_t>;

namespace {

Stream stream_of(std::uint64_t unit = 0) {
  return Stream(StreamKey::root(20240611).child("assignment").child("z"), unit);
}

Assignment two_arms() { return {.name = "z", .arms = {"control", "treated"}}; }

std::map<std::string, Codes> read_vectors() {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/design/assignments.txt");
  REQUIRE(file);
  std::map<std::string, Codes> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string key;
    fields >> key;
    for (std::int32_t code = 0; fields >> code;) vectors[key].push_back(code);
  }
  return vectors;
}

std::string message(const Assignment& assignment, std::size_t units, AssignmentGroups groups = {}) {
  try {
    const AssignmentPlan plan(assignment, units, groups);
  } catch (const impact::ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("assignment: known answers of an independent program") {
  const auto vectors = read_vectors();
  const auto drawn = [](const Assignment& assignment, std::size_t units,
                        AssignmentGroups groups = {}, std::uint64_t unit = 0) {
    Stream stream = stream_of(unit);
    return impact::draw_assignment(assignment, units, groups, stream);
  };
  Assignment z = two_arms();
  CHECK(drawn(z, 10) == vectors.at("even"));
  CHECK(drawn(z, 11) == vectors.at("odd"));
  CHECK(drawn(z, 10, {}, 41) == vectors.at("later"));
  const Codes blocks = {2, 2, 2, 0, 0, 0, 0, 2, 2, 1, 1, 1, 0};
  CHECK(drawn(z, 13, {blocks, {}}) == vectors.at("blocked"));
  const Codes clusters = {4, 4, 4, 1, 1, 0, 0, 0, 2, 2, 2, 2};
  CHECK(drawn(z, 12, {{}, clusters}) == vectors.at("clustered"));
  const Codes halves = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
  const Codes nested = {0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 5};
  CHECK(drawn(z, 12, {halves, nested}) == vectors.at("both"));
  z.counts = {5, 2};
  CHECK(drawn(z, 7) == vectors.at("counts"));
  z.counts.clear();
  z.method = Assignment::Method::kSimple;
  z.probabilities = {0.25, 0.75};
  CHECK(drawn(z, 12) == vectors.at("simple"));
  Assignment three{.name = "z", .arms = {"a", "b", "c"}};
  CHECK(drawn(three, 10) == vectors.at("thirds"));
  three.probabilities = {0.15, 0.2, 0.65};
  CHECK(drawn(three, 11) == vectors.at("unequal"));
  Assignment odd{.name = "arm of 2021", .arms = {"a", "b"}};
  odd.probabilities = {0.1234567891, 1 - 0.1234567891};
  Stream stream(StreamKey::root(-7).child("assignment").child("arm of 2021"), 0);
  CHECK(impact::draw_assignment(odd, 9, {}, stream) == vectors.at("inexact"));
}

// Every size up to 9 and several shares: no arm is off its share by a unit or more, and every unit
// is in every arm as often as announced (5 standard errors over all draws and 9 sizes).
TEST_CASE("assignment: complete assignment keeps shares and exact probabilities") {
  const std::vector<std::vector<double>> shares = {
      {},
      {0.5, 0.5},
      {0.3, 0.7},
      {0.01, 0.99},
      {1.0 / 3, 1.0 / 3, 1.0 / 3},
      {0.2, 0.3, 0.5},
      {0.45, 0.45, 0.1},
      {0.1, 0.2, 0.3, 0.4},
  };
  constexpr int kDraws = 8000;
  for (const auto& share : shares) {
    Assignment z = two_arms();
    z.probabilities = share;
    if (share.size() > 2) z.arms.emplace_back("third");
    if (share.size() > 3) z.arms.emplace_back("fourth");
    const std::size_t arms = z.arms.size();
    for (std::size_t units = 1; units <= 9; ++units) {
      const AssignmentPlan plan(z, units);
      const std::vector<double> p = plan.probabilities();
      REQUIRE(p.size() == units * arms);
      std::vector<int> seen(units * arms, 0);
      AssignmentPlan::Scratch scratch;
      Codes out(units);
      for (std::uint64_t s = 0; s < kDraws; ++s) {
        Stream stream = stream_of(s);
        plan.draw(stream, out, scratch);
        std::vector<double> count(arms, 0);
        for (std::size_t i = 0; i < units; ++i) {
          const auto arm = static_cast<std::size_t>(out[i]);
          ++seen[i * arms + arm];
          ++count[arm];
        }
        for (std::size_t j = 0; j < arms; ++j) {
          const double target = p[j] * static_cast<double>(units);
          REQUIRE(std::abs(count[j] - target) < 1 - 1e-9);
        }
      }
      for (std::size_t i = 0; i < units * arms; ++i) {
        CHECK(p[i] == Approx(share.empty() ? 0.5 : share[i % arms]).epsilon(1e-12));
        const double tolerance = 5 * std::sqrt(p[i] * (1 - p[i]) / kDraws);
        CHECK(std::abs(seen[i] / static_cast<double>(kDraws) - p[i]) < tolerance);
      }
    }
  }
}

TEST_CASE("assignment: all allocations of a complete assignment are equally likely") {
  std::map<Codes, int> seen;
  const AssignmentPlan plan(two_arms(), 5);
  AssignmentPlan::Scratch scratch;
  Codes out(5);
  constexpr int kDraws = 20000;
  for (std::uint64_t s = 0; s < kDraws; ++s) {
    Stream stream = stream_of(s);
    plan.draw(stream, out, scratch);
    ++seen[out];
  }
  REQUIRE(seen.size() == 20);  // C(5, 2) + C(5, 3)
  double chi_square = 0;
  for (const auto& [allocation, count] : seen) {
    chi_square += std::pow(count - kDraws / 20.0, 2) / (kDraws / 20.0);
  }
  CHECK(chi_square < 43.8);  // 0.999 quantile, 19 degrees of freedom
}

TEST_CASE("assignment: clusters stay together, blocks are balanced, codes may be renamed") {
  const Codes blocks = {7, 7, 7, 7, 3, 3, 3, 3, 3, 3, 9, 9, 9};
  const Codes clusters = {1, 1, 2, 2, 5, 5, 5, 0, 4, 4, 8, 8, 6};
  const Codes renamed_blocks = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2};
  const AssignmentPlan plan(two_arms(), 13, {blocks, clusters});
  const AssignmentPlan renamed(two_arms(), 13, {renamed_blocks, clusters});
  AssignmentPlan::Scratch scratch;
  Codes out(13), other(13);
  std::set<int> in_block_of_three;
  for (std::uint64_t s = 0; s < 200; ++s) {
    Stream stream = stream_of(s);
    plan.draw(stream, out, scratch);
    Stream again = stream_of(s);
    renamed.draw(again, other, scratch);
    CHECK(out == other);
    std::map<std::int32_t, std::set<std::int32_t>> arms_of;
    for (std::size_t i = 0; i < out.size(); ++i) arms_of[clusters[i]].insert(out[i]);
    for (const auto& [cluster, arms] : arms_of) CHECK(arms.size() == 1);
    CHECK(out[0] + out[2] == 1);
    CHECK(out[10] + out[12] == 1);
    in_block_of_three.insert(out[4] + out[7] + out[8]);
  }
  CHECK(in_block_of_three == std::set<int>{1, 2});
}

TEST_CASE("assignment: counts are kept in every block and give their probabilities") {
  Assignment z = two_arms();
  z.counts = {3, 1};
  const Codes blocks = {0, 0, 1, 1, 0, 0, 1, 1};
  Stream stream = stream_of();
  const Codes out = impact::draw_assignment(z, 8, {blocks, {}}, stream);
  CHECK(out[0] + out[1] + out[4] + out[5] == 1);
  CHECK(out[2] + out[3] + out[6] + out[7] == 1);
  const auto p = impact::assignment_probabilities(z, 8, {blocks, {}});
  CHECK(p[0] == 0.75);
  CHECK(p[15] == 0.25);
}

TEST_CASE("assignment: what cannot be assigned is refused with the place") {
  using Catch::Contains;
  Assignment z = two_arms();
  z.arms = {"only"};
  CHECK_THAT(message(z, 4), Contains("too few arms") && Contains("assignment 'z'"));
  z.arms = {"a", "a"};
  CHECK_THAT(message(z, 4), Contains("repeated"));
  z = two_arms();
  z.probabilities = {0.5, 0.4};
  CHECK_THAT(message(z, 4), Contains("do not sum to 1") && Contains("0.9"));
  z.probabilities = {0.0, 1.0};
  CHECK_THAT(message(z, 4), Contains("out of range"));
  z.probabilities = {0.2, 0.3, 0.5};
  CHECK_THAT(message(z, 4), Contains("do not fit the arms"));
  z.probabilities.clear();
  z.counts = {3, 2};
  CHECK_THAT(message(z, 4), Contains("not the number of units") && Contains("5"));
  z.method = Assignment::Method::kSimple;
  CHECK_THAT(message(z, 5), Contains("simple"));
  z = two_arms();
  const Codes blocks = {0, 0, 1, 1};
  const Codes clusters = {0, 1, 1, 2};
  CHECK_THAT(message(z, 4, {blocks, clusters}),
             Contains("units in two blocks") && Contains("units 2 and 3"));
  const Codes missing = {0, -1, 0, 0};
  CHECK_THAT(message(z, 4, {missing, {}}), Contains("no block") && Contains("unit 2"));
}
