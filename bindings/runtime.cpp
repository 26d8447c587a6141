#include "bindings/runtime.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <tuple>

#include "bindings/args.h"
#include "bindings/failed.h"
#include "bindings/guard.h"
#include "bindings/sandbox.h"

namespace impact::bindings {
namespace {

constexpr int kPollInstructions = 1000;
constexpr std::string_view kLibraryPrefix = "=[stdlib";

std::string megabytes(std::uint64_t bytes) {
  return std::to_string((bytes + (std::uint64_t{1} << 20) - 1) >> 20) + " MiB";
}

bool is_user_frame(const lua_Debug& frame) {
  return frame.currentline > 0 &&
         std::string_view(frame.source).substr(0, kLibraryPrefix.size()) != kLibraryPrefix;
}

// Chunk names start with '@' (file) or '=' (literal name).
const char* chunk_of(const lua_Debug& frame) { return frame.source + 1; }

struct Scratch {
  const std::function<void(lua_State*)>* body;
};

}  // namespace

std::string ScriptError::report() const {
  std::string out = file_.empty() ? "" : file_ + ":" + std::to_string(line_) + ": ";
  out += what();
  for (const std::string& caller : callers_) out += "\n  called from " + caller;
  return out;
}

Runtime::Runtime(RuntimeOptions options) : options_(std::move(options)), cap_(options_.soft_cap) {
  state_ = lua_newstate(allocate, this);
  if (state_ == nullptr)
    throw ResourceError({.what = "not enough memory to start the interpreter"});
  *static_cast<Runtime**>(lua_getextraspace(state_)) = this;
  lua_setwarnf(state_, nullptr, nullptr);
  lua_gc(state_, LUA_GCINC, 0, 0, 0);
  lua_sethook(state_, poll, LUA_MASKCOUNT, kPollInstructions);
  try {
    protect([](lua_State* L) {
      open_errors(L);
      open_failed(L);
      open_sandbox(L);
    });
  } catch (const std::exception&) {
    lua_close(state_);
    throw;
  }
}

Runtime::~Runtime() { lua_close(state_); }

// Refusing to grow is all it takes: Lua then collects in full, tries once more and raises.
void* Runtime::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& runtime = *static_cast<Runtime*>(self);
  const std::size_t held = block == nullptr ? 0 : old_size;
  if (new_size == 0) {
    std::free(block);
    runtime.used_ -= held;
    return nullptr;
  }
  if (new_size > held) {
    const auto& options = runtime.options_;
    if (options.fail_allocation >= 0 && runtime.allocations_++ >= options.fail_allocation) {
      return nullptr;
    }
    if (runtime.used_ + (new_size - held) > options.memory_limit) {
      runtime.note_refusal();
      return nullptr;
    }
  }
  void* moved = std::realloc(block, new_size);
  if (moved == nullptr) return nullptr;
  runtime.used_ += new_size - held;
  runtime.peak_ = std::max(runtime.peak_, runtime.used_);
  return moved;
}

// Reading the call stack allocates nothing in Lua, so it is safe inside the allocator.
void Runtime::note_refusal() noexcept {
  try {
    refused_line_ = 0;
    if (state_ != nullptr && !user_position(state_, &refused_file_, &refused_line_)) {
      refused_line_ = 0;
    }
  } catch (const std::exception&) {
    refused_line_ = 0;
  }
}

bool Runtime::stopping(lua_State* L) {
  const bool cancelled = options_.cancel != nullptr && options_.cancel->requested();
  if (!cancelled && !(steps_ && *steps_ <= 0)) return false;
  // The coroutine that runs and the script that waits for it.
  for (lua_State* thread : {L, state_}) {
    lua_sethook(thread, poll, LUA_MASKLINE | LUA_MASKCOUNT, 1);
  }
  return true;
}

void Runtime::check_stop(lua_State* L) {
  if (!stopping(L)) return;
  if (options_.cancel != nullptr && options_.cancel->requested()) throw Cancelled();
  throw ResourceError(
      {.what = "the script runs on and on while it declares the study",
       .expected = "declarations, which take no time: what they declare is computed afterwards",
       .hint = "look for a loop that does not end"});
}

void Runtime::resume() noexcept {
  steps_.reset();
  lua_sethook(state_, poll, LUA_MASKCOUNT, kPollInstructions);
}

void Runtime::poll(lua_State* L, lua_Debug*) {
  Runtime& self = runtime(L);
  if (self.steps_) *self.steps_ -= std::min<std::int64_t>(*self.steps_, kPollInstructions);
  bool stop = false;
  try {
    self.check_stop(L);
  } catch (const std::exception& error) {
    set_pending(L, error);
    stop = true;
  }
  if (stop) raise_pending(L);
}

void Runtime::keep_error(ScriptError error) { gathered_.push_back(std::move(error)); }

std::vector<ScriptError> Runtime::gathered() const {
  std::vector<ScriptError> out = gathered_;
  const auto place = [](const ScriptError& e) {
    return std::tuple<const std::string&, int, std::string>(e.file(), e.line(), e.what());
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](const ScriptError& a, const ScriptError& b) { return place(a) < place(b); });
  out.erase(
      std::unique(out.begin(), out.end(),
                  [&](const ScriptError& a, const ScriptError& b) { return place(a) == place(b); }),
      out.end());
  return out;
}

