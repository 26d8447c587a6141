#include "engine/causal/matching/nearest_match.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <catch2/catch.hpp>

#include "engine/causal/moment_model.h"
#include "engine/core/error.h"
#include "tests/engine/causal/real_table.h"

/// Numbers and their sources: tests/reference/causal/matching.json.
namespace impact {
namespace {

struct TrainingSample {
  std::map<std::string, std::vector<double>> columns = {};
  std::vector<std::int32_t> treated = {};
  std::vector<double> score = {};
  std::vector<double> x = {};
};

TrainingSample training() {
  const causal_tests::RealTable table = causal_tests::read_table("lalonde/matchit_lalonde_614.csv");
  TrainingSample out;
  if (table.rows == 0) return out;
  for (const char* name : {"age", "educ", "married", "nodegree", "re74", "re75", "re78"}) {
    out.columns[name] = table.numbers(name);
  }
  for (const char* race : {"black", "hispan", "white"}) {
    out.columns[race] = table.indicator("race", race);
  }
  for (const double t : table.numbers("treat")) out.treated.push_back(t > 0.5 ? 1 : 0);
  const auto& c = out.columns;
  const std::vector<double> design =
      causal_tests::with_ones({c.at("age"), c.at("educ"), c.at("black"), c.at("hispan"),
                               c.at("married"), c.at("nodegree"), c.at("re74"), c.at("re75")});
  const std::vector<double> y(out.treated.begin(), out.treated.end());
  const MomentModel model =
      fit_moments({.x = design, .columns = 9, .y = y}, MomentFamily::kLogistic);
  out.score.resize(y.size());
  std::vector<double> slope(y.size());
  model.mean(out.score, slope);
  out.x.assign(design.begin() + static_cast<std::ptrdiff_t>(y.size()), design.end());
  return out;
}

/// Difference in weighted means in standard deviations of all the treated.
double adjusted(const TrainingSample& s, const MatchedSample& m, const std::vector<double>& value) {
  double sum[2] = {0.0, 0.0};
  double total[2] = {0.0, 0.0};
  std::vector<double> treated;
  for (std::size_t i = 0; i < value.size(); ++i) {
    sum[s.treated[i]] += m.weight[i] * value[i];
    total[s.treated[i]] += m.weight[i];
    if (s.treated[i] == 1) treated.push_back(value[i]);
  }
  return (sum[1] / total[1] - sum[0] / total[0]) / detail::plain_sd(treated);
}

struct GreedySample {
  std::vector<std::int32_t> treated = {};
  std::vector<double> score = {};
};

GreedySample greedy_sample(std::int64_t seed, std::size_t n) {
  Stream stream(StreamKey::root(seed));
  GreedySample s;
  for (std::size_t i = 0; i < n; ++i) {
    s.treated.push_back(stream.bernoulli(0.4) ? 1 : 0);
    s.score.push_back(static_cast<double>(stream.below(40)) + 3.0 * s.treated.back());
  }
  return s;
}

/// By the definition: everyone looks at everyone.
std::map<std::uint32_t, std::uint32_t> by_definition(const GreedySample& s, double width) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < s.treated.size(); ++i) {
    if (s.treated[i] == 1) order.push_back(i);
  }
  std::ranges::stable_sort(order, [&](auto a, auto b) { return s.score[a] > s.score[b]; });
  std::set<std::uint32_t> used;
  std::map<std::uint32_t, std::uint32_t> out;
  for (const std::uint32_t i : order) {
    double best = std::numeric_limits<double>::infinity();
    for (std::uint32_t j = 0; j < s.treated.size(); ++j) {
      const double d = std::abs(s.score[i] - s.score[j]);
      if (s.treated[j] == 1 || used.contains(j) || d > width || !(d < best)) continue;
      best = d;
      out[i] = j;
    }
    if (out.contains(i)) used.insert(out[i]);
  }
  return out;
}

}  // namespace

TEST_CASE("LaLonde's data one to one without replacement as MatchIt matches them",
          "[causal][matching]") {
  const TrainingSample s = training();
  if (s.score.empty()) return;
  const MatchedSample m = nearest_match({.treated = s.treated, .score = s.score});
  CHECK(m.matched_treated == 185);
  CHECK(m.matched_controls == 185);
  const std::map<std::string, double> published = {
      {"age", .0717696898},      {"educ", -.1290425616},  {"black", .3729729730},
      {"hispan", -.1567567568},  {"white", -.2162162162}, {"married", -.0216216216},
      {"nodegree", .0702702703}, {"re74", -.0505},        {"re75", -.0257}};
  CHECK(adjusted(s, m, s.score) == Approx(.9739377005).margin(5e-9));
  for (const auto& [name, value] : published) {
    INFO(name);
    std::vector<double> column = s.columns.at(name);
    double difference = adjusted(s, m, column);
    const bool level = std::ranges::all_of(column, [](double v) { return v == 0.0 || v == 1.0; });
    if (level) {
      std::vector<double> treated;
      for (std::size_t i = 0; i < column.size(); ++i) {
        if (s.treated[i] == 1) treated.push_back(column[i]);
      }
      difference *= detail::plain_sd(treated);  // Published as differences in shares.
    }
    CHECK(difference == Approx(value).margin(name.starts_with("re") ? 5e-5 : 5e-10));
  }
  const Estimate e = matched_difference(m, s.columns.at("re78"), s.treated);
  CHECK(e.estimate == Approx(894.36748027).epsilon(1e-10));
  CHECK(e.std_error > 0.0);
  CHECK(e.n == 370);
}

