#include "engine/learn/tune/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kPriorMean = -0.7;
constexpr double kPriorSd = 1.5;
constexpr int kSteps = 60;
constexpr double kSqrt5 = 2.2360679774997897;

double matern(double r) { return (1.0 + kSqrt5 * r + 5.0 / 3.0 * r * r) * std::exp(-kSqrt5 * r); }

double squared_distance(std::span<const double> a, std::span<const double> b, std::size_t j,
                        const std::vector<bool>& code) {
  if (code[j]) return a[j] == b[j] ? 0.0 : 1.0;
  return (a[j] - b[j]) * (a[j] - b[j]);
}

// With C = R + g I, a = C^-1 (y - mu 1):
//   mu = 1'C^-1 y / 1'C^-1 1,   s^2 = (y - mu 1)'a / n,
//   -log L = n/2 log s^2 + 1/2 log |C| + n/2 (1 + log 2 pi)
//   d(-log L) = 1/2 tr (C^-1 dC) - a'dC a / (2 s^2)
// (mu and s^2 are at their best, so their derivatives drop out), and by log l_j
//   dk = 5/3 (1 + sqrt 5 r) exp(-sqrt 5 r) d_j^2 / l_j^2.
class Likelihood {
 public:
  Likelihood(const std::vector<double>& x, const std::vector<bool>& code,
             const std::vector<double>& y)
      : n_(static_cast<Index>(y.size())),
        columns_(static_cast<Index>(code.size())),
        y_(Eigen::Map<const VectorXd>(y.data(), n_)) {
    const std::size_t width = code.size();
    for (std::size_t j = 0; j < width; ++j) {
      MatrixXd& squares = squares_.emplace_back(n_, n_);
      for (Index a = 0; a < n_; ++a) {
        for (Index b = 0; b < n_; ++b) {
          squares(a, b) = squared_distance(
              std::span(x).subspan(static_cast<std::size_t>(a) * width, width),
              std::span(x).subspan(static_cast<std::size_t>(b) * width, width), j, code);
        }
      }
    }
  }

  // -log L less the log prior; theta: log l_j, log g. Infinite where C is not positive definite.
  double operator()(const VectorXd& theta, VectorXd* gradient, double* log_likelihood) const {
    MatrixXd r2 = MatrixXd::Zero(n_, n_);
    for (Index j = 0; j < columns_; ++j) {
      r2 += std::exp(-2.0 * theta[j]) * squares_[static_cast<std::size_t>(j)];
    }
    const double g = std::exp(theta[columns_]);
    MatrixXd c = r2.unaryExpr([](double s) { return matern(std::sqrt(s)); });
    c.diagonal().array() += g;
    const Eigen::LLT<MatrixXd> llt(c);
    if (llt.info() != Eigen::Success) return std::numeric_limits<double>::infinity();
    const auto n = static_cast<double>(n_);
    const VectorXd ones = VectorXd::Ones(n_);
    const VectorXd by_ones = llt.solve(ones);
    const double mu = by_ones.dot(y_) / by_ones.sum();
    const VectorXd rest = y_ - mu * ones;
    const VectorXd a = llt.solve(rest);
    const double s2 = std::max(rest.dot(a) / n, 1e-300);
    const double log_det = 2.0 * llt.matrixLLT().diagonal().array().log().sum();
    const double minus = 0.5 * n * std::log(s2) + 0.5 * log_det;
    if (log_likelihood != nullptr) {
      *log_likelihood = -minus - 0.5 * n * (1.0 + std::log(2.0 * 3.14159265358979323846));
    }
    const VectorXd from_prior = (theta.head(columns_).array() - kPriorMean) / kPriorSd;
    if (gradient != nullptr) {
      const MatrixXd inverse = llt.solve(MatrixXd::Identity(n_, n_));
      const MatrixXd pull = 0.5 * (inverse - a * a.transpose() / s2);
      const MatrixXd slope = r2.unaryExpr([](double s) {
        const double r = kSqrt5 * std::sqrt(s);
        return 5.0 / 3.0 * (1.0 + r) * std::exp(-r);
      });
      const MatrixXd both = pull.cwiseProduct(slope);
      for (Index j = 0; j < columns_; ++j) {
        (*gradient)[j] = std::exp(-2.0 * theta[j]) *
                             both.cwiseProduct(squares_[static_cast<std::size_t>(j)]).sum() +
                         from_prior[j] / kPriorSd;
      }
      (*gradient)[columns_] = g * pull.trace();
    }
    return minus + 0.5 * from_prior.squaredNorm();
  }

