#include "engine/stats/basis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The finite values in increasing order: what is computed from them forgets the order of the rows.
std::vector<double> sorted_finite(std::span<const double> x) {
  std::vector<double> values = detail::sorted_sample(x).values;
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return values;
}

void require_degree(std::size_t degree) {
  if (degree > 0) return;
  throw ArgumentError({.what = "a degree is at least 1", .where = "degree", .got = "0"});
}

// q_(k+1)(x) of q_k(x) and q_(k-1)(x); x counts from the origin.
double next_polynomial(const PolynomialBasis& basis, std::size_t k, double x, double current,
                       double before) {
  const double step = (x - basis.centre[k]) * current;
  return k == 0 ? step : step - basis.square[k] / basis.square[k - 1] * before;
}

}  // namespace

PolynomialBasis polynomial_basis(std::span<const double> x, std::size_t degree, bool raw) {
  require_degree(degree);
  PolynomialBasis basis{.degree = degree, .raw = raw};
  if (raw) return basis;
  std::vector<double> values = sorted_finite(x);
  std::vector<double> distinct = values;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (distinct.size() <= degree) {
    throw ArgumentError({.what = "a polynomial needs more different values than its degree",
                         .where = "degree",
                         .got = std::to_string(degree),
                         .expected = "less than " + std::to_string(distinct.size())});
  }
  basis.origin = values.front() + detail::mean_about(values, values.front());
  for (double& value : values) value -= basis.origin;
  const std::size_t n = values.size();
  std::vector<double> before(n, 0.0), current(n, 1.0), product(n);
  basis.square.push_back(static_cast<double>(n));
  for (std::size_t k = 0; k < degree; ++k) {
    for (std::size_t i = 0; i < n; ++i) product[i] = values[i] * current[i];
    basis.centre.push_back(detail::dot(product.data(), current.data(), n) / basis.square[k]);
    for (std::size_t i = 0; i < n; ++i) {
      product[i] = next_polynomial(basis, k, values[i], current[i], before[i]);
    }
    before.swap(current);
    current.swap(product);
    basis.square.push_back(detail::dot(current.data(), current.data(), n));
  }
  return basis;
}

std::vector<double> evaluate(const PolynomialBasis& basis, std::span<const double> x,
                             const Context& context) {
  const std::size_t n = x.size();
  std::vector<double> result(n * basis.degree);
  for_chunks(context, n, kChunkRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const double value = std::isfinite(x[i]) ? x[i] - basis.origin : kNaN;
      double before = 0.0;
      double current = 1.0;
      for (std::size_t k = 0; k < basis.degree; ++k) {
        const double next =
            basis.raw ? value * current : next_polynomial(basis, k, value, current, before);
        before = current;
        current = next;
        result[k * n + i] = basis.raw ? next : next / std::sqrt(basis.square[k + 1]);
      }
    }
  });
  return result;
}

