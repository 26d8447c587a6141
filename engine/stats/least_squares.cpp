#include "engine/stats/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

// A column counts as dependent when what the earlier ones leave of it is below this part of it,
// or below rounding of the numbers it was made of.
constexpr double kDependent = 1e-12;
constexpr double kRounding = 64.0 * std::numeric_limits<double>::epsilon();

// y += a x
void add_multiple(double a, const double* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

// Folds `rows` rows of `block` (columns `stride` apart) into the upper triangle r (size x size,
// column by column): afterwards r'r is what r'r + block'block was. For column k the Householder
// vector is v = (r_kk - alpha, block_k), alpha = -sign(r_kk) |(r_kk, block_k)|, and
// H = I - v v' / (alpha (alpha - r_kk)); rows of the triangle below k are zero and stay so.
void fold(double* r, std::size_t size, double* block, std::size_t rows, std::size_t stride) {
  for (std::size_t k = 0; k < size; ++k) {
    double* v = block + k * stride;
    double& top = r[k * size + k];
    const double below = dot(v, v, rows);
    if (below == 0.0) continue;
    const double length = std::sqrt(top * top + below);
    const double alpha = top > 0.0 ? -length : length;
    const double head = top - alpha;
    const double scale = 1.0 / (alpha * head);  // negative
    for (std::size_t j = k + 1; j < size; ++j) {
      double* column = block + j * stride;
      double& entry = r[j * size + k];
      const double s = scale * (head * entry + dot(v, column, rows));
      entry += s * head;
      add_multiple(s, v, column, rows);
    }
    top = alpha;
  }
}

using Triangle = std::vector<double>;

// The triangle of (x, y) over all rows.
Triangle factor(const Model& model, const Context& context) {
  const std::size_t size = model.columns + 1;
  return reduce_chunks<Triangle>(
      context, model.rows, kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Triangle r(size * size, 0.0);
        const std::size_t stride = std::min(kBlockRows, end - begin);
        std::vector<double> block(stride * size);
        for (std::size_t at = begin; at < end; at += kBlockRows) {
          const std::size_t count = std::min(kBlockRows, end - at);
          load(model, at, count, block.data(), stride);
          fold(r.data(), size, block.data(), count, stride);
        }
        return r;
      },
      [&](Triangle& into, const Triangle& from) {
        Triangle copy = from;
        fold(into.data(), size, copy.data(), size, size);
      });
}

// Second factorisation, of the triangle itself: column by column from the left, leaving out the
// dependent ones. Rows of `t` are turned in place; the kept columns end up triangular.
void choose(const Model& model, Triangle& t, Solution& solution) {
  const std::size_t size = model.columns + 1;
  std::vector<double> v(size);
  for (std::size_t k = 0; k < model.columns; ++k) {
    double* column = t.data() + k * size;
    const std::size_t r = solution.kept.size();
    const double whole = std::sqrt(dot(column, column, k + 1));
    // dot() from r on: what the kept columns leave.
    const double own = std::sqrt(dot(column + r, column + r, k + 1 - r));
    if (!(own > std::max(kDependent * whole, kRounding * model.size[k]))) continue;
    if (own < solution.own_share * whole) {
      solution.own_share = own / whole;
      solution.least_own = k;
    }
    const double alpha = column[r] > 0.0 ? -own : own;
    const double head = column[r] - alpha;
    v.assign(column + r, column + k + 1);
    v[0] = head;
    const double scale = 1.0 / (alpha * head);
    for (std::size_t j = k + 1; j < size; ++j) {
      double* other = t.data() + j * size + r;
      add_multiple(scale * dot(v.data(), other, v.size()), v.data(), other, v.size());
    }
    column[r] = alpha;
    std::fill(column + r + 1, column + size, 0.0);
    solution.kept.push_back(k);
  }
}

// x := R^-1 x by back substitution.
void back_substitute(const std::vector<double>& triangle, std::size_t r, double* x) {
  for (std::size_t k = r; k-- > 0;) {
    x[k] /= triangle[k * r + k];
    add_multiple(-x[k], triangle.data() + k * r, x, k);
  }
}

// b_c = (T^-1 R^-1)' e_c, where T turns shifted columns into those given: x_k = shifted_k +
// shift_k 1, so row 0 of T^-1 is (1, -shift_1, -shift_2, ...) and the rest is the identity.
void make_contrasts(const Model& model, Solution& solution) {
  const std::size_t r = solution.kept.size();
  std::vector<double> inverse(r * r, 0.0);
  for (std::size_t k = 0; k < r; ++k) {
    inverse[k * r + k] = 1.0;
    back_substitute(solution.triangle, r, inverse.data() + k * r);
  }
  solution.contrast.assign(r * r, 0.0);
  solution.coefficient = solution.centred;
  for (std::size_t c = 0; c < r; ++c) {
    for (std::size_t k = 0; k < r; ++k) solution.contrast[c * r + k] = inverse[k * r + c];
  }
  if (!model.intercept || r == 0) return;
  solution.coefficient[0] += model.shift_y;
  for (std::size_t c = 1; c < r; ++c) {
    const double shift = model.shift[solution.kept[c]];
    solution.coefficient[0] -= shift * solution.centred[c];
    add_multiple(-shift, solution.contrast.data() + c * r, solution.contrast.data(), r);
  }
}