const std::string& Runtime::load_file(const std::filesystem::path& path) {
  return files_[path] = read_script(path);
}

void Runtime::call(int arguments, int results) {
  const int handler = lua_gettop(state_) - arguments;
  callers.clear();
  lua_pushcfunction(state_, handle_message);
  lua_insert(state_, handler);
  const int status = lua_pcall(state_, arguments, results, handler);
  lua_remove(state_, handler);
  if (status != LUA_OK) rethrow(status);
}

void Runtime::protect(const std::function<void(lua_State*)>& body) {
  const auto shell = [](lua_State* L) -> int {
    const auto* scratch = static_cast<const Scratch*>(lua_touserdata(L, 1));
    lua_settop(L, 0);
    bool failed = false;
    try {
      (*scratch->body)(L);
    } catch (const std::exception& error) {
      set_pending(L, error);
      failed = true;
    }
    return failed ? raise_pending(L) : lua_gettop(L);
  };
  const Scratch scratch{&body};
  // Light values only: pushing them cannot fail.
  lua_pushcfunction(state_, shell);
  lua_pushlightuserdata(state_, const_cast<Scratch*>(&scratch));
  call(1, LUA_MULTRET);
}

void Runtime::rethrow(int status) {
  if (status == LUA_ERRMEM) {
    lua_pop(state_, 1);
    throw ScriptError(
        "resource",
        {.what = "the script needs more memory than it may use",
         .got = megabytes(peak_) + " in Lua values",
         .expected = "at most " + megabytes(options_.memory_limit),
         .hint = "keep rows in tables of the engine, or raise the limit with --memory"},
        refused_line_ > 0 ? refused_file_ : "", refused_line_, {});
  }
  // The message handler left everything in `pending`, unless it could not run itself.
  const bool described = !pending.failed && is_error_object(state_, -1);
  std::string text = described ? "" : text_at(state_, -1);
  lua_pop(state_, 1);
  if (!described) {
    throw ScriptError("script", {.what = text.empty() ? "error in error handling" : text}, "", 0,
                      {});
  }
  if (pending.kind == "cancelled") throw Cancelled();
  // The first frame is where it happened; the rest called it.
  std::vector<std::string> outer;
  if (callers.size() > 1) outer.assign(callers.begin() + 1, callers.end());
  throw ScriptError(pending.kind, pending.info, pending.file, pending.line, std::move(outer));
}

void Runtime::run_text(std::string_view text, const std::string& chunk, int results) {
  protect([&](lua_State* L) {
    lua_settop(L, 0);
    load_user_text(L, text, "@" + chunk);
  });
  call(0, results);
}

void Runtime::run_file(const std::filesystem::path& path, int results) {
  run_text(load_file(path), path.string(), results);
}

void Runtime::hold(std::uint64_t bytes) {
  assert(thread_ == std::this_thread::get_id());
  held_ += bytes;
  held_peak_ = std::max(held_peak_, held_);
  lua_gc(state_, LUA_GCSTEP, static_cast<int>(std::min<std::uint64_t>(bytes >> 10, 1U << 20)));
  // Torch's rule: past the soft cap collect in full, and move the cap up only when most of it is
  // really in use.
  if (held_ > cap_) {
    lua_gc(state_, LUA_GCCOLLECT);
    while (held_ > cap_ / 5 * 4) cap_ = cap_ / 5 * 7;
  }
}

void Runtime::print(std::string_view text) const {
  if (options_.print) {
    options_.print(text);
  } else {
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
}

Runtime& runtime(lua_State* L) {
  Runtime& self = **static_cast<Runtime**>(lua_getextraspace(L));
  return self;
}

bool user_position(lua_State* L, std::string* file, int* line) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame) != 0; ++level) {
    if (lua_getinfo(L, "Sl", &frame) == 0 || !is_user_frame(frame)) continue;
    *file = chunk_of(frame);
    *line = frame.currentline;
    return true;
  }
  return false;
}

namespace {

std::vector<std::string> frames_of(lua_State* L, bool library) {
  constexpr std::size_t kMost = 20;
  std::vector<std::string> frames;
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame) != 0 && frames.size() < kMost; ++level) {
    if (lua_getinfo(L, "Sln", &frame) == 0) continue;
    const bool user = is_user_frame(frame);
    if (!user && !library) continue;
    // Of the engine's frames only functions that a script called tell anything.
    if (frame.currentline <= 0 &&
        (frame.name == nullptr || frame.name == std::string_view("raise")))
      continue;
    std::string text = frame.currentline > 0
                           ? std::string(user ? chunk_of(frame) : frame.short_src) + ":" +
                                 std::to_string(frame.currentline)
                           : "the engine";
    if (frame.name != nullptr) text += " in function '" + std::string(frame.name) + "'";
    frames.push_back(std::move(text));
  }
  return frames;
}

}  // namespace

std::vector<std::string> user_frames(lua_State* L) { return frames_of(L, false); }

std::vector<std::string> all_frames(lua_State* L) { return frames_of(L, true); }

}  // namespace impact::bindings
