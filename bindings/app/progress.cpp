#include "bindings/app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

namespace impact::bindings {
namespace {

using Clock = std::chrono::steady_clock;

class TerminalLine : public ProgressSink {
 public:
  void report(std::string_view task, double fraction) override {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now - start_ < kQuietTime || (shown_ && now - last_ < kPause)) return;
    last_ = now;
    shown_ = true;
    constexpr int kCells = 24;
    std::string bar;
    if (fraction >= 0) {
      const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kCells);
      bar = "[" + std::string(static_cast<std::size_t>(full), '#') +
            std::string(static_cast<std::size_t>(kCells - full), ' ') + "] ";
    }
    std::fprintf(stderr, "\r\033[K%s%.*s", bar.c_str(), static_cast<int>(task.size()), task.data());
    std::fflush(stderr);
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    remove();
  }

  void restart() {
    const std::lock_guard lock(mutex_);
    remove();
    start_ = Clock::now();
  }

  void write(std::FILE* sink, std::string_view text) {
    const std::lock_guard lock(mutex_);
    const bool shown = shown_;
    remove();
    std::fwrite(text.data(), 1, text.size(), sink);
    // What waits in a buffer would come out in the middle of the next line about progress.
    if (shown) std::fflush(sink);
  }

 private:
  void remove() {
    if (!shown_) return;
    shown_ = false;
    std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
  }

  static constexpr auto kQuietTime = std::chrono::seconds(1);
  static constexpr auto kPause = std::chrono::milliseconds(100);
  std::mutex mutex_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_{};
  bool shown_ = false;
};

TerminalLine& line() {
  static TerminalLine self;
  return self;
}

}  // namespace

ProgressSink* terminal_progress(bool quiet) {
  return quiet || ::isatty(STDERR_FILENO) == 0 ? nullptr : &line();
}

void clear_progress() { line().clear(); }

void restart_progress() { line().restart(); }

void write_output(std::FILE* sink, std::string_view text) { line().write(sink, text); }

}  // namespace impact::bindings
