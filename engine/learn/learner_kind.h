#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/learn/trained_model.h"

/// What a new kind of learner brings along; one source file each in engine/learn/kinds/.
namespace impact::detail {

/// What is given to a learner besides its options.
struct Training {
  const Lesson& lesson;
  std::span<const std::uint32_t> rows;
  StreamKey key;
  const Context& context;
  std::vector<std::string>* warnings;  ///< What to be careful about is appended.
};

struct LearnerKind {
  std::string_view name;       ///< "forest"
  std::string_view words;      ///< What it is, for a report's readers: a sentence with its source.
  std::string_view file_kind;  ///< Kind of the ModelFile that its predictors save.
  std::string_view missing;    ///< What becomes of missing numbers: "go to the better side", ...
  bool numbers = true;         ///< Predicts numbers,
  bool classes = true;         ///< two classes,
  bool many_classes = true;    ///< more of them.
  std::shared_ptr<const Predictor> (*fit)(const nlohmann::json& options, const Training& training);
  /// Inverse of Predictor::save; throws DataError.
  std::shared_ptr<const Predictor> (*read)(const ModelFile& file);
  bool goes_on = false;  ///< Takes Lesson::start.
};

/// Of every file in kinds/, by name. Several kinds may share a kind of file.
[[nodiscard]] std::span<const LearnerKind> learner_kinds();
/// Throws ArgumentError with a suggestion.
[[nodiscard]] const LearnerKind& learner_kind(std::string_view name);

/// Fits a learner inside of another one.
[[nodiscard]] std::shared_ptr<const Predictor> fit_part(const LearnerSpec& spec,
                                                        const Training& training);
/// Its file as a block of another's, and back.
void add_part(ModelFile& file, const std::string& name, const Predictor& part);
[[nodiscard]] std::shared_ptr<const Predictor> read_part(const ModelFile& file,
                                                         const std::string& name);

}  // namespace impact::detail
