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

/// A partition of the rows into folds, `repeats` times.
struct Folds {
  std::size_t rows = 0;
  int folds = 0;
  int repeats = 0;
  std::vector<std::int32_t> fold = {};  ///< rows x repeats, repeat by repeat: 0 ... folds - 1.
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::int32_t at(std::size_t row, int repeat = 0) const {
    return fold[static_cast<std::size_t>(repeat) * rows + row];
  }
  /// Test: the rows of the fold; train: all others.
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

struct SplitSpec {
  double test_share = 0.25;  ///< In (0, 1); the nearest number of rows, at least one on each side.
  std::span<const std::int32_t> strata = {};  ///< As in FoldSpec.
  std::span<const std::int32_t> groups = {};  ///< As in FoldSpec, dealt in random order.
};

/// One split into training and test rows from Stream(key, 0). Strata: each class gives its share,
/// rounded so that the total is right (largest remainders). Errors as draw_folds.
[[nodiscard]] Split draw_split(std::size_t rows, const SplitSpec& spec, StreamKey key);

}  // namespace impact
