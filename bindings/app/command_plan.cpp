#include <algorithm>
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

namespace {

// Whether the study has checks with a method, which only data can answer.
bool has_data_checks(const Study& study) {
  return std::any_of(study.nodes.begin(), study.nodes.end(), [](const Node& node) {
    const auto* check = std::get_if<CheckNode>(&node.body);
    return check != nullptr && check->recipe != nullptr;
  });
}

nlohmann::ordered_json checks_json(const StudyRun& run) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const NodeRun& node : run.nodes) {
    if (node.kind != "check") continue;
    nlohmann::ordered_json alarms = nlohmann::ordered_json::array();
    for (const RaisedAlarm& alarm : node.result.alarms) {
      alarms.push_back({{"rule", alarm.rule}, {"text", alarm.text}});
    }
    out.push_back({{"node", node.name},
                   {"passed", node.result.passed},
                   {"stop", node.stops},
                   {"alarms", std::move(alarms)}});
  }
  return out;
}

void print_data_checks(const StudyRun& run, bool quiet) {
  std::size_t all = 0, passed = 0;
  for (const NodeRun& node : run.nodes) {
    if (node.kind != "check") continue;
    ++all;
    if (node.result.passed) ++passed;
  }
  if (!quiet) {
    std::printf("%zu of %zu checks of the data passed%s\n", passed, all,
                run.blinded ? "; outcomes are hidden or shuffled until the plan is frozen" : "");
    std::fflush(stdout);
  }
  print_failed_checks(run);
}

// Computes these checks and nothing else.
StudyRun run_data_checks(const Options& options, Script& script) {
  ObjectStore cache(options.cache);
  FingerprintCache fingerprints(options.cache);
  const RunTools tools{.cache = &cache,
                       .fingerprints = &fingerprints,
                       .sealed = script.frozen_plan().has_value(),
                       .table_backend = script.session().backend()->version(),
                       .only_checks = true};
  try {
    return run_study(script.study(), tools, script.session().context());
  } catch (const NodeError& error) {
    throw located(error);
  }
}

}  // namespace

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
  StudyRun run;
  if (errors.empty() && has_data_checks(script->study())) {
    run = run_data_checks(options, *script);
  }
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ScriptError& error : errors) {
      list.push_back(nlohmann::ordered_json::parse(failure_json(error)));
    }
    const char* status = !errors.empty() ? "error" : run.passed() ? "done" : "check failed";
    const nlohmann::ordered_json out = {
        {"status", status}, {"errors", std::move(list)}, {"checks", checks_json(run)}};
    std::printf("%s\n", pretty_json(out).c_str());
    return !errors.empty() ? kFailed : run.passed() ? kDone : kCheckFailed;
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
    if (has_data_checks(study)) print_data_checks(run, options.quiet);
    return run.passed() ? kDone : kCheckFailed;
  }
  if (errors.size() > 1) std::fprintf(stderr, "%zu errors\n", errors.size());
  return kFailed;
}

}  // namespace impact::bindings
