#include "engine/causal/matching/score_adjustment.h"

#include <cmath>
#include <vector>
#include <Eigen/Cholesky>
#include <Eigen/Dense>

#include "engine/core/exact_sum.h"
#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

constexpr std::size_t kSearchRows = 512;

/// Covariances of the model's columns with the outcome at the score of a row, in one arm: about
/// the row's `neighbours` nearest there, itself among them where it belongs.
void local_covariance(const ScoreMatching& matching, const MomentModel& model,
                      const ArmSearch& search, std::size_t i, int arm,
                      std::vector<Neighbour>& found, std::vector<double>& out) {
  const std::size_t rows = matching.y.size();
  const bool own = (matching.treated[i] != 0 ? 1 : 0) == arm;
  auto wanted = static_cast<std::size_t>(std::max(matching.neighbours, 2));
  search.nearest(i, arm, own ? wanted - 1 : wanted, matching.slack, false, found);
  if (own) found.push_back({0.0, static_cast<std::uint32_t>(i)});
  out.assign(model.kept.size(), 0.0);
  if (found.size() < 2) return;
  const auto count = static_cast<double>(found.size());
  double mean = 0.0;
  for (const auto& near : found) mean += matching.y[near.row] / count;
  for (std::size_t k = 0; k < model.kept.size(); ++k) {
    const double* column = matching.x.data() + model.kept[k] * rows;
    double centre = 0.0;
    for (const auto& near : found) centre += column[near.row] / count;
    for (const auto& near : found) {
      out[k] += (column[near.row] - centre) * (matching.y[near.row] - mean) / (count - 1.0);
    }
  }
}

}  // namespace

// With f = e (1 - e), theorem 1: c = mean f (cov_1 / e + cov_0 / (1 - e)), the variance falls by
// c' V c. Theorem 2, of the treated: c = sum f (cov_1 + e / (1 - e) cov_0) / N_1 and the variance
// moves by -c'V c + d'V d with d = sum f x_i (tau_i - tau) / N_1 over everyone; where tau_i is not
// at hand because i is not of the target, its nearest of the other arm on the score stands in. Of
// the controls with e and 1 - e changing places.
double score_adjustment(const ScoreMatching& matching, const MomentModel& model,
                        const ArmSearch& search, const Context& context) {
  const std::size_t rows = matching.y.size();
  const std::size_t r = model.kept.size();
  std::vector<double> e(rows);
  std::vector<double> slope(rows);
  model.mean(e, slope);
  std::vector<double> c_terms(rows * r, 0.0);
  std::vector<double> d_terms(rows * r, 0.0);
  const bool all = matching.which == EffectTarget::kAll;
  const bool of_treated = matching.which == EffectTarget::kTreated;
  for_chunks(context, rows, kSearchRows, [&](std::size_t begin, std::size_t end) {
    context.check();
    std::vector<Neighbour> found;
    std::vector<double> covariance;
    for (std::size_t i = begin; i < end; ++i) {
      if (all && matching.target[i] == 0.0) continue;
      const double share = all ? matching.target[i] : 1.0;
      for (const int arm : {0, 1}) {
        double factor = 1.0 / (arm == 1 ? e[i] : 1.0 - e[i]);
        if (!all) factor *= of_treated ? e[i] : 1.0 - e[i];
        local_covariance(matching, model, search, i, arm, found, covariance);
        for (std::size_t k = 0; k < r; ++k) {
          c_terms[k * rows + i] += share * slope[i] * factor * covariance[k];
        }
      }
      if (all) continue;
      double tau = matching.effects[i];
      if (matching.target[i] == 0.0) {
        const int arm = matching.treated[i] != 0 ? 1 : 0;
        search.nearest(i, 1 - arm, 1, matching.slack, false, found);
        double other = 0.0;
        for (const auto& near : found) {
          other += matching.y[near.row] / static_cast<double>(found.size());
        }
        tau = arm == 1 ? matching.y[i] - other : other - matching.y[i];
      }
      const double sign = of_treated ? 1.0 : -1.0;
      for (std::size_t k = 0; k < r; ++k) {
        d_terms[k * rows + i] =
            sign * slope[i] * matching.x[model.kept[k] * rows + i] * (tau - matching.effect);
      }
    }
  });
  Eigen::MatrixXd information(r, r);
  Eigen::VectorXd c(r);
  Eigen::VectorXd d(r);
  for (std::size_t a = 0; a < r; ++a) {
    const auto row = static_cast<Eigen::Index>(a);
    c[row] = exact_sum(std::span(c_terms).subspan(a * rows, rows)) / matching.total;
    d[row] = exact_sum(std::span(d_terms).subspan(a * rows, rows)) / matching.total;
    for (std::size_t b = 0; b <= a; ++b) {
      ExactSum sum;
      for (std::size_t i = 0; i < rows; ++i) {
        sum.add(model.curvature[i] * matching.x[model.kept[a] * rows + i] *
                matching.x[model.kept[b] * rows + i]);
      }
      const auto column = static_cast<Eigen::Index>(b);
      information(row, column) = information(column, row) = sum.round();
    }
  }
  const Eigen::LDLT<Eigen::MatrixXd> solver(information);
  return d.dot(solver.solve(d)) - c.dot(solver.solve(c));
}

}  // namespace impact::detail
