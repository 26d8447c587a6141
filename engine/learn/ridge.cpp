#include "engine/learn/ridge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <Eigen/Eigenvalues>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/cross_products.h"
#include "engine/learn/penalised_rows.h"
#include "engine/stats/least_squares.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Eigenvalues below this part of the largest are rounding.
constexpr double kRank = 1e-13;

}  // namespace

ElasticNetPath fit_ridge(const FeatureColumns& features, std::span<const double> outcome,
                         std::span<const std::uint32_t> rows, const RidgeSpec& spec,
                         std::span<const double> weights, const Context& context) {
  for (const double each : spec.lambda) {
    if (each >= 0.0 && std::isfinite(each)) continue;
    throw ArgumentError({.what = "a penalty is finite and not negative",
                         .where = "lambda",
                         .got = format_double(each),
                         .expected = "0 or more"});
  }
  const auto data =
      detail::penalised_rows(features, outcome, rows, weights, {},
                             {.centre = spec.intercept, .standardise = spec.standardise}, context);
  ElasticNetPath path;
  path.columns = features.columns;
  path.n = static_cast<std::int64_t>(data.count());
  path.centre = data.centre;
  path.scale = data.scale;
  path.warnings = data.warnings;
  if (path.n == 0) return path;
  path.lambda = spec.lambda;
  std::ranges::sort(path.lambda, std::greater<>());

  VectorXd y = data.y;
  double mean = 0.0;
  if (spec.intercept) {
    mean = detail::dot(data.weight.data(), y.data(), data.count());
    y.array() -= mean;
  }
  const VectorXd weighted = data.weight.cwiseProduct(y);
  const double null = detail::dot(weighted.data(), y.data(), data.count());
  path.null_deviance = null * static_cast<double>(path.n);
  // X'WX = V D V' and b = V (D + lambda)^-1 V'X'Wy, or with more columns than rows, Z = W^(1/2) X,
  // ZZ' = U D U' and b = Z'U (D + lambda)^-1 U'W^(1/2) y. Both are `basis` times `share` over
  // D + lambda.
  const Index m = data.x.cols();
  MatrixXd basis(m, 0);
  VectorXd squares, share;
  if (m > 0 && m <= data.x.rows()) {
    std::vector<Index> columns(static_cast<std::size_t>(m));
    std::iota(columns.begin(), columns.end(), Index{0});
    const std::span<const double> w(data.weight.data(), data.count());
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(
        detail::cross_products(data.x, columns, w, context));
    basis = eigen.eigenvectors();
    squares = eigen.eigenvalues();
    share = basis.transpose() * detail::column_products(data.x, columns, weighted, context);
  } else if (m > 0) {
    const VectorXd root = data.weight.cwiseSqrt();
    const MatrixXd z = root.asDiagonal() * data.x;
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(z * z.transpose());
    basis = z.transpose() * eigen.eigenvectors();
    squares = eigen.eigenvalues();
    share = eigen.eigenvectors().transpose() * root.cwiseProduct(y);
  }
  const double least = squares.size() > 0 ? kRank * squares.maxCoeff() : 0.0;
  for (const double lambda : path.lambda) {
    VectorXd part = VectorXd::Zero(squares.size());
    double df = 0.0;
    for (Index k = 0; k < squares.size(); ++k) {
      if (!(squares[k] > least)) continue;
      part[k] = share[k] / (squares[k] + lambda);
      df += squares[k] / (squares[k] + lambda);
    }
    const VectorXd b = basis * part;
    const VectorXd residual = y - data.x * b;
    const VectorXd scaled = data.weight.cwiseProduct(residual);
    path.df.push_back(df);
    path.passes.push_back(0);
    path.nonzero.push_back((b.array() != 0.0).count());
    path.deviance_ratio.push_back(
        null > 0.0 ? 1.0 - detail::dot(scaled.data(), residual.data(), data.count()) / null : 0.0);
    path.coefficient.resize(path.coefficient.size() + path.columns, 0.0);
    double* const coefficient = path.coefficient.data() + path.coefficient.size() - path.columns;
    double intercept = mean;
    for (Index k = 0; k < m; ++k) {
      const std::size_t j = data.varying[static_cast<std::size_t>(k)];
      coefficient[j] = b[k] / path.scale[j];
      intercept -= coefficient[j] * path.centre[j];
    }
    path.intercept.push_back(intercept);
  }
  return path;
}

}  // namespace impact
