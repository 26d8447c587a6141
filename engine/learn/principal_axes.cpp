#include "engine/learn/principal_axes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/cross_products.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kRank = 1e-12;
constexpr double kSameSize = 1.0 - 1e-8;
constexpr Index kOversample = 10;
constexpr int kPowerIterations = 8;

// Axes as columns, with the squares of their singular values, largest first.
struct Axes {
  MatrixXd axis;
  VectorXd squares;
};

std::vector<Index> all_columns(const MatrixXd& x) {
  std::vector<Index> out(static_cast<std::size_t>(x.cols()));
  std::iota(out.begin(), out.end(), Index{0});
  return out;
}

// X'X = V D V'; with more columns than rows XX' = U D U' and V = X'U D^(-1/2).
Axes exact_axes(const MatrixXd& x, const Context& context) {
  if (x.cols() <= x.rows()) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(
        detail::cross_products(x, all_columns(x), {}, context));
    return {eigen.eigenvectors().rowwise().reverse(), eigen.eigenvalues().reverse()};
  }
  const MatrixXd turned = x.transpose();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(
      detail::cross_products(turned, all_columns(turned), {}, context));
  Axes out{MatrixXd::Zero(x.cols(), x.rows()), eigen.eigenvalues().reverse()};
  for (Index k = 0; k < x.rows(); ++k) {
    if (!(out.squares[k] > kRank * out.squares[0])) break;
    out.axis.col(k) = turned * eigen.eigenvectors().col(x.rows() - 1 - k);
    out.axis.col(k) /= out.axis.col(k).norm();
  }
  return out;
}

MatrixXd orthonormal(const MatrixXd& a) {
  const Eigen::HouseholderQR<MatrixXd> qr(a);
  return qr.householderQ() * MatrixXd::Identity(a.rows(), a.cols());
}

// The range of X' from a random sketch, refined; then exactly inside of it.
Axes sketched_axes(const MatrixXd& x, Index components, StreamKey key, const Context& context) {
  const Index size = std::min(components + kOversample, std::min(x.rows(), x.cols()));
  MatrixXd sketch(x.rows(), size);
  Stream stream(key.child("sketch"));
  for (Index k = 0; k < size; ++k) {
    for (Index i = 0; i < x.rows(); ++i) sketch(i, k) = stream.normal();
  }
  MatrixXd basis = orthonormal(x.transpose() * sketch);
  for (int step = 0; step < kPowerIterations; ++step) {
    context.check();
    basis = orthonormal(x.transpose() * orthonormal(x * basis));
  }
  const MatrixXd inside = x * basis;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(inside.transpose() * inside);
  return {basis * eigen.eigenvectors().rowwise().reverse(), eigen.eigenvalues().reverse()};
}

[[noreturn]] void refuse(const char* what, const char* where, std::string got,
                         std::string expected) {
  throw ArgumentError(
      {.what = what, .where = where, .got = std::move(got), .expected = std::move(expected)});
}

void check(const FeatureColumns& features, const PrincipalAxesSpec& spec,
           std::span<const double> weights) {
  check_features(features, features.rows());
  const std::size_t most = std::min(features.rows(), features.columns);
  if (most == 0) refuse("there is nothing to find components of", "features", "none", "a column");
  if (spec.components > most) {
    refuse("there are fewer rows or columns than components", "components",
           std::to_string(spec.components),
           "at most " + std::to_string(most) + " (" + std::to_string(features.rows()) + " rows, " +
               std::to_string(features.columns) + " columns)");
  }
  if (!(spec.share > 0.0 && spec.share <= 1.0)) {
    refuse("a share of variance is out of range", "share", format_double(spec.share),
           "above 0, at most 1");
  }
  if (!weights.empty() && weights.size() != features.rows()) {
    refuse("weights and columns differ in length", "weights", std::to_string(weights.size()),
           std::to_string(features.rows()));
  }
  for (const double w : weights) {
    if (w >= 0.0 && std::isfinite(w)) continue;
    refuse("a weight is negative or no number", "weights", format_double(w), "0 or more");
  }
  for (std::size_t j = 0; j < features.columns; ++j) {
    for (const double value : features.column(j)) {
      if (std::isfinite(value)) continue;
      throw ArgumentError({.what = "components need complete rows, but a column has a missing or "
                                   "an infinite number",
                           .where = "'" + features.name(j) + "'",
                           .got = format_double(value),
                           .hint = "impute first"});
    }
  }
}

}  // namespace

