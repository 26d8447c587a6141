#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace impact::bindings {

/// Exit codes of the program, for shells and build systems.
enum ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kCheckFailed = 3,
  kDiffers = 4,
  kInterrupted = 130
};

/// What the command line asks for.
struct Options {
  enum class Command {
    kRun,
    kCode,
    kPlan,
    kCheck,
    kDiagnose,
    kFreeze,
    kVerify,
    kDiff,
    kReport,
    kNew,
    kStubs,
    kQuery,
    kPlot,
    kPredict,
    kDocs,
    kRepl
  };
  Command command = Command::kRun;
  std::filesystem::path path;           ///< A script, a folder with study.lua, or a run folder.
  std::filesystem::path second;         ///< kDiff: the other run.
  std::string code;                     ///< kCode: the text after -e.
  std::filesystem::path data;           ///< --data, else IMPACT_DATA, else empty.
  std::filesystem::path out;            ///< --out; empty: runs/<name>.
  std::filesystem::path cache;          ///< --cache, else IMPACT_CACHE; empty: no cache.
  std::filesystem::path stdlib_folder;  ///< --stdlib; empty: the embedded library.
  std::filesystem::path script;         ///< verify --script: instead of the run's own.
  int threads = 1;
  std::uint64_t memory = 0;  ///< --memory in bytes; 0: not given.
  bool json = false;
  bool quiet = false;
  std::string figures;                          ///< report --figures: "svg", "png" or "".
  std::filesystem::path pages;                  ///< docs --pages; empty: not given.
  bool dot = false;                             ///< plan --dot.
  bool again = false;                           ///< freeze --again.
  std::int64_t simulations = 2000;              ///< diagnose --simulations.
  double tolerance = 0;                         ///< verify --tolerance.
  std::map<std::string, std::string> settings;  ///< --set.
  std::string sql;                              ///< query: the SELECT.
  std::string plot_kind;                        ///< plot: "histogram", "hist", ...
  /// query, plot: files, "-" for standard input; none: standard input. For plot columns follow.
  std::vector<std::string> files;
  std::vector<std::string> missing;  ///< --missing: texts of a CSV that are no value.
  std::string from;                  ///< --from: format of the input.
  std::string format;                ///< query, predict: --format.
  std::vector<std::string> keep;     ///< predict --keep; "all" alone: every column.
  std::vector<std::string> key;      ///< predict --key.
  std::vector<double> quantiles;     ///< predict --quantiles.
  std::optional<double> threshold;   ///< predict --threshold.
  int width = 0;                     ///< --width; 0: the terminal's.
  int height = 0;                    ///< --height; 0: the terminal's.
  std::filesystem::path html;        ///< plot --html.
  std::vector<std::pair<std::string, std::string>> plot_roles;  ///< plot --x NAME, --of NAME, ...
  std::map<std::string, std::string> plot_options;              ///< plot --option name=value.
};

/// Reads the command line. When it asks for help or the version, or is wrong, the text is printed
/// and `exit_code` says how to end; else the options come back.
[[nodiscard]] std::optional<Options> read_command_line(int argc, const char* const* argv,
                                                       int* exit_code);

/// Does what the options ask; returns an ExitCode. Installs the handler of Ctrl-C.
[[nodiscard]] int run_program(const Options& options);

}  // namespace impact::bindings
