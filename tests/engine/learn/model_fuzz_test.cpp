#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/kinds/xgboost_file.h"
#include "engine/learn/learner_kind.h"
#include "engine/learn/prepare/step.h"

using namespace impact;
using nlohmann::json;

// Models that somebody changed and sealed again: reading one and predicting either works or throws
// an error for users, and under the sanitizers touches nothing that is not its own.
namespace {

struct Rows {
  FeatureTable features;
  std::vector<double> number, two, three;
};

Rows invented(std::size_t n) {
  Rows out;
  std::vector<double> a, b;
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(StreamKey{11}, i);
    a.push_back(stream.normal());
    b.push_back(stream.normal());
    out.number.push_back(a.back() - b.back() + 0.1 * stream.normal());
    out.two.push_back(out.number.back() > 0.0 ? 1.0 : 0.0);
    out.three.push_back(out.number.back() < -0.5 ? 0.0 : out.number.back() < 0.5 ? 1.0 : 2.0);
  }
  out.features = FeatureTable({number_feature("a", a), number_feature("b", b)});
  return out;
}

// Small fits; a kind that is none of these may take its defaults or a learner inside.
std::vector<json> options_for(std::string_view kind) {
  if (kind == "forest")
    return {{{"trees", 3}, {"max_depth", 3}, {"quantiles", true}},
            {{"trees", 3}, {"max_depth", 3}}};
  if (kind == "extra_trees") return {{{"trees", 3}, {"max_depth", 3}}};
  if (kind == "boost") return {{{"rounds", 3}, {"max_depth", 2}}};
  if (kind == "perceptron") {
    return {{{"layers", {4, 3}}, {"epochs", 2}, {"batch_norm", true}}};
  }
  const json tree{{"learner", "tree"}, {"options", {{"max_depth", 2}}}};
  if (kind == "pipeline") return {{{"steps", json::array()}, {"model", tree}}};
  if (kind == "stack") return {{{"learners", {tree, tree}}, {"folds", 2}, {"passthrough", true}}};
  if (kind == "super_learner") return {{{"learners", {{"a", tree}, {"b", tree}}}, {"folds", 2}}};
  if (kind == "tuned") {
    // A tree's certain mistakes cost an infinite log loss.
    const json ridge{{"learner", "ridge"}, {"options", json::object()}};
    return {{{"learner", ridge},
             {"space", {{"lambda", {{"choices", {0.1, 1.0}}}}}},
             {"tuner", {{"method", "random"}, {"trials", 2}}},
             {"folds", 2}}};
  }
  return {json::object(), {{"learner", tree}}};
}

std::optional<TrainedModel> fitted(std::string_view kind, const Lesson& lesson) {
  for (const json& options : options_for(kind)) {
    try {
      return train({std::string(kind), options}, lesson, every_row(lesson.outcome.size()), "y",
                   StreamKey{3});
    } catch (const ArgumentError&) {
      continue;  // These options are not this kind's.
    }
  }
  return std::nullopt;
}

json odd_value(Stream& chance) {
  const json values[] = {nullptr,
                         true,
                         "",
                         "x",
                         json::array(),
                         json::object(),
                         json::array({1, "x"}),
                         -1,
                         0,
                         1,
                         2,
                         3,
                         0.5,
                         -1e308,
                         1e308,
                         std::int64_t{1} << 31,
                         std::int64_t{1} << 33,
                         std::int64_t{1} << 53,
                         std::int64_t{1} << 62,
                         std::numeric_limits<std::int64_t>::min(),
                         std::numeric_limits<std::uint64_t>::max()};
  return values[chance.below(std::size(values))];
}

void find_places(const json& value, const json::json_pointer& at,
                 std::vector<json::json_pointer>& out) {
  if (value.is_object()) {
    for (const auto& [name, item] : value.items()) {
      out.push_back(at / name);
      find_places(item, at / name, out);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      out.push_back(at / i);
      find_places(value[i], at / i, out);
    }
  }
}

void change(json& value, Stream& chance) {
  std::vector<json::json_pointer> places;
  find_places(value, json::json_pointer(), places);
  if (places.empty()) return;
  const auto& place = places[chance.below(places.size())];
  json& found = value[place];
  switch (chance.below(5)) {
    case 0: {
      json& parent = value[place.parent_pointer()];
      if (parent.is_object()) {
        parent.erase(place.back());
      } else {
        parent.erase(static_cast<std::size_t>(std::stoul(place.back())));
      }
      break;
    }
    case 1:
      if (found.is_number_integer()) {
        found = found.get<std::int64_t>() + chance.integer(-2, 2);
      } else if (found.is_array() && !found.empty()) {
        found.push_back(found[0]);
      }
      break;
    case 2:
      // XGBoost writes numbers as texts.
      if (found.is_string()) found = odd_value(chance).dump();
      break;
    default: found = odd_value(chance);
  }
}

