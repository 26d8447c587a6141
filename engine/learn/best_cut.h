#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "engine/learn/classification.h"

/// The best call by one list of numbers: what alarms compare models with, not for other callers.
namespace impact::detail {

enum class CutMerit {
  kErrors,    ///< Fewest rows called wrongly.
  kBalanced,  ///< Largest recall + specificity.
};

struct Cut {
  enum class Kind { kNone, kAbove, kAtMost, kMissing, kThere };
  Kind kind = Kind::kNone;  ///< kNone: no call parts the rows.
  double value = std::numeric_limits<double>::quiet_NaN();
  /// A row is called positive by it; of kNone none is.
  [[nodiscard]] bool calls(double number) const;
  [[nodiscard]] std::string text(const std::string& name) const;  ///< "views > 9998"
};

/// Over the rows with a label (0 or 1). A cut is the number with the fewest digits that lies
/// between two neighbouring values, the lower one included. Of equally good ones the earlier kind,
/// as Kind lists them, and the higher cut. O(rows log rows).
[[nodiscard]] Cut best_cut(std::span<const double> values, std::span<const std::int32_t> label,
                           std::span<const std::uint32_t> rows, CutMerit merit);

/// What a cut gets right of these rows.
[[nodiscard]] ConfusionMatrix judge_cut(const Cut& cut, std::span<const double> values,
                                        std::span<const std::int32_t> label,
                                        std::span<const std::uint32_t> rows);

/// The number with the fewest digits in [low, high), low < high.
[[nodiscard]] double short_number_between(double low, double high);

}  // namespace impact::detail
