#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/feature_table.h"
#include "engine/stats/estimate.h"

namespace impact {

/// How one column of new data differs from the data a model was trained on.
struct ColumnDrift {
  std::string column = {};
  std::string test = {};  ///< "ks" for numbers, "chi_square" for texts, "" where neither can be.
  double statistic = std::numeric_limits<double>::quiet_NaN();  ///< D of KS, Cramer's V.
  double p_value = std::numeric_limits<double>::quiet_NaN();
  double p_adjusted = std::numeric_limits<double>::quiet_NaN();  ///< Holm, over the columns.
  double psi = std::numeric_limits<double>::quiet_NaN();         ///< Population stability index.
  double missing_before = 0.0;                                   ///< Share of rows.
  double missing_now = 0.0;
  double outside = 0.0;  ///< Share of the new numbers outside of the old range.
  double low_before = std::numeric_limits<double>::quiet_NaN();  ///< Range of the old numbers,
  double high_before = std::numeric_limits<double>::quiet_NaN();
  double low_now = std::numeric_limits<double>::quiet_NaN();  ///< and of the new ones.
  double high_now = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> new_levels = {};  ///< Texts that did not occur, in byte order.
  double new_share = 0.0;                    ///< Share of the new texts that these are.
  bool alarm = false;
  std::string text = {};
};

struct Drift {
  std::vector<ColumnDrift> columns = {};
  /// AUC of a random forest that tells old rows from new ones, out of bag, with DeLong's interval;
  /// 1/2: it can't. NaN where there are too few rows.
  Estimate two_sample = {};
  std::string telling = {};  ///< The column that the forest splits by most.
  std::int64_t before = 0;   ///< Rows.
  std::int64_t now = 0;
  bool two_sample_alarm = false;
  std::string two_sample_text = {};
  bool alarm = false;  ///< Of any column or of the two-sample test.
  std::vector<std::string> warnings = {};
};

struct DriftSpec {
  double psi = 0.25;  ///< Index that raises the alarm, with an adjusted p below alpha.
  double alpha = 0.05;
  double outside = 0.05;  ///< Share of new numbers outside of the range, or of new levels.
  double missing = 0.05;  ///< Rise of the share of missing cells.
  double auc = 0.6;       ///< The lower limit of the two-sample AUC that raises the alarm.
  int bins = 10;          ///< Of numbers, by the quantiles of the old rows.
  int trees = 200;
  std::size_t most_rows = 20000;  ///< Of each table that the forest sees, evenly spaced.
};

/// Compares two tables column by column (those of `before`, by name) and as a whole.
///   psi = sum (q_k - p_k) log(q_k / p_k) over the bins (levels, and one for missing cells), p and
///   q
///         the shares of old and new rows, each (count + 1/2) / (n + K / 2), K bins, so that an
///         empty bin has a logarithm
///   outside: of n old numbers the next one falls outside of their range with probability 2 / (n +
///   1)
///         when nothing has changed; that much is taken off before the comparison with the limit
///   two-sample test: Lopez-Paz & Oquab (2017), with a random forest; texts are their levels' codes
///         by frequency in the old rows
/// A column raises the alarm for psi, for numbers outside, for new levels and for missing cells;
/// its text says which. Fewer than 20 rows on a side: tests with a warning, no forest. Throws
/// ArgumentError for a column that `now` lacks (with a suggestion) or has of another type, and for
/// options out of range. Chance comes from `key`; bits do not depend on threads.
/// Sources: Siddiqi, "Credit Risk Scorecards" (2006) for the index and its limits; Lopez-Paz &
/// Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
[[nodiscard]] Drift find_drift(const FeatureTable& before, const FeatureTable& now, StreamKey key,
                               const DriftSpec& spec = {}, const Context& context = {});

}  // namespace impact
