#include "engine/stats/newey_west.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// Rows [begin, end) as rows of Q and residuals, both columns `end - begin` long.
struct Rows {
  std::size_t count;
  std::vector<double> loaded, q, residual;

  Rows(const Model& model, const Solution& solution, std::size_t begin, std::size_t end)
      : count(end - begin),
        loaded(count * (model.columns + 1)),
        q(count * solution.kept.size()),
        residual(count) {
    for (std::size_t at = 0; at < count; at += kBlockRows) {
      const std::size_t rows = std::min(kBlockRows, count - at);
      load(model, begin + at, rows, loaded.data() + at, count);
      orthogonal_rows(model, solution, loaded.data() + at, rows, count, q.data() + at,
                      residual.data() + at);
    }
  }
};

}  // namespace

// With v_t = u_t / 2 + sum_{j=1..lag} (1 - j / (lag + 1)) u_(t-j) the sum is G + G',
// G = sum_t u_t v_t'. A chunk looks back `lag` rows.
MatrixXd newey_west_meat(const Model& model, const Solution& solution, std::int64_t lag,
                         const Context& context) {
  const std::size_t r = solution.kept.size();
  const auto size = static_cast<Index>(r);
  const auto reach = static_cast<std::size_t>(lag);
  MatrixXd half = reduce_chunks<MatrixXd>(
      context, model.rows, kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        const std::size_t start = begin - std::min(begin, reach);
        Rows rows(model, solution, start, end);
        for (std::size_t k = 0; k < r; ++k) {
          double* u = rows.q.data() + k * rows.count;
          for (std::size_t i = 0; i < rows.count; ++i) u[i] *= rows.residual[i];
        }
        MatrixXd sum(size, size);
        std::vector<double> v(end - begin);
        for (std::size_t b = 0; b < r; ++b) {
          const double* u = rows.q.data() + b * rows.count;
          for (std::size_t t = begin; t < end; ++t) v[t - begin] = 0.5 * u[t - start];
          for (std::size_t j = 1; j <= reach && j < end; ++j) {
            const double weight = 1.0 - static_cast<double>(j) / static_cast<double>(reach + 1);
            for (std::size_t t = std::max(begin, j); t < end; ++t) {
              v[t - begin] += weight * u[t - j - start];
            }
          }
          for (std::size_t a = 0; a < r; ++a) {
            const double* other = rows.q.data() + a * rows.count + (begin - start);
            sum(static_cast<Index>(a), static_cast<Index>(b)) = dot(other, v.data(), v.size());
          }
        }
        return sum;
      },
      [](MatrixXd& into, const MatrixXd& from) { into += from; });
  if (half.size() == 0) half = MatrixXd::Zero(size, size);
  return half + half.transpose();
}

// h_t = sum over columns of x_tk w_t e_t, s_j its autocovariances, n = floor(4 (T / 100)^(2/9)):
//   lag = floor(1.1447 ((s1 / s0)^2 T)^(1/3)), s0 = s_0 + 2 sum s_j, s1 = 2 sum j s_j, j <= n.
std::int64_t newey_west_lag(const Model& model, const Solution& solution, std::size_t nuisance,
                            const Context& context) {
  const std::size_t n = model.rows;
  if (n < 2 || solution.kept.size() <= nuisance) return 0;
  std::vector<std::size_t> columns(solution.kept.begin() + static_cast<std::ptrdiff_t>(nuisance),
                                   solution.kept.end());
  if (model.intercept && columns.size() > 1 && columns.front() == 0) columns.erase(columns.begin());
  std::vector<double> h(n);
  for_chunks(context, n, kChunkRows, [&](std::size_t begin, std::size_t end) {
    const Rows rows(model, solution, begin, end);
    for (std::size_t t = begin; t < end; ++t) {
      double sum = 0.0;
      for (const std::size_t k : columns) sum += model.x[k * n + t];
      // The residual has one root of the weight, the regressor the other.
      const double root = model.weights == nullptr ? 1.0 : std::sqrt(model.weights[t]);
      h[t] = sum * root * rows.residual[t - begin];
    }
  });
  const auto size = static_cast<double>(n);
  const auto last = std::min(
      n - 1, static_cast<std::size_t>(std::floor(4.0 * std::pow(size / 100.0, 2.0 / 9.0))));
  double s0 = 0.0;
  double s1 = 0.0;
  for (std::size_t j = 0; j <= last; ++j) {
    const double covariance = reduce_chunks<double>(
        context, n - j, kChunkRows,
        [&](std::size_t begin, std::size_t end) {
          return dot(h.data() + begin, h.data() + begin + j, end - begin);
        },
        [](double& into, double from) { into += from; });
    s0 += (j == 0 ? 1.0 : 2.0) * covariance;
    s1 += 2.0 * static_cast<double>(j) * covariance;
  }
  if (s0 == 0.0) return s1 == 0.0 ? 0 : static_cast<std::int64_t>(n - 1);
  const double ratio = s1 / s0;
  const double lag = std::floor(1.1447 * std::cbrt(ratio * ratio * size));
  return static_cast<std::int64_t>(std::min(lag, size - 1.0));
}

}  // namespace impact::detail
