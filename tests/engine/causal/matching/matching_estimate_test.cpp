#include "engine/causal/matching/matching_estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/causal/real_table.h"

/// Numbers and their sources: tests/reference/causal/matching.json.
namespace impact {
namespace {

using causal_tests::read_table;
using causal_tests::RealTable;
using causal_tests::with_ones;

std::vector<double> joined(const RealTable& table, const std::vector<std::string>& names) {
  std::vector<double> out;
  for (const std::string& name : names) {
    const std::vector<double> column = table.numbers(name);
    out.insert(out.end(), column.begin(), column.end());
  }
  return out;
}

struct MatchingSample {
  std::vector<double> y = {};
  std::vector<std::int32_t> treated = {};
  std::vector<double> x = {};
  std::size_t columns = 0;

  [[nodiscard]] MatchingData data() const {
    return {.y = y, .treated = treated, .x = x, .columns = columns};
  }
};

/// Earnings as the data of the R package Matching hold them: six digits.
void six_digits(std::vector<double>& values) {
  for (double& value : values) {
    if (value == 0.0) continue;
    const double unit = std::pow(10.0, std::floor(std::log10(value)) - 5.0);
    value = std::round(value * (1.0 + 1e-9) / unit) * unit;
  }
}

MatchingSample experiment(const std::vector<std::string>& names) {
  const RealTable table = read_table("lalonde/nsw_dw_445.csv");
  MatchingSample sample;
  if (table.rows == 0) return sample;
  sample.y = table.numbers("re78");
  six_digits(sample.y);
  for (double& y : sample.y) y /= 1000.0;
  for (const double t : table.numbers("treat")) sample.treated.push_back(t > 0.5 ? 1 : 0);
  sample.x = joined(table, names);
  if (names.size() > 2) six_digits(sample.x);
  sample.columns = names.size();
  return sample;
}

MatchingSample births(const std::vector<std::string>& names) {
  const RealTable table = read_table("cattaneo/cataneo2.csv");
  MatchingSample sample;
  if (table.rows == 0) return sample;
  sample.y = table.numbers("bweight");
  for (const double t : table.indicator("mbsmoke", "smoker")) {
    sample.treated.push_back(t > 0.5 ? 1 : 0);
  }
  sample.x = joined(table, names);
  sample.columns = names.size();
  return sample;
}

const std::vector<std::string> kFour = {"age", "educ", "re74", "re75"};
const std::vector<std::string> kMother = {"mmarried_", "mage", "fage", "medu", "prenatal1_"};

/// Random rows with few levels, so that there are ties.
MatchingSample made(std::uint64_t seed, std::size_t n, std::size_t columns) {
  Stream stream(StreamKey::root(static_cast<std::int64_t>(seed)));
  MatchingSample sample;
  sample.columns = columns;
  sample.x.resize(n * columns);
  for (double& x : sample.x) x = static_cast<double>(stream.below(8));
  for (std::size_t i = 0; i < n; ++i) {
    sample.treated.push_back(i < 2 ? static_cast<std::int32_t>(i)
                                   : (stream.bernoulli(0.4) ? 1 : 0));
    sample.y.push_back(stream.normal() + sample.x[i] + sample.treated.back());
  }
  return sample;
}

}  // namespace

TEST_CASE("The experiment of Dehejia and Wahba as Abadie and Imbens match it",
          "[causal][matching]") {
  const MatchingSample age = experiment({"age"});
  if (age.y.empty()) return;
  MatchingSpec spec{.metric = MatchingMetric::kInverseVariance,
                    .variance = MatchingVariance::kSample};
  MatchingFit fit = matching_estimate(age.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(1.78519111481212).epsilon(1e-13));
  CHECK(fit.std_error == Approx(0.686716677322528).epsilon(1e-13));

  const MatchingSample four = experiment(kFour);
  fit = matching_estimate(four.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(1.71440714918138).epsilon(1e-13));
  CHECK(fit.std_error == Approx(0.740129179632503).epsilon(1e-13));
  spec.variance = MatchingVariance::kPopulation;
  fit = matching_estimate(four.data(), spec);
  CHECK(fit.std_error == Approx(0.743384632957198).epsilon(1e-13));
  spec.variance = MatchingVariance::kSample;
  spec.target = EffectTarget::kTreated;
  fit = matching_estimate(four.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(1.72691301785071).epsilon(1e-13));
  CHECK(fit.std_error == Approx(0.836629632308480).epsilon(1e-13));
  spec.target = EffectTarget::kControls;
  fit = matching_estimate(four.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(1.70550874262821).epsilon(1e-13));
  CHECK(fit.std_error == Approx(0.820095935752824).epsilon(1e-13));
  spec.target = EffectTarget::kAll;

  SECTION("three matches") {
    spec.matches = 3;
    fit = matching_estimate(four.data(), spec);
    CHECK(fit.effects[0].estimate == Approx(1.53630268121115).epsilon(1e-13));
    CHECK(fit.std_error == Approx(0.661930423623259).epsilon(1e-13));
  }
  SECTION("Mahalanobis") {
    spec.metric = MatchingMetric::kMahalanobis;
    fit = matching_estimate(four.data(), spec);
    CHECK(fit.effects[0].estimate == Approx(1.59261673326378).epsilon(1e-12));
    CHECK(fit.std_error == Approx(0.684729829415588).epsilon(1e-12));
  }
  SECTION("bias correction") {
    MatchingData data = four.data();
    std::vector<double> design(four.y.size(), 1.0);
    design.insert(design.end(), four.x.begin(), four.x.end());
    data.x_adjust = design;
    data.adjust_columns = 5;
    fit = matching_estimate(data, spec);
    CHECK(fit.effects[0].estimate == Approx(1.63091519500783).epsilon(1e-11));
    CHECK(fit.std_error == Approx(0.745233606420550).epsilon(1e-11));
    const MatchingSample two = experiment({"marr", "age"});
    design.resize(four.y.size());
    design.insert(design.end(), two.x.begin(), two.x.end());
    data.x_adjust = design;
    data.adjust_columns = 3;
    fit = matching_estimate(data, spec);
    CHECK(fit.effects[0].estimate == Approx(1.71968656670868).epsilon(1e-11));
    CHECK(fit.std_error == Approx(0.743608513017050).epsilon(1e-11));
  }
  SECTION("all columns exactly") {
    const std::vector<double> none(4, 0.0);
    spec.column_calipers = none;
    fit = matching_estimate(four.data(), spec);
    CHECK(fit.effects[0].estimate == Approx(1.36928912506340).epsilon(1e-12));
    CHECK(fit.unmatched.size() > 100);
  }
  SECTION("variance within arms") {
    spec.variance = MatchingVariance::kSampleRobust;
    spec.variance_matches = 3;
    CHECK(matching_estimate(four.data(), spec).std_error ==
          Approx(0.696272433717223).epsilon(1e-13));
  }
}

TEST_CASE("Smoking and birth weight by nearest neighbours", "[causal][matching]") {
  const MatchingSample sample = births(kMother);
  if (sample.y.empty()) return;
  MatchingSpec spec;

  MatchingFit fit = matching_estimate(sample.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(-210.54351775).epsilon(1e-10));
  CHECK(fit.std_error == Approx(29.68199658).epsilon(1e-9));
  spec.target = EffectTarget::kTreated;
  fit = matching_estimate(sample.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(-236.88577478).epsilon(1e-10));
  CHECK(fit.std_error == Approx(29.18735448).epsilon(1e-9));
  spec.target = EffectTarget::kAll;
  spec.metric = MatchingMetric::kInverseVariance;
  fit = matching_estimate(sample.data(), spec);
  CHECK(fit.effects[0].estimate == Approx(-208.65198094).epsilon(1e-10));
  CHECK(fit.std_error == Approx(29.31858425).epsilon(1e-9));
  spec.metric = MatchingMetric::kMahalanobis;
  const MatchingSample adjust = births({"mage", "fage", "medu"});
  std::vector<double> design(sample.y.size(), 1.0);
  design.insert(design.end(), adjust.x.begin(), adjust.x.end());
  MatchingData data = sample.data();
  data.x_adjust = design;
  data.adjust_columns = 4;
  fit = matching_estimate(data, spec);
  CHECK(fit.effects[0].estimate == Approx(-210.62918731).epsilon(1e-10));
  CHECK(fit.std_error == Approx(29.68477921).epsilon(1e-9));
  spec.target = EffectTarget::kTreated;
  fit = matching_estimate(data, spec);
  CHECK(fit.effects[0].estimate == Approx(-238.52043228).epsilon(1e-10));
  CHECK(fit.std_error == Approx(29.20607812).epsilon(1e-9));
}

TEST_CASE("Smoking and birth weight by an estimated propensity", "[causal][matching]") {
  const MatchingSample sample = births({"mmarried_", "mage", "mage2", "fbaby_", "medu"});
  if (sample.y.empty()) return;
  std::vector<double> design(sample.y.size(), 1.0);
  design.insert(design.end(), sample.x.begin(), sample.x.end());
  MatchingData data{.y = sample.y, .treated = sample.treated};
  data.x_treatment = design;
  data.treatment_columns = 6;
  MatchingSpec spec{.metric = MatchingMetric::kScore};
  MatchingFit fit = matching_estimate(data, spec);
  CHECK(fit.effects[0].estimate == Approx(-210.96833674).epsilon(1e-10));
  CHECK(fit.std_error == Approx(32.021).margin(6e-4));
  CHECK(fit.se_type == "Abadie-Imbens, population, robust, estimated score");
  spec.target = EffectTarget::kTreated;
  fit = matching_estimate(data, spec);
  CHECK(fit.effects[0].estimate == Approx(-236.78475083).epsilon(1e-10));
  CHECK(fit.std_error > 0.0);
}

/// The estimator by its definition: every distance, every tie.
double by_definition(const MatchingSample& s, std::size_t m) {
  const std::size_t n = s.y.size();
  std::vector<double> scale;
  for (std::size_t c = 0; c < s.columns; ++c) {
    scale.push_back(detail::plain_sd(std::span(s.x).subspan(c * n, n)));
  }
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<std::pair<double, std::size_t>> near;
    for (std::size_t j = 0; j < n; ++j) {
      if (s.treated[j] == s.treated[i]) continue;
      double d = 0.0;
      for (std::size_t c = 0; c < s.columns; ++c) {
        d += std::pow((s.x[c * n + i] - s.x[c * n + j]) / scale[c], 2);
      }
      near.emplace_back(std::sqrt(d), j);
    }
    std::sort(near.begin(), near.end());
    double sum = 0.0;
    double count = 0.0;
    for (const auto& [d, j] : near) {
      if (d > near[m - 1].first + 1e-7) break;
      sum += s.y[j];
      count += 1.0;
    }
    total += (s.treated[i] == 1 ? 1.0 : -1.0) * (s.y[i] - sum / count);
  }
  return total / static_cast<double>(n);
}

