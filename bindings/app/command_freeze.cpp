#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "engine/core/atomic_file.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/study/fingerprint.h"

namespace impact::bindings {
namespace {

// The one place that looks at the clock: a seal says when.
std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[sizeof "2024-06-11T09:30:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::vector<FrozenPlan::Input> known_inputs(const Study& study) {
  std::vector<FrozenPlan::Input> inputs;
  FingerprintCache fingerprints{std::filesystem::path()};
  for (const Node& node : study.nodes) {
    const auto* source = std::get_if<SourceNode>(&node.body);
    if (source == nullptr || source->generated) continue;
    const Fingerprint found = fingerprints.of(source->path);
    inputs.push_back(
        {.name = node.name, .file = source->file, .sha256 = found.sha256, .bytes = found.bytes});
  }
  return inputs;
}

}  // namespace

int freeze_command(const Options& options) {
  const ScriptSource source = source_of(options.path);
  if (!source.folder) {
    throw ArgumentError({.what = "only a study in a folder of its own can be frozen",
                         .got = options.path.string(),
                         .expected = "a folder with study.lua",
                         .hint = "the frozen plan is kept beside the script"});
  }
  const auto script = load_script(options, source);
  const Study& study = script->study();
  const auto before = script->frozen_plan();
  const nlohmann::json plan = plan_of(study);
  if (before && !options.again) {
    const auto changes = compare_plans(before->plan, plan);
    if (!changes.empty()) {
      std::string list;
      for (const Deviation& item : changes) list += (list.empty() ? "" : "; ") + describe(item);
      throw ArgumentError(
          {.what = "the plan was frozen on " + before->sealed + " and the study has changed since",
           .got = list,
           .hint = "a run reports this as deviations; --again seals the changed "
                   "plan and keeps the earlier seal in it"});
    }
  }
  const FrozenPlan frozen =
      freeze_plan(plan, utc_now(), known_inputs(study), before ? &*before : nullptr);
  const auto path = source.file.parent_path() / kPlanFile;
  write_file_atomically(path, frozen_plan_text(frozen));
  if (options.json) {
    const nlohmann::ordered_json out = {{"status", "done"},
                                        {"study", study.name},
                                        {"plan_hash", hash_json(plan)},
                                        {"sealed", frozen.sealed},
                                        {"file", path.string()}};
    std::printf("%s\n", pretty_json(out).c_str());
  } else if (!options.quiet) {
    std::printf("%s: plan %.12s frozen on %s in %s\n", study.name.c_str(), hash_json(plan).c_str(),
                frozen.sealed.c_str(), path.string().c_str());
  }
  return kDone;
}

}  // namespace impact::bindings