 private:
  Index n_;
  Index columns_;
  VectorXd y_;
  std::vector<MatrixXd> squares_ = {};
};

struct Bounds {
  VectorXd low;
  VectorXd high;
  [[nodiscard]] VectorXd project(const VectorXd& theta) const {
    return theta.cwiseMax(low).cwiseMin(high);
  }
};

// Quasi-Newton steps (BFGS) among the parameters that no bound holds, each cut back to the box and
// halved until the value falls (Armijo's condition along the projected path; Bertsekas 1982).
std::pair<double, VectorXd> minimise(const Likelihood& value, VectorXd theta,
                                     const Bounds& bounds) {
  const Index size = theta.size();
  VectorXd gradient(size);
  double now = value(theta, &gradient, nullptr);
  MatrixXd h = MatrixXd::Identity(size, size);
  for (int step = 0; step < kSteps && std::isfinite(now); ++step) {
    Eigen::Array<bool, Eigen::Dynamic, 1> held(size);
    for (Index j = 0; j < size; ++j) {
      held[j] = (theta[j] <= bounds.low[j] && gradient[j] > 0.0) ||
                (theta[j] >= bounds.high[j] && gradient[j] < 0.0);
    }
    const VectorXd free = held.select(VectorXd::Zero(size), gradient);
    if (free.lpNorm<Eigen::Infinity>() < 1e-5) break;
    VectorXd direction = held.select(VectorXd::Zero(size), -(h * free));
    if (direction.dot(free) >= 0.0) {
      h.setIdentity();
      direction = -free;
    }
    const double longest = direction.lpNorm<Eigen::Infinity>();
    if (longest > 2.0) direction *= 2.0 / longest;
    VectorXd next(size);
    VectorXd next_gradient(size);
    double next_value = now;
    bool falls = false;
    for (double share = 1.0; share > 1e-6 && !falls; share *= 0.5) {
      next = bounds.project(theta + share * direction);
      next_value = value(next, &next_gradient, nullptr);
      falls = next_value < now + 1e-4 * gradient.dot(next - theta);
    }
    if (!falls) break;
    const VectorXd moved = next - theta;
    const VectorXd turned = next_gradient - gradient;
    const double curvature = moved.dot(turned);
    if (curvature > 1e-10) {
      const MatrixXd left = MatrixXd::Identity(size, size) - moved * turned.transpose() / curvature;
      h = left * h * left.transpose() + moved * moved.transpose() / curvature;
    }
    const double gained = now - next_value;
    theta = next;
    gradient = next_gradient;
    now = next_value;
    if (gained < 1e-8 * (1.0 + std::abs(now))) break;
  }
  return {now, theta};
}

}  // namespace

struct GaussianProcess::Solved {
  Eigen::LLT<MatrixXd> llt;
  VectorXd by_ones;   ///< C^-1 1.
  VectorXd by_rests;  ///< C^-1 (y - mu 1).
  double mu = 0.0;
  double s2 = 0.0;
};