TEST_CASE("Matching is what its definition says, in any order of rows and on any threads",
          "[causal][matching]") {
  for (const std::size_t m : {1, 3}) {
    const MatchingSample s = made(7 + m, 300, 3);
    const MatchingSpec spec{.metric = MatchingMetric::kInverseVariance,
                            .matches = static_cast<int>(m)};
    const MatchingFit fit = matching_estimate(s.data(), spec);
    CHECK(fit.effects[0].estimate == Approx(by_definition(s, m)).epsilon(1e-12));
    const MatchingFit threads = matching_estimate(s.data(), spec, {.threads = 3});
    CHECK((threads.matched == fit.matched));
    CHECK(threads.std_error == fit.std_error);

    const std::size_t n = s.y.size();
    const auto order = Stream(StreamKey::root(3)).permutation(n);
    MatchingSample other{.y = {}, .treated = {}, .x = {}, .columns = s.columns};
    for (const std::size_t i : order) {
      other.y.push_back(s.y[i]);
      other.treated.push_back(s.treated[i]);
    }
    for (std::size_t c = 0; c < s.columns; ++c) {
      for (const std::size_t i : order) other.x.push_back(s.x[c * n + i]);
    }
    const MatchingFit moved = matching_estimate(other.data(), spec);
    CHECK(moved.effects[0].estimate == fit.effects[0].estimate);
    CHECK(moved.std_error == fit.std_error);
  }
}

