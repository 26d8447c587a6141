#include <cstdlib>
#include <thread>
#include <CLI/CLI.hpp>

#include "bindings/app/options.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/version.h"

namespace impact::bindings {
namespace {

constexpr int kMaxThreads = 1024;
// Below this the table engine and the interpreter fail one after the other in odd places.
constexpr std::uint64_t kLeastMemory = 64'000'000;

int all_cores() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
}

std::uint64_t read_memory(const std::string& text) {
  const std::uint64_t bytes = parse_bytes(text, "--memory");
  if (bytes < kLeastMemory) {
    throw ArgumentError({.what = "--memory is too small for any run",
                         .got = text,
                         .expected = "at least 64MB",
                         .hint = "a number without a unit counts bytes; write 4GB"});
  }
  return bytes;
}

// "name=value" -> (name, value).
std::pair<std::string, std::string> read_setting(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw CLI::ValidationError("--set", "'" + text + "' is not of the form name=value");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

std::optional<Options> read_command_line(int argc, const char* const* argv, int* exit_code) {
  Options options;
  options.threads = all_cores();
  std::string data;
  std::string out;
  std::string path;
  std::string stdlib_folder;
  std::string memory;
  std::vector<std::string> settings;

  CLI::App app{"Causal inference and analytics for social-media data, scripted in Lua.", "impact"};
  app.set_version_flag("--version", "impactlytics " + std::string(version()));
  app.add_option("-e", options.code, "Run this Lua text instead of a file")->type_name("CODE");
  app.add_option("--data", data, "Folder with the data files (else IMPACT_DATA)")->type_name("DIR");
  app.add_option("--out", out, "Folder for the results (runs/<study>)")->type_name("DIR");
  app.add_option("--threads", options.threads, "Threads to use; never changes results (all cores)")
      ->check(CLI::Range(1, kMaxThreads));
  app.add_option("--memory", memory, "Most memory the run may use, as 4GB (64MB or more)")
      ->type_name("SIZE");
  app.add_option("--set", settings, "Override a declared parameter, as name=value")
      ->type_name("NAME=VALUE");
  app.add_option("--stdlib", stdlib_folder, "Load the standard library from this folder")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "Print one JSON object about the run");
  app.add_flag("--quiet", options.quiet, "Print only errors and what the script prints");
  CLI::App* run = app.add_subcommand("run", "Run a study: a folder with study.lua, or a Lua file");
  run->add_option("path", path, "Folder or file")->required()->type_name("DIR|FILE");
  run->fallthrough();
  CLI::App* docs = app.add_subcommand("docs", "Print the description of every function as JSON");
  docs->group("");
  docs->fallthrough();
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
    if (!memory.empty()) options.memory = read_memory(memory);
    for (const std::string& text : settings) options.settings.insert(read_setting(text));
    const bool code = app.count("-e") > 0;
    if (code && app.get_subcommands().size() == 1) {
      throw CLI::ValidationError("-e", "can't be combined with a command");
    }
    if (!code && app.get_subcommands().empty()) throw CLI::CallForHelp();
    options.command = code             ? Options::Command::kCode
                      : docs->parsed() ? Options::Command::kDocs
                                       : Options::Command::kRun;
  } catch (const CLI::CallForHelp& help) {
    const int code = app.exit(help);
    *exit_code = argc > 1 ? code : kUsage;
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error) == 0 ? kDone : kUsage;
    return std::nullopt;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    *exit_code = kUsage;
    return std::nullopt;
  }
  options.path = path;
  options.out = out;
  options.stdlib_folder = stdlib_folder;
  options.data = data;
  const char* fallback = std::getenv("IMPACT_DATA");
  if (data.empty() && fallback != nullptr) options.data = fallback;
  return options;
}

}  // namespace impact::bindings
