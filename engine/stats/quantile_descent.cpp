#include "engine/stats/quantile_descent.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <Eigen/Cholesky>
#include <Eigen/LU>

#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// A row joins a starting basis if this part of it is new. The second is for data without choice.
constexpr double kNewPart = 0.1;
constexpr double kAnyNewPart = 1e-9;
// A multiplier this far beyond its bounds, of the bounds' width, makes an edge worth following.
constexpr double kBeyond = 1e-9;
// A row that an edge moves less than this, of the edge's length, stands still.
constexpr double kStill = 1e-13;
// Shift of outcomes that separates ties, of the outcomes' spread.
constexpr double kShift = 1e-10;
constexpr std::size_t kCoarsest = 2000;
constexpr std::size_t kCoarsening = 8;

// splitmix64's finaliser: a number in (-1, 1) for each row, always the same.
double scatter(std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  z ^= z >> 31U;
  return static_cast<double>(z >> 11U) * 0x1.0p-52 - 1.0;
}

class Descent {
 public:
  Descent(const QuantileProblem& problem, const std::vector<double>& y, const Context& context)
      : problem_(&problem),
        context_(&context),
        y_(&y),
        k_(static_cast<Index>(problem.columns)),
        residual_(problem.rows),
        move_(problem.rows),
        in_basis_(problem.rows, 0),
        matrix_(k_, k_) {}

  void start(const std::vector<std::size_t>& basis) {
    basis_ = basis;
    std::ranges::fill(in_basis_, 0);
    for (const std::size_t i : basis_) in_basis_[i] = 1;
    refresh();
  }

  // Descends; false if the steps run out. Ends at a step that moves residuals no more than `still`.
  bool run(int most_steps, double still) {
    for (int step = 0; step < most_steps; ++step) {
      context_->check();
      ++iterations_;
      if (!follow_edge(still)) return true;
    }
    return false;
  }

  [[nodiscard]] const std::vector<std::size_t>& basis() const { return basis_; }
  [[nodiscard]] const VectorXd& gamma() const { return gamma_; }
  [[nodiscard]] int iterations() const { return iterations_; }
  // Some multiplier lies at its bound: another vertex is as good.
  [[nodiscard]] bool unique() const {
    const VectorXd a = multipliers();
    for (Index j = 0; j < k_; ++j) {
      const double w = weight(basis_[static_cast<std::size_t>(j)]);
      const double share = a[j] / w + 1.0 - problem_->tau;  // 0 ... 1
      if (share < kBeyond || share > 1.0 - kBeyond) return false;
    }
    return true;
  }

 private:
  struct Crossing {
    double at;
    std::size_t row;
  };

  [[nodiscard]] double weight(std::size_t i) const {
    return problem_->weights == nullptr ? 1.0 : problem_->weights[i];
  }
  [[nodiscard]] double cell(std::size_t i, std::size_t k) const {
    return problem_->q[k * problem_->rows + i];
  }
  [[nodiscard]] VectorXd row(std::size_t i) const {
    VectorXd result(k_);
    for (std::size_t k = 0; k < problem_->columns; ++k) result[static_cast<Index>(k)] = cell(i, k);
    return result;
  }

  // out_i = q_i'direction
  void product(const VectorXd& direction, std::vector<double>& out) const {
    for_chunks(*context_, problem_->rows, kChunkRows, [&](std::size_t begin, std::size_t end) {
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(begin),
                out.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
      for (std::size_t k = 0; k < problem_->columns; ++k) {
        const double d = direction[static_cast<Index>(k)];
        const double* q = problem_->q + k * problem_->rows;
        for (std::size_t i = begin; i < end; ++i) out[i] += d * q[i];
      }
    });
  }

  void factorise() {
    for (Index j = 0; j < k_; ++j) {
      matrix_.row(j) = row(basis_[static_cast<std::size_t>(j)]).transpose();
    }
    factor_.compute(matrix_);
    inverse_ = factor_.inverse();
  }

  // Coefficients, residuals and the sum of scores from scratch.
  void refresh() {
    factorise();
    VectorXd own(k_);
    for (Index j = 0; j < k_; ++j) own[j] = (*y_)[basis_[static_cast<std::size_t>(j)]];
    gamma_ = factor_.solve(own);
    product(gamma_, move_);
    score_ = reduce_chunks<VectorXd>(
        *context_, problem_->rows, kChunkRows,
        [&](std::size_t begin, std::size_t end) {
          VectorXd sum = VectorXd::Zero(k_);
          std::vector<double> psi(end - begin);
          for (std::size_t i = begin; i < end; ++i) {
            residual_[i] = in_basis_[i] != 0 ? 0.0 : (*y_)[i] - move_[i];
            psi[i - begin] = in_basis_[i] != 0 ? 0.0 : weight(i) * psi_of(residual_[i]);
          }
          for (std::size_t k = 0; k < problem_->columns; ++k) {
            double total = 0.0;
            for (std::size_t i = begin; i < end; ++i) total += cell(i, k) * psi[i - begin];
            sum[static_cast<Index>(k)] = total;
          }
          return sum;
        },
        [](VectorXd& into, const VectorXd& from) { into += from; });
  }

