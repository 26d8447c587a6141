#include <cmath>
#include <map>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "engine/learn/prepare/step.h"
#include "tests/engine/learn/prepare_rows.h"

using namespace impact;
using namespace impact::preparation;
using nlohmann::json;

namespace {

// More rows than parallel code takes in one chunk, and no multiple of any.
constexpr std::size_t kManyRows = 10'501;

struct ManyRows {
  FeatureTable features, holes;
  std::vector<double> outcome;

  ManyRows() {
    std::vector<double> a, b, c, gaps;
    std::vector<std::string> tier, words;
    const char* const tiers[] = {"gold", "silver", "tin", "wood"};
    for (std::size_t i = 0; i < kManyRows; ++i) {
      Stream stream(StreamKey{31}, i);
      a.push_back(1e6 + stream.normal());
      b.push_back(std::exp(stream.normal()));
      c.push_back(a.back() - 1e6 + 0.5 * stream.normal());
      gaps.push_back(i % 97 == 5 ? kMissing : b.back() * 3.0);
      tier.emplace_back(tiers[static_cast<std::size_t>(stream.uniform() * 3.9)]);
      words.push_back(tier.back() + " post " + std::to_string(i % 40));
      outcome.push_back(c.back() + (tier.back() == "gold" ? 2.0 : 0.0) + stream.normal());
    }
    features = FeatureTable({number_feature("a", a), number_feature("b", b), number_feature("c", c),
                             texts("tier", tier), texts("words", words)});
    holes = FeatureTable({number_feature("a", a), number_feature("b", b),
                          number_feature("gaps", gaps), texts("tier", tier)});
  }
};

const ManyRows& many_rows() {
  static const ManyRows rows;
  return rows;
}

StepResult prepared_by(int threads, const StepSpec& spec, const FeatureTable& features) {
  return prepare_step(
      spec, {.features = features, .outcome = many_rows().outcome, .key = StreamKey::root(5)},
      {.threads = threads});
}

// Mean and variance by plain loops in long double.
struct PlainMoments {
  long double mean = 0.0L, variance = 0.0L;
  explicit PlainMoments(const std::vector<double>& values) {
    std::size_t n = 0;
    for (const double v : values) {
      if (std::isnan(v)) continue;
      mean += v;
      ++n;
    }
    mean /= static_cast<long double>(n);
    for (const double v : values) {
      if (!std::isnan(v)) variance += (v - mean) * (v - mean);
    }
    variance /= static_cast<long double>(n);
  }
};

}  // namespace

TEST_CASE("steps learn the same from many rows on any number of threads", "[learn][prepare]") {
  // What a step does not do by itself; several ways of one step.
  const std::map<std::string, std::vector<json>> ways{
      {"impute",
       {{{"how", "median"}},
        {{"how", "mean"}, {"indicator", true}},
        {{"how", "mode"}},
        {{"how", "knn"}, {"k", 3}},
        {{"how", "iterative"}, {"rounds", 3}}}},
      {"scale",
       {{{"how", "standard"}},
        {{"how", "robust"}},
        {{"how", "min_max"}},
        {{"how", "quantile"}, {"to", "normal"}},
        {{"how", "yeo_johnson"}, {"of", "b"}}}},
      {"one_hot", {{{"of", "tier"}}}},
      {"ordinal", {{{"of", "tier"}}}},
      {"target", {json::object()}},
      {"hashing", {json::object()}},
      {"lump", {{{"top", 2}}}},
      {"bin", {{{"how", "count"}}, {{"as", "one_hot"}}}},
      {"poly", {json::object()}},
      {"spline", {json::object()}},
      {"interact", {{{"of", {"b", "tier"}}}}},
      {"pca", {json::object()}},
      {"svd", {json::object()}},
      {"tf_idf", {{{"of", "words"}}}},
      {"clusters", {{{"clusters", 3}, {"restarts", 2}}}},
      {"keep_best",
       {{{"count", 2}}, {{"by", "f"}, {"count", 1}}, {{"by", "l1"}, {"threshold", 0.1}}}},
      {"select", {{{"of", {"a", "tier"}}}}},
  };
  for (const StepKind& kind : step_kinds()) {
    const std::string name(kind.name);
    INFO(name);
    REQUIRE(ways.contains(name));
    const FeatureTable& table = name == "impute" ? many_rows().holes : many_rows().features;
    for (const json& options : ways.at(name)) {
      INFO(options.dump());
      const StepResult one = prepared_by(1, {name, options}, table);
      const std::string file = encode_model(one.step->save());
      const FeatureTable baked = one.step->bake(table, {.threads = 1});
      CHECK(baked.rows() == kManyRows);
      for (const int threads : {2, 3, 8}) {
        INFO(threads);
        const StepResult other = prepared_by(threads, {name, options}, table);
        CHECK((encode_model(other.step->save()) == file));  // Bytes: not to be printed.
        CHECK(other.warnings == one.warnings);
        CHECK(same_table(other.step->bake(table, {.threads = threads}), baked));
        REQUIRE((other.training == nullptr) == (one.training == nullptr));
        if (one.training != nullptr) CHECK(same_table(*other.training, *one.training));
      }
    }
  }
}

TEST_CASE("sums of many rows are those of a plain loop", "[learn][prepare]") {
  const ManyRows& rows = many_rows();
  const StepResult scaled = prepared_by(3, {"scale", {{"how", "standard"}}}, rows.features);
  const FeatureTable after = scaled.step->bake(rows.features, {});
  for (std::size_t j = 0; j < 3; ++j) {
    INFO(rows.features[j].name);
    const PlainMoments plain(rows.features[j].numbers);
    const long double sd = std::sqrt(plain.variance);
    for (std::size_t i = 0; i < kManyRows; i += 500) {
      const long double expected = (rows.features[j].numbers[i] - plain.mean) / sd;
      // 1e6 + noise: a double keeps ten digits of the noise.
      CHECK(after[j].numbers[i] ==
            Approx(static_cast<double>(expected)).epsilon(1e-9).margin(1e-9));
    }
  }
  const StepResult filled = prepared_by(2, {"impute", {{"how", "mean"}}}, rows.holes);
  const FeatureTable whole = filled.step->bake(rows.holes, {});
  const PlainMoments gaps(rows.holes[2].numbers);
  CHECK(whole[2].numbers[5] == Approx(static_cast<double>(gaps.mean)).epsilon(1e-14));

  // Covariances of the axes: each score is uncorrelated with the others.
  const StepResult axes = prepared_by(8, {"pca", json::object()}, rows.features);
  const FeatureTable scores = axes.step->bake(rows.features, {});
  const Feature& first = scores[scores.find("pc1")];
  const Feature& second = scores[scores.find("pc2")];
  long double product = 0.0L;
  for (std::size_t i = 0; i < kManyRows; ++i) {
    product += static_cast<long double>(first.numbers[i]) * second.numbers[i];
  }
  CHECK(std::abs(static_cast<double>(product / kManyRows)) < 1e-9);
  CHECK(static_cast<double>(std::abs(PlainMoments(first.numbers).mean)) < 1e-9);
}
