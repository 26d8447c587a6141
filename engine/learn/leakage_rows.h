#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/folds.h"
#include "engine/learn/leakage.h"

namespace impact {

/// Sides that a table has been cut into already (training, validation, test) as folds, so that
/// find_fold_twins and the functions here judge them. Codes >= 0, one a row; a row below 0 is on no
/// side: ArgumentError.
[[nodiscard]] Folds folds_of_sides(std::span<const std::int32_t> side);

struct NearTwins {
  FoldTwins twins = {};    ///< Of the rounded numbers; exact copies are among them.
  std::int64_t exact = 0;  ///< Rows that have an exact copy in another fold.
  /// Rows with a twin when the numbers of each column are shuffled among the rows: what coarse or
  /// independent columns give by chance.
  double by_chance = std::numeric_limits<double>::quiet_NaN();
  bool alarm = false;
  std::string text = {};
};

struct NearTwinSpec {
  int digits = 3;       ///< Significant digits that numbers are rounded to, 1 to 15.
  double limit = 0.01;  ///< Share of rows with a near twin in another fold that raises the alarm.
};

/// Rows that differ from a row of another fold only beyond `digits` digits: posts collected twice
/// whose counts have grown, copies with noise. Alarm where near twins that are no exact ones reach
/// the limit and three times what shuffled columns give; where distinct rows are few (see
/// find_fold_twins) there is none. Throws ArgumentError for shapes that differ and digits out of
/// range. O(rows columns log rows).
[[nodiscard]] NearTwins find_near_twins(const FeatureColumns& features, const Folds& folds,
                                        StreamKey key, const NearTwinSpec& spec = {});

struct SharedGroups {
  std::int64_t groups = 0;                                  ///< With a row in more than one fold.
  std::int64_t all = 0;                                     ///< Groups that occur.
  std::int64_t rows = 0;                                    ///< Of the shared groups.
  std::int64_t n = 0;                                       ///< Rows with a group.
  double share = std::numeric_limits<double>::quiet_NaN();  ///< rows / n.
  std::int32_t example = -1;  ///< Code of the shared group with most rows, the first of equals.
  bool alarm = false;
  std::string text = {};
};

/// Groups (creators, brands, sessions) on both sides of a split: the model is judged on people it
/// knows. Codes of each row, below 0: no group. `names` of the codes, `what` they are ("creator").
/// Alarm where any row is concerned to more than `limit`; groups of one row can't be shared. Throws
/// ArgumentError for shapes that differ. O(rows).
[[nodiscard]] SharedGroups find_shared_groups(std::span<const std::int32_t> group,
                                              std::span<const std::string> names,
                                              const std::string& what, const Folds& folds,
                                              double limit = 0.0);

}  // namespace impact
