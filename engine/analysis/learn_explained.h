#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/analysis/lesson.h"

/// A fitted model and the rows it is asked about: shared by the methods that explain models.
namespace impact::detail {

struct ExplainedModel {
  std::shared_ptr<const TrainedModel> model = nullptr;
  FeatureTable features = {};
  std::vector<std::uint32_t> rows = {};
  std::vector<double> weights = {};  ///< Of role "weights"; none without it.
  std::size_t output = 0;
  std::string said = {};  ///< What the output is: "likes", "probability of hit".
};

/// Roles "model", "features", "weights". Of more than two classes option "class" names the one
/// whose probability is explained. Throws ArgumentError without it and for a class that is none.
[[nodiscard]] ExplainedModel explained_model(const AnalysisReader& read);

/// Columns that an option names: a text or a list of texts.
[[nodiscard]] std::vector<std::string> named_columns(const AnalysisReader& read,
                                                     const char* option);
/// Groups of them: { size = { ... }, ... }, { { ... }, ... } or one list.
[[nodiscard]] std::vector<std::vector<std::string>> named_groups(const AnalysisReader& read,
                                                                 const char* option);

/// Cells of columns that hold numbers or texts: numbers as long as all of them are.
class MixedCells {
 public:
  void number(double value);
  void text(const std::string& value);
  /// The cell of a row; "" for a missing text.
  void cell(const Feature& feature, std::uint32_t row);
  [[nodiscard]] Column column() const;

 private:
  std::vector<double> numbers_ = {};
  std::vector<std::string> texts_ = {};
  std::vector<bool> is_text_ = {};
};

/// Texts of which some are missing.
[[nodiscard]] Column texts_with_gaps(const std::vector<std::string>& cells,
                                     const std::vector<bool>& missing);

}  // namespace impact::detail
