#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/rng.h"

namespace impact {

/// Rows to learn from and rows to judge by, each in increasing order.
struct Split {
  std::vector<std::uint32_t> train = {};
  std::vector<std::uint32_t> test = {};
};

struct FoldSpec {
  int folds = 5;    ///< At least 2, at most the rows (or groups).
  int repeats = 1;  ///< Independent draws of the whole partition.
  /// Class of each row, small codes >= 0: every fold gets its share of each class, to within one
  /// row (as near as whole groups allow when there are groups). Empty: not stratified.
  std::span<const std::int32_t> strata = {};
  /// Group of each row, small codes >= 0: rows of one group (a creator's videos) stay together, or
  /// a model is judged on people it knows. Empty: every row on its own.
  std::span<const std::int32_t> groups = {};
};

/// Moments begin ... end - 1.
struct MomentWindow {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Folds of the rows, `repeats` times. Each row is tested once a repeat and trains all other folds,
/// but where time has an order: there the first rows are never tested and a window says what each
/// fold learns from.
struct Folds {
  std::size_t rows = 0;
  int folds = 0;
  int repeats = 0;
  /// rows x repeats, repeat by repeat: 0 ... folds - 1, or -1 for a row that is never tested.
  std::vector<std::int32_t> fold = {};
  std::vector<std::string> warnings = {};
  /// Of folds in time only: place of each row's time among the distinct times.
  std::vector<std::uint32_t> moment = {};
  std::vector<MomentWindow> window = {};  ///< What each fold learns from; none: all other rows.

  [[nodiscard]] std::int32_t at(std::size_t row, int repeat = 0) const {
    return fold[static_cast<std::size_t>(repeat) * rows + row];
  }
  /// The model that is judged by this fold learns from this row.
  [[nodiscard]] bool trains(std::size_t row, int fold_number, int repeat = 0) const {
    if (window.empty()) return at(row, repeat) != fold_number;
    const MomentWindow& w = window[static_cast<std::size_t>(fold_number)];
    return moment[row] >= w.begin && moment[row] < w.end;
  }
  /// Test: the rows of the fold; train: the rows it learns from.
  [[nodiscard]] Split split(int fold_number, int repeat = 0) const;
};

/// Draws folds. Rows are counted in key order, and repeat r draws from Stream(key, r), so the
/// result depends on the keys of the rows and the name of the stream only. Without groups the sizes
/// of folds differ by at most one row: rows are shuffled inside their class and dealt round. Groups
/// are dealt from the large to the small (by powers of two, at random among equals), each to the
/// fold where it brings the classes nearest to equal shares. Classes with fewer rows than folds
/// are worth a warning. Throws ArgumentError for lengths that differ, negative codes, fewer than
/// two folds or more than there are rows or groups. O(rows), with groups and strata also
/// O(groups folds classes).
[[nodiscard]] Folds draw_folds(std::size_t rows, const FoldSpec& spec, StreamKey key);

/// Every row a fold of its own. Throws ArgumentError for fewer than two rows.
[[nodiscard]] Folds leave_one_out(std::size_t rows);
/// Every group a fold of its own, in order of the codes (>= 0). Throws ArgumentError for fewer than
/// two groups.
[[nodiscard]] Folds leave_one_group_out(std::span<const std::int32_t> groups);

/// Sizes are numbers of distinct times ("moments"), so rows of one time stay together.
struct TimeFoldSpec {
  int folds = 5;          ///< At least 1.
  std::size_t test = 0;   ///< Moments a fold is tested on; 0: all / (folds + 1).
  std::size_t gap = 0;    ///< Moments left out between training and test: what a lag reaches over.
  std::size_t train = 0;  ///< Moments to learn from at most (a sliding window); 0: all before.
};

/// Rolling origin (Tashman 2000): the last folds x test moments are tested, fold by fold in order
/// of time, each by a model that knows nothing later than the gap before it. Draws nothing. Throws
/// ArgumentError for a time that is not a number and for sizes that leave the first fold without a
/// moment to learn from.
[[nodiscard]] Folds time_folds(std::span<const double> time, const TimeFoldSpec& spec = {});

struct SplitSpec {
  double test_share = 0.25;  ///< In (0, 1); the nearest number of rows, at least one on each side.
  std::span<const std::int32_t> strata = {};  ///< As in FoldSpec.
  std::span<const std::int32_t> groups = {};  ///< As in FoldSpec, dealt in random order.
};

/// One split into training and test rows from Stream(key, 0). Strata: each class gives its share,
/// rounded so that the total is right (largest remainders). Errors as draw_folds.
[[nodiscard]] Split draw_split(std::size_t rows, const SplitSpec& spec, StreamKey key);

struct ThreeWaySpec {
  double validation_share = 0.2;  ///< Shares of all rows; both in (0, 1), and so is their sum.
  double test_share = 0.2;
  std::span<const std::int32_t> strata = {};  ///< As in SplitSpec.
  std::span<const std::int32_t> groups = {};
};

/// Rows to learn from, to choose by and to judge by, each in increasing order.
struct ThreeWaySplit {
  std::vector<std::uint32_t> train = {};
  std::vector<std::uint32_t> validation = {};
  std::vector<std::uint32_t> test = {};
};

/// Test rows are drawn first, from key.child("test"), then validation rows among the others, from
/// key.child("validation"). Errors as draw_split; three rows (or groups) are needed.
[[nodiscard]] ThreeWaySplit draw_three_way_split(std::size_t rows, const ThreeWaySpec& spec,
                                                 StreamKey key);

}  // namespace impact
