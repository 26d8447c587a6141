#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>
#include <Eigen/Core>

#include "engine/core/context.h"
#include "engine/learn/feature_columns.h"

/// The rows of a logistic classifier, standardised as they are read: not for other callers.
namespace impact::detail {

/// What one pass over the rows gives at some coefficients.
struct LogisticPass {
  double log_likelihood = 0.0;  ///< Of passes with a value.
  Eigen::VectorXd score = {};
  Eigen::MatrixXd information = {};  ///< Lower triangle; of passes with information.
  double least_certain = std::numeric_limits<double>::infinity();  ///< Of |eta|.
  bool separated = true;                                           ///< Every row on its side.
};

/// Rows in use. Columns stay where they are when all rows are used in order, else they are gathered
/// once. Coefficient 0 is the intercept, j + 1 that of column `columns[j]` per standard deviation.
class LogisticRows {
 public:
  /// Mean and (population) sd of each column over `used`, unweighted: columns are only brought to
  /// one scale. All numbers of the rows are finite.
  LogisticRows(const FeatureColumns& features, std::span<const std::uint32_t> used,
               std::span<const std::int32_t> label, std::span<const double> weights,
               const Context& context);

  LogisticRows(LogisticRows&&) = default;  // a copy's columns would lie in the original
  LogisticRows& operator=(LogisticRows&&) = default;
  LogisticRows(const LogisticRows&) = delete;
  LogisticRows& operator=(const LogisticRows&) = delete;
  ~LogisticRows() = default;

  [[nodiscard]] std::size_t count() const { return y_.size(); }
  [[nodiscard]] const std::vector<double>& mean() const { return mean_; }
  [[nodiscard]] const std::vector<double>& sd() const { return sd_; }  ///< 0 for constant columns.
  [[nodiscard]] double total_weight() const { return total_; }
  [[nodiscard]] double positive_weight() const { return positive_; }

  /// Columns with a coefficient from now on.
  void choose(std::vector<std::size_t> columns) { columns_ = std::move(columns); }
  [[nodiscard]] const std::vector<std::size_t>& columns() const { return columns_; }

  /// Every sixteenth row (in runs of eight), with this one's means, sds and columns.
  [[nodiscard]] LogisticRows thinned(const Context& context) const;

  /// sum w z z' / sum w of the chosen standardised columns (without the intercept).
  [[nodiscard]] Eigen::MatrixXd correlations(const Context& context) const;

  enum class Want : std::uint8_t { kScore, kValue, kInformation };  ///< Each gives those before.
  /// l = sum w (y eta - log(1 + e^eta)), score Z'w(y - p), information Z' w p (1 - p) Z. Parallel
  /// over chunks; bits do not depend on threads.
  [[nodiscard]] LogisticPass pass(const Eigen::VectorXd& b, Want want,
                                  const Context& context) const;

 private:
  LogisticRows() = default;
  void gather(const FeatureColumns& features, std::span<const std::uint32_t> used,
              const Context& context);
  void standardise(const Context& context);
  [[nodiscard]] const double* column(std::size_t j) const { return x_ + j * stride_; }

  const double* x_ = nullptr;
  std::size_t stride_ = 0;
  std::vector<double> own_x_ = {};
  std::size_t width_ = 0;
  std::vector<double> y_ = {};
  std::vector<double> w_ = {};  // Empty: all one.
  std::vector<double> mean_ = {};
  std::vector<double> sd_ = {};
  std::vector<double> shift_ = {};  // What is still to be subtracted: the mean, or 0 if it was.
  std::vector<std::size_t> columns_ = {};
  double total_ = 0.0;
  double positive_ = 0.0;
};

}  // namespace impact::detail
