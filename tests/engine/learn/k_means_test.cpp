#include "engine/learn/k_means.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

using namespace impact;

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

const nlohmann::json& reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/k_means.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

struct Sample {
  std::vector<double> x = {};
  std::size_t columns = 0;
  [[nodiscard]] FeatureColumns features() const { return {.x = x, .columns = columns}; }
  [[nodiscard]] std::vector<std::uint32_t> rows() const {
    std::vector<std::uint32_t> out(x.size() / columns);
    std::iota(out.begin(), out.end(), 0U);
    return out;
  }
};

Sample clouds() {
  Sample out{.columns = 3};
  for (const auto& column : reference().at("x")) {
    for (const auto& cell : column) out.x.push_back(cell.get<double>());
  }
  return out;
}

KMeans fit(const Sample& sample, const KMeansSpec& spec, std::int64_t seed = 1, int threads = 1) {
  return fit_k_means(sample.features(), sample.rows(), spec, {}, StreamKey::root(seed),
                     {.threads = threads});
}

std::vector<std::int32_t> labels(const KMeans& model, const Sample& sample) {
  const auto rows = sample.rows();
  std::vector<std::int32_t> out(rows.size());
  model.predict(sample.features(), rows, out);
  return out;
}

}  // namespace

TEST_CASE("k-means finds what scikit-learn finds", "[learn][k_means]") {
  const Sample sample = clouds();
  for (const auto& [k, inertia] : reference().at("inertia").items()) {
    INFO(k);
    const double peer = inertia.get<double>();
    CHECK(fit(sample, {.clusters = std::stoul(k), .tolerance = 0.0}).inertia ==
          Approx(peer).epsilon(1e-12));
  }
  // Nine clusters where there are five have many local minima: the best of ten starts is as good on
  // average.
  double mean = 0.0;
  for (std::int64_t seed = 0; seed < 40; ++seed) {
    mean += fit(sample, {.clusters = 9, .tolerance = 0.0}, seed).inertia / 40;
  }
  const auto nine = reference().at("nine").get<std::vector<double>>();
  CHECK(mean < nine[0] + 2 * nine[1]);
  const KMeans five = fit(sample, {.clusters = 5, .tolerance = 0.0});
  const auto& centres = reference().at("centres");
  REQUIRE(five.clusters() == 5);
  CHECK(five.converged);
  CHECK(five.n == 300);
  for (std::size_t c = 0; c < 5; ++c) {
    CHECK(five.size[c] == reference().at("sizes")[c].get<double>());
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(five.centre[c * 3 + j] == Approx(centres[c][j].get<double>()).epsilon(1e-12));
    }
  }
  const auto weights = reference().at("weights").get<std::vector<double>>();
  const KMeans weighted =
      fit_k_means(sample.features(), sample.rows(), {.clusters = 5, .tolerance = 0.0}, weights);
  CHECK(weighted.inertia == Approx(reference().at("weighted").get<double>()).epsilon(1e-12));
}

TEST_CASE("labels, distances and inertia agree", "[learn][k_means]") {
  const Sample sample = clouds();
  const KMeans model = fit(sample, {.clusters = 4, .tolerance = 0.0});
  const auto label = labels(model, sample);
  std::vector<double> to(4 * 300);
  model.distances(sample.features(), sample.rows(), to);
  double inertia = 0.0;
  std::vector<double> size(4, 0.0);
  for (std::size_t i = 0; i < 300; ++i) {
    std::size_t nearest = 0;
    for (std::size_t c = 1; c < 4; ++c) {
      if (to[c * 300 + i] < to[nearest * 300 + i]) nearest = c;
    }
    REQUIRE(label[i] == static_cast<std::int32_t>(nearest));
    inertia += to[nearest * 300 + i] * to[nearest * 300 + i];
    size[nearest] += 1.0;
  }
  CHECK(inertia == Approx(model.inertia).epsilon(1e-12));
  CHECK(size == model.size);
  CHECK(std::is_sorted(size.rbegin(), size.rend()));
}

