#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <Eigen/QR>
#include <Eigen/SVD>

#include "engine/core/parallel.h"
#include "engine/stats/lengths.h"
#include "engine/stats/regression_diagnostics.h"
#include "engine/stats/row_states.h"
#include "engine/stats/sample.h"
#include "engine/stats/solved.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// 1 - leverage below this is rounding.
constexpr double kFullLeverage = 1e-10;

// What every row is measured with.
struct Scale {
  double residual_squares;
  double spare;  // n - k
  double rank;
  std::vector<double> root;  // of the diagonal of (X'X)^-1, one a kept column
};

// s_i^2 = (e'e - e_i^2 / (1 - h_i)) / (n - k - 1).
void measure(const detail::Solved& solved, const detail::Block& block, const Scale& scale,
             std::size_t i, Influence& result) {
  const std::size_t r = solved.rank();
  const std::size_t row = solved.source(block.begin + i);
  const std::size_t rows = result.residual.size();
  double leverage = 0.0;
  for (std::size_t k = 0; k < r; ++k) {
    leverage += block.q[k * block.stride + i] * block.q[k * block.stride + i];
  }
  const double e = block.residual[i];
  const double weight =
      solved.model.weights == nullptr ? 1.0 : solved.model.weights[block.begin + i];
  result.residual[row] = e / std::sqrt(weight);
  result.leverage[row] = std::min(leverage, 1.0);
  const double rest = 1.0 - leverage;
  if (rest < kFullLeverage) return;
  const double s = std::sqrt(scale.residual_squares / scale.spare);
  const double without = (scale.residual_squares - e * e / rest) / (scale.spare - 1.0);
  const double s_i = scale.spare > 1.0 ? std::sqrt(std::max(without, 0.0)) : kNaN;
  const double ratio = leverage / rest;
  const double standardised = e / (s * std::sqrt(rest));
  result.standardised[row] = standardised;
  result.studentised[row] = e / (s_i * std::sqrt(rest));
  result.cooks_distance[row] = standardised * standardised * ratio / scale.rank;
  result.dffits[row] = result.studentised[row] * std::sqrt(ratio);
  if (result.dfbetas.empty()) return;
  // (X'X)^-1 x_i e_i / (1 - h_i), row by row b_c'q_i e_i / (1 - h_i).
  for (std::size_t c = 0; c < r; ++c) {
    const double* b = solved.solution.contrast.data() + c * r;
    double part = 0.0;
    for (std::size_t k = 0; k < r; ++k) part += b[k] * block.q[k * block.stride + i];
    result.dfbetas[solved.solution.kept[c] * rows + row] = part * e / rest / (s_i * scale.root[c]);
  }
}

}  // namespace

Influence influence(const LinearData& data, bool dfbetas, const Context& context) {
  const detail::Solved solved = detail::solve_rows(data, false, context);
  Influence result;
  result.n = static_cast<std::int64_t>(solved.n());
  result.rank = static_cast<std::int64_t>(solved.rank());
  for (auto* column : {&result.residual, &result.leverage, &result.standardised,
                       &result.studentised, &result.cooks_distance, &result.dffits}) {
    column->assign(data.y.size(), kNaN);
  }
  if (dfbetas) result.dfbetas.assign(data.y.size() * data.columns, kNaN);
  detail::warn_left_out(result.warnings, solved.rows.missing, solved.rows.infinite);
  if (result.n <= result.rank) {
    result.warnings.push_back(fmt::format(
        "{} rows for {} coefficients: no residual is left to compare", result.n, result.rank));
    return result;
  }
  Scale scale{.residual_squares = detail::residual_squares(solved, context),
              .spare = static_cast<double>(result.n - result.rank),
              .rank = static_cast<double>(result.rank),
              .root = {}};
  result.residual_sd = std::sqrt(scale.residual_squares / scale.spare);
  const std::size_t r = solved.rank();
  for (std::size_t c = 0; c < r; ++c) {
    const double* b = solved.solution.contrast.data() + c * r;
    scale.root.push_back(std::sqrt(detail::dot(b, b, r)));
  }
  for_chunks(context, solved.n(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    detail::each_block(solved, begin, end, [&](const detail::Block& block) {
      for (std::size_t i = 0; i < block.count; ++i) measure(solved, block, scale, i, result);
    });
  });
  const auto full = std::ranges::count_if(
      result.leverage, [](double leverage) { return 1.0 - leverage < kFullLeverage; });
  if (full > 0) {
    result.warnings.push_back(detail::plural(full, "row has", "rows have") +
                              " leverage 1: the fit passes through them whatever their outcome");
  }
  return result;
}

