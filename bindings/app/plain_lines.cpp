#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "bindings/app/line_editor.h"
#include "bindings/app/waiting_signals.h"

namespace impact::bindings {
namespace {

// The terminal edits the line, as it does for cat; no escape sequence is written.
class PlainLines : public LineEditor {
 public:
  explicit PlainLines(LineEditorOptions options) : options_(std::move(options)) {}

  std::optional<std::string> read(const std::string& prompt) override {
    std::fputs(prompt.c_str(), stdout);
    std::fflush(stdout);
    WaitingSignals signals;
    signals.take({SIGINT});
    std::string text;
    while (true) {
      const auto line = next_line(signals);
      if (interrupted_) {
        std::fputs("\n", stdout);
        return std::string();
      }
      if (!line) {
        if (text.empty()) {
          std::fputs("\n", stdout);
          return std::nullopt;
        }
        return text;
      }
      text += *line;
      if (options_.whole(text)) return text;
      text += "\n";
    }
  }

 private:
  // Without its end; nullopt at the end of the input or after Ctrl-C.
  std::optional<std::string> next_line(WaitingSignals& signals) {
    interrupted_ = false;
    while (true) {
      const std::size_t end = ahead_.find('\n');
      if (end != std::string::npos) {
        std::string line = ahead_.substr(0, end);
        ahead_.erase(0, end + 1);
        return line;
      }
      const int what = signals.wait();
      if (what == SIGINT) {
        interrupted_ = true;
        ahead_.clear();
        return std::nullopt;
      }
      if (what != WaitingSignals::kInput) return std::nullopt;
      char bytes[4096];
      const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return std::nullopt;
      ahead_.append(bytes, static_cast<std::size_t>(got));
    }
  }

  LineEditorOptions options_;
  std::string ahead_;  // Read, but after the line that was asked for.
  bool interrupted_ = false;
};

}  // namespace

std::unique_ptr<LineEditor> make_plain_lines(LineEditorOptions options) {
  return std::make_unique<PlainLines>(std::move(options));
}

}  // namespace impact::bindings
