#include "engine/causal/sensitivity/rosenbaum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "tests/engine/causal/sensitivity/rosenbaum_fixture.h"

using namespace impact;
using namespace impact::sensitivity_fixture;

namespace {

// One treated unit a set in the first column, as sensitivitymv has them.
struct SetRows {
  std::vector<double> y = {};
  std::vector<std::int32_t> arm = {}, set = {};

  void add(double value, bool treated, std::size_t of) {
    y.push_back(value);
    arm.push_back(treated ? 1 : 0);
    set.push_back(static_cast<std::int32_t>(of));
  }
};

SetRows read_sets(const std::string& name, const std::vector<std::string>& columns) {
  const TextTable table = read_table("sensitivity/" + name + ".csv");
  SetRows rows;
  if (table.empty()) return rows;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto values = numbers(table, columns[j]);
    for (std::size_t i = 0; i < values.size(); ++i) rows.add(values[i], j == 0, i);
  }
  return rows;
}

const std::vector<double> kMercury = {5.3, 15,  11,  5.8,  17,  7,    8.5, 9.4, 7.8, 12,
                                      8.7, 4,   3,   12.2, 6.1, 10.2, 100, 70,  196, 69,
                                      370, 270, 150, 60,   330, 1100, 40,  100, 70,  150,
                                      200, 304, 236, 178,  41,  120,  330, 62,  12.8};

}  // namespace

TEST_CASE("rank sums of the mercury study agree with rbounds", "[causal][sensitivity]") {
  const auto peers = reference("sensitivity_peers");
  std::vector<std::int32_t> arm(39, 0);
  std::fill(arm.begin() + 16, arm.end(), 1);
  for (const double gamma : {1.0, 5.0, 35.0}) {
    std::ostringstream name;
    name << "SumTestSens mercury " << gamma;
    const auto row = sum_bounds(kMercury, arm, at({gamma}, PValue::kLimit)).curve[0];
    near(row.p_high, peers[name.str()]["p"], 1e-9);
  }
}

TEST_CASE("unmatched: the bound is the worst of all covariates", "[causal][sensitivity]") {
  // All 2^8 binary covariates, and some between, against all assignments.
  const std::vector<double> y = {0.3, 1.1, 1.1, 2.0, 2.4, 3.3, 4.0, 9.0};
  const std::vector<std::int32_t> arm = {0, 0, 1, 0, 1, 0, 1, 1};
  Stream stream(StreamKey::root(5).child("covariates"));
  for (const SumScores kind : {SumScores::kRanks, SumScores::kValues}) {
    const std::vector<double> ranks = {1, 2.5, 2.5, 4, 5, 6, 7, 8};
    const auto& q = kind == SumScores::kRanks ? ranks : y;
    double statistic = 0.0;
    for (std::size_t i = 0; i < 8; ++i) statistic += arm[i] == 1 ? q[i] : 0.0;
    for (const double gamma : {1.0, 2.0, 5.0}) {
      const auto bounds = sum_bounds(y, arm, at({gamma}), kind);
      CHECK(bounds.p_type == "exact");
      CHECK(bounds.statistic == Approx(statistic));
      double most = 0.0;
      double least = 1.0;
      for (int code = 0; code < 600; ++code) {
        std::vector<double> u(8);
        for (std::size_t i = 0; i < 8; ++i) {
          u[i] = code < 256 ? static_cast<double>(code >> i & 1) : stream.uniform();
        }
        double all = 0.0;
        double tail = 0.0;
        for (unsigned mask = 0; mask < 256; ++mask) {
          if (std::popcount(mask) != 4) continue;
          double sum = 0.0;
          double log_weight = 0.0;
          for (unsigned i = 0; i < 8; ++i) {
            if ((mask >> i & 1U) == 0) continue;
            sum += q[i];
            log_weight += u[i] * std::log(gamma);
          }
          all += std::exp(log_weight);
          if (sum >= statistic - 1e-9) tail += std::exp(log_weight);
        }
        most = std::fmax(most, tail / all);
        least = std::fmin(least, tail / all);
      }
      CHECK(bounds.curve[0].p_high == Approx(most).epsilon(1e-12));
      CHECK(bounds.curve[0].p_low == Approx(least).epsilon(1e-12));
    }
  }
}

