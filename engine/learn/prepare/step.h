#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/feature_table.h"
#include "engine/learn/model_file.h"

/// Preparation of columns before a model: prepare learns what a step needs (means, levels, axes)
/// from training rows alone, bake applies it to any rows, so nothing leaks from test rows.
namespace impact {

/// What a step learns from: training rows and nothing else.
struct StepInput {
  FeatureTable features = {};                 ///< Training rows only.
  std::span<const double> outcome = {};       ///< A row each; NaN: missing. Of classes their codes.
  std::size_t classes = 0;                    ///< 0: numbers.
  std::span<const double> weights = {};       ///< A row each, or none.
  std::span<const std::int32_t> groups = {};  ///< A row each, or none.
  StreamKey key = StreamKey::root(0);
};

/// A step that was prepared. Immutable.
class PreparedStep {
 public:
  PreparedStep() = default;
  PreparedStep(const PreparedStep&) = delete;
  PreparedStep& operator=(const PreparedStep&) = delete;
  virtual ~PreparedStep() = default;
  /// The table after the step. Columns are found by name; columns that the step doesn't know pass
  /// through untouched. Unseen levels as the step says. Throws DataError for a column that is
  /// missing or of another type. Bits do not depend on threads or on what other rows there are.
  [[nodiscard]] virtual FeatureTable bake(const FeatureTable& features,
                                          const Context& context) const = 0;
  /// Kind "step <name>", read by the kind's `read`.
  [[nodiscard]] virtual ModelFile save() const = 0;
};

struct StepResult {
  std::shared_ptr<const PreparedStep> step = nullptr;
  /// What the model after it trains on, where that differs from bake(): a cross-fitted encoding
  /// gives each training row a value that its own outcome has no part in. None: bake().
  std::shared_ptr<const FeatureTable> training = nullptr;
  std::vector<std::string> warnings = {};
};

/// A step of a pipeline, as data: {"impute", {"how": "median", "of": ["views"]}}.
struct StepSpec {
  std::string kind = {};
  nlohmann::json options = nlohmann::json::object();
};

/// The steps there are: one source file a family in this folder.
struct StepKind {
  std::string_view name;   ///< "impute"
  std::string_view words;  ///< What it does, for a report's readers.
  StepResult (*prepare)(const nlohmann::json& options, const StepInput& input,
                        const Context& context);
  std::shared_ptr<const PreparedStep> (*read)(const ModelFile& file);
};

[[nodiscard]] std::span<const StepKind> step_kinds();

/// Throws ArgumentError for a step that is none, and options that are out of range, not known or
/// do not go together, before there are data: names of columns are not looked at.
void check_step(const StepSpec& spec);

/// Throws ArgumentError for a step that is none, options out of range or not known, columns that
/// are not there or of another type. Statistical trouble is a warning in the result.
[[nodiscard]] StepResult prepare_step(const StepSpec& spec, const StepInput& input,
                                      const Context& context = {});
/// Inverse of PreparedStep::save. Throws DataError.
[[nodiscard]] std::shared_ptr<const PreparedStep> read_step(const ModelFile& file);

}  // namespace impact
