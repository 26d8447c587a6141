#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "bindings/args.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "bindings/source_options.h"
#include "engine/core/canonical_json.h"
#include "engine/core/hash.h"
#include "engine/core/version.h"
#include "engine/study/study.h"
#include "engine/table/verbs.h"

namespace impact::bindings {
namespace {

const char kFinish = 0;  // Registry: the library's last word on a script.

Session& session(lua_State* L) { return *runtime(L).session(); }

Study& study(lua_State* L) {
  Session& self = session(L);
  if (self.study() == nullptr) throw InternalError({.what = "no study was begun"});
  return *self.study();
}

FileFormat format_at(lua_State* L, int index) {
  const std::string name = text_at(L, index);
  return name == "csv"       ? FileFormat::kCsv
         : name == "parquet" ? FileFormat::kParquet
                             : FileFormat::kJsonLines;
}

int begin_study(lua_State* L) {
  Session& self = session(L);
  self.begin_study();
  Study& made = *self.study();
  made.name = text_at(L, 1);
  made.version = text_at(L, 2);
  made.seed = lua_tointegerx(L, 3, nullptr);
  self.set_name(made.name);
  return 0;
}

int seed(lua_State* L) {
  lua_pushinteger(L, study(L).seed);
  return 1;
}

int has_data(lua_State* L) {
  lua_pushboolean(L, session(L).options().data.empty() ? 0 : 1);
  return 1;
}

int has_input(lua_State* L) {
  lua_pushboolean(L, session(L).has_input(text_at(L, 1)) ? 1 : 0);
  return 1;
}

char character_at(lua_State* L, int index, const std::string& name) {
  const std::string text = text_at(L, index);
  if (text.size() != 1) {
    throw ArgumentError({.what = "'" + name + "' of Study:source must be one character",
                         .got = describe_value(L, index)});
  }
  return text[0];
}

// Generated data pass through a file of the declared format, so that they are read as real ones
// would be and the plan does not depend on which it was.
int store_generated(lua_State* L) {
  const auto relation = get_handle<const Relation>(L, 1);
  const auto path = session(L).scratch() / "generated" / text_at(L, 2);
  std::filesystem::create_directories(path.parent_path());
  // name, delimiter and missing text as the source declares them.
  WriteOptions options;
  options.format = format_at(L, 3);
  if (lua_type(L, 4) == LUA_TSTRING) options.delimiter = character_at(L, 4, "delim");
  if (lua_type(L, 5) == LUA_TSTRING) options.missing = text_at(L, 5);
  relation->backend->write(relation, path, options, session(L).context());
  return 0;
}

// name, at, file, format, generated, key, types, delim, quote, header, skip, missing, expect
int add_source(lua_State* L) {
  lua_settop(L, 13);
  StudySource added;
  added.name = text_at(L, 1);
  added.at = text_at(L, 2);
  added.file = text_at(L, 3);
  added.generated = lua_toboolean(L, 5) != 0;
  FileSource source;
  source.format = format_at(L, 4);
  source.declared_path = added.file;
  source.path = added.generated ? session(L).scratch() / "generated" / added.file
                                : session(L).find_input(added.file);
  source.types = types_at(L, 7, "'types' of Study:source");
  if (source.format == FileFormat::kCsv) {
    source.delimiter = character_at(L, 8, "delim");
    source.quote = character_at(L, 9, "quote");
    source.header = lua_toboolean(L, 10) != 0;
    source.skip = lua_tointegerx(L, 11, nullptr);
    if (!lua_isnil(L, 12)) source.missing = names_at(L, 12, "'missing' of Study:source");
  }
  added.path = source.path;
  added.relation = scan_file(session(L).backend(), source, names_at(L, 6, "'key' of Study:source"),
                             "'" + added.name + "'");
  added.expectations = expectations_at(L, 13, added.relation->schema, added.relation->label);
  push_table(L, added.relation);
  study(L).sources.push_back(std::move(added));
  return 1;
}

int add_table(lua_State* L) {
  study(L).tables.push_back({text_at(L, 1), text_at(L, 2), get_handle<const Relation>(L, 3)});
  return 0;
}

int add_check_rows(lua_State* L) {
  StudyCheck check;
  check.name = text_at(L, 1);
  check.at = text_at(L, 2);
  check.offenders = get_handle<const Relation>(L, 3);
  check.max = lua_tointegerx(L, 4, nullptr);
  study(L).checks.push_back(std::move(check));
  return 0;
}

int add_check_value(lua_State* L) {
  StudyCheck check;
  check.name = text_at(L, 1);
  check.at = text_at(L, 2);
  check.value = value_at(L, 3, "'value' of Study:check");
  check.passed = lua_toboolean(L, 4) != 0;
  check.expected = text_at(L, 5);
  study(L).checks.push_back(std::move(check));
  return 0;
}

int add_parameter(lua_State* L) {
  study(L).parameters.emplace_back(text_at(L, 1), value_at(L, 2, "'default' of Study:parameter"));
  return 0;
}

int setting(lua_State* L) {
  const auto& all = session(L).options().settings;
  const auto at = all.find(text_at(L, 1));
  if (at == all.end()) {
    lua_pushnil(L);
  } else {
    push_text(L, at->second);
  }
  return 1;
}

int add_title(lua_State* L) {
  study(L).title = text_at(L, 1);
  return 0;
}

int add_item(lua_State* L) {
  using Kind = Study::Item::Kind;
  const std::string kind = text_at(L, 1);
  study(L).items.push_back({kind == "heading" ? Kind::kHeading
                            : kind == "table" ? Kind::kTable
                            : kind == "check" ? Kind::kCheck
                                              : Kind::kProse,
                            text_at(L, 2)});
  return 0;
}

void check_settings(const Session& self, const Study* made) {
  std::vector<std::string> known;
  if (made != nullptr) {
    for (const auto& [name, value] : made->parameters) known.push_back(name);
  }
  for (const auto& [name, value] : self.options().settings) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw ArgumentError({.what = "--set names no parameter of the script: '" + name + "'",
                         .got = name,
                         .expected = known.empty() ? "" : list_words(known),
                         .hint = did_you_mean(name, known)});
  }
}

// "study.lua:12" -> an error at that line.
ScriptError located(const NodeError& error) {
  const std::string& at = error.at();
  const std::size_t colon = at.rfind(':');
  if (colon == std::string::npos) return {error.kind(), error.info(), "", 0, {}};
  return {error.kind(), error.info(), at.substr(0, colon), std::stoi(at.substr(colon + 1)), {}};
}

void print_summary(const StudyRun& run, const std::filesystem::path& folder, bool json) {
  std::vector<std::string> failed;
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  nlohmann::ordered_json tables = nlohmann::ordered_json::array();
  for (const auto& check : run.results.checks) {
    if (!check.passed) failed.push_back(check.node);
    checks.push_back({{"node", check.node}, {"passed", check.passed}});
  }
  for (const auto& table : run.results.tables) tables.push_back(table.name);
  if (json) {
    const nlohmann::ordered_json out = {{"status", failed.empty() ? "done" : "check failed"},
                                        {"study", run.results.study},
                                        {"plan_hash", run.results.plan_hash},
                                        {"folder", folder.string()},
                                        {"checks", std::move(checks)},
                                        {"tables", std::move(tables)}};
    std::printf("%s\n", pretty_json(out).c_str());
    return;
  }
  std::printf("%s: %zu tables, %zu of %zu checks passed; results in %s\n",
              run.results.study.c_str(), run.results.tables.size(),
              run.results.checks.size() - failed.size(), run.results.checks.size(),
              folder.string().c_str());
}

int finish_study(Session& self, bool json, bool quiet) {
  const Study& made = *self.study();
  StudyRun run;
  try {
    run = run_study(made, self.context());
  } catch (const NodeError& error) {
    throw located(error);
  }
  AtomicFolder& folder = self.folder();
  for (const auto& [name, bytes] : run_files(made, run, self.backend()->version())) {
    folder.write(name, bytes);
  }
  self.context().check();
  folder.commit();
  if (json || !quiet) print_summary(run, self.target(), json);
  for (const auto& check : run.results.checks) {
    if (!check.passed) {
      std::fprintf(stderr, "check '%s' failed: %s\n", check.node.c_str(),
                   format_value(check.value).c_str());
    }
  }
  return run.passed() ? 0 : 3;
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

void finish_script(Session& self) {
  AtomicFolder& folder = self.folder();
  folder.write(kRunMarker, script_lock(self));
  folder.commit();
}

}  // namespace

void install_study(lua_State* L) {
  const std::pair<const char*, int (*)(lua_State*)> entries[] = {
      {"begin_study", begin_study},
      {"seed", seed},
      {"has_data", has_data},
      {"has_input", has_input},
      {"store_generated", store_generated},
      {"add_source", add_source},
      {"add_table", add_table},
      {"add_check_rows", add_check_rows},
      {"add_check_value", add_check_value},
      {"add_parameter", add_parameter},
      {"setting", setting},
      {"add_title", add_title},
      {"add_item", add_item},
  };
  for (const auto& [name, body] : entries) {
    push_private(L, body);
    extend_private_api(L, name);
  }
  load_library(L, "study.lua");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kFinish);
}

int finish_run(Runtime& runtime, bool json, bool quiet) {
  Session& self = *runtime.session();
  lua_rawgetp(runtime.state(), LUA_REGISTRYINDEX, &kFinish);
  lua_insert(runtime.state(), -2);
  runtime.call(1, 0);
  check_settings(self, self.study());
  if (self.study() != nullptr) return finish_study(self, json, quiet);
  if (self.has_folder()) finish_script(self);
  if (json) std::printf("{\n  \"status\": \"done\"\n}\n");
  return 0;
}

}  // namespace impact::bindings
