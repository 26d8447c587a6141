#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/study/frozen_plan.h"
#include "engine/study/lock.h"
#include "engine/study/plan_diff.h"
#include "engine/study/results.h"
#include "engine/study/run.h"

namespace impact {

/// What goes into a run folder besides what was computed.
struct RunRecord {
  LockEngine engine;
  /// The study's script files as they were run, by path inside the study's folder.
  std::vector<std::pair<std::string, std::string>> scripts;
  std::optional<FrozenPlan> frozen;
  std::vector<Deviation> deviations;  ///< From the frozen plan.
};

/// Whether what a node of this kind hands on is its result; a filter or join hands on rows.
[[nodiscard]] bool has_content(const std::string& kind);
/// What each node hands to those that use it, as the lock records it. `hashes` are those of the
/// files of sources and of results; the rest (filters, inquiries, ...) stands for its declaration
/// with what it was given itself.
[[nodiscard]] std::map<std::string, std::string> content_hashes(
    const Study& study, std::map<std::string, std::string> hashes);

/// What results.json holds.
[[nodiscard]] Results results_of(const Study& study, const StudyRun& run);

/// Name and bytes of every file of the run folder, study.lock last: results.json, report.html,
/// report.json (from which the page can be drawn again), assignments/<name>.csv for every
/// assignment, plots/<name>.vl.json for every figure, script/... Same bytes for the same run.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> run_files(const Study& study,
                                                                         const StudyRun& run,
                                                                         const RunRecord& record);

}  // namespace impact
