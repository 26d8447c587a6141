#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/learn/boosting_reference.h"

using namespace impact;
using namespace impact::boosting;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

// What loading a changed file of the peer says.
std::string refusal(const std::string& what, const std::string& by,
                    const std::string& file = "boosting_softprob.json") {
  try {
    static_cast<void>(load_boosting(replaced(text_of(file), what, by), "m.json"));
  } catch (const DataError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void says(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("boosting: a model that was written and read predicts the same bits",
          "[learn][boosting]") {
  for (const BoostingSpec& spec :
       {BoostingSpec{.rounds = 7}, BoostingSpec{.objective = "reg:tweedie", .rounds = 7},
        BoostingSpec{.objective = "multi:softmax", .classes = 3, .rounds = 4},
        BoostingSpec{.rounds = 7, .booster = "dart", .rate_drop = 0.4},
        BoostingSpec{.rounds = 7, .categories = {"c"}, .max_cat_to_onehot = 1}}) {
    const auto model = fit(spec.objective == "reg:squarederror" ? "y" : "group", spec);
    const auto loaded = load_boosting(model.json);
    CHECK(loaded.json == model.json);
    CHECK(loaded.columns == model.columns);
    CHECK(loaded.levels == model.levels);
    CHECK(loaded.objective == model.objective);
    CHECK(same_bits(predicted(loaded), predicted(model)));
  }
}

TEST_CASE("boosting: any change of one of our models is noticed", "[learn][boosting]") {
  const auto model = fit("y", {.rounds = 4});
  Stream stream(StreamKey::root(6));
  int refused = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::string text = model.json;
    const auto at = static_cast<std::size_t>(stream.below(text.size()));
    const auto byte = static_cast<char>(stream.below(256));
    if (trial % 3 == 0) {
      text.resize(at);
    } else if (trial % 3 == 1) {
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), byte);
    } else {
      if (text[at] == byte) continue;
      text[at] = byte;
    }
    // All but a change of the seal's own name, which leaves a model without a seal.
    const bool named = text.find("\"impact_sha256\"") != std::string::npos;
    try {
      static_cast<void>(load_boosting(text));
      CHECK_FALSE(named);
    } catch (const DataError&) {
      ++refused;
    }
  }
  CHECK(refused > 290);
}

TEST_CASE("boosting: files of others, changed at random, load or are refused",
          "[learn][boosting]") {
  Stream stream(StreamKey::root(7));
  int loaded = 0;
  int refused = 0;
  for (const std::string name : {"softprob", "partition", "dart"}) {
    const std::string whole = text_of("boosting_" + name + ".json");
    for (int trial = 0; trial < 150; ++trial) {
      std::string text = whole;
      for (std::uint64_t k = stream.below(3) + 1; k > 0; --k) {
        const auto at = static_cast<std::size_t>(stream.below(text.size()));
        const char* const bytes = "0123456789-[]{},\"eE.N";
        switch (stream.below(3)) {
          case 0: text[at] = bytes[stream.below(21)]; break;
          case 1: text.erase(at, stream.below(40)); break;
          default: text.insert(at, 1, bytes[stream.below(21)]); break;
        }
      }
      try {
        const auto model = load_boosting(text);
        ++loaded;
        std::vector<double> out(Rows::kRows * model.outputs());
        const FeatureColumns plain = {.x = rows().x, .columns = 4};
        if (model.trees.columns == 4) model.predict(plain, everything(), out);
      } catch (const DataError&) {
        ++refused;
      }
    }
  }
  CHECK(loaded > 30);
  CHECK(refused > 100);
}

TEST_CASE("boosting: what is wrong with a model file is said", "[learn][boosting]") {
  says(refusal("\"version\":[1,7,4]", "\"version\":[9,0,0]"), "newer XGBoost");
  says(refusal("\"version\":[1,7,4]", "\"version\":[1,7]"), "wrong length");
  says(refusal("multi:softprob", "rank:ndcg"), "ranking");
  says(refusal("multi:softprob", "binary:logistic"), "classes");
  says(refusal("\"num_class\":\"3\"", "\"num_class\":\"70000\""), "out of range");
  says(refusal("\"name\":\"gbtree\"", "\"name\":\"gblinear\""), "no trees");
  says(refusal("\"left_children\":[1", "\"left_children\":[0"), "two parents");
  says(refusal("\"left_children\":[1", "\"left_children\":[9999"), "out of range");
  says(refusal("\"left_children\":[1", "\"left_children\":[-1"), "one child");
  says(refusal("\"left_children\":[1,", "\"left_children\":["), "num_nodes");
  says(refusal("\"split_indices\":[", "\"split_indices\":[1e300,"), "wrong length");
  says(refusal("\"split_conditions\":[", "\"split_conditions\":[1e300,"), "wrong length");
  says(refusal("\"tree_info\":[0", "\"tree_info\":[3"), "out of range");
  says(refusal("\"base_score\":\"5E-1\"", "\"base_score\":\"many\""), "not a number");
  says(refusal("\"learner\"", "\"teacher\""), "'learner' is missing");
  CHECK_THROWS_AS(load_boosting("[1, 2]"), DataError);
  CHECK_THROWS_AS(load_boosting(""), DataError);
  CHECK_THROWS_AS(load_boosting("binf\1\2\3"), DataError);
  says(refusal("\"num_feature\":\"4\",\"num_target\":\"1\"",
               "\"num_feature\":\"1\",\"num_target\":\"1\""),
       "column");
}
