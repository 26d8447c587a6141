#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/design/assignment.h"
#include "engine/design/model.h"
#include "engine/table/frame.h"

namespace impact {

/// An assignment of the model's units. Stream: root(seed).child("assignment").child(name), unit =
/// number of the simulation.
struct DeclaredAssignment {
  Assignment assignment = {};
  std::vector<std::string> within = {};    ///< Blocks: combinations of these levels or variables.
  std::vector<std::string> clusters = {};  ///< Clusters: the same.
};

/// Two arms to compare.
struct Contrast {
  std::string assignment = {};
  std::string treated = {};
  std::string control = {};
};

/// A question about the model. In every simulation its answer, the estimand, is known: with a
/// contrast, the mean over the units of outcome(treated) - outcome(control), where outcome(a) is
/// what the model gives when the assignment is set to arm a for everybody and all else that is
/// random is held; without one, the mean outcome.
struct Inquiry {
  enum class Target {
    kAte,  ///< All units (of the subset).
    kAtt,  ///< Those that this simulation's assignment put into the treated arm.
  };
  std::string name = {};
  ExprPtr outcome = {};  ///< Over the model's variables; no draws of its own.
  std::optional<Contrast> contrast = std::nullopt;
  ExprPtr subset = {};  ///< Condition; must not depend on the contrast's assignment. Null = all.
  Target target = Target::kAte;
};

/// One way to answer an inquiry from the data that the study would see.
struct EstimatorSpec {
  enum class Method {
    kDifferenceInMeans,  ///< Blocks are ignored, clusters are not.
    kBlocked,            ///< Difference in means block by block.
    kOls,                ///< Outcome on treatment, covariates and fixed effects.
    kLin,                ///< With centred covariates and their interactions (Lin 2013).
  };
  std::string name = {};
  std::string inquiry = {};  ///< Name of the inquiry it answers.
  Method method = Method::kDifferenceInMeans;
  ExprPtr outcome = {};                         ///< As measured; null = the inquiry's.
  std::vector<NamedExpr> covariates = {};       ///< kOls, kLin; texts become dummies.
  std::vector<std::string> fixed_effects = {};  ///< kOls.
  std::string se_type = {};  ///< kOls, kLin: "classical", "HC0".."HC3", "CR0".."CR2"; empty = HC2,
                             ///< or CR2 where there are clusters.
  double conf_level = 0.95;
  /// Columns; not given = those of the contrast's assignment, given and empty = none.
  std::optional<std::vector<std::string>> blocks = std::nullopt;
  std::optional<std::vector<std::string>> clusters = std::nullopt;
};

/// A study before there is data.
struct Design {
  std::int64_t seed = 0;
  Model model = {};
  std::vector<DeclaredAssignment> assignments = {};
  std::vector<Inquiry> inquiries = {};
  std::vector<EstimatorSpec> estimators = {};
  double alpha = 0.05;  ///< A result is significant where p <= alpha.
};

/// Compiles the design and runs its first simulation. Throws ArgumentError that names the
/// declaration: an unknown name (suggestion), a name used twice, a circle, a wrong type, an arm
/// that does not exist, a function that can't be simulated, counts that do not fit.
void check_design(const Design& design);

/// What the study would see in one simulation: level ids, variables and assignments, as columns in
/// the order of declaration. Errors as check_design.
[[nodiscard]] Frame simulate_data(const Design& design, std::uint64_t simulation);

}  // namespace impact