namespace {

// log |det| of a triangle with the inner products of some columns of a triangle.
double log_volume(const MatrixXd& triangle, const std::vector<Index>& columns) {
  if (columns.empty()) return 0.0;
  MatrixXd part(triangle.rows(), static_cast<Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    part.col(static_cast<Index>(c)) = triangle.col(columns[c]);
  }
  const Eigen::HouseholderQR<MatrixXd> qr(part);
  double sum = 0.0;
  for (Index k = 0; k < part.cols(); ++k) sum += std::log(std::abs(qr.matrixQR()(k, k)));
  return sum;
}

// The triangle of columns of length one that are not centred: a column's mean times that of the
// intercept is what centring took out.
double condition_number(const detail::Solved& solved, MatrixXd triangle) {
  if (solved.model.intercept) {
    for (Index c = 1; c < triangle.cols(); ++c) {
      triangle(0, c) +=
          solved.model.shift[solved.solution.kept[static_cast<std::size_t>(c)]] * triangle(0, 0);
    }
  }
  for (Index c = 0; c < triangle.cols(); ++c) triangle.col(c) /= triangle.col(c).norm();
  const VectorXd values = Eigen::JacobiSVD<MatrixXd>(triangle).singularValues();
  return values[0] / values[values.size() - 1];
}

}  // namespace

// The triangle R of the centred columns has R'R = their cross-products, and factors of scale cancel
// in det(own) det(other) / det(all).
Collinearity collinearity(const LinearData& data, std::span<const std::size_t> term,
                          const Context& context) {
  require_optional_length("term", term.size(), data.columns);
  const detail::Solved solved = detail::solve_rows(data, false, context);
  Collinearity result;
  detail::warn_left_out(result.warnings, solved.rows.missing, solved.rows.infinite);
  const std::size_t r = solved.rank();
  if (r < data.columns) {
    result.warnings.push_back(detail::plural(static_cast<std::int64_t>(data.columns - r),
                                             "column is a linear combination",
                                             "columns are linear combinations") +
                              " of earlier ones and left out");
  }
  if (r == 0) return result;
  const auto size = static_cast<Index>(r);
  const MatrixXd triangle = Eigen::Map<const MatrixXd>(solved.solution.triangle.data(), size, size);
  result.condition = condition_number(solved, triangle);
  std::map<std::size_t, std::vector<Index>> columns;
  std::vector<Index> all;
  for (Index c = 0; c < size; ++c) {
    const std::size_t k = solved.solution.kept[static_cast<std::size_t>(c)];
    if (solved.model.intercept && k == 0) continue;
    columns[term.empty() ? k : term[k]].push_back(c);
    all.push_back(c);
  }
  if (!solved.model.intercept) {
    result.warnings.emplace_back(
        "without an intercept inflation is about zero, not about the means");
  }
  const double whole = log_volume(triangle, all);
  for (const auto& [id, own] : columns) {
    std::vector<Index> other;
    std::ranges::set_difference(all, own, std::back_inserter(other));
    Inflation& row = result.terms.emplace_back();
    row.term = id;
    row.df = static_cast<std::int64_t>(own.size());
    row.gvif = std::exp(2.0 * (log_volume(triangle, own) + log_volume(triangle, other) - whole));
    row.per_df = std::pow(row.gvif, 0.5 / static_cast<double>(row.df));
  }
  return result;
}

}  // namespace impact
