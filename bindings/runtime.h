#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bindings/descriptor.h"
#include "bindings/lua_include.h"
#include "engine/core/context.h"
#include "engine/core/error.h"

namespace impact::bindings {

class Console;
class Session;

/// A failure on its way to the script, kept outside all frames while the stack unwinds.
struct Pending {
  std::string kind;
  ErrorInfo info;
  std::string file;  ///< Chunk of the nearest user frame, "" when there is none.
  int line = 0;
  std::string where;    ///< "file:line", or "".
  std::string message;  ///< Everything, ready to print.
  bool failed = false;  ///< Even describing the failure ran out of memory.
};

/// What a script failed with, as seen by the host. kind() is that of Error, or "script" for the
/// interpreter's own errors (syntax, arithmetic on nil).
class ScriptError : public Error {
 public:
  ScriptError(std::string kind, ErrorInfo info, std::string file, int line,
              std::vector<std::string> callers)
      : Error(kind, std::move(info)),
        file_(std::move(file)),
        line_(line),
        callers_(std::move(callers)) {}
  [[nodiscard]] const std::string& file() const noexcept { return file_; }  ///< As given, or "".
  [[nodiscard]] int line() const noexcept { return line_; }                 ///< From 1; 0 unknown.
  /// User frames outside the failing one, innermost first: "study.lua:7 in function 'fit'".
  [[nodiscard]] const std::vector<std::string>& callers() const noexcept { return callers_; }
  /// "file:line: message" with the parts below, ready to print.
  [[nodiscard]] std::string report() const;

 private:
  std::string file_;
  int line_;
  std::vector<std::string> callers_;
};

/// About ten seconds of the interpreter. A script that declares a study has no reason to run
/// longer.
inline constexpr std::int64_t kDeclaringSteps = 1'000'000'000;

struct RuntimeOptions {
  std::uint64_t memory_limit = std::uint64_t{1} << 30;  ///< Bytes for Lua values.
  const CancelToken* cancel = nullptr;                  ///< Polled every 1000 instructions.
  std::function<void(std::string_view)> print = {};     ///< Where print goes; default: stdout.
  std::filesystem::path stdlib_folder = {};             ///< Load the standard library from here.
  std::filesystem::path script_folder = {};             ///< What `use` may read; empty: nothing.
  std::filesystem::path project_folder = {};            ///< And after it; empty: nothing.
  std::int64_t fail_allocation =
      -1;  ///< Tests: the n-th growing allocation and all later ones fail.
  std::uint64_t soft_cap = std::uint64_t{256} << 20;  ///< Engine bytes held before a collection.
};

/// One Lua state with its limits. Not thread-safe: made, used and destroyed on one thread. The
/// state runs incremental collection, never loads binary chunks and opens no library that reaches
/// the machine. Scripts see the allow-listed environment of sandbox.h only.
class Runtime {
 public:
  /// Throws ResourceError when even the empty state does not fit the limit.
  explicit Runtime(RuntimeOptions options);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] lua_State* state() const noexcept { return state_; }
  [[nodiscard]] const RuntimeOptions& options() const noexcept { return options_; }
  [[nodiscard]] Registry& registry() noexcept { return registry_; }

  /// Calls the function below `arguments` values on the stack; leaves `results` values. Throws
  /// ScriptError. The only way from the host into Lua.
  void call(int arguments, int results);
  /// Runs `body` with its Lua errors caught, for host code that only pushes values.
  void protect(const std::function<void(lua_State*)>& body);
  /// Compiles user text in the sandbox and runs it; leaves `results` values on the stack.
  /// `chunk` is the name in messages ("-e", "scripts/claims/study.lua").
  void run_text(std::string_view text, const std::string& chunk, int results = 0);
  /// The same for a file. Throws IoError when it cannot be read.
  void run_file(const std::filesystem::path& path, int results = 0);

