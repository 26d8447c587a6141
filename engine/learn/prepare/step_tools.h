#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/option_reader.h"
#include "engine/learn/feature_table.h"
#include "engine/learn/model_file.h"

/// What every step needs: the columns it works on, the table it gives back, its file.
namespace impact::detail {

enum class ColumnType { kNumber, kText, kAny };

/// Whether `pattern` is all of `name`; "*" stands for any characters, "?" for one (of UTF-8).
[[nodiscard]] bool matches_pattern(std::string_view name, std::string_view pattern);

/// Places, in the table's order, of the columns that options `of` and `except` choose: names, or
/// patterns. Without `of` every column of the type. Throws ArgumentError for a name that is no
/// column (with a suggestion) or one of another type, and a pattern that no column matches;
/// patterns leave columns of another type alone. A table without columns chooses none.
[[nodiscard]] std::vector<std::size_t> chosen_columns(OptionReader& options,
                                                      const FeatureTable& features,
                                                      ColumnType type = ColumnType::kAny);

/// Appended to the warnings of a step that found no column to work on.
[[nodiscard]] std::string nothing_to_do(std::string_view step, ColumnType type);

/// A table in which columns are replaced, by none or several, and others put behind the last.
class TableEdit {
 public:
  /// `step` is named in errors: "impute".
  TableEdit(const FeatureTable& features, std::string_view step);

  [[nodiscard]] std::size_t rows() const { return features_.rows(); }
  /// Throws DataError when there is no column of the name (with a suggestion), or one of another
  /// type.
  [[nodiscard]] std::size_t place(const std::string& name, ColumnType type) const;
  [[nodiscard]] const Feature& column(const std::string& name, ColumnType type) const;
  /// A column of numbers without an infinite one; throws DataError that names it.
  [[nodiscard]] const std::vector<double>& finite(const std::string& name) const;
  void replace(const std::string& name, std::vector<Feature> by);
  void append(Feature column) { appended_.push_back(std::move(column)); }
  /// Throws ArgumentError when a new column has the name of another one.
  [[nodiscard]] FeatureTable done() &&;

 private:
  const FeatureTable& features_;
  std::string step_;
  std::unordered_map<std::string_view, std::size_t> places_ = {};
  std::unordered_map<std::size_t, std::vector<Feature>> replaced_ = {};
  std::vector<Feature> appended_ = {};
};

/// Throws DataError that names the column and counts its infinite numbers.
void check_finite(const Feature& column, std::string_view step);

/// Reads the header of a step's file; DataError for what is not as it was saved.
class StepFile {
 public:
  StepFile(const ModelFile& file, int version);

  [[nodiscard]] std::vector<std::string> texts(const char* name) const;
  [[nodiscard]] std::vector<std::vector<std::string>> text_lists(const char* name) const;
  [[nodiscard]] std::string text(const char* name) const;
  [[nodiscard]] bool flag(const char* name) const;
  [[nodiscard]] std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) const;
  /// Place of the text in `names`.
  [[nodiscard]] std::size_t place(const char* name,
                                  std::initializer_list<std::string_view> names) const;
  [[noreturn]] void refuse(std::string what) const;

 private:
  [[nodiscard]] const nlohmann::json& field(const char* name) const;
  const ModelFile& file_;
};

}  // namespace impact::detail
