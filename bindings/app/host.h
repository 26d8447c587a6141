#pragma once

#include <memory>
#include <string>

#include "bindings/app/options.h"
#include "bindings/script.h"
#include "bindings/study_run.h"

/// What the commands of the program share.
namespace impact::bindings {

/// Flag that Ctrl-C sets.
[[nodiscard]] CancelToken& cancel_token();

/// The study.lua of a folder, or the file. Throws IoError.
[[nodiscard]] ScriptSource source_of(const std::filesystem::path& path);
/// The script with everything the options say; not yet run.
[[nodiscard]] std::unique_ptr<Script> open_script(const Options& options, ScriptSource source);
/// The same, run and checked.
[[nodiscard]] std::unique_ptr<Script> load_script(const Options& options, ScriptSource source);
/// How the study of a script that has run is to be computed.
[[nodiscard]] StudyRunOptions run_options(const Options& options, Script& script);

// The commands, one a file. Each returns an ExitCode and throws Error.
[[nodiscard]] int run_command(const Options& options);
[[nodiscard]] int plan_command(const Options& options);
[[nodiscard]] int check_command(const Options& options);
[[nodiscard]] int diagnose_command(const Options& options);
[[nodiscard]] int freeze_command(const Options& options);
[[nodiscard]] int verify_command(const Options& options);
[[nodiscard]] int diff_command(const Options& options);
[[nodiscard]] int report_command(const Options& options);
[[nodiscard]] int new_command(const Options& options);
[[nodiscard]] int query_command(const Options& options);
[[nodiscard]] int plot_command(const Options& options);
[[nodiscard]] int predict_command(const Options& options);
[[nodiscard]] int stubs_command(const Options& options);
[[nodiscard]] int docs_command(const Options& options);
/// The prompt; where standard input is no terminal, the script that comes through it.
[[nodiscard]] int repl_command(const Options& options);

}  // namespace impact::bindings