TEST_CASE("Greedy matching is what its definition says", "[causal][matching]") {
  for (const std::int64_t seed : {1, 2, 3}) {
    const GreedySample s = greedy_sample(seed, 400);
    NearestMatchSpec spec;
    spec.caliper = 0.25;
    const MatchedSample m = nearest_match({.treated = s.treated, .score = s.score}, spec);
    const auto expected = by_definition(s, 0.25 * detail::plain_sd(s.score) * (1.0 + 1e-12));
    std::map<std::uint32_t, std::uint32_t> got;
    for (const MatchedRow& pair : m.pairs) got[pair.row] = pair.match;
    CHECK(got == expected);
  }
}

TEST_CASE("The closest pair of all goes first, whatever the ratio", "[causal][matching]") {
  const std::vector<std::int32_t> treated = {1, 1, 0, 0, 0, 0};
  const std::vector<double> score = {10.0, 9.0, 8.9, 7.0, 5.0, 0.0};
  NearestMatchSpec spec;
  MatchedSample m = nearest_match({.treated = treated, .score = score}, spec);
  CHECK((m.pairs == std::vector<MatchedRow>{{0, 2, 1.0}, {1, 3, 1.0}}));
  spec.order = MatchOrder::kClosest;
  m = nearest_match({.treated = treated, .score = score}, spec);
  CHECK((m.pairs == std::vector<MatchedRow>{{0, 3, 1.0}, {1, 2, 1.0}}));
  spec.ratio = 2;
  m = nearest_match({.treated = treated, .score = score}, spec);
  CHECK((m.pairs == std::vector<MatchedRow>{{0, 3, 0.5}, {0, 5, 0.5}, {1, 2, 0.5}, {1, 4, 0.5}}));
  CHECK((m.subclass == std::vector<std::int32_t>{0, 1, 1, 0, 1, 0}));
  CHECK((m.weight == std::vector<double>{1.0, 1.0, 1.0, 1.0, 1.0, 1.0}));
}

TEST_CASE("Discarding, exact, antiexact, replacement and the order of rows in greedy matching",
          "[causal][matching]") {
  const GreedySample s = greedy_sample(8, 500);
  std::vector<std::int32_t> code;
  for (std::size_t i = 0; i < 500; ++i) code.push_back(static_cast<std::int32_t>(i % 3));
  NearestMatchSpec spec;
  MatchedSample m = nearest_match({.treated = s.treated, .score = s.score, .exact = code}, spec);
  REQUIRE_FALSE(m.pairs.empty());
  for (const MatchedRow& p : m.pairs) REQUIRE(code[p.row] == code[p.match]);
  m = nearest_match({.treated = s.treated, .score = s.score, .anti_exact = code}, spec);
  for (const MatchedRow& p : m.pairs) REQUIRE(code[p.row] != code[p.match]);
  spec.discard = MatchDiscard::kBoth;
  m = nearest_match({.treated = s.treated, .score = s.score}, spec);
  CHECK(m.discarded > 0);
  for (const MatchedRow& p : m.pairs) {
    REQUIRE(s.score[p.row] <= 39.0);
    REQUIRE(s.score[p.match] >= 3.0);
  }
  spec.discard = MatchDiscard::kNone;
  spec.replace = true;
  m = nearest_match({.treated = s.treated, .score = s.score}, spec);
  const MatchedSample threads =
      nearest_match({.treated = s.treated, .score = s.score}, spec, {.threads = 4});
  CHECK((m.pairs == threads.pairs));
  CHECK(m.subclass.empty());
  CHECK(m.effective_controls < static_cast<double>(m.matched_controls));
  const Estimate e = matched_difference(m, s.score, s.treated);
  CHECK_FALSE(e.warnings.empty());

  // Distinct scores: any order of the rows gives the same pairs.
  std::vector<double> distinct = s.score;
  Stream stream(StreamKey::root(4));
  for (double& value : distinct) value += stream.uniform();
  const auto order = stream.permutation(500);
  std::vector<std::int32_t> treated;
  std::vector<double> moved;
  for (const std::size_t i : order) {
    treated.push_back(s.treated[i]);
    moved.push_back(distinct[i]);
  }
  const MatchedSample a = nearest_match({.treated = s.treated, .score = distinct});
  const MatchedSample b = nearest_match({.treated = treated, .score = moved});
  std::set<std::pair<std::size_t, std::size_t>> first;
  std::set<std::pair<std::size_t, std::size_t>> second;
  for (const MatchedRow& p : a.pairs) first.emplace(p.row, p.match);
  for (const MatchedRow& p : b.pairs) second.emplace(order[p.row], order[p.match]);
  CHECK((first == second));
}

TEST_CASE("Greedy matching refuses what cannot work and tells what failed", "[causal][matching]") {
  const std::vector<std::int32_t> treated = {1, 0, 1, 0};
  const std::vector<double> score = {10.0, 1.0, 11.0, 2.0};
  NearestMatchSpec spec;
  spec.caliper = 0.01;
  const MatchedSample none = nearest_match({.treated = treated, .score = score}, spec);
  REQUIRE_FALSE(none.broken.empty());
  CHECK(std::isnan(matched_difference(none, score, treated).estimate));
  CHECK_THROWS_AS(nearest_match({.treated = treated}), ArgumentError);
  const std::vector<std::int32_t> one = {1, 1, 1, 1};
  CHECK_THROWS_AS(nearest_match({.treated = one, .score = score}), ArgumentError);
  spec.ratio = 0;
  CHECK_THROWS_AS(nearest_match({.treated = treated, .score = score}, spec), ArgumentError);
  CHECK_THROWS_AS(parse_match_order("largets"), ArgumentError);
}

}  // namespace impact
