#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/stats/estimate.h"

/// What scores that are (functions of) means over rows share: not for other callers.
namespace impact::detail {

/// Weighted means whose bits do not depend on the order of rows. `weights` are those of the rows
/// that count, all > 0; empty: ones.
class RowMeans {
 public:
  RowMeans(std::size_t rows, std::vector<double> weights);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] double weight(std::size_t i) const { return weights_.empty() ? 1.0 : weights_[i]; }
  [[nodiscard]] double total() const { return total_; }  ///< Sum of the weights.
  /// Rows of one weight that tell as much: W^2 / sum w^2 (Kish 1965).
  [[nodiscard]] double effective_rows() const;
  /// sum w t / W.
  [[nodiscard]] double mean(std::span<const double> term) const;
  /// Of an estimate with influence values psi (what each row adds to n times it, mean 0):
  /// sqrt(n / (n - 1) sum (w psi / W)^2), NaN below two rows. Of psi = t - mean(t) without weights
  /// it is the standard error of a mean.
  [[nodiscard]] double std_error(std::span<const double> influence) const;

 private:
  std::size_t rows_;
  std::vector<double> weights_;
  double total_ = 0.0;
};

/// Least and largest value that a score can have.
struct ScoreRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

/// Estimate, error and normal interval, cut at the range; a warning where one row has no variance.
/// No test: a score has no null value.
void set_score(Estimate& row, double estimate, double std_error, double conf_level,
               const ScoreRange& range = {});

}  // namespace impact::detail