TEST_CASE("a weight of two is a row twice; a weight of none is no row", "[learn][k_means]") {
  const Sample sample = clouds();
  auto rows = sample.rows();
  rows.resize(40);
  std::vector<double> weights(300, 1.0);
  for (std::size_t i = 0; i < 40; i += 3) weights[i] = 0.0;
  for (std::size_t i = 1; i < 40; i += 3) weights[i] = 2.0;
  std::vector<std::uint32_t> repeated;
  for (const std::uint32_t row : rows) {
    for (int k = 0; k < static_cast<int>(weights[row]); ++k) repeated.push_back(row);
  }
  const KMeansSpec spec{.clusters = 3, .restarts = 30, .tolerance = 0.0};
  const KMeans a = fit_k_means(sample.features(), rows, spec, weights);
  const KMeans b = fit_k_means(sample.features(), repeated, spec);
  CHECK(a.inertia == Approx(b.inertia).epsilon(1e-12));
  CHECK(a.size == b.size);
}

TEST_CASE("k-means has the same bits on any number of threads", "[learn][k_means]") {
  Sample sample{.columns = 4};
  Stream stream({7});
  for (std::size_t i = 0; i < 4 * 5000; ++i) sample.x.push_back(stream.normal());
  for (const int restarts : {1, 3}) {
    const KMeansSpec spec{.clusters = 6, .restarts = restarts, .most_iterations = 20};
    const KMeans alone = fit(sample, spec);
    for (const int threads : {2, 3, 8}) {
      const KMeans other = fit(sample, spec, 1, threads);
      CHECK(other.centre == alone.centre);
      CHECK(other.inertia == alone.inertia);
    }
  }
  CHECK(fit(sample, {.clusters = 6, .restarts = 1}, 1).centre !=
        fit(sample, {.clusters = 6, .restarts = 1}, 2).centre);
}

TEST_CASE("k-means of awkward rows", "[learn][k_means]") {
  SECTION("fewer different rows than clusters") {
    const Sample twice{.x = {1, 1, 5, 5, 5, 9}, .columns = 1};
    const KMeans model = fit(twice, {.clusters = 4});
    CHECK(model.clusters() == 3);
    CHECK(model.centre == std::vector<double>{5, 1, 9});
    CHECK(model.inertia == 0.0);
    REQUIRE(model.warnings.size() == 1);
    CHECK(model.warnings[0] == "there are only 3 different rows for 4 clusters");
  }
  SECTION("one cluster is the mean") {
    const Sample sample = clouds();
    const KMeans model = fit(sample, {.clusters = 1});
    const double mean = std::accumulate(sample.x.begin(), sample.x.begin() + 300, 0.0) / 300;
    CHECK(model.centre[0] == Approx(mean).epsilon(1e-12));
  }
  SECTION("missing and infinite rows") {
    Sample sample{.x = {1, 2, kMissing, 11, 12, std::numeric_limits<double>::infinity()},
                  .columns = 1};
    const KMeans model = fit(sample, {.clusters = 2});
    CHECK(model.n == 4);
    REQUIRE(model.warnings.size() == 1);
    CHECK(model.warnings[0].find("2 rows were left out") == 0);
    const auto label = labels(model, sample);
    CHECK(label[2] == -1);
    CHECK(label[5] == -1);
    CHECK(label[0] == label[1]);
    CHECK(label[0] != label[3]);
    std::vector<double> to(12);
    model.distances(sample.features(), sample.rows(), to);
    CHECK(std::isnan(to[2]));
    CHECK(to[0] == 0.5);
  }
  SECTION("what can never work") {
    const Sample sample = clouds();
    CHECK_THROWS_AS(fit(sample, {.clusters = 0}), ArgumentError);
    CHECK_THROWS_AS(fit(sample, {.restarts = 0}), ArgumentError);
    CHECK_THROWS_AS(fit(sample, {.most_iterations = 0}), ArgumentError);
    CHECK_THROWS_AS(fit(sample, {.tolerance = -1.0}), ArgumentError);
    CHECK_THROWS_AS(fit(Sample{.x = {kMissing}, .columns = 1}, {}), ArgumentError);
    CHECK_THROWS_AS(
        fit_k_means(sample.features(), sample.rows(), {}, std::vector<double>(300, -1.0)),
        ArgumentError);
    CHECK_THROWS_AS(fit_k_means(sample.features(), std::vector<std::uint32_t>{300}), ArgumentError);
    const KMeans model = fit(sample, {.clusters = 2});
    std::vector<std::int32_t> out(1);
    CHECK_THROWS_AS(
        model.predict({.x = sample.x, .columns = 2}, std::vector<std::uint32_t>{0}, out),
        ArgumentError);
  }
  SECTION("iterations that end early are said") {
    const KMeans model = fit(clouds(), {.clusters = 9, .restarts = 1, .most_iterations = 1});
    CHECK_FALSE(model.converged);
    CHECK(model.warnings == std::vector<std::string>{"k-means did not settle in 1 iterations"});
  }
}

