#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>
#include <Eigen/Cholesky>

#include "engine/core/context.h"
#include "engine/stats/likelihood.h"
#include "engine/stats/regression_rows.h"

/// Maximum likelihood with one linear predictor: not for other callers.
namespace impact::detail {

/// Independent columns, their likelihood, and the shift that makes their sums of products
/// well-conditioned: eta = offset + (x - shift)'beta. Coefficients of shifted columns are called
/// centred; only the intercept differs from the one of the columns as given.
struct EtaProblem {
  const Likelihood* likelihood = nullptr;
  const RegressionRows* rows = nullptr;
  bool intercept = false;          ///< Column 0 is all ones.
  std::vector<double> shift = {};  ///< Means with an intercept, else zeros.
  std::vector<double> size = {};   ///< Length of each column as given.
};

/// Column 0 is all ones.
[[nodiscard]] bool has_intercept(const RegressionRows& rows);

[[nodiscard]] EtaProblem eta_problem(const RegressionRows& rows, const Likelihood& likelihood,
                                     const Context& context);

/// A step this short, squared and in standard errors, is the last one: the next would be of the
/// order of its square.
inline constexpr double kLastStep = 1e-12;
/// Part of the sums of squares that must remain of every column for a Cholesky factor to serve for
/// a step. Below, QR.
inline constexpr double kStepShare = 1e-8;

/// Value, score and observed information at a point.
struct Curvature {
  double value = 0.0;
  Eigen::VectorXd score = {};
  Eigen::MatrixXd information = {};  ///< Lower triangle; zero unless asked for.
};
[[nodiscard]] Curvature curvature(const EtaProblem& problem, const Eigen::VectorXd& beta,
                                  bool information, const Context& context);

/// Least part of a column's sum of squares that the earlier ones do not explain: L_kk^2 / I_kk.
[[nodiscard]] double least_share(const Eigen::MatrixXd& information,
                                 const Eigen::LLT<Eigen::MatrixXd>& factor);

struct Maximum {
  Eigen::VectorXd beta = {};  ///< Centred.
  double value = 0.0;         ///< Sum of weight (l - constant).
  int iterations = 0;
  bool converged = false;
  /// Where the maximum lies at infinity: the direction in centred coefficients, and a flag for each
  /// row that it predicts perfectly. Empty otherwise.
  Eigen::VectorXd direction = {};
  std::vector<std::uint8_t> perfect = {};
};

/// Newton's method from `start`.
[[nodiscard]] Maximum maximise(const EtaProblem& problem, const Eigen::VectorXd& start,
                               int most_iterations, const Context& context);

/// Sums and rows at beta.
struct Summary {
  double value = 0.0;     ///< Sum of weight (l - constant).
  double constant = 0.0;  ///< Sum of weight constant.
  double deviance = 0.0;
  double pearson = 0.0;              ///< Sum of weight (y - mean)^2 / variance.
  std::vector<double> score = {};    ///< dl/deta of each row, unweighted.
  std::vector<double> weight = {};   ///< Expected information of each row, unweighted.
  Eigen::VectorXd gradient = {};     ///< Sum of weight score (x - shift).
  Eigen::MatrixXd information = {};  ///< Expected, of all rows: lower triangle.
};
[[nodiscard]] Summary summarise(const EtaProblem& problem, const Eigen::VectorXd& beta,
                                const Context& context);

/// The information X'WX = R'R of columns shifted by `shift`; coefficients of the columns as given
/// have covariance C' M C where M is the covariance of sum_i q_i score_i, q = R^-T (x - shift):
/// the identity if the model is right.
struct Bread {
  std::vector<double> shift = {};
  Eigen::MatrixXd triangle = {};  ///< R.
  Eigen::MatrixXd contrast = {};  ///< C.
};
[[nodiscard]] Bread bread(const EtaProblem& problem, const Summary& summary,
                          const Context& context);

/// C' M C by the formulas of SeType, and g'I^-1 g.
struct ScoreCovariance {
  Eigen::MatrixXd covariance = {};
  double decrement = 0.0;
  std::int64_t full_leverage = 0;            ///< Rows with leverage 1 (HC2 and HC3 only).
  std::vector<std::uint8_t> undefined = {};  ///< Coefficients that such a row moves.
};
[[nodiscard]] ScoreCovariance score_covariance(const EtaProblem& problem, const Bread& bread,
                                               const Summary& summary, SeType se, bool frequency,
                                               const Context& context);

/// x'beta + offset of each row.
[[nodiscard]] std::vector<double> linear_predictor(const EtaProblem& problem,
                                                   const Eigen::VectorXd& beta,
                                                   const Context& context);

/// Centred coefficients as those of the columns as given.
[[nodiscard]] std::vector<double> as_given(const EtaProblem& problem, const Eigen::VectorXd& beta);

}  // namespace impact::detail
