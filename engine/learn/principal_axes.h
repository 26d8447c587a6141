#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"

/// Few columns that hold most of what many hold.
namespace impact {

struct PrincipalAxesSpec {
  std::size_t components = 0;  ///< 0: by `share`.
  /// As many as explain this share of the variance, in (0, 1]; 1: all that vary.
  double share = 1.0;
  bool centre = true;       ///< false: a truncated singular value decomposition.
  bool standardise = true;  ///< Columns count in sds (sum of squares over n). With `centre` only.
  /// Above this many rows and columns the few axes that are asked for come from a sketch of random
  /// normals, refined by eight power iterations; without `centre` only.
  std::size_t exact_up_to = 1000;
};

/// Scores of a row are sum_j loading_jk (x_j - centre_j) / scale_j.
struct PrincipalAxes {
  std::size_t columns = 0;
  std::vector<double> centre = {};   ///< One a column; 0 without `centre`.
  std::vector<double> scale = {};    ///< The same; 1 unless standardised and for constant columns.
  std::vector<double> loading = {};  ///< Component by component, orthonormal, one a column.
  /// Of the scores in the training rows: sum of squares (without `centre`: about their mean) over
  /// n - 1, and its share of the variance of the columns.
  std::vector<double> variance = {};
  std::vector<double> share = {};
  std::vector<double> singular = {};  ///< Root of the sum of squared scores.
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::size_t components() const {
    return columns == 0 ? 0 : loading.size() / columns;
  }
  /// rows x components, component by component; NaN where a number is missing.
  [[nodiscard]] std::vector<double> scores(const FeatureColumns& features,
                                           const Context& context = {}) const;
};

/// Principal components (Pearson 1901), or with `centre` off the truncated singular value
/// decomposition, of all rows. A weight counts a row as so many, scaled to sum to n. Of each
/// component the first loading that is as large as any in absolute value (within 1e-8 of it) is
/// positive. From the eigenvectors of the products of the columns, or of the rows where these are
/// fewer: O(n d min(n, d) + min(n, d)^3); components below 1e-12 of the largest variance are
/// rounding and left out, with a warning, constant columns likewise have one. Bits do not depend on
/// threads. Throws ArgumentError for options out of range, more components than rows or columns,
/// lengths that differ and numbers that are missing or infinite.
/// Source: Jolliffe, "Principal component analysis" (2002); Halko, Martinsson & Tropp, "Finding
/// structure with randomness", SIAM Review 53 (2011), algorithm 4.4.
[[nodiscard]] PrincipalAxes fit_principal_axes(const FeatureColumns& features,
                                               const PrincipalAxesSpec& spec = {},
                                               std::span<const double> weights = {},
                                               StreamKey key = {}, const Context& context = {});

}  // namespace impact