TEST_CASE("Twins give exact differences; units and a constant column change nothing",
          "[causal][matching]") {
  MatchingSample s;
  s.columns = 2;
  for (int i = 0; i < 40; ++i) {
    s.treated.push_back(i % 2);
    s.x.push_back(static_cast<double>(i / 2));
  }
  for (int i = 0; i < 40; ++i) s.x.push_back(std::sin(static_cast<double>(i / 2)));
  for (int i = 0; i < 40; ++i)
    s.y.push_back(3.0 * s.x[static_cast<std::size_t>(i)] + 2.0 * (i % 2));
  for (const auto metric : {MatchingMetric::kMahalanobis, MatchingMetric::kMahalanobisPooled,
                            MatchingMetric::kEuclidean, MatchingMetric::kInverseVariance}) {
    const MatchingFit fit =
        matching_estimate(s.data(), {.target = EffectTarget::kTreated, .metric = metric});
    CHECK(fit.effects[0].estimate == Approx(2.0).epsilon(1e-14));
    CHECK(fit.matched.size() == 20);
  }
  const MatchingSample plain = made(5, 200, 2);
  MatchingSample scaled = plain;
  for (std::size_t i = 0; i < 200; ++i) {
    scaled.x[i] = 1000.0 * plain.x[i] + 7.0;
    scaled.x[200 + i] = plain.x[200 + i] - 3.0 * plain.x[i];
  }
  scaled.x.insert(scaled.x.end(), 200, 4.0);
  scaled.columns = 3;
  const MatchingFit a = matching_estimate(plain.data());
  const MatchingFit b = matching_estimate(scaled.data());
  CHECK((a.matched == b.matched));
  REQUIRE(b.warnings.size() == 1);
  CHECK(b.warnings[0].find("does not vary") != std::string::npos);
  MatchingSample twice = plain;
  for (std::size_t i = 0; i < 200; ++i) twice.x.push_back(plain.x[i] + plain.x[200 + i]);
  twice.columns = 3;
  const MatchingFit c = matching_estimate(twice.data());
  CHECK((c.matched == a.matched));
  REQUIRE(c.warnings.size() == 1);
  CHECK(c.warnings[0].find("singular") != std::string::npos);
}

