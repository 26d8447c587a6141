#include "engine/learn/row_means.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/exact_sum.h"
#include "engine/core/rng.h"

namespace impact::detail {

RowMeans::RowMeans(std::size_t rows, std::vector<double> weights)
    : rows_(rows), weights_(std::move(weights)) {
  total_ = weights_.empty() ? static_cast<double>(rows_) : exact_sum(weights_);
}

double RowMeans::effective_rows() const {
  if (weights_.empty()) return static_cast<double>(rows_);
  ExactSum squares;
  for (const double w : weights_) squares.add(w * w);
  return total_ * total_ / squares.round();
}

double RowMeans::mean(std::span<const double> term) const {
  ExactSum sum;
  for (std::size_t i = 0; i < rows_; ++i) sum.add(weight(i) * term[i]);
  return sum.round() / total_;
}

double RowMeans::std_error(std::span<const double> influence) const {
  if (rows_ < 2) return std::numeric_limits<double>::quiet_NaN();
  ExactSum squares;
  for (std::size_t i = 0; i < rows_; ++i) {
    const double part = weight(i) / total_ * influence[i];
    squares.add(part * part);
  }
  const auto n = static_cast<double>(rows_);
  return std::sqrt(squares.round() * (n / (n - 1.0)));
}

void set_score(Estimate& row, double estimate, double std_error, double conf_level,
               const ScoreRange& range) {
  row.estimate = estimate;
  row.std_error = std_error;
  if (std::isnan(std_error)) {
    row.warnings.emplace_back("one row has no variance: no standard error");
    return;
  }
  row.df = std::numeric_limits<double>::infinity();
  const double half = normal_quantile(0.5 + 0.5 * conf_level) * std_error;
  row.conf_low = std::max(range.least, estimate - half);
  row.conf_high = std::min(range.most, estimate + half);
}

}  // namespace impact::detail
