#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/design/design.h"
#include "engine/design/evaluate.h"
#include "engine/stats/linear.h"

namespace impact {

struct CompiledContrast {
  Operand arm;         ///< Drawn arms, as texts.
  double treated = 0;  ///< Their codes.
  double control = 0;
  Operand treated_outcome;  ///< Outcome with everybody in that arm.
  Operand control_outcome;
};

struct CompiledInquiry {
  Operand outcome;  ///< As observed.
  std::optional<CompiledContrast> contrast;
  std::optional<Operand> subset;
  bool treated_only = false;
};

struct CompiledCovariate {
  std::string name;
  Operand column;
};

struct CompiledEstimator {
  std::size_t inquiry = 0;
  Operand outcome;
  std::vector<CompiledCovariate> covariates;
  std::vector<std::size_t> fixed_effects;  ///< Groupings of the program.
  std::optional<std::size_t> blocks;
  std::optional<std::size_t> clusters;
  SeType se = SeType::kHc2;
};

struct CompiledDesign {
  Program program;
  std::vector<std::pair<std::string, Operand>> columns;  ///< Levels, variables, assignments.
  std::vector<CompiledInquiry> inquiries;
  std::vector<CompiledEstimator> estimators;
};

/// Errors as check_design, but for those that only a run can find.
[[nodiscard]] CompiledDesign compile_design(const Design& design);

/// The inquiry's answer in the simulation that `workspace` has run; NaN when no unit counts. Units
/// whose outcome is missing in either arm do not count; their number is added to `missing`.
[[nodiscard]] double estimand(const CompiledInquiry& inquiry, const SimWorkspace& workspace,
                              std::int64_t& missing);

}  // namespace impact
