#pragma once

#include "bindings/descriptor.h"
#include "engine/analysis/analysis.h"

/// What the methods of an Analysis share.
namespace impact::bindings {

/// The Analysis that the method is called on, computed now. Throws ArgumentError inside of a study.
[[nodiscard]] AnalysisResult computed_analysis(const Call& call);

/// Analysis:model()
[[nodiscard]] Function model_function();

}  // namespace impact::bindings
