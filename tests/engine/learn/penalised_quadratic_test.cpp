#include "engine/learn/penalised_quadratic.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "engine/learn/cross_products.h"

using namespace impact;
using namespace impact::detail;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd drawn(Index rows, Index columns) {
  Stream stream(StreamKey::root(12));
  MatrixXd x(rows, columns);
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) x(i, j) = stream.normal();
  }
  return x;
}

}  // namespace

TEST_CASE("cross products are sums row by row, whatever the registers", "[learn][penalised]") {
  // Fewer and more columns than a group of 16, rows that end inside a block and a part.
  for (const Index columns : {1, 5, 16, 37}) {
    const MatrixXd x = drawn(4500, columns);
    VectorXd v = x.col(0).cwiseAbs();
    v[7] = 0.0;
    std::vector<Index> all(static_cast<std::size_t>(columns));
    std::iota(all.begin(), all.end(), Index{0});
    const MatrixXd plain = cross_products(x, all, {}, {});
    const MatrixXd weighted =
        cross_products(x, all, std::span(v.data(), static_cast<std::size_t>(v.size())), {});
    CHECK(plain == plain.transpose());
    CHECK((plain - x.transpose() * x).cwiseAbs().maxCoeff() < 1e-9);
    const MatrixXd other = x.transpose() * v.asDiagonal() * x;
    CHECK((weighted - other).cwiseAbs().maxCoeff() < 1e-9);
    // To the bit: blocks of 128 rows, parts of 4096, each sum from its first row on.
    const Index a = columns / 3, b = columns - 1;
    double parts[2] = {0.0, 0.0};
    for (Index at = 0; at < x.rows(); at += 128) {
      double sum = 0.0;
      for (Index i = at; i < std::min<Index>(at + 128, x.rows()); ++i) sum += x(i, a) * x(i, b);
      parts[at / 4096] += sum;
    }
    CHECK(plain(a, b) == parts[0] + parts[1]);
    for (const int threads : {2, 3, 8}) {
      CHECK(cross_products(x, all, {}, {.threads = threads}) == plain);
    }
    const std::vector<Index> some = {columns - 1, 0};
    const MatrixXd corner = cross_products(x, some, all, {}, {});
    CHECK((corner.row(0) - plain.row(columns - 1)).cwiseAbs().maxCoeff() < 1e-9);
  }
}

TEST_CASE("penalised quadratics by hand", "[learn][penalised]") {
  // Orthogonal columns: b_j = sign(c_j) (|c_j| - l1)_+ / (1 + l2).
  const MatrixXd identity = MatrixXd::Identity(4, 4);
  const VectorXd linear = (VectorXd(4) << 3.0, -2.0, 0.5, 1.0).finished();
  CoordinatePenalty penalty = CoordinatePenalty::none(4);
  penalty.l1 << 1.0, 1.0, 1.0, 0.0;
  penalty.l2 << 0.0, 1.0, 0.0, 0.0;
  penalty.upper[0] = 1.5;
  VectorXd b = VectorXd::Zero(4);
  CHECK(minimise_quadratic(identity, linear, penalty, {}, b, {}).converged);
  CHECK(b == (VectorXd(4) << 1.5, -0.5, 0.0, 1.0).finished());
  CHECK(penalty.value(b) == Approx(1.5 + 0.5 + 0.5 * 0.25));

  // Two columns that correlate almost perfectly: descent alone would need some 1e8 passes.
  MatrixXd near(2, 2);
  near << 1.0, 1.0 - 1e-8, 1.0 - 1e-8, 1.0;
  VectorXd both(2);
  both << 1.0, 1.0 + 1e-8;
  CoordinatePenalty none = CoordinatePenalty::none(2);
  VectorXd solved = VectorXd::Zero(2);
  const auto quick = minimise_quadratic(near, both, none, {.tolerance = 1e-24}, solved, {});
  CHECK(quick.converged);
  CHECK(quick.passes < 100);
  CHECK((near * solved - both).cwiseAbs().maxCoeff() < 1e-15);

  // The same column twice: which of the two is used does not matter, their sum does.
  const MatrixXd twice = MatrixXd::Ones(2, 2);
  CoordinatePenalty lasso = CoordinatePenalty::none(2);
  lasso.l1.setConstant(0.25);
  VectorXd shared = VectorXd::Zero(2);
  CHECK(minimise_quadratic(twice, VectorXd::Ones(2), lasso, {}, shared, {}).converged);
  CHECK(shared.sum() == Approx(0.75).epsilon(1e-12));

  // An infinite penalty keeps its coordinate out; degrees of freedom of the rest.
  lasso.l1[0] = std::numeric_limits<double>::infinity();
  shared.setZero();
  CHECK(minimise_quadratic(twice, VectorXd::Ones(2), lasso, {}, shared, {}).converged);
  CHECK(shared[0] == 0.0);
  CHECK(shared[1] == Approx(0.75).epsilon(1e-12));
  CHECK(smoother_trace(identity, VectorXd::Ones(4), {0, 2, 3}) == Approx(1.5).epsilon(1e-14));
  CHECK(std::isnan(smoother_trace(MatrixXd::Zero(1, 1), VectorXd::Zero(1), {0})));
}
