#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/script.h"

/// The prompt without its terminal: what is typed goes in, what is shown comes out through the
/// runtime's print. How it answers is written in stdlib/repl/.
namespace impact::bindings {

/// What a prompt needs of the machine.
class ConsoleHost {
 public:
  virtual ~ConsoleHost() = default;
  struct Screen {
    int columns = 80;
    int rows = 24;
    bool colour = false;
    bool cursor = false;  ///< It understands where the cursor shall go.
  };
  [[nodiscard]] virtual Screen screen() = 0;
  /// Shows text a screen at a time.
  virtual void page(const std::string& text) = 0;
  /// Shows a page in the browser; false: there is none.
  virtual bool open(const std::filesystem::path& page) = 0;
  /// Choices of the user that outlive the program; "" when unknown.
  [[nodiscard]] virtual std::string setting(const std::string& name) = 0;
  virtual void keep_setting(const std::string& name, const std::string& value) = 0;
  /// Where results of nodes are kept; empty: nowhere.
  [[nodiscard]] virtual std::filesystem::path cache() = 0;
  /// Seconds of a clock that never goes back.
  [[nodiscard]] virtual double clock() = 0;
  /// Days since 1970, for the tip of the day.
  [[nodiscard]] virtual std::int64_t today() = 0;
};

/// What may be typed next.
struct Completion {
  std::size_t start = 0;                ///< Byte of the text where the completed word begins.
  std::vector<std::string> words = {};  ///< In order; each replaces everything from start on.
};

/// Evaluates what is typed. Not thread-safe; lives as long as its script.
class Console {
 public:
  enum class Answer { kGoOn, kQuit };

  /// Takes over a script that was opened for a prompt (ScriptSource::interactive). `cancel` is the
  /// flag that the script polls; reset after each interruption.
  Console(Script& script, ConsoleHost& host, CancelToken& cancel);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Greeting, and the tip of the day.
  [[nodiscard]] std::string banner();
  /// Whether the text can be evaluated as it stands, or is wrong; else more lines are awaited.
  [[nodiscard]] bool whole(const std::string& text);
  /// Evaluates and shows. Errors of what was typed are shown, too; the state stays as it was.
  Answer submit(const std::string& text);
  /// Never runs code of the user: tables are read raw, types come from descriptors.
  [[nodiscard]] Completion complete(const std::string& text, std::size_t cursor);

  [[nodiscard]] ConsoleHost& host() noexcept { return host_; }
  [[nodiscard]] const std::string& last_failure() const noexcept { return failure_; }
  [[nodiscard]] const std::vector<std::string>& trace() const noexcept { return trace_; }

 private:
  // Calls a function of stdlib/repl with one or two arguments; `read` takes its result off the
  // stack.
  template <class Push, class Read>
  void ask(const char* function, const Push& push, const Read& read);
  void show_failure(const std::exception& error);

  Script& script_;
  ConsoleHost& host_;
  CancelToken& cancel_;
  std::vector<std::string> inputs_;  // Text of "input 1", "input 2", ...
  std::string failure_;
  std::vector<std::string> trace_;
};

/// Adds what stdlib/repl needs of the console to the private interface: internal.console.
void install_console(lua_State* L);

}  // namespace impact::bindings