TEST_CASE("Fisher: the bound is the worst of all covariates", "[causal][sensitivity]") {
  // The sum test of a binary outcome is Fisher's.
  const std::vector<double> y = {1, 1, 1, 1, 0, 0, 0, 0, 0};
  const std::vector<std::int32_t> arm = {1, 1, 1, 0, 1, 0, 0, 0, 0};
  for (const double gamma : {1.0, 2.5}) {
    const auto sum = sum_bounds(y, arm, at({gamma}), SumScores::kValues).curve[0];
    const auto fisher = fisher_bounds({9, 4, 4, 3}, at({gamma})).curve[0];
    CHECK(sum.p_high == Approx(fisher.p_high).epsilon(1e-12));
    CHECK(sum.p_low == Approx(fisher.p_low).epsilon(1e-12));
  }
}

TEST_CASE("matched sets agree with sensitivitymv", "[causal][sensitivity]") {
  const auto peers = reference("sensitivity_peers");
  const std::vector<std::string> six = {"V1", "V2", "V3", "V4", "V5", "V6"};
  const std::vector<std::pair<std::string, std::vector<std::string>>> studies = {
      {"erpcp", {"welder", "control"}},
      {"lead150", six},
      {"lead250", {"V1", "V2"}},
      {"tbmetaphase", {"HRZ", "H2R2Z2.1", "H2R2Z2.2"}},
      {"mercury", {"Treated", "Zero", "One"}}};
  for (const auto& [name, columns] : studies) {
    const SetRows rows = read_sets(name, columns);
    if (rows.y.empty()) return;
    for (const double gamma : {1.0, 2.0, 3.0}) {
      for (const double trim : {1.0, 2.0, static_cast<double>(INFINITY)}) {
        for (const double inner : {0.0, 0.5}) {
          std::ostringstream key;
          key << "senmv " << name << " " << gamma << " ";
          if (std::isinf(trim)) {
            key << "Inf";
          } else {
            key << trim;
          }
          key << " " << inner;
          INFO(key.str());
          const MatchedSetScores scores = {.kind = SetScores::kHuber, .inner = inner, .trim = trim};
          const auto bounds = matched_set_bounds(rows.y, rows.arm, rows.set, at({gamma}), scores);
          near(bounds.curve[0].p_high, peers[key.str()]["p_ties"], 1e-8);
          CHECK(bounds.curve[0].p_high ==
                Approx(peers[key.str()]["p"].get<double>()).epsilon(0.003).margin(1e-15));
        }
      }
    }
  }
  for (const auto& row : reference("sensitivity_published")["senmv"]) {
    const auto* const study = &*std::ranges::find_if(
        studies, [&](const auto& one) { return one.first == row["data"].get<std::string>(); });
    const SetRows rows = read_sets(study->first, study->second);
    const MatchedSetScores scores = {.kind = SetScores::kHuber, .trim = row["trim"]};
    as_printed(
        matched_set_bounds(rows.y, rows.arm, rows.set, at({row["gamma"]}), scores).curve[0].p_high,
        row["p"]);
  }
  SetRows holes = read_sets("lead150", six);
  for (std::size_t i = 0; i < holes.y.size(); ++i) {
    const std::size_t column = i / 150;
    const std::size_t set = i % 150;
    if ((set < 40 && column >= 3) || (set >= 40 && set < 60 && column == 5)) holes.y[i] = NAN;
  }
  for (const int gamma : {1, 2}) {
    const auto bounds =
        matched_set_bounds(holes.y, holes.arm, holes.set, at({static_cast<double>(gamma)}),
                           {.kind = SetScores::kHuber, .trim = 2.0});
    const auto theirs = peers["senmv holes " + std::to_string(gamma)];
    near(bounds.curve[0].p_high, theirs["p_ties"], 1e-8);
    near(bounds.statistic, theirs["statistic"], 1e-11);
  }
  for (const auto& row : reference("sensitivity_published")["amplify"]) {
    as_printed(amplify(row[0], row[1]), row[2]);
  }
}