  /// Lua bytes in use, and the most there ever were.
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t peak() const noexcept { return peak_; }
  /// Bytes of engine memory held by handles, and the most there ever were.
  [[nodiscard]] std::uint64_t held() const noexcept { return held_; }
  [[nodiscard]] std::uint64_t held_peak() const noexcept { return held_peak_; }
  /// Told by handles. hold() may run the collector: no engine lock may be held.
  void hold(std::uint64_t bytes);
  void let_go(std::uint64_t bytes) noexcept { held_ -= bytes; }
  [[nodiscard]] std::uint64_t next_serial() noexcept { return ++serial_; }

  /// Throws Cancelled once a cancel was requested, ResourceError once the script has used up its
  /// steps. From then on every line of the script polls, so that no pcall holds it back.
  void check_stop(lua_State* L);
  /// Lets the script run about `steps` more instructions of the interpreter, on any machine the
  /// same number.
  void limit_steps(std::int64_t steps) noexcept { steps_ = steps; }

  /// After a stop: the script may run again, without a limit of steps.
  void resume() noexcept;

  /// From here on errors of declarations do not end the script: each is kept, and the call gives a
  /// value that every later use passes on without a word.
  void gather_errors() noexcept { gathering_ = true; }
  [[nodiscard]] bool gathering() const noexcept { return gathering_; }
  void keep_error(ScriptError error);
  /// What was gathered: by file and line, without repetitions.
  [[nodiscard]] std::vector<ScriptError> gathered() const;

  /// Script files that were loaded, by path as found, with their text.
  [[nodiscard]] const std::map<std::filesystem::path, std::string>& files() const noexcept {
    return files_;
  }
  /// Text of a script file, kept in files(). Throws IoError, DataError.
  [[nodiscard]] const std::string& load_file(const std::filesystem::path& path);

  void print(std::string_view text) const;
  /// Engine access of the bindings; nullptr in a bare runtime.
  [[nodiscard]] Session* session() const noexcept { return session_; }
  void set_session(Session* session) noexcept { session_ = session; }
  /// The prompt that the state belongs to; nullptr elsewhere.
  [[nodiscard]] Console* console() const noexcept { return console_; }
  void set_console(Console* console) noexcept { console_ = console; }

  Pending pending;                   ///< Set by the guard, read by raise_pending.
  std::vector<std::string> callers;  ///< User frames of the last error that reached the host.
  std::vector<std::string> trace;    ///< All its frames, those of the library among them.

 private:
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void poll(lua_State* L, lua_Debug*);
  [[nodiscard]] bool stopping(lua_State* L);
  void note_refusal() noexcept;
  [[noreturn]] void rethrow(int status);

  RuntimeOptions options_;
  Registry registry_;
  lua_State* state_ = nullptr;
  Session* session_ = nullptr;
  Console* console_ = nullptr;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t held_ = 0;
  std::uint64_t held_peak_ = 0;
  std::uint64_t cap_ = 0;
  std::uint64_t serial_ = 0;
  std::int64_t allocations_ = 0;
  std::optional<std::int64_t> steps_;  // Left; nullopt: no limit.
  bool gathering_ = false;
  std::vector<ScriptError> gathered_;
  std::map<std::filesystem::path, std::string> files_;
  std::string refused_file_;  // Where the script stood when the limit was met.
  int refused_line_ = 0;
  std::thread::id thread_ = std::this_thread::get_id();
};

/// The runtime of a state or of any of its coroutines.
[[nodiscard]] Runtime& runtime(lua_State* L);

/// Nearest frame of user code: its chunk as given and its line; false when there is none.
[[nodiscard]] bool user_position(lua_State* L, std::string* file, int* line);
/// All user frames, innermost first, with the function's name when known.
[[nodiscard]] std::vector<std::string> user_frames(lua_State* L);
/// The same, frames of the library and the engine among them.
[[nodiscard]] std::vector<std::string> all_frames(lua_State* L);

}  // namespace impact::bindings