template <class T>
T odd_number(Stream& chance) {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_floating_point_v<T>) {
    const T values[] = {Limits::quiet_NaN(),
                        Limits::infinity(),
                        -Limits::infinity(),
                        Limits::max(),
                        Limits::lowest(),
                        Limits::denorm_min(),
                        T{-1},
                        T{0},
                        T{1e9}};
    return values[chance.below(std::size(values))];
  } else {
    const T values[] = {Limits::min(), Limits::max(), static_cast<T>(-1), T{0}, T{1}, T{2}, T{100}};
    return values[chance.below(std::size(values))];
  }
}

template <class T>
void change(std::vector<T>& block, Stream& chance) {
  switch (chance.below(6)) {
    case 0: block.clear(); break;
    case 1:
      if (!block.empty()) block.pop_back();
      break;
    case 2: block.push_back(odd_number<T>(chance)); break;
    case 3:
      if (!block.empty()) block.insert(block.end(), block.begin(), block.begin() + 1);
      break;
    default:
      if (!block.empty()) block[chance.below(block.size())] = odd_number<T>(chance);
  }
}

bool is_model(const std::vector<std::uint8_t>& block) {
  constexpr std::string_view kMagic = "impact-model ";
  return block.size() > kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), block.begin());
}

std::string changed(std::string_view bytes, Stream& chance);

void change_block(ModelBlock& block, Stream& chance) {
  auto* const raw = std::get_if<std::vector<std::uint8_t>>(&block);
  if (raw != nullptr && is_model(*raw) && chance.below(8) != 0) {
    const std::string part = changed(std::string(raw->begin(), raw->end()), chance);
    raw->assign(part.begin(), part.end());
  } else if (raw != nullptr && !raw->empty() && raw->front() == '{' && chance.below(8) != 0) {
    json document = json::parse(raw->begin(), raw->end(), nullptr, false);
    if (document.is_discarded()) return;
    if (document.contains("learner")) document["learner"].erase("attributes");  // With its seal.
    change(document, chance);
    const std::string text = document.dump();
    raw->assign(text.begin(), text.end());
  } else if (chance.below(12) == 0) {
    block = std::vector<float>{1.0F};
  } else {
    std::visit([&](auto& values) { change(values, chance); }, block);
  }
}

// The same file with one change, in itself or in one of its parts.
std::string changed(std::string_view bytes, Stream& chance) {
  ModelFile file = decode_model(bytes, "fuzz");
  std::vector<std::string> names;
  bool parts = false;
  for (const auto& [name, block] : file.blocks) {
    names.push_back(name);
    parts = parts || std::holds_alternative<std::vector<std::uint8_t>>(block);
  }
  const std::uint64_t what = chance.below(20);
  if (what == 0) {
    file.kind += 'x';
  } else if (what == 1) {
    file.version = static_cast<int>(chance.integer(-1, 3));
  } else if (what == 2 && !names.empty()) {
    file.blocks.erase(names[chance.below(names.size())]);
  } else if (what < (parts ? 5U : 11U) || names.empty()) {
    change(file.header, chance);
  } else {
    change_block(file.blocks[names[chance.below(names.size())]], chance);
  }
  return encode_model(file);
}

// Everything that users do with a model.
void use(const TrainedModel& model, const Rows& data) {
  const FeatureTable features = data.features.take(every_row(20));
  (void)model.predict(features);
  (void)model.predictor->tables();
  (void)load_model(model.save(), "fuzz");
  const FeatureTable x = model.inputs_of(features);
  const auto rows = every_row(20);
  const std::vector<double> p{0.1, 0.9};
  std::vector<double> out(40);
  (void)model.predictor->quantiles(x, rows, p, out, {});
  (void)model.predictor->intervals(x, rows, out, {});
  (void)model.predictor->trees(0);
}

// Whether it was refused.
bool refused(std::string_view bytes, const Rows& data) {
  try {
    use(load_any_model(bytes, "fuzz"), data);
  } catch (const DataError&) {
    return true;
  } catch (const ArgumentError&) {
    return true;
  }
  return false;
}

std::uint64_t rounds() {
  const char* given = std::getenv("FUZZ_ROUNDS");
  return given == nullptr ? 120 : std::strtoull(given, nullptr, 10);
}

const std::vector<std::string> kTwo{"no", "yes"};

