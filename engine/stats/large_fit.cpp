#include "engine/stats/large_fit.h"

#include <algorithm>
#include <limits>
#include <Eigen/Cholesky>

#include "engine/core/parallel.h"
#include "engine/stats/eta_block.h"
#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kRun = 8;  // a cache line
constexpr std::size_t kEvery = 128;
// Fewer rows are fitted soon enough; fewer thinned rows a column are no good start.
constexpr std::size_t kManyRows = 65536;
constexpr std::size_t kRowsAColumn = 100;
// Least part of a column's sum of squares that must be seen to be its own, far above what linear()
// warns of.
constexpr double kSureShare = 1e-6;
// Rounding of a sum of squares about the mean from the one about 0, of the latter, generously.
constexpr double kSquaresRounding = 1e-10;
// What may remain after the last step, squared and in standard errors.
constexpr double kRemains = 1e-18;
// Steps that do not shrink by this (squared) are not near the maximum.
constexpr double kShrinks = 1e-2;
constexpr int kMostPasses = 8;

std::vector<double> pick(std::span<const double> from, std::size_t groups) {
  std::vector<double> to(from.empty() ? 0 : groups * kRun);
  for (std::size_t g = 0; g < groups && !to.empty(); ++g) {
    std::copy_n(from.data() + g * kEvery, kRun, to.data() + g * kRun);
  }
  return to;
}

// Newton's method with an information that is taken once, at the second point, and held: near the
// maximum it hardly changes from step to step, and is what costs. With e the distance of a point
// from the maximum in units of eta, the first step (with the information of `some` rows, apart by
// about e) leaves e^2, the next one e^4, and each later one shrinks the rest by e^2.
Maximum maximise_near(const EtaProblem& problem, const VectorXd& start, const MatrixXd& information,
                      int most_iterations, const Context& context) {
  Maximum result;
  result.beta = start;
  Eigen::LLT<MatrixXd> factor(information);
  double earlier = std::numeric_limits<double>::infinity();
  while (!result.converged && result.iterations < std::min(most_iterations, kMostPasses)) {
    context.check();
    const bool renew = result.iterations == 1;
    const Curvature at = curvature(problem, result.beta, renew, context);
    if (renew) factor.compute(at.information);
    if (factor.info() != Eigen::Success) return result;
    if (renew && least_share(at.information, factor) < kStepShare) return result;
    ++result.iterations;
    const VectorXd step = factor.solve(at.score);
    const double decrement = step.dot(at.score);
    if (!(decrement < kShrinks * earlier)) return result;
    result.beta += step;
    result.value = at.value;
    result.converged = decrement <= kLastStep && decrement * (decrement / earlier) <= kRemains;
    earlier = decrement;
  }
  return result;
}

}  // namespace

RegressionRows thinned(const RegressionRows& rows, const Context& context) {
  RegressionRows some;
  some.columns = rows.columns;
  const std::size_t groups = rows.count() / kEvery;
  if (rows.count() < kManyRows || groups * kRun < kRowsAColumn * rows.columns) return some;
  some.own_y = pick(rows.y, groups);
  some.own_weights = pick(rows.weights, groups);
  some.own_offset = pick(rows.offset, groups);
  some.own_x.resize(rows.columns * groups * kRun);
  for_chunks(context, rows.columns, 1, [&](std::size_t k, std::size_t) {
    const std::vector<double> column = pick(rows.x.subspan(k * rows.count(), rows.count()), groups);
    std::ranges::copy(column, some.own_x.begin() + static_cast<std::ptrdiff_t>(k * column.size()));
  });
  some.x = some.own_x;
  some.y = some.own_y;
  some.weights = some.own_weights;
  some.offset = some.own_offset;
  return some;
}

// L_kk^2 of the Cholesky factor of the cross products of `some` rows, about any shift if an
// intercept comes first, is what the earlier columns leave of column k there.
bool surely_independent(const EtaProblem& problem, const RegressionRows& some,
                        const Context& context) {
  if (some.count() == 0) return false;
  const auto k = static_cast<Index>(some.columns);
  const std::vector<double> ones(some.weights.empty() ? kBlockRows : 0, 1.0);
  const MatrixXd products = reduce_chunks<MatrixXd>(
      context, some.count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        MatrixXd sum = MatrixXd::Zero(k, k);
        EtaBlock block(some, problem.shift);
        for (std::size_t at = begin; at < end; at += kBlockRows) {
          block.load(at, std::min(kBlockRows, end - at));
          block.add_squares(ones.empty() ? some.weights.data() + at : ones.data(), sum);
        }
        return sum;
      },
      [](MatrixXd& into, const MatrixXd& from) { into += from; });
  const Eigen::LLT<MatrixXd> factor(products);
  if (factor.info() != Eigen::Success) return false;
  for (Index c = 0; c < k; ++c) {
    const auto column = static_cast<std::size_t>(c);
    const double size = problem.size[column];
    const double mean = problem.shift[column] * (problem.intercept ? problem.size[0] : 0.0);
    const double whole = std::max(0.0, size * size - mean * mean) + kSquaresRounding * size * size;
    const double pivot = factor.matrixLLT()(c, c);
    if (!(pivot * pivot > kSureShare * std::max(whole, products(c, c)))) return false;
  }
  return true;
}

Maximum maximise_from(const EtaProblem& problem, const RegressionRows& some, const VectorXd& start,
                      int most_iterations, const Context& context) {
  if (some.count() == 0) return {};
  EtaProblem part = problem;
  part.rows = &some;
  Maximum result = maximise(part, start, most_iterations, context);
  if (!result.converged) return result;
  const int iterations = result.iterations;
  const MatrixXd information = summarise(part, result.beta, context).information *
                               (problem.rows->total(true) / some.total(true));
  result = maximise_near(problem, result.beta, information, most_iterations, context);
  result.iterations += iterations;
  return result;
}

}  // namespace impact::detail
