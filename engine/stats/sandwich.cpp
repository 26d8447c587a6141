#include "engine/stats/sandwich.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>
#include "engine/core/parallel.h"

#include "engine/stats/bias_reduced.h"
#include "engine/stats/newey_west.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// 1 - leverage below this is rounding.
constexpr double kFullLeverage = 1e-10;
// A negative eigenvalue of a covariance in standard units below this is no rounding.
constexpr double kNegative = 1e-12;
// A row moves a coefficient if its part in it exceeds this share of the whole.
constexpr double kMoves = 1e-9;

bool needs_leverage(SeType se) { return se == SeType::kHc2 || se == SeType::kHc3; }

// Two-way clusters that share rows only by row subtract HC0.
bool needs_meat(const SandwichInput& input) {
  const SeType se = input.se;
  return se == SeType::kHc0 || se == SeType::kHc1 || needs_leverage(se) ||
         (input.second != nullptr && input.shared == nullptr);
}

// Sums over rows: e'e, sum q q' f with the HC factor f, and sum q q' w for weighted CR2.
struct RowSums {
  double residual_squares = 0.0;
  std::int64_t full_leverage = 0;
  std::vector<double> meat = {};
  std::vector<std::uint8_t> undefined = {};

  void merge(const RowSums& other) {
    residual_squares += other.residual_squares;
    full_leverage += other.full_leverage;
    for (std::size_t i = 0; i < meat.size(); ++i) meat[i] += other.meat[i];
    for (std::size_t i = 0; i < undefined.size(); ++i) undefined[i] |= other.undefined[i];
  }
};

class RowPass {
 public:
  RowPass(const Model& model, const Solution& solution, const SandwichInput& input)
      : model_(&model),
        solution_(&solution),
        input_(&input),
        r_(solution.kept.size()),
        weighted_squares_(input.se == SeType::kCr2 && model.weights != nullptr) {}

  [[nodiscard]] RowSums over(std::size_t begin, std::size_t end) const {
    RowSums sums;
    const bool meat = needs_meat(*input_) || weighted_squares_;
    if (meat) sums.meat.assign(r_ * r_, 0.0);
    if (needs_leverage(input_->se)) sums.undefined.assign(r_ - input_->nuisance, 0);
    const std::size_t stride = std::min(kBlockRows, end - begin);
    std::vector<double> rows(stride * (model_->columns + 1));
    std::vector<double> q(stride * r_);
    std::vector<double> residual(stride);
    std::vector<double> factor(stride);
    for (std::size_t at = begin; at < end; at += kBlockRows) {
      const std::size_t count = std::min(kBlockRows, end - at);
      load(*model_, at, count, rows.data(), stride);
      orthogonal_rows(*model_, *solution_, rows.data(), count, stride, q.data(), residual.data());
      sums.residual_squares += dot(residual.data(), residual.data(), count);
      if (!meat) continue;
      factors(at, count, stride, q, residual, factor, sums);
      add_meat(count, stride, q, factor, rows, sums.meat);
    }
    return sums;
  }

 private:
  // What each q q' is multiplied with.
  void factors(std::size_t at, std::size_t count, std::size_t stride, const std::vector<double>& q,
               const std::vector<double>& residual, std::vector<double>& factor,
               RowSums& sums) const {
    if (weighted_squares_) {
      std::copy(model_->weights + at, model_->weights + at + count, factor.begin());
      return;
    }
    for (std::size_t i = 0; i < count; ++i) factor[i] = residual[i] * residual[i];
    if (!needs_leverage(input_->se)) return;
    for (std::size_t i = 0; i < count; ++i) {
      double leverage = input_->absorbed == nullptr ? 0.0 : input_->absorbed[at + i];
      for (std::size_t k = 0; k < r_; ++k) leverage += q[k * stride + i] * q[k * stride + i];
      const double rest = 1.0 - leverage;
      if (rest < kFullLeverage) {
        ++sums.full_leverage;
        factor[i] = 0.0;
        mark_undefined(i, stride, q, sums);
      } else {
        factor[i] /= input_->se == SeType::kHc2 ? rest : rest * rest;
      }
    }
  }

  // The residual of a row with leverage 1 is zero whatever its error: it tells nothing about the
  // variance of the coefficients that the row moves (b'q != 0).
  void mark_undefined(std::size_t i, std::size_t stride, const std::vector<double>& q,
                      RowSums& sums) const {
    for (std::size_t c = input_->nuisance; c < r_; ++c) {
      const double* b = solution_->contrast.data() + c * r_;
      double part = 0.0;
      for (std::size_t k = 0; k < r_; ++k) part += b[k] * q[k * stride + i];
      if (std::abs(part) > kMoves * std::sqrt(dot(b, b, r_))) {
        sums.undefined[c - input_->nuisance] = 1;
      }
    }
  }

