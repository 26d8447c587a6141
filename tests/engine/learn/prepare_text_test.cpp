#include <algorithm>
#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/learn/prepare/words.h"
#include "tests/engine/learn/prepare_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

FeatureTable text_table(const char* name) {
  return FeatureTable(
      std::vector{texts("t", steps_reference().at(name).get<std::vector<std::string>>())});
}

nlohmann::json own_names(const nlohmann::json& peer) {
  static const std::vector<std::pair<const char*, const char*>> kNames = {
      {"sublinear_tf", "sublinear"},
      {"smooth_idf", "smooth"},
      {"use_idf", "idf"},
      {"ngram_range", "ngrams"}};
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [name, value] : peer.items()) {
    const auto known = std::find_if(kNames.begin(), kNames.end(),
                                    [&](const auto& each) { return name == each.first; });
    out[known == kNames.end() ? name : known->second] =
        value.is_null() ? nlohmann::json("none") : value;
  }
  return out;
}

}  // namespace

TEST_CASE("words of texts", "[learn][prepare][tf_idf]") {
  using detail::words_of;
  using Words = std::vector<std::string>;
  CHECK(words_of("Good movie, GOOD plot!", 2) == Words{"good", "movie", "good", "plot"});
  CHECK(words_of("a I it", 2) == Words{"it"});
  CHECK(words_of("a I it", 1) == Words{"a", "i", "it"});
  CHECK(words_of("L'ÉTÉ snake_case 3rd", 2) == Words{"été", "snake_case", "3rd"});
  // An accent of its own is the same word, and no letter; bytes that are no UTF-8 part words.
  CHECK(words_of("e\xCC\x81te\xCC\x81", 2) == words_of("été", 2));
  CHECK(words_of("e\xCC\x81", 2).empty());
  CHECK(words_of("one\xFFtwo", 2) == Words{"one", "two"});
  CHECK(words_of("日本語 हिन्दी", 2) == Words{"日本語", "हिन्दी"});
  CHECK(words_of("", 1).empty());
}

TEST_CASE("tf-idf as scikit-learn's", "[learn][prepare][tf_idf]") {
  const FeatureTable train = text_table("texts");
  const FeatureTable queries = text_table("queries");
  for (const auto& each : steps_reference().at("tf_idf")) {
    INFO(each.at("options").dump());
    const auto result = prepared("tf_idf", own_names(each.at("options")), train);
    const FeatureTable out = baked(*result.step, queries);
    std::vector<std::string> names;
    for (const auto& word : each.at("words")) names.push_back("word: " + word.get<std::string>());
    if (each.at("options").contains("max_features")) {
      // Of words that occur equally often scikit-learn takes any; here the first in byte order.
      CHECK(out.names() == std::vector<std::string>{"word: good", "word: like", "word: movie"});
      CHECK(result.warnings.empty());
      continue;
    }
    CHECK(result.warnings.empty());
    REQUIRE(out.names() == names);
    check_last(out, each.at("columns"), 1e-13);
  }
}

TEST_CASE("tf-idf of awkward texts", "[learn][prepare][tf_idf]") {
  Feature t = texts("t", {"red red fish", "blue fish", "fish"});
  t.codes.push_back(-1);
  const FeatureTable x(
      std::vector{t, number_feature("n", {1, 2, 3, 4}), texts("u", {"one", "two", "one", "two"})});
  const auto result = prepared("tf_idf", nlohmann::json::object(), x);
  const FeatureTable out = baked(*result.step, x);
  CHECK(out.names() == std::vector<std::string>{"t word: blue", "t word: fish", "t word: red", "n",
                                                "u word: one", "u word: two"});
  CHECK(out[0].numbers[3] == 0.0);  // A missing text has no words.
  CHECK(out[1].numbers[2] == 1.0);
  const auto stop = prepared("tf_idf", {{"of", "t"}, {"stop_words", {"FISH"}}}, x);
  CHECK(stop.step->bake(x, {}).names() ==
        std::vector<std::string>{"word: blue", "word: red", "n", "u"});
  const auto none = prepared("tf_idf", {{"of", "t"}, {"min_df", 5}}, x);
  CHECK(none.warnings == std::vector<std::string>{"'t' has no word that counts"});
  CHECK(none.step->bake(x, {}).size() == 2);
  // A limit that nobody asked for is said.
  std::string many;
  for (int i = 0; i < 1001; ++i) many += " w" + std::to_string(i);
  const FeatureTable long_text(std::vector{texts("t", {many})});
  CHECK(prepared("tf_idf", nlohmann::json::object(), long_text).warnings ==
        std::vector<std::string>{
            "'t' has 1001 words: the 1000 that occur most are kept (max_features)"});
  CHECK(prepared("tf_idf", {{"max_features", 1000}}, long_text).warnings.empty());
  // Rows of weight 0 are no texts.
  const std::vector<double> weights = {1, 0, 1, 1};
  const auto weighted =
      prepared("tf_idf", {{"of", "t"}}, StepInput{.features = x, .weights = weights});
  CHECK(weighted.step->bake(x, {}).names() ==
        std::vector<std::string>{"word: fish", "word: red", "n", "u"});

  CHECK_THROWS_AS(prepared("tf_idf", {{"ngrams", {2, 1}}}, x), ArgumentError);
  CHECK_THROWS_AS(prepared("tf_idf", {{"norm", "l3"}}, x), ArgumentError);
  CHECK_THROWS_AS(prepared("tf_idf", {{"of", "n"}}, x), ArgumentError);
  const FeatureTable numbers(std::vector{number_feature("n", {1})});
  CHECK(prepared("tf_idf", nlohmann::json::object(), numbers).warnings.size() == 1);
  CHECK_THROWS_WITH(result.step->bake(numbers, {}), Catch::Contains("'t'"));
}
