#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/analysis/analysis.h"
#include "engine/analysis/reader.h"
#include "engine/learn/feature_columns.h"

/// What the methods behind check.* share: not for other callers.
namespace impact::detail {

/// A list of what a check found; each alarm is a row of the table "findings".
class CheckReport {
 public:
  /// A rule that fires: "one column separates the classes"; what was found, as "views > 9998"; the
  /// number that decides; a sentence.
  void alarm(const std::string& rule, const std::string& found, double value,
             const std::string& text);
  /// Something a reader must know that is no alarm: a row of rule "note".
  void note(const std::string& text);
  void notes(const std::vector<std::string>& texts);
  void table(AnalysisTable table) { tables_.push_back(std::move(table)); }
  /// The findings first.
  [[nodiscard]] AnalysisResult take();

 private:
  std::vector<std::string> rules_ = {}, found_ = {}, texts_ = {};
  std::vector<double> values_ = {};
  std::vector<RaisedAlarm> alarms_ = {};
  std::vector<AnalysisTable> tables_ = {};
};

/// Numbers of features side by side.
struct CheckFeatures {
  std::vector<double> x = {};
  std::vector<std::string> names = {};
  [[nodiscard]] FeatureColumns columns() const { return {x, names.size(), names}; }
};

/// Columns of a role as numbers. A column of texts becomes one column of 0 and 1 a level, "status
/// is banned", of kMostIndicators levels at most; others are left out with a note.
[[nodiscard]] CheckFeatures features_of(const AnalysisReader& read, std::string_view role,
                                        CheckReport* report);
inline constexpr std::size_t kMostIndicators = 20;

/// "of" as labels 1, 0 and -1 for missing.
[[nodiscard]] std::vector<std::int32_t> labels_of(const AnalysisReader& read);
/// "of" as numbers; with option "success" as 1 and 0.
[[nodiscard]] std::vector<double> outcome_of(const AnalysisReader& read);

/// Families of checks, one a source file.
[[nodiscard]] std::span<const AnalysisMethod> leakage_checks();
[[nodiscard]] std::span<const AnalysisMethod> row_checks();
[[nodiscard]] std::span<const AnalysisMethod> score_checks();

}  // namespace impact::detail
