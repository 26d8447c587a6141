#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/analysis/analysis.h"
#include "engine/stats/alternative.h"
#include "engine/stats/design_matrix.h"

/// What methods read out of their input: not for other callers.
namespace impact::detail {

/// Values of two groups, the first minus the second being the question.
struct TwoGroups {
  std::vector<double> first = {};
  std::vector<double> second = {};
  std::string first_name = {};
  std::string second_name = {};
  std::vector<std::string> warnings = {};  ///< What was left out.
  [[nodiscard]] std::string term() const { return first_name + " - " + second_name; }
};

class AnalysisReader {
 public:
  explicit AnalysisReader(const AnalysisInput& input) : input_(input) {}

  [[nodiscard]] bool has(std::string_view role) const { return !names(role).empty(); }
  /// Columns of a role; none where it was not given.
  [[nodiscard]] const std::vector<std::string>& names(std::string_view role) const;
  /// The only column of a role.
  [[nodiscard]] const std::string& name(std::string_view role) const;
  /// Missing cells are NaN. Throws ArgumentError for a column that holds no numbers.
  [[nodiscard]] std::vector<double> numbers(const std::string& column) const;
  /// One code a distinct value; columns of numbers are groups only where their values are whole.
  [[nodiscard]] FactorCodes groups(const std::string& column) const;
  /// Rows of "of" for which "by" holds one of two values: those of option "between", else the only
  /// two there are, in order.
  [[nodiscard]] TwoGroups two_groups() const;
  /// "of" as 1 and 0, missing NaN: a boolean, numbers 0 and 1, or option "success" of a column of
  /// texts.
  [[nodiscard]] std::vector<double> outcomes() const;

  [[nodiscard]] double number(const char* option, double otherwise) const;
  [[nodiscard]] std::int64_t integer(const char* option, std::int64_t otherwise) const;
  [[nodiscard]] bool flag(const char* option, bool otherwise) const;
  [[nodiscard]] std::string text(const char* option, const std::string& otherwise) const;
  [[nodiscard]] std::vector<double> list(const char* option) const;
  [[nodiscard]] bool given(const char* option) const;
  /// Option "alternative": two_sided, greater or less.
  [[nodiscard]] Alternative alternative() const;
  [[nodiscard]] double conf_level() const { return number("conf_level", 0.95); }

  [[nodiscard]] const AnalysisInput& input() const { return input_; }

 private:
  const AnalysisInput& input_;
};

/// A frame built column by column.
class TableBuilder {
 public:
  void texts(std::string name, const std::vector<std::string>& cells);
  void numbers(std::string name, std::vector<double> cells);  ///< NaN is a missing cell.
  void integers(std::string name, std::vector<std::int64_t> cells);
  void column(std::string name, Column cells);
  [[nodiscard]] Frame build();

 private:
  std::vector<std::string> names_ = {};
  std::vector<Column> columns_ = {};
};

/// Puts warnings before those of a row.
void prepend(std::vector<std::string>* warnings, const std::vector<std::string>& first);

/// Warnings of a result without rows travel in a row without numbers.
void keep_warnings(AnalysisResult* result, const char* method,
                   const std::vector<std::string>& warnings);

/// The families of methods, one a source file.
[[nodiscard]] std::span<const AnalysisMethod> comparison_methods();
[[nodiscard]] std::span<const AnalysisMethod> group_methods();
[[nodiscard]] std::span<const AnalysisMethod> count_methods();
[[nodiscard]] std::span<const AnalysisMethod> relation_methods();
[[nodiscard]] std::span<const AnalysisMethod> description_methods();
[[nodiscard]] std::span<const AnalysisMethod> family_methods();
[[nodiscard]] std::span<const AnalysisMethod> classifier_methods();
[[nodiscard]] std::span<const AnalysisMethod> model_methods();
[[nodiscard]] std::span<const AnalysisMethod> evaluation_methods();
[[nodiscard]] std::span<const AnalysisMethod> explanation_methods();
[[nodiscard]] std::span<const AnalysisMethod> shap_methods();
[[nodiscard]] std::span<const AnalysisMethod> curve_methods();
[[nodiscard]] std::span<const AnalysisMethod> residual_methods();
[[nodiscard]] std::span<const AnalysisMethod> column_methods();
[[nodiscard]] std::span<const AnalysisMethod> regression_methods();
[[nodiscard]] std::span<const AnalysisMethod> resampling_methods();
[[nodiscard]] std::span<const AnalysisMethod> power_methods();

}  // namespace impact::detail
