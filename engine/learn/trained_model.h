#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/feature_table.h"
#include "engine/learn/model_file.h"
#include "engine/learn/tree_shap.h"

/// One interface for everything that learns: a LearnerSpec says what to fit, train() fits it to
/// rows of a table, and the TrainedModel predicts, explains itself and is saved.
namespace impact {

/// What to fit, as data: {"forest", {"trees": 500}}. Learners inside of learners (of a pipeline,
/// a stack) are options {"learner": kind, "options": {...}}.
struct LearnerSpec {
  std::string kind = {};
  nlohmann::json options = nlohmann::json::object();
};

/// Inverse of each other. Throws ArgumentError for JSON of another shape.
[[nodiscard]] LearnerSpec learner_spec(const nlohmann::json& json);
[[nodiscard]] nlohmann::json learner_json(const LearnerSpec& spec);

class Predictor;

/// Rows to learn from. Spans must outlive the call.
struct Lesson {
  FeatureTable features = {};
  std::span<const double> outcome = {};       ///< A row each; NaN: missing. Of classes their codes.
  std::span<const std::string> classes = {};  ///< Names of codes 0, 1, ...; none: numbers.
  std::span<const double> weights = {};       ///< A row each, or none.
  /// Group of each row, codes >= 0: kept together where a learner splits its rows once more.
  std::span<const std::int32_t> groups = {};

  /// Go on from this model of the same kind and shape (perceptron, boost); others refuse it.
  const Predictor* start = nullptr;

  [[nodiscard]] bool of_classes() const { return !classes.empty(); }
};

/// Something a model tells about itself: "importance", "coefficients", "history", ...
struct ModelTable {
  std::string name = {};
  std::vector<std::string> text_names = {};  ///< Columns of texts come first.
  std::vector<std::vector<std::string>> texts = {};
  std::vector<std::string> number_names = {};
  std::vector<std::vector<double>> numbers = {};  ///< NaN: missing.
};

/// A fitted model behind the interface; what a LearnerKind makes. Immutable.
class Predictor {
 public:
  Predictor() = default;
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;
  virtual ~Predictor() = default;

  /// Numbers a row.
  [[nodiscard]] virtual std::size_t outputs() const = 0;
  /// rows.size() x outputs(), row by row: the value; of two classes the probability of class 1; of
  /// more the probability of each. NaN where there is no prediction.
  virtual void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
                       std::span<double> out, const Context& context) const = 0;
  /// Quantiles of the outcome, rows x probabilities, row by row; false: this model knows none.
  [[nodiscard]] virtual bool quantiles(const FeatureTable& features,
                                       std::span<const std::uint32_t> rows,
                                       std::span<const double> probabilities, std::span<double> out,
                                       const Context& context) const;
  /// Lower and upper end of an interval that holds a new outcome with the probability the model
  /// was fitted for, rows x 2; false: this model has none.
  [[nodiscard]] virtual bool intervals(const FeatureTable& features,
                                       std::span<const std::uint32_t> rows, std::span<double> out,
                                       const Context& context) const;
  [[nodiscard]] virtual ModelFile save() const = 0;
  [[nodiscard]] virtual std::vector<ModelTable> tables() const { return {}; }
  /// Sums of trees, for tree_shap(), over the columns that inner() gives; none: no such model.
  [[nodiscard]] virtual std::optional<ShapModel> trees(std::size_t output) const;
  /// What the last step of a pipeline sees; others: the table itself.
  [[nodiscard]] virtual FeatureTable inner(const FeatureTable& features,
                                           const Context& context) const;
};

/// A column that a model was trained on, and what its training rows held.
struct ModelInput {
  std::string name = {};
  bool text = false;
  /// The least and the largest finite number; NaN where there was none, or in files without.
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  /// Distinct texts in byte order, where they are categories: at most 1000, each in two rows on
  /// average. Of other texts, as biographies, none are kept.
  std::vector<std::string> levels = {};
};

/// A model with what it needs to know to be used: by name, on any table.
class TrainedModel {
 public:
  LearnerSpec spec = {};
  std::string outcome = {};               ///< Name of what is predicted.
  std::vector<std::string> classes = {};  ///< Of codes 0, 1, ...; none: numbers.
  std::vector<ModelInput> inputs = {};    ///< Columns, in the order of training.
  std::int64_t n = 0;                     ///< Rows given to learn from.
  std::vector<std::string> warnings = {};
  std::shared_ptr<const Predictor> predictor = nullptr;

  [[nodiscard]] std::size_t outputs() const { return classes.size() > 2 ? classes.size() : 1; }
  /// The columns it was trained on, by name, in its order; others are ignored. Throws DataError
  /// that names the columns which are missing (with a suggestion) or hold texts instead of numbers.
  [[nodiscard]] FeatureTable inputs_of(const FeatureTable& features) const;
  /// As Predictor::predict, on any table that has the columns.
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context = {}) const;
  /// The same with every row.
  [[nodiscard]] std::vector<double> predict(const FeatureTable& features,
                                            const Context& context = {}) const;
  /// Bytes of one file, see model_file.h; what is read back predicts the same bits.
  [[nodiscard]] std::string save() const;
};

/// Throws DataError for bytes that save() did not write.
[[nodiscard]] TrainedModel load_model(std::string_view bytes, std::string_view where);

/// Fits to `rows` and learns from nothing else. `outcome` names what is predicted. Throws
/// ArgumentError for a learner that is none, options out of range or not known, an outcome the
/// learner can't predict, and what the learner throws. Chance comes from `key`; bits do not depend
/// on threads.
[[nodiscard]] TrainedModel train(const LearnerSpec& spec, const Lesson& lesson,
                                 std::span<const std::uint32_t> rows, std::string outcome,
                                 StreamKey key, const Context& context = {});

/// The same as a Learner for cross-validation; the lesson's spans must outlive it.
[[nodiscard]] Learner learner_of(const LearnerSpec& spec, const Lesson& lesson,
                                 std::string outcome = {});

}  // namespace impact
