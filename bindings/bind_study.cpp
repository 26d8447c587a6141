#include <filesystem>

#include <map>

#include "bindings/args.h"
#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "bindings/source_options.h"
#include "engine/core/version.h"
#include "engine/study/results.h"
#include "engine/study/sentence.h"
#include "engine/study/study.h"
#include "engine/table/verbs.h"

namespace impact::bindings {
namespace {

const char kFinish = 0;  // Registry: the library's last word on a script.

Session& session(lua_State* L) { return *runtime(L).session(); }

Study& study(lua_State* L) { return session(L).need_study(); }

FileFormat format_at(lua_State* L, int index) {
  const std::string name = text_at(L, index);
  return name == "csv"       ? FileFormat::kCsv
         : name == "parquet" ? FileFormat::kParquet
                             : FileFormat::kJsonLines;
}

int begin_study(lua_State* L) {
  Session& self = session(L);
  self.begin_study();
  runtime(L).limit_steps(kDeclaringSteps);
  Study& made = *self.study();
  made.name = text_at(L, 1);
  made.version = text_at(L, 2);
  made.seed = lua_tointegerx(L, 3, nullptr);
  const std::string blind = lua_isnil(L, 4) ? "no" : text_at(L, 4);
  made.blind = blind == "shuffle" ? Blinding::kShuffle
               : blind == "hide"  ? Blinding::kHide
                                  : Blinding::kNone;
  if (!lua_isnil(L, 5)) require_version(text_at(L, 5));
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
  SourceNode added;
  const std::string name = text_at(L, 1);
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
                             "'" + name + "'");
  added.expectations = expectations_at(L, 13, added.relation->schema, added.relation->label);
  push_table(L, added.relation);
  study(L).nodes.push_back({name, text_at(L, 2), std::move(added)});
  return 1;
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

// The name of a declared node by its handle; of a table of an analysis "node.table".
int node_name(lua_State* L) {
  const auto push = [L](const std::string& name, const char* kind) {
    push_text(L, name);
    push_text(L, kind);
    return 2;
  };
  if (find_box(L, 1, "Finding") != nullptr) {
    return push(get_handle<const FindingHandle>(L, 1)->name, "estimates");
  }
  if (find_box(L, 1, "Estimator") != nullptr) {
    return push(get_handle<const EstimatorHandle>(L, 1)->name, "estimates");
  }
  if (find_box(L, 1, "Check") != nullptr) {
    return push(get_handle<const CheckHandle>(L, 1)->name, "check");
  }
  if (find_box(L, 1, "Figure") != nullptr) {
    return push(get_handle<const FigureHandle>(L, 1)->name, "figure");
  }
  if (find_box(L, 1, "FindingTable") != nullptr) {
    const auto table = get_handle<const FindingTableHandle>(L, 1);
    return push(result_table_name(table->node, table->table), "table");
  }
  lua_pushnil(L);
  return 1;
}

// A sentence's template, refused at its own line.
int check_template(lua_State* L) {
  check_sentence(text_at(L, 1));
  return 0;
}

// kind, text, level, list of { label, node, part, share }
int add_item(lua_State* L) {
  using Kind = Study::Item::Kind;
  static const std::map<std::string, Kind> kinds = {
      {"heading", Kind::kHeading}, {"prose", Kind::kProse},         {"table", Kind::kTable},
      {"check", Kind::kCheck},     {"estimates", Kind::kEstimates}, {"figure", Kind::kFigure},
      {"values", Kind::kValues},   {"sentences", Kind::kSentences}, {"summary", Kind::kSummary},
      {"plan", Kind::kPlan}};
  lua_settop(L, 4);
  Study::Item item{.kind = kinds.at(text_at(L, 1)), .text = text_at(L, 2)};
  if (!lua_isnil(L, 3)) item.level = static_cast<int>(lua_tointegerx(L, 3, nullptr));
  if (!lua_isnil(L, 4)) {
    each_item(L, 4, [&](int told, lua_Integer) {
      Study::Told& out = item.told.emplace_back();
      with_field(L, told, "label", [&](int value) { out.label = text_at(L, value); });
      with_field(L, told, "node", [&](int value) { out.node = text_at(L, value); });
      with_field(L, told, "part", [&](int value) { out.part = text_at(L, value); });
      with_field(L, told, "share", [&](int value) { out.share = lua_toboolean(L, value) != 0; });
    });
  }
  study(L).items.push_back(std::move(item));
  return 0;
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
      {"setting", setting},
      {"add_title", add_title},
      {"add_item", add_item},
      {"node_name", node_name},
      {"check_template", check_template},
  };
  for (const auto& [name, body] : entries) {
    push_private(L, body);
    extend_private_api(L, name);
  }
  install_declarations(L);
  install_estimators(L);
  install_models(L);
  install_analyses(L);
  install_learners(L);
  install_plots(L);
  load_library(L, "study.lua");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kFinish);
}

void finish_declaring(Runtime& runtime) {
  lua_rawgetp(runtime.state(), LUA_REGISTRYINDEX, &kFinish);
  lua_insert(runtime.state(), -2);
  runtime.call(1, 0);
}

}  // namespace impact::bindings