  [[nodiscard]] double psi_of(double residual) const {
    return residual < 0.0 ? problem_->tau - 1.0 : problem_->tau;
  }

  // The vertex is best if sum over other rows w psi q + sum over the basis a_j q_j = 0 has
  // a_j in w_j [tau - 1, tau].
  [[nodiscard]] VectorXd multipliers() const { return -inverse_.transpose() * score_; }

  // Leaves basis row j along delta = sign Q_h^-1 e_j, on which the objective falls at first with
  // slope sign a_j + w_j (1 - tau or tau), and goes on while rows that it meets (residuals that
  // change sign, each adding w |q'delta| to the slope) leave the slope negative. False at the best
  // vertex.
  bool follow_edge(double least_move) {
    const VectorXd a = multipliers();
    Index leaving = -1;
    double steepest = 0.0;
    double sign = 0.0;
    for (Index j = 0; j < k_; ++j) {
      const double w = weight(basis_[static_cast<std::size_t>(j)]);
      const double up = a[j] + w * (1.0 - problem_->tau);  // towards a negative residual
      const double down = -a[j] + w * problem_->tau;
      const double slope = std::min(up, down);
      if (!(slope < -kBeyond * w)) continue;
      const double per_length = slope / inverse_.col(j).norm();
      if (per_length < steepest) {
        steepest = per_length;
        leaving = j;
        sign = up < down ? 1.0 : -1.0;
      }
    }
    if (leaving < 0) return false;
    const auto place = static_cast<std::size_t>(leaving);
    const std::size_t row_out = basis_[place];
    const double w_out = weight(row_out);
    double slope = sign > 0.0 ? a[leaving] + w_out * (1.0 - problem_->tau)
                              : -a[leaving] + w_out * problem_->tau;
    const VectorXd delta = sign * inverse_.col(leaving);
    product(delta, move_);

    const double still = kStill * delta.norm();
    crossings_.clear();
    for (std::size_t i = 0; i < problem_->rows; ++i) {
      if (in_basis_[i] != 0 || weight(i) == 0.0 || std::abs(move_[i]) <= still) {
        continue;
      }
      const double at = residual_[i] / move_[i];
      if (at > 0.0 || (residual_[i] == 0.0 && move_[i] > 0.0)) crossings_.push_back({at, i});
    }
    const auto later = [](const Crossing& x, const Crossing& y) {
      return x.at != y.at ? x.at > y.at : x.row > y.row;
    };
    std::ranges::make_heap(crossings_, later);
    std::size_t row_in = problem_->rows;
    double length = 0.0;
    while (!crossings_.empty()) {
      std::ranges::pop_heap(crossings_, later);
      const Crossing crossing = crossings_.back();
      crossings_.pop_back();
      slope += weight(crossing.row) * std::abs(move_[crossing.row]);
      if (slope >= 0.0) {
        row_in = crossing.row;
        length = crossing.at;
        break;
      }
      flipped_.push_back(crossing.row);
    }
    if (row_in == problem_->rows || length * delta.norm() < least_move) {
      // No row stops the descent (rounding of a slope that is zero), or it ends at once.
      flipped_.clear();
      return false;
    }
    exchange(place, row_out, row_in, delta, length, sign);
    return true;
  }

  void exchange(std::size_t place, std::size_t row_out, std::size_t row_in, const VectorXd& delta,
                double length, double sign) {
    // Scores of the rows that changed sign, of the one that left and of the one that came.
    for (const std::size_t i : flipped_) {
      const bool was_negative = residual_[i] < 0.0;
      score_ += (weight(i) * (was_negative ? 1.0 : -1.0)) * row(i);
    }
    score_ -= (weight(row_in) * psi_of(residual_[row_in])) * row(row_in);
    score_ += (weight(row_out) * (sign > 0.0 ? problem_->tau - 1.0 : problem_->tau)) * row(row_out);
    for_chunks(*context_, problem_->rows, kChunkRows, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) residual_[i] -= length * move_[i];
    });
    // Rounding must not undo a crossing.
    for (const std::size_t i : flipped_) {
      if ((residual_[i] < 0.0) == (move_[i] > 0.0)) continue;
      residual_[i] = move_[i] > 0.0 ? -kTiny : 0.0;
    }
    flipped_.clear();
    basis_[place] = row_in;
    in_basis_[row_out] = 0;
    in_basis_[row_in] = 1;
    for (const std::size_t i : basis_) residual_[i] = 0.0;
    residual_[row_out] = -sign * std::max(length, kTiny);
    gamma_ += length * delta;
    if (++since_refresh_ >= kRefresh) {
      since_refresh_ = 0;
      refresh();
    } else {
      factorise();
    }
  }

  static constexpr int kRefresh = 64;
  static constexpr double kTiny = 1e-300;
  const QuantileProblem* problem_;
  const Context* context_;
  const std::vector<double>* y_;
  Index k_;
  std::vector<double> residual_, move_;
  std::vector<std::uint8_t> in_basis_;
  std::vector<std::size_t> basis_;
  std::vector<std::size_t> flipped_;
  std::vector<Crossing> crossings_;
  MatrixXd matrix_, inverse_;
  Eigen::PartialPivLU<MatrixXd> factor_;
  VectorXd gamma_, score_;
  int iterations_ = 0;
  int since_refresh_ = 0;
};