GaussianProcess::GaussianProcess(std::vector<double> x, std::vector<bool> code,
                                 std::vector<double> y)
    : x_(std::move(x)), code_(std::move(code)), y_(std::move(y)) {
  const auto columns = static_cast<Index>(code_.size());
  const Likelihood value(x_, code_, y_);
  Bounds bounds{VectorXd::Constant(columns + 1, std::log(0.05)),
                VectorXd::Constant(columns + 1, std::log(20.0))};
  bounds.low[columns] = std::log(1e-8);
  bounds.high[columns] = 0.0;
  double best = std::numeric_limits<double>::infinity();
  VectorXd chosen = VectorXd::Constant(columns + 1, kPriorMean);
  for (const auto& [length, noise] : {std::pair{0.5, 1e-5}, {0.2, 1e-2}, {1.5, 1e-2}}) {
    VectorXd start = VectorXd::Constant(columns + 1, std::log(length));
    start[columns] = std::log(noise);
    auto [reached, theta] = minimise(value, start, bounds);
    if (reached >= best) continue;
    best = reached;
    chosen = theta;
  }
  value(chosen, nullptr, &log_likelihood_);
  for (Index j = 0; j < columns; ++j) lengths_.push_back(std::exp(chosen[j]));
  noise_ = std::exp(chosen[columns]);
  solve();
}

void GaussianProcess::solve() {
  const auto n = static_cast<Index>(y_.size());
  const std::size_t width = code_.size();
  MatrixXd c(n, n);
  for (Index a = 0; a < n; ++a) {
    for (Index b = 0; b <= a; ++b) {
      double r2 = 0.0;
      for (std::size_t j = 0; j < width; ++j) {
        r2 += squared_distance(std::span(x_).subspan(static_cast<std::size_t>(a) * width, width),
                               std::span(x_).subspan(static_cast<std::size_t>(b) * width, width), j,
                               code_) /
              (lengths_[j] * lengths_[j]);
      }
      c(a, b) = c(b, a) = matern(std::sqrt(r2));
    }
  }
  auto solved = std::make_shared<Solved>();
  // Points that all but coincide may need more than the noise that was found.
  double g = noise_;
  while (true) {
    MatrixXd noisy = c;
    noisy.diagonal().array() += g;
    solved->llt.compute(noisy);
    if (solved->llt.info() == Eigen::Success) break;
    g *= 10.0;
  }
  const Eigen::Map<const VectorXd> y(y_.data(), n);
  const VectorXd ones = VectorXd::Ones(n);
  solved->by_ones = solved->llt.solve(ones);
  solved->mu = solved->by_ones.dot(y) / solved->by_ones.sum();
  const VectorXd rest = y - solved->mu * ones;
  solved->by_rests = solved->llt.solve(rest);
  solved->s2 = rest.dot(solved->by_rests) / static_cast<double>(n);
  solved_ = std::move(solved);
}

void GaussianProcess::add(std::span<const double> x, double y) {
  x_.insert(x_.end(), x.begin(), x.end());
  y_.push_back(y);
  solve();
}

// With k the covariances to the points, over s^2:
//   mean = mu + k'C^-1 (y - mu 1)
//   variance = s^2 (1 - k'C^-1 k + (1 - 1'C^-1 k)^2 / 1'C^-1 1), the last for the unknown mu.
ProcessValue GaussianProcess::at(std::span<const double> x) const {
  const std::size_t width = code_.size();
  VectorXd k(static_cast<Index>(y_.size()));
  for (Index a = 0; a < k.size(); ++a) {
    const auto seen = std::span(x_).subspan(static_cast<std::size_t>(a) * width, width);
    double r2 = 0.0;
    for (std::size_t j = 0; j < width; ++j) {
      r2 += squared_distance(x, seen, j, code_) / (lengths_[j] * lengths_[j]);
    }
    k[a] = matern(std::sqrt(r2));
  }
  const VectorXd half = solved_->llt.matrixL().solve(k);
  const double rest = 1.0 - solved_->by_ones.dot(k);
  const double variance =
      solved_->s2 * (1.0 - half.squaredNorm() + rest * rest / solved_->by_ones.sum());
  return {.mean = solved_->mu + solved_->by_rests.dot(k), .sd = std::sqrt(std::max(variance, 0.0))};
}

}  // namespace impact::detail
