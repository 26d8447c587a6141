#include "bindings/app/host.h"

#include <cstdio>

#include "bindings/app/progress.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kScriptMemory = std::uint64_t{1} << 30;

void check_data(const Options& options) {
  std::error_code code;
  if (options.data.empty() || fs::is_directory(options.data, code)) return;
  throw IoError({.what = "no folder '" + options.data.string() + "'",
                 .hint = "--data (or IMPACT_DATA) names the folder with the data files"});
}

SessionOptions session_options(const Options& options, const ScriptSource& source) {
  SessionOptions out;
  out.data = options.data;
  out.out = options.out;
  out.threads = options.threads;
  out.memory = options.memory;
  out.cancel = &cancel_token();
  out.progress = terminal_progress(options.quiet);
  out.settings = options.settings;
  out.interactive = source.interactive;
  if (!source.file.empty()) {
    out.study_folder = source.file.has_parent_path() ? source.file.parent_path() : fs::path(".");
    out.name = source.file.stem().string();
  }
  return out;
}

RuntimeOptions runtime_options(const Options& options) {
  RuntimeOptions out;
  out.memory_limit = options.memory == 0 ? kScriptMemory : std::min(kScriptMemory, options.memory);
  out.cancel = &cancel_token();
  out.stdlib_folder = options.stdlib_folder;
  // With --json standard output holds one object and nothing else.
  std::FILE* sink = options.json ? stderr : stdout;
  out.print = [sink](std::string_view text) { write_output(sink, text); };
  return out;
}

}  // namespace

CancelToken& cancel_token() {
  static CancelToken token;
  return token;
}

ScriptSource source_of(const fs::path& path) {
  std::error_code code;
  if (!fs::is_directory(path, code)) return {.file = path};
  const fs::path script = path / "study.lua";
  if (!fs::exists(script, code)) {
    throw IoError({.what = "the folder '" + path.string() + "' has no study.lua",
                   .hint = "name a folder with a study, or a Lua file"});
  }
  return {.file = script, .folder = true};
}

std::unique_ptr<Script> open_script(const Options& options, ScriptSource source) {
  check_data(options);
  SessionOptions session = session_options(options, source);
  return std::make_unique<Script>(std::move(source), std::move(session), runtime_options(options));
}

std::unique_ptr<Script> load_script(const Options& options, ScriptSource source) {
  auto script = open_script(options, std::move(source));
  script->declare();
  return script;
}

StudyRunOptions run_options(const Options& options, Script& script) {
  return {.cache = options.cache, .scripts = script.files(), .frozen = script.frozen_plan()};
}

}  // namespace impact::bindings
