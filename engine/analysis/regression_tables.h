#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/analysis/model_frame.h"
#include "engine/stats/linear.h"

/// What regressions report beside their coefficients.
namespace impact::detail {

/// Option "se", else the default without or with role "clusters".
[[nodiscard]] SeType se_of(const AnalysisReader& read, SeType otherwise, SeType with_clusters);

/// What a fit says as a whole, table "fit": one row a number.
class FitTable {
 public:
  void add(const char* name, double value);
  [[nodiscard]] AnalysisTable build();

 private:
  std::vector<std::string> names_ = {};
  std::vector<double> values_ = {};
};

/// Columns of each term, in their order.
[[nodiscard]] std::vector<std::vector<std::size_t>> columns_by_term(const DesignMatrix& matrix);

/// A term's name by one of its columns: "tier" of "tier[large]".
[[nodiscard]] std::string term_name(const std::string& column);

/// Whether the coefficients of a term are all zero (Wald), table "joint_tests": one row a term of
/// several columns. F with df2, chi2 where it is infinite.
void add_joint_tests(const ModelFrame& model, std::span<const double> coefficient,
                     std::span<const double> covariance, double df2, AnalysisResult* out);

/// The methods of least squares.
[[nodiscard]] std::span<const AnalysisMethod> least_squares_methods();

}  // namespace impact::detail