std::vector<double> PrincipalAxes::scores(const FeatureColumns& features,
                                          const Context& context) const {
  check_features(features, features.rows());
  if (features.columns != columns) {
    refuse("the components are of other columns", "features", std::to_string(features.columns),
           std::to_string(columns) + " columns");
  }
  const std::size_t rows = features.rows();
  std::vector<double> out(rows * components(), 0.0);
  for_chunks(context, rows, kChunkRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double* x = features.column(j).data();
      for (std::size_t k = 0; k < components(); ++k) {
        const double by = loading[k * columns + j];
        double* to = out.data() + k * rows;
        for (std::size_t i = begin; i < end; ++i) to[i] += by * ((x[i] - centre[j]) / scale[j]);
      }
    }
  });
  return out;
}

PrincipalAxes fit_principal_axes(const FeatureColumns& features, const PrincipalAxesSpec& spec,
                                 std::span<const double> weights, StreamKey key,
                                 const Context& context) {
  check(features, spec, weights);
  const std::size_t n = features.rows();
  const std::size_t d = features.columns;
  PrincipalAxes out{.columns = d,
                    .centre = std::vector<double>(d, 0.0),
                    .scale = std::vector<double>(d, 1.0),
                    .n = static_cast<std::int64_t>(n)};
  std::vector<double> w(n, 1.0);
  if (!weights.empty()) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (!(sum > 0.0)) refuse("all weights are zero", "weights", "0", "a weight above 0");
    for (std::size_t i = 0; i < n; ++i) w[i] = weights[i] / sum * static_cast<double>(n);
  }
  // Rows of W^(1/2) (X - centre) / scale, and the columns' variances about their means.
  MatrixXd x(static_cast<Index>(n), static_cast<Index>(d));
  std::vector<double> spread(d);
  run_tasks(context, d, [&](std::size_t j) {
    const auto column = features.column(j);
    double mean = 0.0;
    for (std::size_t i = 0; i < n; ++i) mean += w[i] * column[i];
    mean /= static_cast<double>(n);
    double squares = 0.0;
    for (std::size_t i = 0; i < n; ++i) squares += w[i] * (column[i] - mean) * (column[i] - mean);
    const auto [low, high] = std::ranges::minmax_element(column);
    if (*low == *high) squares = 0.0;
    spread[j] = squares;
    if (spec.centre) {
      out.centre[j] = squares > 0.0 ? mean : *low;
      if (spec.standardise && squares > 0.0) {
        out.scale[j] = std::sqrt(squares / static_cast<double>(n));
        spread[j] = static_cast<double>(n);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      x(static_cast<Index>(i), static_cast<Index>(j)) =
          std::sqrt(w[i]) * ((column[i] - out.centre[j]) / out.scale[j]);
    }
  });
  double total = 0.0;
  for (std::size_t j = 0; j < d; ++j) {
    total += spread[j];
    if (spread[j] == 0.0 && spec.centre) {
      out.warnings.push_back("'" + features.name(j) +
                             "' is constant: no component has a part of it");
    }
  }
  const bool sketch = !spec.centre && spec.components > 0 &&
                      std::min(n, d) > std::max(spec.exact_up_to, 2 * spec.components);
  const Axes axes = sketch ? sketched_axes(x, static_cast<Index>(spec.components), key, context)
                           : exact_axes(x, context);
  const auto room = static_cast<std::size_t>(std::min(axes.squares.size(), axes.axis.cols()));
  const std::size_t wanted = spec.components > 0 ? spec.components : room;
  double explained = 0.0;
  for (std::size_t k = 0; k < std::min(wanted, room); ++k) {
    const auto at = static_cast<Index>(k);
    if (!(axes.squares[at] > kRank * axes.squares[0])) break;
    if (spec.components == 0 && spec.share < 1.0 && explained >= spec.share - kRank) break;
    VectorXd axis = axes.axis.col(at);
    const double largest = axis.cwiseAbs().maxCoeff();
    for (Index j = 0; j < axis.size(); ++j) {
      if (std::abs(axis[j]) < kSameSize * largest) continue;
      if (axis[j] < 0.0) axis = -axis;
      break;
    }
    out.loading.insert(out.loading.end(), axis.data(), axis.data() + axis.size());
    out.singular.push_back(std::sqrt(axes.squares[at]));
    double squares = axes.squares[at];
    if (!spec.centre) {
      const VectorXd score = x * axis;  // Each times the root of its row's weight.
      double sum = 0.0;
      for (std::size_t i = 0; i < n; ++i) sum += std::sqrt(w[i]) * score[static_cast<Index>(i)];
      squares -= sum * sum / static_cast<double>(n);
    }
    out.variance.push_back(n > 1 ? squares / static_cast<double>(n - 1)
                                 : std::numeric_limits<double>::quiet_NaN());
    out.share.push_back(squares / total);
    explained += squares / total;
  }
  if (spec.components > out.components()) {
    out.warnings.push_back("only " + std::to_string(out.components()) + " of " +
                           std::to_string(spec.components) + " components vary");
  }
  return out;
}

}  // namespace impact
