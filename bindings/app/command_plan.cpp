#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/failure_text.h"
#include "engine/core/atomic_file.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/study/fingerprint.h"
#include "engine/study/object_store.h"
#include "engine/study/plan_view.h"

namespace impact::bindings {
namespace {

// The lock of the last run in the same place; a damaged one tells nothing.
std::optional<Lock> last_lock(const std::filesystem::path& folder) {
  const auto text = read_file(folder / kRunMarker);
  if (!text) return std::nullopt;
  try {
    return read_lock(*text, (folder / kRunMarker).string());
  } catch (const DataError&) {
    return std::nullopt;
  }
}

}  // namespace

int plan_command(const Options& options) {
  const auto script = load_script(options, source_of(options.path));
  const Study& study = script->study();
  ObjectStore cache(options.cache);
  FingerprintCache fingerprints(options.cache);
  const RunTools tools{.cache = &cache,
                       .fingerprints = &fingerprints,
                       .sealed = script->frozen_plan().has_value(),
                       .table_backend = script->session().backend()->version()};
  std::vector<NodeState> states;
  try {
    states = node_states(study, tools, script->session().context());
  } catch (const NodeError& error) {
    throw located(error);
  }
  const auto before = last_lock(script->session().target());
  const auto lines = plan_lines(study, states, before ? &*before : nullptr);
  const std::string hash = hash_json(plan_of(study));
  std::string text;
  if (options.json) {
    text = canonical_json(plan_json(study, hash, lines)) + "\n";
  } else if (options.dot) {
    text = plan_dot(study, lines);
  } else {
    text = plan_text(study, hash, lines);
  }
  std::fputs(text.c_str(), stdout);
  return kDone;
}

int check_command(const Options& options) {
  const auto script = open_script(options, source_of(options.path));
  std::vector<ScriptError> errors = script->find_errors();
  if (errors.empty()) {
    try {
      (void)script->study();
      (void)script->frozen_plan();
    } catch (const Error& error) {
      errors.push_back({error.kind(), error.info(), "", 0, {}});
    }
  }
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ScriptError& error : errors) {
      list.push_back(nlohmann::ordered_json::parse(failure_json(error)));
    }
    const nlohmann::ordered_json out = {{"status", errors.empty() ? "done" : "error"},
                                        {"errors", std::move(list)}};
    std::printf("%s\n", pretty_json(out).c_str());
    return errors.empty() ? kDone : kFailed;
  }
  for (const ScriptError& error : errors) {
    std::fprintf(stderr, "%s\n", describe_failure(error, "").c_str());
  }
  if (errors.empty()) {
    const Study& study = script->study();
    if (!options.quiet) {
      std::printf("%s: nothing wrong in %zu declarations\n", study.name.c_str(),
                  study.nodes.size());
    }
    return kDone;
  }
  if (errors.size() > 1) std::fprintf(stderr, "%zu errors\n", errors.size());
  return kFailed;
}

}  // namespace impact::bindings