struct Case {
  bool fits;
  const std::vector<double>* outcome;
  std::vector<std::string> classes;
};

}  // namespace

TEST_CASE("models of every kind that were changed are refused or predict", "[learn][model_fuzz]") {
  const Rows data = invented(60);
  std::size_t models = 0;
  std::size_t no = 0;
  for (const detail::LearnerKind& kind : detail::learner_kinds()) {
    for (const Case& one :
         {Case{kind.numbers, &data.number, {}}, Case{kind.classes, &data.two, {"no", "yes"}},
          Case{kind.many_classes, &data.three, {"low", "middle", "high"}}}) {
      if (!one.fits) continue;
      const auto model = fitted(
          kind.name, {.features = data.features, .outcome = *one.outcome, .classes = one.classes});
      if (!model) continue;
      ++models;
      const std::string bytes = model->save();
      CHECK_FALSE(refused(bytes, data));
      for (std::uint64_t i = 0; i < rounds(); ++i) {
        Stream chance(StreamKey{17}.child(kind.name).child(std::to_string(one.classes.size())), i);
        INFO(kind.name << " of " << one.classes.size() << " classes, change " << i);
        std::string other;
        REQUIRE_NOTHROW(other = changed(bytes, chance));
        bool was = false;
        CHECK_NOTHROW(was = refused(other, data));
        no += was ? 1 : 0;
        // A seal that is broken is always seen.
        if (i % 4 != 0) continue;
        std::string broken = bytes;
        auto& byte = broken[chance.below(broken.size())];
        byte = static_cast<char>(byte ^ static_cast<char>(1U << chance.below(8)));
        CHECK(refused(broken, data));
        CHECK(refused(std::string_view(bytes).substr(0, chance.below(bytes.size())), data));
      }
    }
  }
  CHECK(models >= 25);
  CHECK(no > models * rounds() / 4);
}

TEST_CASE("steps of a pipeline that were changed are refused or bake", "[learn][model_fuzz]") {
  const Rows data = invented(60);
  const std::vector<std::string> words{"bronze", "gold", "silver"};
  std::vector<const std::string*> cells;
  for (std::size_t i = 0; i < 60; ++i) cells.push_back(i % 7 == 0 ? nullptr : &words[i % 3]);
  Rows mixed = data;
  mixed.features = FeatureTable({data.features[0], data.features[1], text_feature("tier", cells)});
  const json boost{{"learner", "boost"}, {"options", {{"rounds", 2}, {"max_depth", 2}}}};
  std::size_t steps = 0;
  for (const StepKind& kind : step_kinds()) {
    const json step{{"step", kind.name}, {"options", json::object()}};
    std::string bytes;
    try {
      bytes = train({"pipeline", {{"steps", {step}}, {"model", boost}}},
                    {.features = mixed.features, .outcome = mixed.two, .classes = kTwo},
                    every_row(60), "y", StreamKey{3})
                  .save();
    } catch (const ArgumentError&) {
      continue;  // Needs options of its own.
    }
    ++steps;
    CHECK_FALSE(refused(bytes, mixed));
    for (std::uint64_t i = 0; i < rounds(); ++i) {
      Stream chance(StreamKey{23}.child(kind.name), i);
      INFO("step " << kind.name << ", change " << i);
      CHECK_NOTHROW(refused(changed(bytes, chance), mixed));
    }
  }
  CHECK(steps >= 1);
}

TEST_CASE("XGBoost's JSON that was changed is refused or predicts", "[learn][model_fuzz]") {
  const Rows data = invented(60);
  for (const auto& [outcome, classes] :
       {std::pair{&data.number, std::vector<std::string>{}},
        std::pair{&data.two, std::vector<std::string>{"no", "yes"}},
        std::pair{&data.three, std::vector<std::string>{"low", "middle", "high"}}}) {
    const auto model =
        fitted("boost", {.features = data.features, .outcome = *outcome, .classes = classes});
    REQUIRE(model);
    json document = json::parse(export_xgboost(*model));
    document["learner"].erase("attributes");
    CHECK_FALSE(refused(document.dump(), data));
    for (std::uint64_t i = 0; i < 2 * rounds(); ++i) {
      Stream chance(StreamKey{19}.child(std::to_string(classes.size())), i);
      INFO(classes.size() << " classes, change " << i);
      json other = document;
      change(other, chance);
      const std::string text = other.dump();
      CHECK_NOTHROW(refused(text, data));
      CHECK_NOTHROW(refused(std::string_view(text).substr(0, chance.below(text.size())), data));
    }
  }
}
