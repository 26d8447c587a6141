#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/design/compiled.h"
#include "engine/stats/difference_in_means.h"
#include "engine/stats/estimate.h"
#include "engine/stats/inference.h"
#include "engine/stats/lin.h"

namespace impact {

/// Applies estimators to the simulation that a workspace has run. One a thread.
class Fitter {
 public:
  /// Keeps references to both.
  Fitter(const Design& design, const CompiledDesign& compiled)
      : design_(design), compiled_(compiled) {}
  /// The numbers; NaN where undefined.
  [[nodiscard]] PointEstimate numbers(std::size_t estimator, const SimWorkspace& workspace);
  /// The same as the row a reader would get, with the estimator's warnings.
  [[nodiscard]] Estimate explain(std::size_t estimator, const SimWorkspace& workspace);

 private:
  void mark_arms(const CompiledInquiry& inquiry, const SimWorkspace& workspace);
  void gather(std::size_t estimator, const SimWorkspace& workspace);
  void add_covariate(const CompiledCovariate& covariate, const SimWorkspace& workspace);
  [[nodiscard]] LinearFit fit_ols(std::size_t estimator, const SimWorkspace& workspace,
                                  bool explain);
  [[nodiscard]] std::size_t term_of(std::size_t estimator) const;
  [[nodiscard]] LinData lin_data() const;
  [[nodiscard]] DifferenceInMeansData means_data(const CompiledEstimator& spec,
                                                 const SimWorkspace& workspace) const;

  const Design& design_;
  const CompiledDesign& compiled_;
  std::vector<std::int32_t> arm_;  // every unit: 1 treated, 0 control, -1 not used
  // The units used, for regressions.
  std::vector<std::size_t> rows_;
  std::vector<std::int32_t> used_arm_;
  std::vector<double> x_;
  std::vector<double> y_;
  std::vector<std::string> names_;
  std::vector<std::int32_t> clusters_;
  std::vector<std::vector<std::int32_t>> absorbed_;
};

}  // namespace impact
