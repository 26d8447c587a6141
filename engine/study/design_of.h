#pragma once

#include <string>
#include <vector>

#include "engine/design/design.h"
#include "engine/design/diagnose.h"
#include "engine/study/study.h"

namespace impact {

/// What of a study can be simulated.
struct StudyDesign {
  Design design;
  std::vector<std::string> notes;  ///< Sentences about declarations that are left out, and why.
};

/// The declared model, assignments, inquiries and estimators as a design. Columns of a source that
/// the model imitates stand for the model's variables of the same names. Throws NodeError at the
/// declaration that can't be simulated, ArgumentError when there is no model or nothing to ask.
[[nodiscard]] StudyDesign design_of(const Study& study);

/// One diagnosis under given values of parameters.
struct SweptDiagnosis {
  std::vector<std::pair<std::string, Value>> parameters;
  Diagnosis diagnosis;
};
/// All in one table: the parameters' columns, then those of Diagnosis::table.
[[nodiscard]] Frame sweep_table(const std::vector<SweptDiagnosis>& points);
/// Every combination of a sweep's values, the last parameter running fastest.
[[nodiscard]] std::vector<std::vector<std::pair<std::string, Value>>> sweep_points(
    const SweepNode& sweep);

}  // namespace impact