TEST_CASE("aligned ranks agree with rbounds", "[causal][sensitivity]") {
  const auto peers = reference("sensitivity_peers");
  const std::vector<double> score = {
      -11.39, -8.45,  -19.57, -8.33, 3.06,   -19.93, -18.73, -11.99, -7.55,  11.94, 9.4,    -25.16,
      -0.77,  -10.46, -7.27,  24.03, -8.23,  2.67,   -4.04,  -6.67,  -1.12,  -14.4, -26.21, 5,
      -1.7,   -15.3,  -7.73,  -0.87, -19.71, -12.69, -3.36,  -11.21, -35.83, 5.89,  -10.79, 2};
  SetRows rows;
  for (std::size_t i = 0; i < score.size(); ++i) rows.add(score[i], i % 3 == 0, i / 3);
  for (int gamma = 1; gamma <= 4; ++gamma) {
    const auto row =
        matched_set_bounds(rows.y, rows.arm, rows.set, at({static_cast<double>(gamma)}),
                           {.variance = SetVariance::kSeparateMaximum})
            .curve[0];
    const auto theirs = peers["mcontrol " + std::to_string(gamma)];
    CHECK(std::abs(row.p_high - theirs["high"].get<double>()) < 5.0001e-5);
    CHECK(std::abs(row.p_low - theirs["low"].get<double>()) < 5.0001e-5);
  }
  // The variance of the worst covariate itself, computed in R.
  const std::vector<double> right = {0.13029225492543459, 0.27609613364465785, 0.41549339238550842};
  const auto bounds = matched_set_bounds(rows.y, rows.arm, rows.set, at({2.0, 3.0, 4.0}));
  for (std::size_t i = 0; i < 3; ++i) near(bounds.curve[i].p_high, right[i], 1e-10);
}

TEST_CASE("a set with one control is a mirror", "[causal][sensitivity]") {
  // Negated outcomes with the arms exchanged are the same study.
  Stream stream(StreamKey::root(9).child("mirror"));
  SetRows rows, mirror;
  for (std::size_t set = 0; set < 25; ++set) {
    for (std::size_t i = 0; i < 2 + set % 3; ++i) {
      const double y = stream.normal(i == 0 ? 0.8 : 0.0, 1.0);
      rows.add(y, i == 0, set);
      mirror.add(-y, i != 0, set);
    }
  }
  for (const SetScores kind : {SetScores::kHuber, SetScores::kAlignedRanks}) {
    const auto a = matched_set_bounds(rows.y, rows.arm, rows.set, at({1.0, 1.6}), {.kind = kind});
    const auto b =
        matched_set_bounds(mirror.y, mirror.arm, mirror.set, at({1.0, 1.6}), {.kind = kind});
    CHECK(a.curve[1].p_high == Approx(b.curve[1].p_high).epsilon(1e-9));
    CHECK(a.curve[1].p_low == Approx(b.curve[1].p_low).epsilon(1e-9));
    CHECK(a.critical_gamma == Approx(b.critical_gamma).epsilon(1e-9));
  }
}

TEST_CASE("order and scale of the rows do not matter", "[causal][sensitivity]") {
  std::vector<std::int32_t> arm(39, 0), set(39);
  std::fill(arm.begin() + 16, arm.end(), 1);
  for (std::size_t i = 0; i < 39; ++i) set[i] = static_cast<std::int32_t>(i % 16);
  std::vector<double> y = kMercury;
  std::vector<std::size_t> order = Stream(StreamKey::root(1)).permutation(39);
  std::vector<double> y2;
  std::vector<std::int32_t> arm2, set2;
  for (const std::size_t i : order) {
    y2.push_back(y[i]);
    arm2.push_back(arm[i]);
    set2.push_back(40 - set[i]);
  }
  for (const SumScores kind : {SumScores::kRanks, SumScores::kValues}) {
    const auto a = sum_bounds(y, arm, at({3.0}), kind);
    const auto b = sum_bounds(y2, arm2, at({3.0}), kind);
    CHECK(a.curve[0].p_high == b.curve[0].p_high);
    CHECK(a.critical_gamma == b.critical_gamma);
  }
  for (const SetScores kind : {SetScores::kHuber, SetScores::kAlignedRanks}) {
    const auto a = matched_set_bounds(y, arm, set, at({3.0}), {.kind = kind});
    const auto b = matched_set_bounds(y2, arm2, set2, at({3.0}), {.kind = kind});
    CHECK(a.curve[0].p_high == b.curve[0].p_high);
    CHECK(a.critical_gamma == b.critical_gamma);
  }
}
