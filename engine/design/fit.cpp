#include "engine/design/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace impact {
namespace {

using Method = EstimatorSpec::Method;

std::span<const std::int32_t> codes(const SimWorkspace& workspace,
                                    std::optional<std::size_t> group) {
  if (!group) return {};
  return workspace.groups(*group).code;
}

void pick(std::span<const std::int32_t> from, const std::vector<std::size_t>& rows,
          std::vector<std::int32_t>& to) {
  to.clear();
  for (const std::size_t row : rows) to.push_back(from[row]);
}

}  // namespace

void Fitter::mark_arms(const CompiledInquiry& inquiry, const SimWorkspace& workspace) {
  arm_.assign(compiled_.program.rows(), -1);
  const auto subset =
      inquiry.subset ? workspace.column(*inquiry.subset) : std::span<const double>();
  const auto in_subset = [&](std::size_t i) { return subset.empty() || subset[i] == 1.0; };
  if (!inquiry.contrast) {
    for (std::size_t i = 0; i < arm_.size(); ++i) arm_[i] = in_subset(i) ? 0 : -1;
    return;
  }
  const CompiledContrast& contrast = *inquiry.contrast;
  const auto arms = workspace.column(contrast.arm);
  for (std::size_t i = 0; i < arm_.size(); ++i) {
    if (!in_subset(i)) continue;
    if (arms[i] == contrast.treated) arm_[i] = 1;
    if (arms[i] == contrast.control) arm_[i] = 0;
  }
}

// A number or boolean is one column; a text one for each of its values that occur, in byte order,
// but the first.
void Fitter::add_covariate(const CompiledCovariate& covariate, const SimWorkspace& workspace) {
  const auto cells = workspace.column(covariate.column);
  if (covariate.column.kind != SimKind::kText) {
    names_.push_back(covariate.name);
    for (const std::size_t row : rows_) x_.push_back(cells[row]);
    return;
  }
  std::vector<double> levels;
  for (const std::size_t row : rows_) {
    if (!std::isnan(cells[row])) levels.push_back(cells[row]);
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  std::sort(levels.begin(), levels.end(),
            [&](double a, double b) { return workspace.text(a) < workspace.text(b); });
  for (std::size_t k = 1; k < levels.size(); ++k) {
    names_.push_back(fmt::format("{}[{}]", covariate.name, workspace.text(levels[k])));
    for (const std::size_t row : rows_) {
      const double cell = cells[row];
      x_.push_back(std::isnan(cell) ? cell : (cell == levels[k] ? 1.0 : 0.0));
    }
  }
}

// Units in use. Columns of ols: intercept (unless effects are absorbed), treatment (with a
// contrast), covariates; of lin: covariates.
void Fitter::gather(std::size_t estimator, const SimWorkspace& workspace) {
  const CompiledEstimator& spec = compiled_.estimators[estimator];
  const CompiledInquiry& inquiry = compiled_.inquiries[spec.inquiry];
  mark_arms(inquiry, workspace);
  rows_.clear();
  for (std::size_t i = 0; i < arm_.size(); ++i) {
    if (arm_[i] >= 0) rows_.push_back(i);
  }
  x_.clear();
  y_.clear();
  names_.clear();
  const auto outcome = workspace.column(spec.outcome);
  for (const std::size_t row : rows_) y_.push_back(outcome[row]);
  pick(arm_, rows_, used_arm_);
  if (design_.estimators[estimator].method == Method::kOls) {
    if (spec.fixed_effects.empty()) {
      names_.emplace_back("(intercept)");
      x_.assign(rows_.size(), 1.0);
    }
    if (inquiry.contrast) {
      names_.push_back(design_.inquiries[spec.inquiry].contrast->assignment);
      x_.insert(x_.end(), used_arm_.begin(), used_arm_.end());
    }
  }
  for (const auto& covariate : spec.covariates) add_covariate(covariate, workspace);
  clusters_.clear();
  if (spec.clusters) pick(codes(workspace, spec.clusters), rows_, clusters_);
  absorbed_.resize(spec.fixed_effects.size());
  for (std::size_t k = 0; k < spec.fixed_effects.size(); ++k) {
    pick(codes(workspace, spec.fixed_effects[k]), rows_, absorbed_[k]);
  }
}

LinearFit Fitter::fit_ols(std::size_t estimator, const SimWorkspace& workspace, bool explain) {
  gather(estimator, workspace);
  LinearData data{.x = x_, .columns = names_.size(), .y = y_, .clusters = clusters_};
  for (const auto& effect : absorbed_) data.absorbed.emplace_back(effect);
  data.names = names_;
  return linear(data, {.se = compiled_.estimators[estimator].se, .explain = explain});
}

// The treatment's column, or the intercept of a mean.
std::size_t Fitter::term_of(std::size_t estimator) const {
  const CompiledEstimator& spec = compiled_.estimators[estimator];
  return compiled_.inquiries[spec.inquiry].contrast && spec.fixed_effects.empty() ? 1 : 0;
}

PointEstimate Fitter::numbers(std::size_t estimator, const SimWorkspace& workspace) {
  const CompiledEstimator& spec = compiled_.estimators[estimator];
  switch (design_.estimators[estimator].method) {
    case Method::kOls: {
      const LinearFit fit = fit_ols(estimator, workspace, false);
      const std::size_t term = term_of(estimator);
      return {fit.coefficient[term], fit.std_error[term], fit.df[term], fit.n};
    }
    case Method::kLin:
      gather(estimator, workspace);
      return lin_numbers(lin_data(), {.se = spec.se, .explain = false});
    case Method::kDifferenceInMeans:
    case Method::kBlocked: break;
  }
  mark_arms(compiled_.inquiries[spec.inquiry], workspace);
  return difference_in_means_numbers(means_data(spec, workspace)).point;
}

Estimate Fitter::explain(std::size_t estimator, const SimWorkspace& workspace) {
  const CompiledEstimator& spec = compiled_.estimators[estimator];
  const EstimatorSpec& declared = design_.estimators[estimator];
  const auto& contrast = design_.inquiries[spec.inquiry].contrast;
  const std::string term = contrast ? contrast->assignment : "(intercept)";
  switch (declared.method) {
    case Method::kOls: {
      const LinearFit fit = fit_ols(estimator, workspace, true);
      const std::size_t at = term_of(estimator);
      Estimate row;
      row.term = term;
      row.method = "ols";
      row.se_type = se_type_name(fit.se);
      row.warnings = fit.warnings;
      complete(row, {fit.coefficient[at], fit.std_error[at], fit.df[at], fit.n},
               declared.conf_level);
      return row;
    }
    case Method::kLin:
      gather(estimator, workspace);
      return lin(lin_data(), {.se = spec.se, .conf_level = declared.conf_level, .term = term})
          .front();
    case Method::kDifferenceInMeans:
    case Method::kBlocked: break;
  }
  mark_arms(compiled_.inquiries[spec.inquiry], workspace);
  return difference_in_means(means_data(spec, workspace),
                             {.term = term, .conf_level = declared.conf_level});
}

LinData Fitter::lin_data() const {
  return {.y = y_,
          .arm = used_arm_,
          .covariates = x_,
          .columns = names_.size(),
          .clusters = clusters_,
          .names = names_};
}

DifferenceInMeansData Fitter::means_data(const CompiledEstimator& spec,
                                         const SimWorkspace& workspace) const {
  return {.y = workspace.column(spec.outcome),
          .arm = arm_,
          .block = codes(workspace, spec.blocks),
          .cluster = codes(workspace, spec.clusters)};
}

}  // namespace impact
