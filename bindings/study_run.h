#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/session.h"
#include "engine/study/run_files.h"

namespace impact::bindings {

struct StudyRunOptions {
  std::filesystem::path cache = {};  ///< Where results of nodes are kept; empty: nowhere.
  bool always_hash = false;          ///< Read every input, whatever the cache remembers of it.
  std::vector<std::pair<std::string, std::string>> scripts = {};  ///< As RunRecord::scripts.
  std::optional<FrozenPlan> frozen = std::nullopt;
};

/// One run of the session's study, not yet written.
struct FinishedRun {
  StudyRun run;
  RunRecord record;
  std::vector<std::pair<std::string, std::string>> files;  ///< Of the run folder.
  std::vector<std::string> notes;                          ///< About the cache, for the terminal.
};

/// Computes the study. Throws ScriptError at the line of the declaration that failed, Cancelled.
[[nodiscard]] FinishedRun compute_study(Session& session, const StudyRunOptions& options);
/// What differs between the frozen plan and the study as it is now, inputs included.
[[nodiscard]] std::vector<Deviation> deviations_of(const FrozenPlan& frozen, const Study& study,
                                                   const std::vector<InputFile>& inputs);
/// What computes: versions and flags.
[[nodiscard]] LockEngine engine_of(const std::string& backend);

/// A line on standard error for each check that failed, and below it what it found.
void print_failed_checks(const StudyRun& run);

/// Runs the study, writes the run folder and prints a summary; or, for a script without one, keeps
/// the files it wrote. Returns the program's exit code. Throws Error.
[[nodiscard]] int finish_run(Session& session, const StudyRunOptions& options, bool json,
                             bool quiet);

}  // namespace impact::bindings
