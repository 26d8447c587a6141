#include <fmt/format.h>

#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/tune/tuner.h"

namespace impact {

ModelTable history_table(const SearchSpace& space, const Tuning& tuning) {
  ModelTable table{.name = "history"};
  const auto& history = tuning.history;
  const auto text = [&](std::string name, const auto& of) {
    table.text_names.push_back(std::move(name));
    auto& column = table.texts.emplace_back();
    for (const Trial& trial : history) column.push_back(of(trial));
  };
  const auto number = [&](std::string name, const auto& of) {
    table.number_names.push_back(std::move(name));
    auto& column = table.numbers.emplace_back();
    for (const Trial& trial : history) column.push_back(static_cast<double>(of(trial)));
  };
  for (std::size_t j = 0; j < space.size(); ++j) {
    const SearchParameter& p = space.parameters[j];
    if (p.kind != SearchParameter::Kind::kChoices) continue;
    text(p.path, [&](const Trial& trial) {
      if (!(trial.point[j] >= 0.0)) return std::string();
      const nlohmann::json value = parameter_value(p, trial.point[j]);
      return value.is_string() ? value.get<std::string>() : value.dump();
    });
  }
  text("status", [](const Trial& trial) { return trial.failed() ? "failed" : "done"; });
  text("error", [](const Trial& trial) { return trial.error; });
  double count = 0.0;
  number("trial", [&](const Trial& /*trial*/) { return count += 1.0; });
  number("candidate", [](const Trial& trial) { return trial.candidate + 1; });
  number("bracket", [](const Trial& trial) { return trial.bracket + 1; });
  number("rung", [](const Trial& trial) { return trial.rung + 1; });
  number("resource", [](const Trial& trial) { return trial.resource; });
  for (std::size_t j = 0; j < space.size(); ++j) {
    const SearchParameter& p = space.parameters[j];
    if (p.kind == SearchParameter::Kind::kChoices) continue;
    number(p.path, [&](const Trial& trial) { return trial.point[j]; });
  }
  number("score", [](const Trial& trial) { return trial.score; });
  number("std_error", [](const Trial& trial) { return trial.std_error; });
  return table;
}

nlohmann::json trials_json(const SearchSpace& space, std::span<const Trial> trials) {
  nlohmann::json json = nlohmann::json::array();
  for (const Trial& trial : trials) {
    nlohmann::json& item = json.emplace_back();
    item = {{"candidate", trial.candidate},
            {"bracket", trial.bracket},
            {"rung", trial.rung},
            {"resource", trial.resource},
            {"point", point_json(space, trial.point)}};
    if (trial.failed()) {
      item["error"] = trial.error;
      continue;
    }
    item["score"] = trial.score;
    if (trial.std_error == trial.std_error) item["std_error"] = trial.std_error;
  }
  return json;
}

std::vector<Trial> trials_of(const SearchSpace& space, const nlohmann::json& json) {
  if (!json.is_array()) {
    throw ArgumentError({.what = "a history is a list of trials", .got = json.dump()});
  }
  constexpr auto kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr auto kMost = std::numeric_limits<int>::max();
  std::vector<Trial> trials;
  for (const nlohmann::json& item : json) {
    OptionReader reader(fmt::format("trial {}", trials.size() + 1), item);
    Trial trial;
    trial.candidate = reader.integer("candidate", 0, 0);
    trial.bracket = static_cast<int>(reader.integer("bracket", 0, 0, kMost));
    trial.rung = static_cast<int>(reader.integer("rung", 0, 0, kMost));
    trial.resource = reader.number("resource", 1.0, 0.0, 1.0);
    trial.point = point_of(space, reader.value("point"));
    trial.score = reader.given("score") ? reader.number("score", kNaN) : kNaN;
    trial.std_error = reader.given("std_error") ? reader.number("std_error", kNaN) : kNaN;
    trial.error = reader.text("error", "");
    if (!reader.given("score") && trial.error.empty()) {
      reader.fail("score", "is missing", "a score, or an error");
    }
    reader.done();
    trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace impact
