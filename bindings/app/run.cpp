#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <nlohmann/json.hpp>

#include "bindings/app/options.h"
#include "bindings/app/output.h"
#include "bindings/install.h"
#include "bindings/runtime.h"
#include "bindings/session.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kScriptMemory = std::uint64_t{1} << 30;

CancelToken g_cancel;

// The first Ctrl-C asks, the second one ends the program at once.
extern "C" void on_interrupt(int) {
  if (g_cancel.requested()) ::_exit(kInterrupted);
  g_cancel.request();
}

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

fs::path script_of(const Options& options) {
  std::error_code code;
  if (!fs::is_directory(options.path, code)) return options.path;
  const fs::path script = options.path / "study.lua";
  if (!fs::exists(script, code)) {
    throw IoError({.what = "the folder '" + options.path.string() + "' has no study.lua",
                   .hint = "name a folder with a study, or a Lua file"});
  }
  return script;
}

SessionOptions session_options(const Options& options, const fs::path& script) {
  SessionOptions out;
  out.data = options.data;
  out.out = options.out;
  out.threads = options.threads;
  out.memory = options.memory;
  out.cancel = &g_cancel;
  out.settings = options.settings;
  if (!script.empty()) {
    out.study_folder = script.has_parent_path() ? script.parent_path() : fs::path(".");
    out.name = script.stem().string();
  }
  return out;
}

RuntimeOptions runtime_options(const Options& options, const Session& session) {
  RuntimeOptions out;
  out.memory_limit = options.memory == 0 ? kScriptMemory : std::min(kScriptMemory, options.memory);
  out.cancel = &g_cancel;
  out.stdlib_folder = options.stdlib_folder;
  out.script_folder = session.options().study_folder;
  // With --json standard output holds one object and nothing else.
  std::FILE* sink = options.json ? stderr : stdout;
  out.print = [sink](std::string_view text) { std::fwrite(text.data(), 1, text.size(), sink); };
  return out;
}

void check_data(const Options& options) {
  std::error_code code;
  if (options.data.empty() || fs::is_directory(options.data, code)) return;
  throw IoError({.what = "no folder '" + options.data.string() + "'",
                 .hint = "--data (or IMPACT_DATA) names the folder with the data files"});
}

int execute(const Options& options) {
  check_data(options);
  const bool is_file = options.command == Options::Command::kRun;
  const fs::path script = is_file ? script_of(options) : fs::path();
  Session session(session_options(options, script));
  Runtime runtime(runtime_options(options, session));
  runtime.set_session(&session);
  install(runtime);
  if (options.command == Options::Command::kDocs) {
    std::printf("%s\n", canonical_json(runtime.registry().to_json()).c_str());
    return kDone;
  }
  if (is_file) {
    runtime.run_file(script, 1);
  } else {
    runtime.run_text(options.code, "-e", 1);
  }
  return finish_run(runtime, options.json, options.quiet);
}

}  // namespace

int run_program(const Options& options) {
  catch_interrupts();
  try {
    return execute(options);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", describe_failure(error, options.code).c_str());
    if (options.json) std::printf("%s\n", failure_json(error).c_str());
    return dynamic_cast<const Cancelled*>(&error) != nullptr ? kInterrupted : kFailed;
  }
}

}  // namespace impact::bindings
