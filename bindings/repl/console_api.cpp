#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "bindings/args.h"
#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/private_api.h"
#include "bindings/repl/console.h"
#include "bindings/repl/value_page.h"
#include "bindings/sandbox.h"
#include "bindings/session.h"
#include "engine/core/atomic_file.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/version.h"
#include "engine/study/definition.h"
#include "engine/study/fingerprint.h"
#include "engine/study/object_store.h"
#include "engine/study/plan_view.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

ConsoleHost& host(lua_State* L) { return runtime(L).console()->host(); }

// text, chunk, environment -> function, or nil and the interpreter's message
int compile_input(lua_State* L) {
  const std::string text = text_at(L, 1);
  const std::string chunk = "@" + text_at(L, 2);
  lua_settop(L, 3);
  if (luaL_loadbufferx(L, text.data(), text.size(), chunk.c_str(), "t") != LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushvalue(L, 3);
  lua_setupvalue(L, -2, 1);
  return 1;
}

// -> columns, rows, colour
int screen(lua_State* L) {
  const ConsoleHost::Screen screen = host(L).screen();
  lua_pushinteger(L, screen.columns);
  lua_pushinteger(L, screen.rows);
  lua_pushboolean(L, screen.colour ? 1 : 0);
  return 3;
}

int page(lua_State* L) {
  host(L).page(text_at(L, 1));
  return 0;
}

int clock_now(lua_State* L) {
  lua_pushnumber(L, host(L).clock());
  return 1;
}

int today(lua_State* L) {
  lua_pushinteger(L, host(L).today());
  return 1;
}

int setting(lua_State* L) {
  push_text(L, host(L).setting(text_at(L, 1)));
  return 1;
}

int keep_setting(lua_State* L) {
  host(L).keep_setting(text_at(L, 1), text_at(L, 2));
  return 0;
}

int failure(lua_State* L) {
  push_text(L, runtime(L).console()->last_failure());
  return 1;
}

int trace(lua_State* L) {
  const auto& frames = runtime(L).console()->trace();
  lua_createtable(L, static_cast<int>(frames.size()), 0);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    push_text(L, frames[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  return 1;
}

// path, text: refuses to write over a file.
int write_new_file(lua_State* L) {
  const fs::path path = text_at(L, 1);
  std::error_code code;
  if (fs::exists(fs::symlink_status(path, code))) {
    throw ArgumentError({.what = "'" + path.string() + "' is there already",
                         .hint = "choose another name; nothing was changed"});
  }
  write_file_atomically(path, text_at(L, 2));
  return 0;
}

// What a path typed so far may become: files and folders ("name/"), in order.
int list_files(lua_State* L) {
  const std::string typed = text_at(L, 1);
  const std::size_t slash = typed.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : typed.substr(0, slash + 1);
  const std::string begun = typed.substr(folder.size());
  std::vector<std::string> names;
  const auto look = [&](const fs::path& place) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(place / folder, code)) {
      std::string name = entry.path().filename().string();
      if (!name.starts_with(begun) || (begun.empty() && name.starts_with('.'))) continue;
      if (entry.is_directory(code)) name += '/';
      names.push_back(folder + name);
    }
  };
  const SessionOptions& options = runtime(L).session()->options();
  look(options.study_folder);
  if (!options.data.empty() && !typed.starts_with('/')) look(options.data);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  lua_createtable(L, static_cast<int>(names.size()), 0);
  for (std::size_t i = 0; i < names.size(); ++i) {
    push_text(L, names[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  return 1;
}

// What an analysis, a plot or a table computes, written out: equal texts, equal computations.
std::string definition_of(const NodeBody& body) {
  const Study nothing;
  const Node node{"value", "", body};
  return canonical_json(Definition(nothing, node, {}).write());
}

// handle -> its definition, "" where it has none
int definition(lua_State* L) {
  if (find_box(L, 1, "Analysis") != nullptr) {
    push_text(L, definition_of(AnalysisNode{get_handle<const Recipe>(L, 1)}));
  } else if (find_box(L, 1, "Table") != nullptr) {
    push_text(L, definition_of(TableNode{get_handle<const Relation>(L, 1)}));
  } else {
    push_text(L, "");
  }
  return 1;
}

int data_folder(lua_State* L) {
  push_text(L, runtime(L).session()->options().data.string());
  return 1;
}

// text, folder with its data or "" -> { line, what } of each error: what impact check says of it;
// and name -> definition of its analyses and tables.
int check_script(lua_State* L) {
  const SessionOptions& mine = runtime(L).session()->options();
  const std::string data = text_at(L, 2);
  SessionOptions session{.data = data.empty() ? mine.data : fs::path(data),
                         .study_folder = mine.study_folder,
                         .threads = mine.threads,
                         .memory = mine.memory,
                         .cancel = mine.cancel};
  Script script({.code = text_at(L, 1)}, std::move(session),
                {.cancel = mine.cancel, .print = [](std::string_view) {}, .script_folder = "."});
  const std::vector<ScriptError> errors = script.find_errors();
  lua_createtable(L, static_cast<int>(errors.size()), 0);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, errors[i].line());
    lua_setfield(L, -2, "line");
    push_text(L, errors[i].info().what);
    lua_setfield(L, -2, "what");
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  lua_createtable(L, 0, 8);
  if (!errors.empty()) return 2;
  for (const Node& node : script.study().nodes) {
    if (!std::holds_alternative<AnalysisNode>(node.body) &&
        !std::holds_alternative<TableNode>(node.body)) {
      continue;
    }
    push_text(L, definition_of(node.body));
    lua_setfield(L, -2, node.name.c_str());
  }
  return 2;
}

int version_text(lua_State* L) {
  push_text(L, version());
  return 1;
}

// file, first line, last line (0: to the first line that is `end` or closes a call at the margin)
int library_lines(lua_State* L) {
  std::istringstream text(library_text(runtime(L), text_at(L, 1)));
  const lua_Integer first = lua_tointegerx(L, 2, nullptr);
  const lua_Integer last = lua_tointegerx(L, 3, nullptr);
  std::string out;
  std::string line;
  for (lua_Integer number = 1; std::getline(text, line); ++number) {
    if (number < first) continue;
    out += (out.empty() ? "" : "\n") + line;
    const bool closes =
        !line.empty() && (line.starts_with("end") || line[0] == '}' || line[0] == ')');
    if (last > 0 ? number >= last : closes && number > first) break;
  }
  push_text(L, out);
  return 1;
}

// The name of a declared node -> whether a run would compute it, and why.
int why_node(lua_State* L) {
  Session& session = *runtime(L).session();
  const std::string name = text_at(L, 1);
  ObjectStore cache(host(L).cache());
  FingerprintCache fingerprints(host(L).cache());
  const RunTools tools{.cache = &cache,
                       .fingerprints = &fingerprints,
                       .sealed = false,
                       .table_backend = session.backend()->version()};
  const Study& study = session.need_study();
  const auto states = node_states(study, tools, session.context());
  for (const PlanLine& line : plan_lines(study, states, nullptr)) {
    if (line.name != name) continue;
    std::string text = line.kind + " " + line.name;
    if (!line.inputs.empty()) text += ", from " + list_words(line.inputs);
    if (line.computed) {
      text += line.fresh
                  ? ": its result is in the cache"
                  : ": a run would compute it" + (line.why.empty() ? "" : ", since " + line.why);
    }
    push_text(L, text);
    return 1;
  }
  push_text(L, "");
  return 1;
}

// A page of a Plot or a Table, shown in the browser -> its path, whether a browser was found.
int open_value(lua_State* L) {
  const fs::path path = write_value_page(L, 1);
  push_text(L, path.string());
  lua_pushboolean(L, host(L).open(path) ? 1 : 0);
  return 2;
}

}  // namespace

void install_console(lua_State* L) {
  const std::pair<const char*, int (*)(lua_State*)> entries[] = {
      {"compile", compile_input},
      {"screen", screen},
      {"page", page},
      {"clock", clock_now},
      {"today", today},
      {"setting", setting},
      {"keep_setting", keep_setting},
      {"failure", failure},
      {"trace", trace},
      {"write_new_file", write_new_file},
      {"list_files", list_files},
      {"check_script", check_script},
      {"definition", definition},
      {"data", data_folder},
      {"library_lines", library_lines},
      {"why_node", why_node},
      {"version", version_text},
      {"open", open_value},
  };
  lua_createtable(L, 0, static_cast<int>(std::size(entries)));
  for (const auto& [name, body] : entries) {
    push_private(L, body);
    lua_setfield(L, -2, name);
  }
  extend_private_api(L, "console");
}

}  // namespace impact::bindings
