#include "engine/learn/missing_inputs.h"

#include <algorithm>
#include <utility>

namespace impact {

std::vector<std::string> missing_inputs(const TrainedModel& model,
                                        std::span<const std::string> present) {
  std::vector<std::string> out;
  for (const ModelInput& input : model.inputs) {
    if (std::ranges::find(present, input.name) == present.end()) out.push_back(input.name);
  }
  return out;
}

DataError missing_inputs_error(const TrainedModel& model, std::span<const std::string> absent,
                               std::span<const std::string> present, std::string where) {
  const std::vector<std::string> lacking(absent.begin(), absent.end());
  const std::vector<std::string> names(present.begin(), present.end());
  std::vector<std::string> needed;
  for (const ModelInput& input : model.inputs) needed.push_back(input.name);
  constexpr std::size_t kMostHints = 5;
  std::string hint;
  std::size_t hints = 0;
  for (const std::string& name : lacking) {
    const std::string one = did_you_mean(name, names);
    if (one.empty() || ++hints > kMostHints) continue;
    if (!hint.empty()) hint.append("; ");
    if (lacking.size() > 1) hint.append("for '").append(name).append("': ");
    hint.append(one);
  }
  return DataError(
      {.what = "columns that the model was trained on are missing: " + list_words(lacking),
       .where = std::move(where),
       .expected = "all of the model's columns, under the names they had in training: " +
                   list_words(needed),
       .hint = std::move(hint)});
}

}  // namespace impact
