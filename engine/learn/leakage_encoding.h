#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"

namespace impact {

/// A column of groups: a code a row, below 0 missing.
struct GroupColumn {
  std::string name = {};
  std::span<const std::int32_t> codes = {};
};

/// A column that was made from the label of all rows.
struct TargetEncoding {
  enum class Kind {
    kMean,         ///< The label's mean in the row's group, the row itself included.
    kSmoothed,     ///< The same drawn towards one number, as smoothed encoders do.
    kLeaveOneOut,  ///< Mean of the group's other rows: together with the group it gives the label.
    kOwnValues,    ///< Each of its values is the label's mean over the rows that have the value.
  };
  Kind kind = Kind::kMean;
  std::string column = {};
  std::string group = {};  ///< Column of groups; "" for kOwnValues.
  std::int64_t groups = 0;
  double smoothing = 0.0;                                   ///< Rows that the prior counts for.
  double prior = std::numeric_limits<double>::quiet_NaN();  ///< Of kSmoothed.
  double largest_difference = 0.0;
  std::int64_t n = 0;
  /// Squared correlation with the label, of the column and of the same encoding when it comes from
  /// the other folds only (five, drawn from the key): what of it is left in new rows.
  double r2 = std::numeric_limits<double>::quiet_NaN();
  double r2_out_of_fold = std::numeric_limits<double>::quiet_NaN();
  std::string text = {};
};

struct TargetEncodings {
  bool alarm = false;
  std::vector<TargetEncoding> found = {};  ///< One a column at most, in their order.
  std::vector<std::string> warnings = {};
};

struct TargetEncodingSpec {
  double tolerance = 1e-6;  ///< Largest difference, in sds of the label, that counts as equal.
};

/// Looks for preprocessing that saw the label. With S_g, n_g the label's sum and number of rows in
/// group g, a column x is the label's mean where n_g x_g = S_g in all groups; drawn towards a prior
/// p with weight m where n_g x_g - S_g = m (p - x_g), a line that least squares finds and every
/// group is held against; and leaves its own row out where (n_g - 1) x_i = S_g - y_i in all rows.
/// Without a column of groups the rows of each value v of x are a group: an encoding is x = v =
/// mean of their label. At least three (smoothed: five) different values that are none of the
/// label's own, and two rows in most groups, are needed: less happens by chance. Encodings made
/// inside folds, and scaling or components that were fitted to all rows, leave no such trace and
/// can't be seen. Rows that miss the label, the number or the group are left out. Throws
/// ArgumentError for shapes that differ.
[[nodiscard]] TargetEncodings find_target_encodings(const FeatureColumns& features,
                                                    std::span<const double> label,
                                                    std::span<const GroupColumn> groups,
                                                    StreamKey key,
                                                    const TargetEncodingSpec& spec = {});

}  // namespace impact