TEST_CASE("Exact cells and calipers hold, and what they leave out is told", "[causal][matching]") {
  const MatchingSample s = made(9, 200, 2);
  std::vector<std::int32_t> cell;
  for (std::size_t i = 0; i < 200; ++i) cell.push_back(static_cast<std::int32_t>(s.x[i]) / 3);
  MatchingData data = s.data();
  data.exact = cell;
  const std::vector<double> width = {std::numeric_limits<double>::infinity(), 0.1};
  MatchingSpec spec;
  spec.column_calipers = width;
  const MatchingFit fit = matching_estimate(data, spec);
  for (const MatchedRow& pair : fit.matched) {
    REQUIRE(cell[pair.row] == cell[pair.match]);
    REQUIRE(s.x[200 + pair.row] == s.x[200 + pair.match]);
  }
  MatchingSample far = s;
  for (std::size_t i = 0; i < 200; ++i) far.x[200 + i] += 100.0 * s.treated[i];
  data = far.data();
  const MatchingFit none = matching_estimate(data, spec);
  CHECK(std::isnan(none.effects[0].estimate));
  CHECK(std::isnan(none.std_error));
  CHECK_FALSE(none.broken.empty());
  CHECK(to_estimates(none).at(0).warnings.size() >= 1);
}

TEST_CASE("Matching refuses what cannot work", "[causal][matching]") {
  MatchingSample s = made(11, 30, 2);
  CHECK_THROWS_AS(matching_estimate(s.data(), {.matches = 0}), ArgumentError);
  CHECK_THROWS_AS(matching_estimate(s.data(), {.metric = MatchingMetric::kScore}), ArgumentError);
  CHECK_THROWS_AS(matching_estimate(s.data(), {.target = EffectTarget::kOverlap}), ArgumentError);
  MatchingData data = s.data();
  const std::vector<double> weights(30, -1.0);
  data.weights = weights;
  CHECK_THROWS_AS(matching_estimate(data), ArgumentError);
  const std::vector<double> constant(60, 1.0);
  data = s.data();
  data.x = constant;
  CHECK_FALSE(matching_estimate(data).broken.empty());
  s.treated.assign(30, 1);
  CHECK_THROWS_AS(matching_estimate(s.data()), ArgumentError);
  CHECK_THROWS_AS(parse_matching_metric("mahalanobs"), ArgumentError);
}

}  // namespace impact
