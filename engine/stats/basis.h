#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/context.h"

namespace impact {

/// Columns that stand for a smooth function of one variable in a regression. A basis is made from
/// data once and evaluated anywhere, so that a prediction uses the columns of its fit. Values that
/// are missing or infinite do not count when it is made; evaluated they give NaN. Bits depend
/// neither on the order of the data nor on threads. Pure and thread-safe.

/// x, x^2, ... x^degree; or polynomials p_1 ... p_degree that are orthonormal over the data and
/// orthogonal to 1: p_k of degree k with a positive leading coefficient, by the recurrence of
/// Forsythe (1957),
///   q_(k+1)(x) = (x - centre_k) q_k(x) - (square_k / square_(k-1)) q_(k-1)(x),
/// p_k = q_k / sqrt(square_k), square_k = sum q_k(x_i)^2.
struct PolynomialBasis {
  std::size_t degree = 1;
  bool raw = false;
  double origin = 0.0;              ///< Mean of the data; x above counts from here.
  std::vector<double> centre = {};  ///< centre_0 ... centre_(degree - 1); none if raw.
  std::vector<double> square = {};  ///< square_0 ... square_degree; none if raw.
};

/// Throws ArgumentError for degree 0, or unless x has more than `degree` different values (raw:
/// any).
[[nodiscard]] PolynomialBasis polynomial_basis(std::span<const double> x, std::size_t degree,
                                               bool raw = false);
/// x.size() x degree, column by column.
[[nodiscard]] std::vector<double> evaluate(const PolynomialBasis& basis, std::span<const double> x,
                                           const Context& context = {});

struct SplineSpec {
  /// Columns wanted: sets the number of inner knots, which stand at equally spaced quantiles (type
  /// 7) of the data between the boundaries. None: as many as the knots below ask for.
  std::optional<std::size_t> df = {};
  std::vector<double> knots = {};  ///< Inner knots. Not together with df.
  std::size_t degree = 3;          ///< Of B-splines; natural splines are cubic.
  bool intercept = false;          ///< Whether the columns span the constant too.
  std::optional<std::pair<double, double>> boundary = {};  ///< Else the range of the data.
};

/// Piecewise polynomials that are smooth at the knots.
struct SplineBasis {
  std::vector<double> knots = {};  ///< Inner, increasing.
  double low = 0.0;                ///< Boundary.
  double high = 0.0;
  std::size_t degree = 3;
  bool intercept = false;
  bool natural = false;
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::size_t columns() const {
    return knots.size() + (natural ? 2 : degree + 1) - (intercept ? 0 : 1);
  }
};

/// B-splines (de Boor 1978): without `intercept` the first is left out. Beyond the boundary the
/// outermost polynomials go on. Quantiles that coincide with each other or with the boundary give
/// fewer knots, and a warning. Throws ArgumentError for degree 0, df too small, knots together with
/// df or not strictly inside the boundary, a boundary without width, and data that do not vary.
[[nodiscard]] SplineBasis b_spline_basis(std::span<const double> x, const SplineSpec& spec);

/// Cubic splines with zero second derivative at and beyond the boundary, where they go on as
/// straight lines (Hastie & Tibshirani 1990, section 2.9.2): the B-splines turned by the
/// Householder reflections that triangularise the two constraints. Errors as b_spline_basis, and
/// for a degree other than 3.
[[nodiscard]] SplineBasis natural_spline_basis(std::span<const double> x, const SplineSpec& spec);

/// x.size() x columns(), column by column. O(rows (degree^2 + columns)); parallel over chunks.
[[nodiscard]] std::vector<double> evaluate(const SplineBasis& basis, std::span<const double> x,
                                           const Context& context = {});

}  // namespace impact
