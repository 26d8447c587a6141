#include "bindings/study_run.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "bindings/lua_include.h"
#include "bindings/script.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/core/version.h"
#include "engine/study/fingerprint.h"
#include "engine/study/object_store.h"

namespace impact::bindings {
namespace {

// What a cache may hold before the oldest results go.
constexpr std::uint64_t kMostCached = std::uint64_t{4} << 30;

std::string plural(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

struct Counts {
  std::size_t tables = 0;
  std::size_t estimates = 0;
  std::size_t cached = 0;
  std::vector<const NodeRun*> checks;
  std::vector<const NodeRun*> failed;
};

Counts count(const StudyRun& run) {
  Counts out;
  for (const NodeRun& node : run.nodes) {
    if (node.cached) ++out.cached;
    if (node.kind == "table") ++out.tables;
    out.estimates += node.result.estimates.size();
    if (node.kind != "check") continue;
    out.checks.push_back(&node);
    if (!node.result.passed) out.failed.push_back(&node);
  }
  return out;
}

void print_json(const Study& study, const FinishedRun& done, const std::string& folder) {
  const Counts counts = count(done.run);
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  nlohmann::ordered_json tables = nlohmann::ordered_json::array();
  for (const NodeRun* node : counts.checks) {
    checks.push_back({{"node", node->name}, {"passed", node->result.passed}});
  }
  for (const NodeRun& node : done.run.nodes) {
    if (node.kind == "table") tables.push_back(node.name);
  }
  const nlohmann::ordered_json out = {{"status", done.run.passed() ? "done" : "check failed"},
                                      {"study", study.name},
                                      {"plan_hash", done.run.plan_hash},
                                      {"folder", folder},
                                      {"nodes", done.run.nodes.size()},
                                      {"cached", counts.cached},
                                      {"estimates", counts.estimates},
                                      {"checks", std::move(checks)},
                                      {"tables", std::move(tables)},
                                      {"blinded", done.run.blinded},
                                      {"deviations", done.record.deviations.size()}};
  std::printf("%s\n", pretty_json(out).c_str());
}

void print_summary(const Study& study, const FinishedRun& done, const std::string& folder) {
  const Counts counts = count(done.run);
  std::string found;
  const auto add = [&](const std::string& part) { found += (found.empty() ? "" : ", ") + part; };
  if (counts.tables > 0) add(plural(counts.tables, "table"));
  if (counts.estimates > 0) add(plural(counts.estimates, "estimate"));
  if (!counts.checks.empty()) {
    add(std::to_string(counts.checks.size() - counts.failed.size()) + " of " +
        plural(counts.checks.size(), "check") + " passed");
  }
  std::string text = study.name + ": " + (found.empty() ? "nothing to compute" : found);
  if (counts.cached > 0) {
    text += "; " + std::to_string(counts.cached) + " of " + plural(done.run.nodes.size(), "node") +
            " from the cache";
  }
  std::printf("%s; results in %s\n", text.c_str(), folder.c_str());
  if (done.run.blinded) {
    std::printf("outcomes are %s until the plan is frozen: nothing here is a result\n",
                study.blind == Blinding::kHide ? "hidden" : "shuffled");
  }
  if (!done.record.deviations.empty()) {
    std::printf("%s from the frozen plan; the report lists %s\n",
                plural(done.record.deviations.size(), "deviation").c_str(),
                done.record.deviations.size() == 1 ? "it" : "them");
  }
}

// A script without a study wrote files: the lock says which, from what, and marks the folder as a
// run that the next one may replace.
std::string script_lock(Session& self) {
  const auto hash = [&](const std::filesystem::path& path) {
    self.context().check();
    return to_hex(sha256_file(path));
  };
  nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
  for (const auto& [name, path] : self.inputs()) {
    inputs.push_back({{"file", name}, {"sha256", hash(path)}});
  }
  // By name: the order of a folder's entries is its file system's.
  std::map<std::string, std::string> written;
  const auto& folder = self.folder().path();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    written[entry.path().lexically_relative(folder).generic_string()] = hash(entry.path());
  }
  nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
  for (const auto& [name, digest] : written) outputs[name] = digest;
  const nlohmann::ordered_json lock = {{"script", self.options().name},
                                       {"engine", std::string(version())},
                                       {"backend", self.backend()->version()},
                                       {"inputs", std::move(inputs)},
                                       {"outputs", std::move(outputs)}};
  return pretty_json(lock) + "\n";
}

std::vector<std::string> notes_of(const ObjectStore& cache) {
  std::vector<std::string> notes;
  if (const std::size_t damaged = cache.damaged().size(); damaged > 0) {
    notes.push_back(plural(damaged, "result") + " in the cache " + (damaged == 1 ? "was" : "were") +
                    " damaged and computed anew");
  }
  if (!cache.problem().empty()) notes.push_back("the cache could not be used: " + cache.problem());
  return notes;
}

}  // namespace

void print_failed_checks(const StudyRun& run) {
  for (const NodeRun* check : count(run).failed) {
    const char* what = check->stops ? "failed" : "failed, which does not stop the study";
    std::fprintf(stderr, "check '%s' %s: %s\n", check->name.c_str(), what,
                 format_value(check->result.value).c_str());
    for (const RaisedAlarm& alarm : check->result.alarms) {
      std::fprintf(stderr, "  %s: %s\n", alarm.rule.c_str(), alarm.text.c_str());
    }
  }
}

LockEngine engine_of(const std::string& backend) {
  LockEngine engine = this_engine();
  engine.libraries = {{"duckdb", backend}, {"lua", LUA_RELEASE}};
  return engine;
}

std::vector<Deviation> deviations_of(const FrozenPlan& frozen, const Study& study,
                                     const std::vector<InputFile>& inputs) {
  std::vector<Deviation> out = compare_plans(frozen.plan, plan_of(study));
  for (const FrozenPlan::Input& before : frozen.inputs) {
    for (const InputFile& now : inputs) {
      if (now.node != before.name || now.generated || now.sha256 == before.sha256) continue;
      out.push_back({.node = "source '" + now.node + "'",
                     .field = "content of " + now.file,
                     .before = "SHA-256 " + before.sha256,
                     .after = "SHA-256 " + now.sha256});
    }
  }
  return out;
}

FinishedRun compute_study(Session& session, const StudyRunOptions& options) {
  const Study& study = *session.study();
  const std::string backend = session.backend()->version();
  ObjectStore cache(options.cache);
  FingerprintCache fingerprints(options.cache, {.always_hash = options.always_hash});
  const RunTools tools{.cache = &cache,
                       .fingerprints = &fingerprints,
                       .sealed = options.frozen.has_value(),
                       .table_backend = backend};
  FinishedRun done;
  try {
    done.run = run_study(study, tools, session.context());
  } catch (const NodeError& error) {
    throw located(error);
  }
  done.record.engine = engine_of(backend);
  done.record.scripts = options.scripts;
  done.record.frozen = options.frozen;
  if (options.frozen) {
    done.record.deviations = deviations_of(*options.frozen, study, done.run.inputs);
  }
  done.files = run_files(study, done.run, done.record);
  done.notes = notes_of(cache);
  cache.prune(kMostCached);
  return done;
}

int finish_run(Session& session, const StudyRunOptions& options, bool json, bool quiet) {
  if (session.study() == nullptr) {
    if (session.has_folder()) {
      AtomicFolder& folder = session.folder();
      folder.write(kRunMarker, script_lock(session));
      folder.commit();
    }
    if (json) std::printf("{\n  \"status\": \"done\"\n}\n");
    return 0;
  }
  AtomicFolder& folder = session.folder();  // Refused now rather than after the work.
  const FinishedRun done = compute_study(session, options);
  for (const auto& [name, bytes] : done.files) folder.write(name, bytes);
  session.context().check();
  folder.commit();
  for (const std::string& note : done.notes) std::fprintf(stderr, "%s\n", note.c_str());
  const std::string target = session.target().string();
  if (json) print_json(*session.study(), done, target);
  if (!json && !quiet) print_summary(*session.study(), done, target);
  print_failed_checks(done.run);
  return done.run.passed() ? 0 : 3;
}

}  // namespace impact::bindings
