#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/estimate.h"

namespace impact {

/// How the covariance of the coefficients is estimated. With X the regressors times the root of the
/// weights, e the residuals times it, h_i the leverages, n rows, k the rank (absorbed levels
/// count), J clusters, the covariance is (X'X)^-1 M (X'X)^-1 with M:
enum class SeType {
  kClassical,  ///< s^2 X'X, s^2 = e'e / (n - k).
  kHc0,        ///< sum x_i x_i' e_i^2 (Eicker 1967, White 1980).
  kHc1,        ///< n / (n - k) HC0.
  kHc2,        ///< sum x_i x_i' e_i^2 / (1 - h_i) (MacKinnon & White 1985).
  kHc3,        ///< sum x_i x_i' e_i^2 / (1 - h_i)^2 (Davidson & MacKinnon 1993).
  kCr0,        ///< sum over clusters of X_j'e_j e_j'X_j (Liang & Zeger 1986).
  kCr1,        ///< J / (J - 1) (n - 1) / (n - k) CR0, the usual cluster-robust figure.
  kCr2,        ///< Bias-reduced (Bell & McCaffrey 2002), working model: independent, equal
               ///< variances, whatever the weights; df of Pustejovsky & Tipton (2018).
  kNeweyWest,  ///< sum over |j| <= L of (1 - |j| / (L + 1)) sum_t u_t u_(t-j)', u_t = x_t e_t, rows
               ///< in order of time (Newey & West 1987); n / (n - k) of it unless told otherwise.
};

[[nodiscard]] std::string_view se_type_name(SeType type);  ///< "classical", "HC0" ... "CR2", "NW".
/// Inverse of se_type_name. Throws ArgumentError with a suggestion.
[[nodiscard]] SeType parse_se_type(std::string_view name);
[[nodiscard]] bool clustered(SeType type);  ///< CR0, CR1, CR2.

/// Columns of the regression. Rows with a missing (NaN) or infinite number, or a missing (negative)
/// code, are left out and counted; rows of weight 0 do not count. An empty span means "none".
struct LinearData {
  std::span<const double> x;  ///< rows x columns, column by column; an intercept (ones) goes first.
  std::size_t columns = 0;
  std::span<const double> y;
  std::span<const double> weights = {};
  std::span<const std::int32_t> clusters = {};  ///< Small non-negative codes.
  /// Clusters of a second kind (CR0 and CR1 only). With both the covariance is V_1 + V_2 - V_12, by
  /// clusters of each kind and by rows that share both (Cameron, Gelbach & Miller 2011).
  std::span<const std::int32_t> second_clusters = {};
  /// When a row was observed, for Newey-West: in any unit, rows in any order. Rows of one time are
  /// taken in the order of the data, steps of any length as one; both are warned of.
  std::span<const std::int64_t> time = {};
  /// Codes of factors whose levels get an intercept each, without coefficients being reported.
  /// The factor with most levels is swept out by its means; the levels of the others become
  /// columns (at most kMostDummies in all). Everything is that of the model with all dummies.
  std::vector<std::span<const std::int32_t>> absorbed = {};
  std::span<const std::string> names = {};  ///< Of the columns, for warnings; none: "column 3".
};

inline constexpr std::size_t kMostDummies = 2000;
/// Fewer clusters than this are worth a warning.
inline constexpr std::int64_t kFewClusters = 10;

/// What J / (J - 1) means in CR1 with clusters of two kinds.
enum class TwoWayScale {
  kSmallest,  ///< J is the smaller number of clusters everywhere.
  kEach,      ///< Each part has its own.
};

struct LinearSpec {
  SeType se = SeType::kHc2;
  bool explain = true;  ///< False: no warnings in words; simulations need none.
  TwoWayScale two_way = TwoWayScale::kSmallest;
  /// V_12 by single rows (HC0), as Thompson (2011) has it, whatever rows share.
  bool two_way_by_row = false;
  /// L of Newey-West; none: Newey & West's (1994) choice, without prewhitening.
  std::optional<std::int64_t> lag = {};
  bool small_sample = true;  ///< Newey-West times n / (n - k).
};

/// A fit by least squares. Columns that depend on earlier ones are dropped: their entries are NaN.
struct LinearFit {
  std::vector<double> coefficient = {};   ///< One a column.
  std::vector<double> std_error = {};     ///< The same.
  std::vector<double> df = {};            ///< Degrees of freedom of each coefficient's t.
  std::vector<double> covariance = {};    ///< columns x columns, symmetric.
  std::vector<std::size_t> dropped = {};  ///< Columns left out as dependent.
  std::int64_t n = 0;                     ///< Rows used.
  std::int64_t rank = 0;                  ///< Of the columns and the absorbed levels together.
  std::int64_t clusters = 0;              ///< Clusters in use.
  std::int64_t second_clusters = 0;       ///< Of the second kind.
  std::int64_t lag = 0;                   ///< Of Newey-West.
  bool intercept = false;                 ///< Column 0 is all ones.
  bool about_mean = false;                ///< Whether r_squared is.
  double residual_sd = 0.0;               ///< sqrt(e'e / (n - rank)); NaN when n <= rank.
  double r_squared = 0.0;                 ///< About the mean with intercept or absorption, else 0.
  SeType se = SeType::kHc2;
  std::vector<std::string> warnings = {};
};

/// Weighted or ordinary least squares. Numerics: columns are centred when the first is an
/// intercept (or swept by the absorbed factor), blocks of rows are folded into a triangle by
/// Householder reflections, triangles are merged along a fixed tree, so that the condition number
/// is never squared and the bits do not depend on threads; a second pass makes residuals and
/// leverages. Columns are judged from left to right: one whose part orthogonal to the earlier ones
/// is below 1e-12 of its spread is dropped. Throws ArgumentError for lengths that differ, negative
/// weights, a cluster-robust se without clusters (and the reverse), Newey-West without time,
/// ResourceError beyond kMostDummies. O(rows columns^2); parallel over chunks.
/// Checked against the certified values of NIST StRD and against estimatr and sandwich.
[[nodiscard]] LinearFit linear(const LinearData& data, const LinearSpec& spec = {},
                               const Context& context = {});

/// The rows of a fit: one a column that was kept; method as given ("ols", "lin"). The fit's
/// warnings travel in every row.
[[nodiscard]] std::vector<Estimate> to_estimates(const LinearFit& fit,
                                                 std::span<const std::string> names,
                                                 std::string_view method, double conf_level = 0.95);

}  // namespace impact
