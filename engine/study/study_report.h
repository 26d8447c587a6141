#pragma once

#include "engine/render/report.h"
#include "engine/study/run_files.h"

namespace impact {

/// What the reader of a run sees: the declared sections, the estimates (first, where a study
/// declares no sections), every check that failed, the deviations from the frozen plan, the plan
/// and where everything came from. Nothing a study declares can hide the last four.
[[nodiscard]] Report report_of(const Study& study, const StudyRun& run, const Results& results,
                               const RunRecord& record);

}  // namespace impact