// Rows in order of their distance from the plane, as long as each has a new part.
std::vector<std::size_t> basis_near(const QuantileProblem& problem, const VectorXd& gamma) {
  std::vector<double> distance(problem.rows);
  for (std::size_t i = 0; i < problem.rows; ++i) {
    double fitted = 0.0;
    for (std::size_t k = 0; k < problem.columns; ++k) {
      fitted += problem.q[k * problem.rows + i] * gamma[static_cast<Index>(k)];
    }
    distance[i] = std::abs(problem.y[i] - fitted);
  }
  std::vector<std::size_t> order(problem.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return distance[a] != distance[b] ? distance[a] < distance[b] : a < b;
  });
  const auto k = static_cast<Index>(problem.columns);
  for (const double least : {kNewPart, kAnyNewPart}) {
    std::vector<std::size_t> basis;
    MatrixXd directions(k, k);
    for (const std::size_t i : order) {
      if (problem.weights != nullptr && problem.weights[i] == 0.0) continue;
      VectorXd v(k);
      for (Index c = 0; c < k; ++c)
        v[c] = problem.q[static_cast<std::size_t>(c) * problem.rows + i];
      const double whole = v.norm();
      const auto have = static_cast<Index>(basis.size());
      for (int pass = 0; pass < 2; ++pass) {
        v -= directions.leftCols(have) * (directions.leftCols(have).transpose() * v);
      }
      if (!(v.norm() > least * whole)) continue;
      directions.col(have) = v.normalized();
      basis.push_back(i);
      if (basis.size() == problem.columns) return basis;
    }
  }
  return {};
}

// Every eighth row.
QuantileVertex coarse(const QuantileProblem& problem, const Context& context) {
  std::vector<double> q;
  std::vector<double> y;
  std::vector<double> weights;
  for (std::size_t k = 0; k <= problem.columns; ++k) {
    const double* from = k == problem.columns ? problem.y : problem.q + k * problem.rows;
    for (std::size_t i = 0; i < problem.rows; i += kCoarsening) {
      (k == problem.columns ? y : q).push_back(from[i]);
    }
  }
  for (std::size_t i = 0; problem.weights != nullptr && i < problem.rows; i += kCoarsening) {
    weights.push_back(problem.weights[i]);
  }
  return best_vertex({.rows = y.size(),
                      .columns = problem.columns,
                      .q = q.data(),
                      .y = y.data(),
                      .weights = problem.weights == nullptr ? nullptr : weights.data(),
                      .tau = problem.tau},
                     nullptr, context);
}

// Least squares on the rows, for want of anything better.
VectorXd least_squares_start(const QuantileProblem& problem) {
  const auto n = static_cast<Index>(problem.rows);
  const auto k = static_cast<Index>(problem.columns);
  const MatrixXd q = Eigen::Map<const MatrixXd>(problem.q, n, k);
  const VectorXd y = Eigen::Map<const VectorXd>(problem.y, n);
  return (q.transpose() * q).ldlt().solve(q.transpose() * y);
}

}  // namespace

QuantileVertex best_vertex(const QuantileProblem& problem, const VectorXd* start,
                           const Context& context) {
  QuantileVertex result;
  if (problem.rows < problem.columns || problem.columns == 0) return result;
  VectorXd gamma;
  if (start != nullptr) {
    gamma = *start;
  } else {
    if (problem.rows > kCoarsest) gamma = coarse(problem, context).gamma;
    if (gamma.size() == 0) gamma = least_squares_start(problem);
  }
  std::vector<std::size_t> basis = basis_near(problem, gamma);
  if (basis.empty()) return result;

  // First with outcomes shifted apart, so that no two vertices coincide and no step has length 0;
  // then, from that basis, as they are.
  double size = 0.0;
  for (std::size_t i = 0; i < problem.rows; ++i) size = std::max(size, std::abs(problem.y[i]));
  std::vector<double> y(problem.y, problem.y + problem.rows);
  for (std::size_t i = 0; i < problem.rows; ++i) y[i] += kShift * size * scatter(i);
  const int most = 1000 + 50 * static_cast<int>(problem.columns) +
                   static_cast<int>(std::min<std::size_t>(problem.rows, 1'000'000));
  Descent apart(problem, y, context);
  apart.start(basis);
  result.converged = apart.run(most, 0.0);
  const std::vector<double> own(problem.y, problem.y + problem.rows);
  Descent together(problem, own, context);
  together.start(apart.basis());
  together.run(most, kShift * size);
  together.start(together.basis());
  result.basis = together.basis();
  result.gamma = together.gamma();
  result.iterations = apart.iterations() + together.iterations();
  result.unique = apart.unique();
  return result;
}

}  // namespace impact::detail