namespace {

// Inner knots at the quantiles j / (count + 1) of the values within the boundary.
std::vector<double> quantile_knots(const std::vector<double>& values, std::size_t count,
                                   SplineBasis& basis) {
  std::vector<double> inside;
  for (const double value : values) {
    if (value >= basis.low && value <= basis.high) inside.push_back(value);
  }
  std::vector<double> knots;
  for (std::size_t j = 1; j <= count; ++j) {
    const double share = static_cast<double>(j) / static_cast<double>(count + 1);
    const double knot = sample_quantile(inside, share).value;
    const double last = knots.empty() ? basis.low : knots.back();
    if (knot > last && knot < basis.high) knots.push_back(knot);
  }
  if (knots.size() < count) {
    basis.warnings.push_back(
        "quantiles coincide, so there are " +
        detail::plural(static_cast<std::int64_t>(knots.size()), "knot", "knots") + " instead of " +
        std::to_string(count));
  }
  return knots;
}

SplineBasis spline_basis(std::span<const double> x, const SplineSpec& spec, bool natural) {
  require_degree(spec.degree);
  const std::vector<double> values = sorted_finite(x);
  SplineBasis basis{.degree = spec.degree, .intercept = spec.intercept, .natural = natural};
  if (spec.boundary) {
    std::tie(basis.low, basis.high) = *spec.boundary;
  } else if (!values.empty()) {
    basis.low = values.front();
    basis.high = values.back();
  }
  if (!(basis.low < basis.high) || !std::isfinite(basis.high - basis.low)) {
    throw ArgumentError({.what = "a spline needs values that vary, and a boundary with a width",
                         .where = "boundary",
                         .got = format_double(basis.low) + " to " + format_double(basis.high)});
  }
  if (spec.df && !spec.knots.empty()) {
    throw ArgumentError({.what = "a spline takes either df or knots", .where = "df"});
  }
  basis.knots = spec.knots;
  std::ranges::sort(basis.knots);
  for (const double knot : basis.knots) {
    if (knot > basis.low && knot < basis.high) continue;
    throw ArgumentError(
        {.what = "an inner knot lies strictly inside the boundary",
         .where = "knots",
         .got = format_double(knot),
         .expected = "between " + format_double(basis.low) + " and " + format_double(basis.high)});
  }
  if (!spec.df) return basis;
  const std::size_t least = basis.columns();
  if (*spec.df < least) {
    throw ArgumentError({.what = "too few degrees of freedom for this spline",
                         .where = "df",
                         .got = std::to_string(*spec.df),
                         .expected = std::to_string(least) + " or more"});
  }
  basis.knots = quantile_knots(values, *spec.df - least, basis);
  return basis;
}

// The boundary knots `degree` + 1 times each around the inner ones.
std::vector<double> all_knots(const SplineBasis& basis) {
  std::vector<double> knots(basis.degree + 1, basis.low);
  knots.insert(knots.end(), basis.knots.begin(), basis.knots.end());
  knots.insert(knots.end(), basis.degree + 1, basis.high);
  return knots;
}

// B-splines over a sequence of knots t.
class BSplines {
 public:
  explicit BSplines(const SplineBasis& basis) : t_(all_knots(basis)), degree_(basis.degree) {}

  [[nodiscard]] std::size_t count() const { return t_.size() - degree_ - 1; }

  // The last j with t_j <= x < t_(j+1); beyond the boundary the outermost interval.
  [[nodiscard]] std::size_t interval(double x) const {
    const auto first = t_.begin() + static_cast<std::ptrdiff_t>(degree_) + 1;
    const auto last = t_.end() - static_cast<std::ptrdiff_t>(degree_) - 1;
    return static_cast<std::size_t>(std::upper_bound(first, last, x) - t_.begin()) - 1;
  }

  // Derivative of the given order of the degree + 1 B-splines that are not zero on interval j, the
  // first of which is B_(j - degree). Orders below the derivative rise by Cox & de Boor's
  //   B_(i,q) = (x - t_i) / (t_(i+q) - t_i) B_(i,q-1) +
  //             (t_(i+q+1) - x) / (t_(i+q+1) - t_(i+1)) B_(i+1,q-1),
  // the rest by B'_(i,q) = q (B_(i,q-1) / (t_(i+q) - t_i) - B_(i+1,q-1) / (t_(i+q+1) - t_(i+1))).
  void at(double x, std::size_t j, std::size_t derivative, double* out) const {
    std::fill_n(out, degree_ + 1, 0.0);
    out[degree_] = 1.0;
    for (std::size_t q = 1; q <= degree_; ++q) {
      const bool rise = q + derivative <= degree_;
      // out[degree - q + m] is B_(j - q + m, q); in place, as it needs m - 1 and m of q - 1.
      for (std::size_t m = 0; m <= q; ++m) {
        const std::size_t i = j - q + m;
        double* entry = out + (degree_ - q + m);
        const double own = m == 0 ? 0.0 : entry[0] / (t_[i + q] - t_[i]);
        const double next = m == q ? 0.0 : entry[1] / (t_[i + q + 1] - t_[i + 1]);
        entry[0] = rise ? (x - t_[i]) * own + (t_[i + q + 1] - x) * next
                        : static_cast<double>(q) * (own - next);
      }
    }
  }