template <class RowAt>
void load_rows(const Model& model, std::size_t count, double* out, std::size_t stride,
               RowAt row_at) {
  for (std::size_t k = 0; k <= model.columns; ++k) {
    const bool outcome = k == model.columns;
    const double* from = outcome ? model.y : model.x + k * model.rows;
    const double shift = outcome ? model.shift_y : model.shift[k];
    double* to = out + k * stride;
    for (std::size_t i = 0; i < count; ++i) to[i] = from[row_at(i)] - shift;
  }
  if (model.weights == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) {
    const double root = std::sqrt(model.weights[row_at(i)]);
    for (std::size_t k = 0; k <= model.columns; ++k) out[k * stride + i] *= root;
  }
}

}  // namespace

double dot(const double* a, const double* b, std::size_t n) {
  // Four sums: independent additions do not wait for each other.
  double s0 = 0.0;
  double s1 = 0.0;
  double s2 = 0.0;
  double s3 = 0.0;
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

void centre(Model& model, const Context& context) {
  const std::size_t columns = model.columns;
  model.shift.assign(columns, 0.0);
  model.shift_y = 0.0;
  model.intercept = columns > 0 && model.rows > 0 &&
                    std::all_of(model.x, model.x + model.rows, [](double x) { return x == 1.0; });

  // Weighted sums, sums of squares, and last the sum of y and of the weights.
  using Sums = std::vector<double>;
  const Sums sums = reduce_chunks<Sums>(
      context, model.rows, kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Sums part(2 * columns + 2, 0.0);
        for (std::size_t i = begin; i < end; ++i) {
          part[2 * columns + 1] += model.weights == nullptr ? 1.0 : model.weights[i];
        }
        for (std::size_t k = 0; k <= columns; ++k) {
          const double* from = k == columns ? model.y : model.x + k * model.rows;
          double sum = 0.0;
          double square = 0.0;
          for (std::size_t i = begin; i < end; ++i) {
            const double term = model.weights == nullptr ? from[i] : model.weights[i] * from[i];
            sum += term;
            square += term * from[i];
          }
          part[k == columns ? 2 * columns : k] = sum;
          if (k < columns) part[columns + k] = square;
        }
        return part;
      },
      [](Sums& into, const Sums& from) {
        for (std::size_t k = 0; k < into.size(); ++k) into[k] += from[k];
      });

  model.size.assign(columns, 0.0);
  if (model.rows == 0) return;
  for (std::size_t k = 0; k < columns; ++k) {
    model.size[k] = std::sqrt(sums[columns + k]);
    if (model.intercept && k > 0) model.shift[k] = sums[k] / sums[2 * columns + 1];
  }
  if (model.intercept) model.shift_y = sums[2 * columns] / sums[2 * columns + 1];
}

void load(const Model& model, std::size_t begin, std::size_t count, double* out,
          std::size_t stride) {
  load_rows(model, count, out, stride, [begin](std::size_t i) { return begin + i; });
}

void load(const Model& model, std::span<const std::uint32_t> rows, double* out,
          std::size_t stride) {
  load_rows(model, rows.size(), out, stride, [rows](std::size_t i) { return rows[i]; });
}

Solution solve(const Model& model, const Context& context) {
  Solution solution;
  const std::size_t size = model.columns + 1;
  Triangle t = factor(model, context);
  if (t.empty()) t.assign(size * size, 0.0);
  choose(model, t, solution);
  const std::size_t r = solution.kept.size();
  solution.triangle.assign(r * r, 0.0);
  for (std::size_t k = 0; k < r; ++k) {
    const double* from = t.data() + solution.kept[k] * size;
    std::copy(from, from + k + 1, solution.triangle.begin() + static_cast<std::ptrdiff_t>(k * r));
  }
  const double* outcome = t.data() + model.columns * size;
  solution.centred.assign(outcome, outcome + r);
  back_substitute(solution.triangle, r, solution.centred.data());
  make_contrasts(model, solution);
  return solution;
}

void orthogonal_rows(const Model& model, const Solution& solution, const double* rows,
                     std::size_t count, std::size_t stride, double* q, double* residual) {
  const std::size_t r = solution.kept.size();
  std::copy(rows + model.columns * stride, rows + model.columns * stride + count, residual);
  // e = y - X beta, and Q = X R^-1 column by column: q_k = (x_k - sum_{m<k} q_m R_mk) / R_kk.
  for (std::size_t k = 0; k < r; ++k) {
    const double* x = rows + solution.kept[k] * stride;
    double* column = q + k * stride;
    add_multiple(-solution.centred[k], x, residual, count);
    std::copy(x, x + count, column);
    const double* entries = solution.triangle.data() + k * r;
    for (std::size_t m = 0; m < k; ++m) add_multiple(-entries[m], q + m * stride, column, count);
    for (std::size_t i = 0; i < count; ++i) column[i] /= entries[k];
  }
}

}  // namespace impact::detail
