#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace impact::bindings {

/// Exit codes of the program, for shells and build systems.
enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kCheckFailed = 3, kInterrupted = 130 };

/// What the command line asks for.
struct Options {
  enum class Command { kRun, kCode, kDocs };
  Command command = Command::kRun;
  std::filesystem::path path;           ///< kRun: a script, or a folder with study.lua.
  std::string code;                     ///< kCode: the text after -e.
  std::filesystem::path data;           ///< --data, else IMPACT_DATA, else empty.
  std::filesystem::path out;            ///< --out; empty: runs/<name>.
  std::filesystem::path stdlib_folder;  ///< --stdlib; empty: the embedded library.
  int threads = 1;
  std::uint64_t memory = 0;  ///< --memory in bytes; 0: not given.
  bool json = false;
  bool quiet = false;
  std::map<std::string, std::string> settings;  ///< --set.
};

/// Reads the command line. When it asks for help or the version, or is wrong, the text is printed
/// and `exit_code` says how to end; else the options come back.
[[nodiscard]] std::optional<Options> read_command_line(int argc, const char* const* argv,
                                                       int* exit_code);

/// Does what the options ask; returns an ExitCode. Installs the handler of Ctrl-C.
[[nodiscard]] int run_program(const Options& options);

}  // namespace impact::bindings