 private:
  std::vector<double> t_;
  std::size_t degree_;
};

// A row of the full set of B-splines, or of a natural spline's: beyond the boundary value and slope
// there make a line.
void full_row(const BSplines& splines, const SplineBasis& basis, double x, double* local,
              double* row) {
  const std::size_t j = splines.interval(x);
  std::fill_n(row, splines.count(), 0.0);
  double* from = row + (j - basis.degree);
  const bool outside = x < basis.low || x > basis.high;
  if (!basis.natural || !outside) {
    splines.at(x, j, 0, from);
    return;
  }
  const double end = x < basis.low ? basis.low : basis.high;
  splines.at(end, j, 0, from);
  splines.at(end, j, 1, local);
  for (std::size_t m = 0; m <= basis.degree; ++m) from[m] += (x - end) * local[m];
}

// The two Householder vectors that triangularise the second derivatives at the boundary:
// v = a + sign(a_k) |a| e_k, H = I - 2 v v' / v'v.
std::array<std::vector<double>, 2> natural_reflections(const BSplines& splines,
                                                       const SplineBasis& basis,
                                                       std::size_t first) {
  std::array<std::vector<double>, 2> constraint;
  std::array<std::vector<double>, 2> reflection;
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<double> row(splines.count(), 0.0);
    const double end = c == 0 ? basis.low : basis.high;
    const std::size_t j = splines.interval(end);
    splines.at(end, j, 2, row.data() + (j - basis.degree));
    constraint[c].assign(row.begin() + static_cast<std::ptrdiff_t>(first), row.end());
  }
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<double>& a = constraint[c];
    for (std::size_t earlier = 0; earlier < c; ++earlier) {
      const auto& v = reflection[earlier];
      const double share = 2.0 * detail::dot(v.data(), a.data(), a.size()) /
                           detail::dot(v.data(), v.data(), v.size());
      for (std::size_t i = 0; i < a.size(); ++i) a[i] -= share * v[i];
    }
    std::fill_n(a.begin(), c, 0.0);
    const double length = std::sqrt(detail::dot(a.data(), a.data(), a.size()));
    a[c] += a[c] < 0.0 ? -length : length;
    reflection[c] = a;
  }
  return reflection;
}

}  // namespace

SplineBasis b_spline_basis(std::span<const double> x, const SplineSpec& spec) {
  return spline_basis(x, spec, false);
}

SplineBasis natural_spline_basis(std::span<const double> x, const SplineSpec& spec) {
  if (spec.degree != 3) {
    throw ArgumentError({.what = "natural splines are cubic",
                         .where = "degree",
                         .got = std::to_string(spec.degree),
                         .expected = "3"});
  }
  return spline_basis(x, spec, true);
}

std::vector<double> evaluate(const SplineBasis& basis, std::span<const double> x,
                             const Context& context) {
  const BSplines splines(basis);
  const std::size_t first = basis.intercept ? 0 : 1;
  const std::size_t columns = basis.columns();
  const std::size_t n = x.size();
  std::array<std::vector<double>, 2> reflections;
  std::array<double, 2> scale = {};
  if (basis.natural) {
    reflections = natural_reflections(splines, basis, first);
    for (std::size_t c = 0; c < 2; ++c) {
      const auto& v = reflections[c];
      scale[c] = 2.0 / detail::dot(v.data(), v.data(), v.size());
    }
  }
  std::vector<double> result(n * columns);
  for_chunks(context, n, kChunkRows, [&](std::size_t begin, std::size_t end) {
    std::vector<double> row(splines.count());
    std::vector<double> local(basis.degree + 1);
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(x[i])) {
        for (std::size_t k = 0; k < columns; ++k) result[k * n + i] = kNaN;
        continue;
      }
      full_row(splines, basis, x[i], local.data(), row.data());
      double* kept = row.data() + first;
      // Q' turns the first two directions into the constraints; what is left obeys them.
      for (std::size_t c = 0; basis.natural && c < 2; ++c) {
        const auto& v = reflections[c];
        const double share = scale[c] * detail::dot(v.data(), kept, v.size());
        for (std::size_t k = 0; k < v.size(); ++k) kept[k] -= share * v[k];
      }
      const std::size_t skip = basis.natural ? 2 : 0;
      for (std::size_t k = 0; k < columns; ++k) result[k * n + i] = kept[skip + k];
    }
  });
  return result;
}

}  // namespace impact
