#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "bindings/app/host.h"
#include "bindings/app/line_editor.h"
#include "bindings/app/progress.h"
#include "bindings/app/terminal_host.h"
#include "bindings/failure_text.h"
#include "bindings/repl/console.h"

namespace impact::bindings {
namespace {

constexpr const char* kPipe = "stdin";

// Ctrl-C while something runs: the first asks, the second explains, the third ends the program.
volatile std::sig_atomic_t presses = 0;

extern "C" void on_stop(int) {
  cancel_token().request();
  presses = presses + 1;
  if (presses == 2) {
    constexpr char kText[] = "\nstopping; Ctrl-C once more leaves the program\n";
    if (::write(STDERR_FILENO, kText, sizeof kText - 1) < 0) ::_exit(kInterrupted);
  }
  if (presses >= 3) ::_exit(kInterrupted);
}

void catch_stops() {
  (void)cancel_token();
  struct sigaction action = {};
  action.sa_handler = on_stop;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
}

// A script that comes through a pipe is run as a file would be.
int run_pipe(Options options) {
  options.command = Options::Command::kCode;
  options.code.assign(std::istreambuf_iterator<char>(std::cin), {});
  try {
    const auto script = load_script(options, {.code = options.code, .code_name = kPipe});
    const StudyRunOptions how = run_options(options, *script);
    return finish_run(script->session(), how, options.json, options.quiet);
  } catch (const ScriptError& error) {
    clear_progress();
    std::fflush(stdout);
    const ChunkText text_of = [&](const std::string& chunk) {
      return chunk == kPipe ? std::optional(options.code) : std::nullopt;
    };
    std::fprintf(stderr, "%s\n", describe_failure(error, text_of, "").c_str());
    if (options.json) std::printf("%s\n", failure_json(error).c_str());
    return kFailed;
  }
}

}  // namespace

int repl_command(const Options& options) {
  if (::isatty(STDIN_FILENO) == 0) return run_pipe(options);
  const auto script = open_script(options, {.interactive = true});
  const auto host = make_terminal_host(options);
  Console console(*script, *host, cancel_token());
  catch_stops();
  const auto make_editor = host->screen().cursor ? make_line_editor : make_plain_lines;
  const auto editor =
      make_editor({.whole = [&](const std::string& text) { return console.whole(text); },
                   .complete = [&](const std::string& text,
                                   std::size_t cursor) { return console.complete(text, cursor); },
                   .history = history_file()});
  if (!options.quiet) std::printf("%s\n", console.banner().c_str());
  std::fflush(stdout);
  const std::string prompt = host->screen().colour ? "\1\033[1m\1impact>\1\033[0m\1 " : "impact> ";
  while (const auto text = editor->read(prompt)) {
    presses = 0;
    restart_progress();
    const Console::Answer answer = console.submit(*text);
    clear_progress();
    std::fflush(stdout);
    if (answer == Console::Answer::kQuit) break;
  }
  return kDone;
}

}  // namespace impact::bindings
