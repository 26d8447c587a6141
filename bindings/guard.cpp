#include "bindings/guard.h"

#include <cstring>
#include <new>

#include "bindings/args.h"
#include "bindings/failed.h"

namespace impact::bindings {
namespace {

// Addresses serve as registry keys.
const char kErrorMeta = 0;

const Function& descriptor_of(lua_State* L) {
  return *static_cast<const Function*>(lua_touserdata(L, lua_upvalueindex(1)));
}

// Not noexcept: the interpreter's own errors may pass through.
bool run_protected(lua_State* L, int* results) {
  try {
    const Function& function = descriptor_of(L);
    runtime(L).check_stop(L);
    check_arguments(L, function);
    Call call(L, function);
    *results = function.body(call);
    return true;
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  // A pcall around a cancelled call must not go on for long.
  try {
    runtime(L).check_stop(L);
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  return false;
}

bool check_protected(lua_State* L) {
  try {
    check_arguments(L, descriptor_of(L));
    return true;
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  return false;
}

bool run_private(lua_State* L, int* results) {
  try {
    using Body = int (*)(lua_State*);
    Body body = nullptr;
    const void* bytes = lua_touserdata(L, lua_upvalueindex(1));
    std::memcpy(&body, bytes, sizeof body);
    *results = body(L);
    return true;
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  return false;
}

int guarded_private(lua_State* L) {
  int results = 0;
  return run_private(L, &results) ? results : raise_pending(L);
}

void locate(lua_State* L, Pending* pending) {
  pending->file.clear();
  pending->line = 0;
  pending->where.clear();
  if (user_position(L, &pending->file, &pending->line)) {
    pending->where = pending->file + ":" + std::to_string(pending->line);
  }
  pending->message = format_error(pending->info);
  if (!pending->where.empty()) pending->message = pending->where + ": " + pending->message;
}

void set_field(lua_State* L, const char* name, const std::string& value) {
  if (value.empty()) return;
  lua_pushlstring(L, value.data(), value.size());
  lua_setfield(L, -2, name);
}

void push_error_object(lua_State* L) {
  const Pending& pending = runtime(L).pending;
  lua_createtable(L, 0, 8);
  set_field(L, "kind", pending.kind);
  set_field(L, "what", pending.info.what);
  set_field(L, "where", pending.where);
  set_field(L, "place", pending.info.where);
  set_field(L, "got", pending.info.got);
  set_field(L, "expected", pending.info.expected);
  set_field(L, "hint", pending.info.hint);
  set_field(L, "message", pending.message);
  set_field(L, "file", pending.file);
  if (pending.line > 0) {
    lua_pushinteger(L, pending.line);
    lua_setfield(L, -2, "line");
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kErrorMeta);
  lua_setmetatable(L, -2);
}

std::string get_field(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, 1);
  std::string value = text_at(L, -1);
  lua_pop(L, 1);
  return value;
}

Pending read_error_object(lua_State* L) {
  Pending out;
  out.kind = get_field(L, "kind");
  out.info = {.what = get_field(L, "what"),
              .where = get_field(L, "place"),
              .got = get_field(L, "got"),
              .expected = get_field(L, "expected"),
              .hint = get_field(L, "hint")};
  out.file = get_field(L, "file");
  out.where = get_field(L, "where");
  out.message = get_field(L, "message");
  lua_pushliteral(L, "line");
  lua_rawget(L, 1);
  out.line = static_cast<int>(lua_tointegerx(L, -1, nullptr));
  lua_pop(L, 1);
  return out;
}

int error_text(lua_State* L) {
  lua_pushliteral(L, "message");
  if (lua_type(L, 1) != LUA_TTABLE) return 1;
  lua_rawget(L, 1);
  if (lua_type(L, -1) != LUA_TSTRING) lua_pushliteral(L, "error");
  return 1;
}

// "study.lua:12: attempt to ..." without its position, which the object carries apart. The prefix
// names the frame that failed, possibly one of the library's, so every Lua frame is tried.
std::string without_position(lua_State* L, const std::string& text) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame) != 0; ++level) {
    if (lua_getinfo(L, "Sl", &frame) == 0 || frame.currentline <= 0) continue;
    const std::string prefix =
        std::string(frame.short_src) + ":" + std::to_string(frame.currentline) + ": ";
    if (text.compare(0, prefix.size(), prefix) == 0) return text.substr(prefix.size());
  }
  return text;
}

// Keeps what `pending` holds and pushes a failed value, while errors are gathered and the script
// may go on.
bool keep_pending(lua_State* L) {
  Runtime& self = runtime(L);
  if (!self.gathering() || self.pending.failed) return false;
  const Pending& pending = self.pending;
  if (pending.kind == "cancelled" || pending.kind == "resource" || pending.kind == "internal") {
    return false;
  }
  try {
    self.keep_error({pending.kind, pending.info, pending.file, pending.line, {}});
    push_failed(L);
    return true;
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  return false;
}

// The same for the error object at 1.
bool keep_object(lua_State* L) {
  try {
    runtime(L).pending = read_error_object(L);
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  return keep_pending(L);
}

// While errors are gathered, a call with a failed value gives one: what failed was told already.
bool passes_failure_on(lua_State* L) {
  if (!runtime(L).gathering() || !has_failed_argument(L)) return false;
  lua_settop(L, 0);
  push_failed(L);
  return true;
}

bool describe_message(lua_State* L) {
  try {
    Runtime& self = runtime(L);
    self.callers = user_frames(L);
    self.trace = all_frames(L);
    ErrorInfo info;
    if (is_error_object(L, 1)) {
      // Read back: a script may have kept an older error and raised it again.
      self.pending = read_error_object(L);
      return false;
    }
    if (lua_type(L, 1) == LUA_TSTRING) {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, 1, &size);
      info.what = without_position(L, std::string(text, size));
    } else {
      info.what = "the script raised " + describe_value(L, 1);
      info.hint = "raise a text: error(\"...\")";
    }
    self.pending = {};
    self.pending.kind = "script";
    self.pending.info = std::move(info);
    locate(L, &self.pending);
    return true;
  } catch (const std::exception& error) {
    set_pending(L, error);
  }
  return true;
}

// The failure in `pending`: raised, or kept while errors are gathered.
int fail_pending(lua_State* L) { return keep_pending(L) ? 1 : raise_pending(L); }

int guarded(lua_State* L) {
  int results = 0;
  if (passes_failure_on(L)) return 1;
  return run_protected(L, &results) ? results : fail_pending(L);
}

int guarded_script(lua_State* L) {
  if (passes_failure_on(L)) return 1;
  if (!check_protected(L)) return fail_pending(L);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  if (!runtime(L).gathering()) {
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
  }
  if (lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0) == LUA_OK) return lua_gettop(L);
  // The call took everything, so the error stands alone, at 1.
  if (!is_error_object(L, 1)) return lua_error(L);
  return keep_object(L) ? 1 : lua_error(L);
}

}  // namespace

void push_function(lua_State* L, const Function& function) {
  lua_pushlightuserdata(L, const_cast<Function*>(&function));
  lua_pushcclosure(L, guarded, 1);
}

void push_checked(lua_State* L, const Function& function) {
  lua_pushlightuserdata(L, const_cast<Function*>(&function));
  lua_insert(L, -2);
  lua_pushcclosure(L, guarded_script, 2);
}

const Function* function_behind(lua_State* L, int index) {
  const lua_CFunction body = lua_tocfunction(L, index);
  if (body != guarded && body != guarded_script) return nullptr;
  if (lua_getupvalue(L, index, 1) == nullptr) return nullptr;
  const auto* found = static_cast<const Function*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return found;
}

void push_private(lua_State* L, int (*body)(lua_State*)) {
  void* bytes = lua_newuserdatauv(L, sizeof body, 0);
  std::memcpy(bytes, &body, sizeof body);
  lua_pushcclosure(L, guarded_private, 1);
}

int raise_pending(lua_State* L) {
  if (runtime(L).pending.failed) {
    lua_pushliteral(L, "not enough memory");
    return lua_error(L);
  }
  push_error_object(L);
  return lua_error(L);
}

void set_pending(lua_State* L, const std::exception& error) noexcept {
  Pending& pending = runtime(L).pending;
  try {
    pending.failed = false;
    if (const auto* known = dynamic_cast<const Error*>(&error)) {
      pending.kind = known->kind();
      pending.info = known->info();
    } else if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
      pending.kind = "resource";
      pending.info = {.what = "out of memory"};
    } else {
      pending.kind = "internal";
      pending.info = {.what = error.what()};
    }
    locate(L, &pending);
    const auto* script = dynamic_cast<const ScriptError*>(&error);
    if (script != nullptr && !script->file().empty()) {
      pending.file = script->file();
      pending.line = script->line();
      pending.where = pending.file + ":" + std::to_string(pending.line);
      pending.message = pending.where + ": " + format_error(pending.info);
    }
  } catch (const std::exception&) {
    pending.failed = true;
  }
}

void keep_failure(lua_State* L, const Error& error) {
  set_pending(L, error);
  const Pending& pending = runtime(L).pending;
  runtime(L).keep_error({pending.kind, pending.info, pending.file, pending.line, {}});
}

int handle_message(lua_State* L) {
  if (!describe_message(L)) return 1;
  if (runtime(L).pending.failed) return 1;
  push_error_object(L);
  return 1;
}

bool is_error_object(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || lua_getmetatable(L, index) == 0) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kErrorMeta);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same;
}

void open_errors(lua_State* L) {
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, error_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "error");
  lua_setfield(L, -2, "__metatable");
  lua_pushliteral(L, "error");
  lua_setfield(L, -2, "__name");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kErrorMeta);
}

}  // namespace impact::bindings
