#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/app/progress.h"
#include "engine/core/atomic_file.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/study/compare_runs.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

// A run folder, or a study's folder with the lock of a run beside the script.
RecordedRun read_run(const fs::path& folder) {
  const auto text = read_file(folder / kRunMarker);
  if (!text) {
    throw IoError({.what = "no run in '" + folder.string() + "'",
                   .where = (folder / kRunMarker).string(),
                   .expected = "a folder that impact run wrote, with its study.lock"});
  }
  RecordedRun run{.name = folder.string(),
                  .lock = read_lock(*text, (folder / kRunMarker).string()),
                  .results = read_file(folder / "results.json")};
  return run;
}

ScriptSource script_of(const Options& options) {
  if (!options.script.empty()) return source_of(options.script);
  std::error_code code;
  const fs::path kept = options.path / "script";
  if (fs::exists(kept / "study.lua", code)) return source_of(kept);
  if (fs::exists(options.path / "study.lua", code)) return source_of(options.path);
  throw IoError({.what = "the run in '" + options.path.string() + "' has no script",
                 .where = kept.string(),
                 .hint = "name the study with --script DIR"});
}

// The run's own parameters; data that were generated are generated again.
Options rerun_options(const Options& options, const Lock& lock) {
  Options out = options;
  for (const auto& [name, value] : lock.parameters) {
    out.settings.try_emplace(name, format_value(value));
  }
  bool generated = !lock.inputs.empty();
  for (const LockInput& input : lock.inputs) generated = generated && input.generated;
  if (generated) out.data.clear();
  return out;
}

int print_comparison(const RunComparison& found, const Options& options, bool all_nodes) {
  const bool same = found.verdict == RunComparison::Verdict::kIdentical ||
                    (found.verdict == RunComparison::Verdict::kClose &&
                     found.values.largest_relative <= options.tolerance);
  if (options.json) {
    std::printf("%s\n", canonical_json(to_json(found)).c_str());
  } else if (!options.quiet || !same) {
    std::fputs(describe(found, all_nodes).c_str(), stdout);
  }
  return same ? kDone : kDiffers;
}

}  // namespace

int verify_command(const Options& options) {
  const RecordedRun before = read_run(options.path);
  const Options again = rerun_options(options, before.lock);
  const auto script = load_script(again, script_of(options));
  (void)script->study();
  StudyRunOptions how = run_options(again, *script);
  how.cache.clear();  // Everything is computed anew.
  how.always_hash = true;
  const FinishedRun done = compute_study(script->session(), how);
  RecordedRun after{.name = "the rerun", .lock = {}, .results = std::nullopt};
  for (const auto& [name, bytes] : done.files) {
    if (name == kRunMarker) after.lock = read_lock(bytes, "the rerun");
    if (name == "results.json") after.results = bytes;
  }
  if (!options.out.empty()) {
    AtomicFolder& folder = script->session().folder();
    for (const auto& [name, bytes] : done.files) folder.write(name, bytes);
    folder.commit();
  }
  clear_progress();
  return print_comparison(compare_runs(before, after), options, false);
}

int diff_command(const Options& options) {
  return print_comparison(compare_runs(read_run(options.path), read_run(options.second)), options,
                          true);
}

}  // namespace impact::bindings
