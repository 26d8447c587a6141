#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/stats/estimate.h"
#include "engine/table/frame.h"

/// Methods by name: each turns the columns of one table into tidy rows and tables. What a script
/// declares as stats.welch { ... } arrives here as a name, columns by role, and options.
namespace impact {

class TrainedModel;

/// What another analysis or estimator found.
struct EarlierAnswer {
  std::string node;
  std::vector<Estimate> estimates;
  std::vector<std::pair<std::string, std::string>> models = {};  ///< Name and bytes, saved.
  /// Its tables by name, which must outlive the call; none: nullptr.
  const std::vector<std::pair<std::string, Frame>>* tables = nullptr;
};

struct AnalysisInput {
  Frame frame = {};  ///< Rows in the order of the table's key; empty for methods without data.
  /// Role ("of", "by", ...) -> columns of the frame, as declared.
  std::vector<std::pair<std::string, std::vector<std::string>>> roles = {};
  std::vector<std::string> key = {};                  ///< The table's key, columns of the frame.
  nlohmann::json options = nlohmann::json::object();  ///< Name -> value, as declared.
  std::vector<EarlierAnswer> earlier = {};
  /// Column of role "features" and the role that the study declares for it.
  std::vector<std::pair<std::string, std::string>> feature_roles = {};
  std::shared_ptr<const TrainedModel> model = nullptr;  ///< One that was given as it is.
  StreamKey stream = StreamKey::root(0);                ///< Of everything random.
};

struct AnalysisTable {
  std::string name;  ///< Unique in the result.
  Frame frame;
};

/// Something that a reader of a result must know; a report cannot hide it.
struct RaisedAlarm {
  std::string rule;  ///< "dissolves within status", "one column separates the classes", ...
  std::string text;  ///< What was found, with its numbers.
};

struct AnalysisResult {
  std::vector<Estimate> estimates = {};  ///< The headline first.
  std::vector<AnalysisTable> tables = {};
  std::vector<RaisedAlarm> alarms = {};
  std::vector<std::pair<std::string, std::string>> models = {};  ///< Name and bytes, saved.
};

struct AnalysisMethod {
  std::string_view name;   ///< "welch"
  std::string_view words;  ///< What it does, for a report's readers: a sentence with its source.
  /// The first estimate compares two groups, and may reflect what they consist of: the method that
  /// compares their means or shares within strata, "welch" or "share_difference"; "": none.
  std::string_view compared_by = {};
  AnalysisResult (*run)(const AnalysisInput& input, const Context& context) = nullptr;
  /// Wants role "label_sources": the columns of numbers that a computed "of" comes from.
  bool reads_label_sources = false;
};

/// All of them, by name.
[[nodiscard]] std::span<const AnalysisMethod> analysis_methods();
/// Throws InternalError for a name that is none.
[[nodiscard]] const AnalysisMethod& analysis_method(std::string_view name);

/// Runs a method. Throws ArgumentError for columns and options that don't fit together, whatever
/// the statistics throw, Cancelled. Statistical trouble is a warning in its row.
[[nodiscard]] AnalysisResult analyse(std::string_view method, const AnalysisInput& input,
                                     const Context& context);

}  // namespace impact
