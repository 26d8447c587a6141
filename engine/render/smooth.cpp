#include "engine/render/smooth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/core/parallel.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kExactOperator = 1000;
constexpr std::size_t kOperatorGrid = 200;

double mean_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value - values.front();
  return values.empty() ? kNaN : values.front() + sum / static_cast<double>(values.size());
}

struct LocalFit {
  double fit = kNaN;
  double norm2 = kNaN;  ///< sum l_i^2
  double own = kNaN;    ///< l_i of a point at x itself
};

// First row of the inverse of the symmetric moments S_{j+k}, j, k <= degree, by elimination without
// pivots (S is positive definite); false where it is singular to 1e-10.
bool first_row(const std::array<double, 5>& moment, int degree, std::array<double, 3>& row) {
  double a[3][4] = {};
  const int size = degree + 1;
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) a[i][j] = moment[static_cast<std::size_t>(i + j)];
    a[i][3] = i == 0 ? 1.0 : 0.0;
  }
  for (int i = 0; i < size; ++i) {
    if (!(a[i][i] > 1e-10 * moment[static_cast<std::size_t>(2 * i)])) return false;
    for (int j = i + 1; j < size; ++j) {
      const double factor = a[j][i] / a[i][i];
      for (int k = i; k < 4; ++k) a[j][k] -= factor * a[i][k];
    }
  }
  row = {0.0, 0.0, 0.0};
  for (int i = size - 1; i >= 0; --i) {
    double value = a[i][3];
    for (int j = i + 1; j < size; ++j) value -= a[i][j] * row[static_cast<std::size_t>(j)];
    row[static_cast<std::size_t>(i)] = value / a[i][i];
  }
  return true;
}

class Loess {
 public:
  Loess(std::span<const double> x, std::span<const double> y, double span, int degree)
      : x_(x), y_(y), degree_(degree) {
    const auto n = static_cast<double>(x.size());
    nearest_ = static_cast<std::size_t>(std::clamp(std::floor(span * n + 1e-5), 1.0, n));
  }

  [[nodiscard]] LocalFit at(double point) const {
    // The window of the nearest points slides along the sorted x.
    const auto here =
        static_cast<std::size_t>(std::lower_bound(x_.begin(), x_.end(), point) - x_.begin());
    std::size_t first = here > nearest_ ? here - nearest_ : 0;
    std::size_t last = std::min(here, x_.size() - nearest_);
    while (first < last) {
      const std::size_t middle = (first + last) / 2;
      if (point - x_[middle] > x_[middle + nearest_] - point) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    double reach =
        std::max(std::abs(point - x_[first]), std::abs(x_[first + nearest_ - 1] - point));
    if (!(reach > 0)) reach = std::numeric_limits<double>::min();
    // Everything nearer than `reach` counts, also beyond the window where distances tie.
    const auto begin = static_cast<std::size_t>(
        std::lower_bound(x_.begin(), x_.end(), point - reach) - x_.begin());
    const auto end = static_cast<std::size_t>(
        std::upper_bound(x_.begin(), x_.end(), point + reach) - x_.begin());
    std::array<double, 5> moment{};
    for (std::size_t i = begin; i < end; ++i) {
      const double u = (x_[i] - point) / reach;
      double term = weight(u);
      for (double& sum : moment) {
        sum += term;
        term *= u;
      }
    }
    std::array<double, 3> row{};
    int degree = degree_;
    while (degree > 0 && !first_row(moment, degree, row)) --degree;
    if (degree == 0 && !first_row(moment, 0, row)) return {};
    LocalFit result{0.0, 0.0, row[0]};
    for (std::size_t i = begin; i < end; ++i) {
      const double u = (x_[i] - point) / reach;
      const double l = weight(u) * (row[0] + u * (row[1] + u * row[2]));
      result.fit += l * y_[i];
      result.norm2 += l * l;
    }
    return result;
  }

 private:
  static double weight(double u) {
    const double rest = 1 - std::abs(u * u * u);
    return rest > 0 ? rest * rest * rest : 0.0;
  }

  std::span<const double> x_;
  std::span<const double> y_;
  int degree_;
  std::size_t nearest_ = 1;
};

std::vector<LocalFit> fits_at(const Loess& smoother, std::span<const double> at,
                              const Context& context) {
  std::vector<LocalFit> fits(at.size());
  for_chunks(context, at.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) fits[i] = smoother.at(at[i]);
  });
  return fits;
}

}  // namespace

SmoothCurve fit_line(std::span<const double> x, std::span<const double> y,
                     std::span<const double> at) {
  SmoothCurve curve;
  curve.x.assign(at.begin(), at.end());
  const auto n = static_cast<double>(x.size());
  const double x_mean = mean_of(x);
  const double y_mean = mean_of(y);
  double sxx = 0.0;
  double sxy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sxx += (x[i] - x_mean) * (x[i] - x_mean);
    sxy += (x[i] - x_mean) * (y[i] - y_mean);
  }
  curve.slope = sxx > 0 ? sxy / sxx : 0.0;
  double rss = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double residual = y[i] - y_mean - curve.slope * (x[i] - x_mean);
    rss += residual * residual;
  }
  curve.df = n - (sxx > 0 ? 2 : 1);
  curve.residual_sd = curve.df > 0 ? std::sqrt(rss / curve.df) : kNaN;
  for (const double point : at) {
    const double off = point - x_mean;
    curve.fit.push_back(y_mean + curve.slope * off);
    curve.std_error.push_back(curve.residual_sd *
                              std::sqrt(1 / n + (sxx > 0 ? off * off / sxx : 0.0)));
  }
  return curve;
}

SmoothCurve loess(std::span<const double> x, std::span<const double> y, std::span<const double> at,
                  double span, int degree, const Context& context) {
  SmoothCurve curve;
  curve.x.assign(at.begin(), at.end());
  if (x.empty()) {
    curve.fit.assign(at.size(), kNaN);
    curve.std_error.assign(at.size(), kNaN);
    return curve;
  }
  const Loess smoother(x, y, span, degree);
  std::vector<LocalFit> own;
  if (x.size() <= kExactOperator) {
    own = fits_at(smoother, x, context);
  } else {
    std::vector<double> grid(kOperatorGrid);
    const double step = (x.back() - x.front()) / static_cast<double>(kOperatorGrid - 1);
    for (std::size_t i = 0; i < kOperatorGrid; ++i) {
      grid[i] = x.front() + static_cast<double>(i) * step;
    }
    const std::vector<LocalFit> nodes = fits_at(smoother, grid, context);
    own.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double place = step > 0 ? (x[i] - x.front()) / step : 0.0;
      const auto left = std::min(kOperatorGrid - 2, static_cast<std::size_t>(place));
      const double share = place - static_cast<double>(left);
      const auto between = [&](double a, double b) { return a + share * (b - a); };
      own[i] = {between(nodes[left].fit, nodes[left + 1].fit),
                between(nodes[left].norm2, nodes[left + 1].norm2),
                between(nodes[left].own, nodes[left + 1].own)};
    }
  }
  double rss = 0.0;
  curve.df = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    rss += (y[i] - own[i].fit) * (y[i] - own[i].fit);
    curve.df += own[i].norm2 - 2 * own[i].own;
  }
  curve.residual_sd = curve.df > 1e-8 ? std::sqrt(rss / curve.df) : kNaN;
  for (const LocalFit& fit : fits_at(smoother, at, context)) {
    curve.fit.push_back(fit.fit);
    curve.std_error.push_back(curve.residual_sd * std::sqrt(fit.norm2));
  }
  return curve;
}

}  // namespace impact
