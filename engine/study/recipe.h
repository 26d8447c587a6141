#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/study/node.h"

namespace impact {

class TrainedModel;

/// A computation that a study names: a method, the columns it works on by role, and its options.
struct Recipe {
  std::string method;           ///< "welch", "plot.histogram", ...
  RelationPtr table = nullptr;  ///< What the columns belong to; null when there are none.
  std::vector<std::pair<std::string, std::vector<StudyColumn>>> roles = {};
  nlohmann::json options = nlohmann::json::object();  ///< What was given, nothing else.
  std::vector<std::string> nodes = {};  ///< Nodes whose results it works on, in order.
  /// A model that was there before; its hash stands among the options.
  std::shared_ptr<const TrainedModel> model = nullptr;
};

}  // namespace impact