  void add_meat(std::size_t count, std::size_t stride, const std::vector<double>& q,
                const std::vector<double>& factor, std::vector<double>& scratch,
                std::vector<double>& meat) const {
    for (std::size_t a = 0; a < r_; ++a) {
      for (std::size_t i = 0; i < count; ++i) scratch[i] = q[a * stride + i] * factor[i];
      for (std::size_t b = a; b < r_; ++b) {
        const double sum = dot(scratch.data(), q.data() + b * stride, count);
        meat[b * r_ + a] += sum;
        if (b != a) meat[a * r_ + b] += sum;
      }
    }
  }

  const Model* model_;
  const Solution* solution_;
  const SandwichInput* input_;
  std::size_t r_;
  bool weighted_squares_;
};

// The rows of a cluster as rows of Q and residuals.
struct ClusterRows {
  MatrixXd q;
  VectorXd residual;
  VectorXd weights;

  void load_cluster(const Model& model, const Solution& solution,
                    std::span<const std::uint32_t> members) {
    const std::size_t count = members.size();
    rows.resize(count * (model.columns + 1));
    q.resize(static_cast<Index>(count), static_cast<Index>(solution.kept.size()));
    residual.resize(static_cast<Index>(count));
    load(model, members, rows.data(), count);
    orthogonal_rows(model, solution, rows.data(), count, count, q.data(), residual.data());
    if (model.weights == nullptr) return;
    weights.resize(static_cast<Index>(count));
    for (std::size_t i = 0; i < count; ++i) {
      weights[static_cast<Index>(i)] = model.weights[members[i]];
    }
  }

 private:
  std::vector<double> rows;
};

// Clusters a task: few enough tasks that their sums fit in memory, a number of the data alone.
std::size_t cluster_chunk(std::size_t clusters) {
  return std::max<std::size_t>(16, clusters / 256 + 1);
}

// M = sum_j Q_j'e_j e_j'Q_j.
MatrixXd cluster_meat(const Model& model, const Solution& solution, const Groups& clusters,
                      const Context& context) {
  const auto r = static_cast<Index>(solution.kept.size());
  return reduce_chunks<MatrixXd>(
      context, clusters.count(), cluster_chunk(clusters.count()),
      [&](std::size_t begin, std::size_t end) {
        MatrixXd meat = MatrixXd::Zero(r, r);
        ClusterRows rows;
        VectorXd u(r);
        for (std::size_t j = begin; j < end; ++j) {
          context.check();
          rows.load_cluster(model, solution, clusters[j]);
          for (Index k = 0; k < r; ++k) {
            u[k] = dot(rows.q.col(k).data(), rows.residual.data(), clusters[j].size());
          }
          meat.noalias() += u * u.transpose();
        }
        return meat;
      },
      [](MatrixXd& into, const MatrixXd& from) { into += from; });
}

BiasReducedSums bias_reduced_sums(const Model& model, const Solution& solution,
                                  const Groups& clusters, const BiasReduced& estimator,
                                  const Context& context) {
  return reduce_chunks<BiasReducedSums>(
      context, clusters.count(), cluster_chunk(clusters.count()),
      [&](std::size_t begin, std::size_t end) {
        BiasReducedSums sums = estimator.zero();
        ClusterRows rows;
        for (std::size_t j = begin; j < end; ++j) {
          context.check();
          rows.load_cluster(model, solution, clusters[j]);
          estimator.add(rows.q, rows.residual, model.weights == nullptr ? nullptr : &rows.weights,
                        sums);
        }
        return sums;
      },
      [](BiasReducedSums& into, const BiasReducedSums& from) { into.merge(from); });
}

// Whether a covariance has a negative eigenvalue beyond rounding. Signs of eigenvalues do not
// depend on the units of the coefficients, rounding does: `unit` are their standard errors by size.
bool indefinite(const MatrixXd& covariance, const VectorXd& unit) {
  if (!(unit.array() > 0.0).all()) return false;
  const VectorXd inverse = unit.cwiseInverse();
  const MatrixXd scaled = inverse.asDiagonal() * covariance * inverse.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(scaled, Eigen::EigenvaluesOnly);
  return solver.eigenvalues().minCoeff() < -kNegative;
}

