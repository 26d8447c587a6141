#pragma once

#include <cstddef>
#include <vector>
#include <Eigen/Core>

#include "engine/stats/least_squares.h"
#include "engine/stats/likelihood.h"
#include "engine/stats/regression_rows.h"

namespace impact::detail {

/// Up to kBlockRows rows of a regression, shifted, and what a likelihood says of them: the inner
/// loop of every pass. Sums are taken in an order that depends on the rows' count only.
class EtaBlock {
 public:
  EtaBlock(const RegressionRows& rows, const std::vector<double>& shift)
      : rows_(&rows),
        shift_(&shift),
        x_(static_cast<Eigen::Index>(kBlockRows), static_cast<Eigen::Index>(rows.columns)),
        scaled_(x_.rows(), x_.cols()),
        value_(kBlockRows),
        score_(x_.rows()),
        information_(x_.rows()) {}

  void load(std::size_t begin, std::size_t count) {
    begin_ = begin;
    count_ = static_cast<Eigen::Index>(count);
    for (std::size_t k = 0; k < rows_->columns; ++k) {
      const double* from = rows_->x.data() + k * rows_->count() + begin;
      double* to = x_.col(static_cast<Eigen::Index>(k)).data();
      const double shift = (*shift_)[k];
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i] - shift;
    }
  }

  /// x'direction of each row.
  const Eigen::VectorXd& product(const Eigen::VectorXd& direction) {
    eta_.noalias() = x_.topRows(count_) * direction;
    return eta_;
  }

  void evaluate_unweighted(const Likelihood& likelihood, const Eigen::VectorXd& beta) {
    product(beta);
    for (Eigen::Index i = 0; i < count_ && !rows_->offset.empty(); ++i) {
      eta_[i] += rows_->offset[begin_ + static_cast<std::size_t>(i)];
    }
    likelihood.terms(rows_->y.data() + begin_, eta_.data(), static_cast<std::size_t>(count_),
                     value_.data(), score_.data(), information_.data());
  }

  /// The same with every term multiplied by the row's weight.
  void evaluate(const Likelihood& likelihood, const Eigen::VectorXd& beta) {
    evaluate_unweighted(likelihood, beta);
    weigh();
  }

  /// Multiplies the terms by the row's weight.
  void weigh() {
    for (Eigen::Index i = 0; i < count_ && !rows_->weights.empty(); ++i) {
      const double weight = rows_->weights[begin_ + static_cast<std::size_t>(i)];
      value_[static_cast<std::size_t>(i)] *= weight;
      score_[i] *= weight;
      information_[i] *= weight;
    }
  }

  [[nodiscard]] double value() const {
    double sum = 0.0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count_); ++i) sum += value_[i];
    return sum;
  }
  void add_score(Eigen::VectorXd& sum) const {
    sum.noalias() += x_.topRows(count_).transpose() * score_.head(count_);
  }
  void add_information(Eigen::MatrixXd& sum) { add_squares(information_.data(), sum); }
  /// Adds sum x x' weight to the lower triangle.
  void add_squares(const double* weight, Eigen::MatrixXd& sum) {
    if (x_.cols() == 0) return;  // A model of the offset alone.
    for (Eigen::Index i = 0; i < count_; ++i) root_[i] = std::sqrt(weight[i]);
    for (Eigen::Index k = 0; k < x_.cols(); ++k) {
      scaled_.col(k).head(count_) = x_.col(k).head(count_).cwiseProduct(root_.head(count_));
    }
    sum.selfadjointView<Eigen::Lower>().rankUpdate(scaled_.topRows(count_).transpose());
  }

  [[nodiscard]] const Eigen::MatrixXd& x() const { return x_; }  ///< The first rows of it.
  [[nodiscard]] const double* eta() const { return eta_.data(); }
  [[nodiscard]] const double* values() const { return value_.data(); }
  [[nodiscard]] const double* score() const { return score_.data(); }
  [[nodiscard]] const double* information() const { return information_.data(); }

 private:
  const RegressionRows* rows_;
  const std::vector<double>* shift_;
  std::size_t begin_ = 0;
  Eigen::Index count_ = 0;
  Eigen::MatrixXd x_, scaled_;
  Eigen::VectorXd eta_;
  std::vector<double> value_;
  Eigen::VectorXd score_, information_;
  Eigen::VectorXd root_ = Eigen::VectorXd(static_cast<Eigen::Index>(kBlockRows));
};

}  // namespace impact::detail
