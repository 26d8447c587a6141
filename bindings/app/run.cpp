#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "bindings/app/host.h"
#include "bindings/app/progress.h"
#include "bindings/failure_text.h"

namespace impact::bindings {
namespace {

// The first Ctrl-C asks, the second one ends the program at once.
extern "C" void on_interrupt(int) {
  if (cancel_token().requested()) ::_exit(kInterrupted);
  cancel_token().request();
}

void catch_interrupts() {
  (void)cancel_token();  // Made now, not inside the handler.
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int execute(const Options& options) {
  using Command = Options::Command;
  switch (options.command) {
    case Command::kRun:
    case Command::kCode: return run_command(options);
    case Command::kPlan: return plan_command(options);
    case Command::kCheck: return check_command(options);
    case Command::kDiagnose: return diagnose_command(options);
    case Command::kFreeze: return freeze_command(options);
    case Command::kVerify: return verify_command(options);
    case Command::kDiff: return diff_command(options);
    case Command::kReport: return report_command(options);
    case Command::kNew: return new_command(options);
    case Command::kStubs: return stubs_command(options);
    case Command::kQuery: return query_command(options);
    case Command::kPlot: return plot_command(options);
    case Command::kPredict: return predict_command(options);
    case Command::kDocs: return docs_command(options);
    case Command::kRepl: return repl_command(options);
  }
  return kUsage;
}

}  // namespace

int run_command(const Options& options) {
  const bool code = options.command == Options::Command::kCode;
  const auto script =
      load_script(options, code ? ScriptSource{.code = options.code} : source_of(options.path));
  const StudyRunOptions how = run_options(options, *script);
  return finish_run(script->session(), how, options.json, options.quiet);
}

int run_program(const Options& options) {
  catch_interrupts();
  try {
    const int code = execute(options);
    clear_progress();
    return code;
  } catch (const std::exception& error) {
    clear_progress();
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n",
                 describe_failure(error, options.sql.empty() ? options.code : options.sql).c_str());
    if (options.json) std::printf("%s\n", failure_json(error).c_str());
    return dynamic_cast<const Cancelled*>(&error) != nullptr ? kInterrupted : kFailed;
  }
}

}  // namespace impact::bindings