// V = c_1 V_1 + c_2 V_2 - c_12 V_12 over clusters of the first kind, the second, and rows that
// share both. Where a linear combination has a negative variance by this, negative eigenvalues are
// set to zero (Cameron, Gelbach & Miller 2011, section 2.3).
void two_way(const Model& model, const Solution& solution, const SandwichInput& input,
             const MatrixXd& b, const RowSums& rows, Sandwich& result, MatrixXd& covariance,
             const Context& context) {
  const auto n = static_cast<double>(model.rows);
  const auto count = [](const Groups& groups) { return static_cast<double>(groups.count()); };
  const double fewest = std::min(count(*input.clusters), count(*input.second));
  const auto scale = [&](double groups) {
    if (input.se == SeType::kCr0) return 1.0;
    const double j = input.two_way == TwoWayScale::kSmallest ? fewest : groups;
    return j / (j - 1.0) * ((n - 1.0) / (n - input.rank));
  };
  const auto part = [&](const Groups& groups) -> MatrixXd {
    const MatrixXd meat = cluster_meat(model, solution, groups, context);
    return b.transpose() * meat * b * scale(count(groups));
  };
  covariance = part(*input.clusters) + part(*input.second);
  const VectorXd unit = covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
  if (input.shared != nullptr) {
    covariance -= part(*input.shared);
  } else {
    const auto r = static_cast<Index>(solution.kept.size());
    const Eigen::Map<const MatrixXd> meat(rows.meat.data(), r, r);
    const bool common = input.two_way == TwoWayScale::kSmallest;
    covariance -= b.transpose() * meat * b * (common ? scale(n) : 1.0);
  }
  result.df.assign(result.df.size(), fewest - 1.0);
  if (covariance.size() == 0 || !covariance.allFinite() || !indefinite(covariance, unit)) return;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(covariance);
  covariance = solver.eigenvectors() * solver.eigenvalues().cwiseMax(0.0).asDiagonal() *
               solver.eigenvectors().transpose();
  result.repaired = true;
}

}  // namespace

Sandwich sandwich(const Model& model, const Solution& solution, const SandwichInput& input,
                  const Context& context) {
  const auto r = static_cast<Index>(solution.kept.size());
  const auto reported = r - static_cast<Index>(input.nuisance);
  const auto n = static_cast<double>(model.rows);
  const MatrixXd b = Eigen::Map<const MatrixXd>(solution.contrast.data(), r, r).rightCols(reported);

  const RowPass pass(model, solution, input);
  RowSums rows = reduce_chunks<RowSums>(
      context, model.rows, kChunkRows,
      [&](std::size_t begin, std::size_t end) { return pass.over(begin, end); },
      [](RowSums& into, const RowSums& from) { into.merge(from); });

  Sandwich result;
  result.residual_squares = rows.residual_squares;
  result.full_leverage = rows.full_leverage;
  result.undefined = rows.undefined;
  result.df.assign(static_cast<std::size_t>(reported), n - input.rank);
  MatrixXd covariance;
  if (input.se == SeType::kClassical) {
    covariance = b.transpose() * b * (rows.residual_squares / (n - input.rank));
  } else if (input.se == SeType::kNeweyWest) {
    covariance = b.transpose() * newey_west_meat(model, solution, input.lag, context) * b;
    if (input.small_sample) covariance *= n / (n - input.rank);
  } else if (input.second != nullptr) {
    two_way(model, solution, input, b, rows, result, covariance, context);
  } else if (needs_meat(input)) {
    const Eigen::Map<const MatrixXd> meat(rows.meat.data(), r, r);
    covariance = b.transpose() * meat * b;
    if (input.se == SeType::kHc1) covariance *= n / (n - input.rank);
  } else {
    const auto clusters = static_cast<double>(input.clusters->count());
    if (input.se == SeType::kCr2) {
      const BiasReduced estimator(b, model.weights == nullptr ? MatrixXd()
                                                              : MatrixXd(Eigen::Map<const MatrixXd>(
                                                                    rows.meat.data(), r, r)));
      const BiasReducedSums sums =
          bias_reduced_sums(model, solution, *input.clusters, estimator, context);
      covariance = b.transpose() * sums.meat * b;
      result.df = estimator.df(sums);
    } else {
      covariance = b.transpose() * cluster_meat(model, solution, *input.clusters, context) * b;
      result.df.assign(result.df.size(), clusters - 1.0);
      if (input.se == SeType::kCr1) {
        covariance *= clusters / (clusters - 1.0) * ((n - 1.0) / (n - input.rank));
      }
    }
  }
  const auto several = [](const Groups* groups) {
    return groups == nullptr || groups->count() > 1;
  };
  const bool defined = n > input.rank && several(input.clusters) && several(input.second);
  if (!defined) {
    covariance.setConstant(kNaN);
    result.df.assign(result.df.size(), kNaN);
  }
  for (Index c = 0; c < reported && !result.undefined.empty(); ++c) {
    if (result.undefined[static_cast<std::size_t>(c)] == 0) continue;
    covariance.row(c).setConstant(kNaN);
    covariance.col(c).setConstant(kNaN);
  }
  result.covariance.assign(covariance.data(), covariance.data() + covariance.size());
  return result;
}

}  // namespace impact::detail
