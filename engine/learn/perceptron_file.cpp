#include "engine/learn/perceptron_file.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/error.h"

namespace impact {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostUnits = std::int64_t{1} << 30;
constexpr std::array<std::string_view, 3> kActivations = {"relu", "tanh", "gelu"};
constexpr std::array<std::string_view, 4> kLosses = {"squared", "absolute", "huber", "poisson"};

[[noreturn]] void refuse(const ModelFile& file, std::string what, std::string got = {}) {
  throw DataError({.what = std::move(what), .where = file.kind, .got = std::move(got)});
}

std::int64_t checked_units(const ModelFile& file, const nlohmann::json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
      value.get<std::int64_t>() > kMostUnits) {
    refuse(file, "a number of units or rows is out of range", value.dump());
  }
  return value.get<std::int64_t>();
}

const nlohmann::json& field(const ModelFile& file, const char* name) {
  const auto at = file.header.find(name);
  if (at == file.header.end()) refuse(file, std::string("the header lacks '") + name + "'");
  return *at;
}

bool flag(const ModelFile& file, const char* name) {
  const nlohmann::json& value = field(file, name);
  if (!value.is_boolean()) refuse(file, std::string("'") + name + "' is neither true nor false");
  return value.get<bool>();
}

template <class Enum, std::size_t count>
Enum choice(const ModelFile& file, const char* name,
            const std::array<std::string_view, count>& names) {
  const nlohmann::json& value = field(file, name);
  const auto* const at = value.is_string()
                             ? std::find(names.begin(), names.end(), value.get<std::string>())
                             : names.end();
  if (at == names.end()) refuse(file, std::string("'") + name + "' is unknown", value.dump());
  return static_cast<Enum>(at - names.begin());
}

std::string block_name(std::size_t layer, const char* what) {
  return "layer_" + std::to_string(layer) + "_" + what;
}

}  // namespace

ModelFile perceptron_file(const Perceptron& model) {
  ModelFile file{.kind = "perceptron", .version = kVersion};
  std::vector<std::size_t> units;
  for (const PerceptronLayer& layer : model.layers) units.push_back(layer.outputs);
  file.header["columns"] = model.centre.size();
  file.header["units"] = units;
  file.header["batch_norm"] = !model.layers.empty() && !model.layers[0].gamma.empty();
  file.header["activation"] = kActivations[static_cast<std::size_t>(model.activation)];
  file.header["classes"] = model.classes;
  file.header["loss"] = kLosses[static_cast<std::size_t>(model.loss)];
  file.header["double_precision"] = model.double_precision;
  file.header["n"] = model.n;
  file.header["best_epoch"] = model.best_epoch;
  file.header["stopped_early"] = model.stopped_early;
  file.header["warnings"] = model.warnings;
  file.blocks["centre"] = model.centre;
  file.blocks["scale"] = model.scale;
  file.blocks["outcome"] = std::vector<double>{model.outcome_centre, model.outcome_scale};
  file.blocks["constant"] = model.constant;
  std::vector<double> history;
  for (const PerceptronEpoch& e : model.history) {
    history.insert(history.end(), {e.train_loss, e.validation_loss, e.learning_rate});
  }
  file.blocks["history"] = std::move(history);
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const PerceptronLayer& layer = model.layers[l];
    file.blocks[block_name(l, "weight")] = layer.weight;
    file.blocks[block_name(l, "bias")] = layer.bias;
    if (layer.gamma.empty()) continue;
    file.blocks[block_name(l, "gamma")] = layer.gamma;
    file.blocks[block_name(l, "beta")] = layer.beta;
    file.blocks[block_name(l, "running_mean")] = layer.running_mean;
    file.blocks[block_name(l, "running_variance")] = layer.running_variance;
  }
  return file;
}

Perceptron read_perceptron(const ModelFile& file) {
  if (file.kind != "perceptron") refuse(file, "the model is no perceptron", file.kind);
  if (file.version > kVersion) {
    throw DataError({.what = "the model was saved by a newer version",
                     .where = file.kind,
                     .got = std::to_string(file.version),
                     .expected = "up to " + std::to_string(kVersion),
                     .hint = "update the program, or save the model again with this one"});
  }
  Perceptron model;
  model.activation = choice<Activation>(file, "activation", kActivations);
  model.loss = choice<PerceptronLoss>(file, "loss", kLosses);
  model.classes = static_cast<std::size_t>(checked_units(file, field(file, "classes")));
  if (model.classes == 1) refuse(file, "one class is none", "1");
  model.double_precision = flag(file, "double_precision");
  model.n = checked_units(file, field(file, "n"));
  model.best_epoch = static_cast<int>(checked_units(file, field(file, "best_epoch")));
  model.stopped_early = flag(file, "stopped_early");
  const nlohmann::json& warnings = field(file, "warnings");
  if (!warnings.is_array()) refuse(file, "'warnings' is no list");
  for (const auto& warning : warnings) {
    if (!warning.is_string()) refuse(file, "a warning is no text");
    model.warnings.push_back(warning.get<std::string>());
  }
  const std::int64_t columns = checked_units(file, field(file, "columns"));
  model.centre = model_block<double>(file, "centre", columns);
  model.scale = model_block<double>(file, "scale", columns);
  const auto& outcome = model_block<double>(file, "outcome", 2);
  model.outcome_centre = outcome[0];
  model.outcome_scale = outcome[1];
  const auto& history = model_block<double>(file, "history");
  if (history.size() % 3 != 0) refuse(file, "an epoch has three numbers");
  for (std::size_t e = 0; e < history.size(); e += 3) {
    model.history.push_back({history[e], history[e + 1], history[e + 2]});
  }
  const nlohmann::json& units = field(file, "units");
  if (!units.is_array()) refuse(file, "'units' is no list");
  const bool norm = flag(file, "batch_norm");
  std::int64_t inputs = columns;
  for (std::size_t l = 0; l < units.size(); ++l) {
    const std::int64_t outputs = checked_units(file, units[l]);
    if (inputs == 0 || outputs == 0) refuse(file, "a layer has no unit");
    PerceptronLayer layer{.inputs = static_cast<std::size_t>(inputs),
                          .outputs = static_cast<std::size_t>(outputs)};
    const auto read = [&](const char* what, std::int64_t count) {
      return model_block<double>(file, block_name(l, what), count);
    };
    layer.weight = read("weight", inputs * outputs);
    layer.bias = read("bias", outputs);
    if (norm && l + 1 < units.size()) {
      layer.gamma = read("gamma", outputs);
      layer.beta = read("beta", outputs);
      layer.running_mean = read("running_mean", outputs);
      layer.running_variance = read("running_variance", outputs);
    }
    model.layers.push_back(std::move(layer));
    inputs = outputs;
  }
  const auto outputs = static_cast<std::int64_t>(model.outputs());
  model.constant = model_block<double>(file, "constant", model.layers.empty() ? outputs : 0);
  if (!model.layers.empty() && inputs != outputs) {
    refuse(file, "the last layer says something else than the classes", std::to_string(inputs));
  }
  return model;
}

}  // namespace impact
