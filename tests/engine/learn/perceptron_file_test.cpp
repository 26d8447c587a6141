#include "engine/learn/perceptron_file.h"

#include <string>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/perceptron_rows.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("saved perceptrons predict the same bits", "[learn][perceptron]") {
  const Spirals s = spirals(200);
  const FeatureColumns features{.x = s.x, .columns = 2};
  for (const bool norm : {false, true}) {
    const Perceptron model = fit_perceptron(features, s.label, first_rows(200),
                                            {.hidden = {7, 20},
                                             .activation = Activation::kGelu,
                                             .batch_norm = norm,
                                             .epochs = 4,
                                             .validation_share = 0.2,
                                             .double_precision = norm},
                                            {}, StreamKey::root(1));
    const ModelFile file = perceptron_file(model);
    const Perceptron back = read_perceptron(decode_model(encode_model(file), "here"));
    CHECK(predicted(back, features) == predicted(model, features));
    CHECK(back.history.size() == 4);
    CHECK(back.history[2].validation_loss == model.history[2].validation_loss);
    CHECK(encode_model(perceptron_file(back)) == encode_model(file));
  }
  const Perceptron one =
      fit_perceptron(features, std::vector<std::int32_t>(200, 1), first_rows(200));
  const Perceptron back = read_perceptron(perceptron_file(one));
  CHECK(predicted(back, features) == predicted(one, features));
  CHECK(back.warnings == one.warnings);
}

TEST_CASE("forged perceptrons are refused", "[learn][perceptron]") {
  const Spirals s = spirals(40);
  const FeatureColumns features{.x = s.x, .columns = 2};
  const ModelFile good = perceptron_file(fit_perceptron(
      features, s.label, first_rows(40), {.hidden = {3}, .batch_norm = true, .epochs = 1}));
  CHECK_NOTHROW(read_perceptron(good));
  for (const auto& [name, block] : good.blocks) {
    INFO(name);
    ModelFile bad = good;
    bad.blocks.erase(name);
    CHECK_THROWS_AS(read_perceptron(bad), DataError);
    bad = good;
    std::get<std::vector<double>>(bad.blocks[name]).push_back(0.0);
    CHECK_THROWS_AS(read_perceptron(bad), DataError);
  }
  for (const auto& [name, value] : good.header.items()) {
    INFO(name);
    ModelFile bad = good;
    bad.header.erase(name);
    CHECK_THROWS_AS(read_perceptron(bad), DataError);
    bad = good;
    bad.header[name] = nlohmann::json::object();
    CHECK_THROWS_AS(read_perceptron(bad), DataError);
  }
  ModelFile bad = good;
  bad.version = 2;
  CHECK_THROWS_AS(read_perceptron(bad), DataError);
  bad = good;
  bad.header["classes"] = 3;
  CHECK_THROWS_AS(read_perceptron(bad), DataError);
  bad = good;
  bad.header["units"] = {-3, 1};
  CHECK_THROWS_AS(read_perceptron(bad), DataError);
}