TEST_CASE("silhouettes as scikit-learn's", "[learn][k_means]") {
  const Sample sample = clouds();
  const auto label = reference().at("labels").get<std::vector<std::int32_t>>();
  const Silhouette all = silhouette(sample.features(), sample.rows(), label);
  CHECK(all.mean == Approx(reference().at("silhouette").get<double>()).epsilon(1e-12));
  CHECK(all.n == 300);
  CHECK_FALSE(all.sampled);
  for (std::size_t c = 0; c < all.of_cluster.size(); ++c) {
    CHECK(all.of_cluster[c] ==
          Approx(reference().at("silhouettes")[c].get<double>()).epsilon(1e-12).margin(1e-15));
  }
  const Silhouette some =
      silhouette(sample.features(), sample.rows(), label, 150, StreamKey::root(1));
  CHECK(some.sampled);
  CHECK(some.n == 150);
  CHECK(some.mean == Approx(all.mean).margin(0.1));
  for (const int threads : {2, 3, 8}) {
    CHECK(silhouette(sample.features(), sample.rows(), label, 150, StreamKey::root(1),
                     {.threads = threads})
              .mean == some.mean);
  }
  const Silhouette none =
      silhouette(sample.features(), sample.rows(), std::vector<std::int32_t>(300, 0));
  CHECK(std::isnan(none.mean));
  CHECK(none.warnings == std::vector<std::string>{"a silhouette needs two clusters"});
}

TEST_CASE("saved clusters predict the same bits; forged ones are refused", "[learn][k_means]") {
  const Sample sample = clouds();
  const KMeans model = fit(sample, {.clusters = 5});
  const ModelFile good = k_means_file(model);
  const KMeans back = read_k_means(decode_model(encode_model(good), "here"));
  CHECK(back.centre == model.centre);
  CHECK(labels(back, sample) == labels(model, sample));
  CHECK(encode_model(k_means_file(back)) == encode_model(good));
  for (const auto& [name, block] : good.blocks) {
    ModelFile bad = good;
    bad.blocks.erase(name);
    CHECK_THROWS_AS(read_k_means(bad), DataError);
    bad = good;
    std::get<std::vector<double>>(bad.blocks[name]).push_back(0.0);
    CHECK_THROWS_AS(read_k_means(bad), DataError);
  }
  for (const auto& [name, value] : good.header.items()) {
    ModelFile bad = good;
    bad.header.erase(name);
    CHECK_THROWS_AS(read_k_means(bad), DataError);
  }
  ModelFile bad = good;
  bad.version = 2;
  CHECK_THROWS_AS(read_k_means(bad), DataError);
  bad = good;
  bad.kind = "forest";
  CHECK_THROWS_AS(read_k_means(bad), DataError);
}
