#include "engine/table/duckdb/watch.h"

namespace impact::duck {

namespace {

constexpr std::chrono::milliseconds kPoll{10};
// Shorter work is not worth a progress bar.
constexpr std::chrono::milliseconds kQuiet{500};

}  // namespace

Watcher::Watcher(Connection& connection) : connection_(connection), thread_([this] { loop(); }) {}

Watcher::~Watcher() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Watcher::Guard::Guard(Watcher& watcher, const Context& context) : watcher_(watcher) {
  if (context.cancel == nullptr && context.progress == nullptr) return;
  {
    const std::scoped_lock lock(watcher_.mutex_);
    watcher_.context_ = &context;
    watcher_.since_ = std::chrono::steady_clock::now();
  }
  watcher_.wake_.notify_one();
}

Watcher::Guard::~Guard() {
  const std::scoped_lock lock(watcher_.mutex_);
  watcher_.context_ = nullptr;
}

void Watcher::loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (context_ == nullptr) {
      wake_.wait(lock, [this] { return stop_ || context_ != nullptr; });
      continue;
    }
    wake_.wait_for(lock, kPoll, [this] { return stop_ || context_ == nullptr; });
    if (context_ == nullptr) continue;
    // Repeated until the statement ends: an interrupt between two statements is
    // forgotten.
    if (context_->cancel != nullptr && context_->cancel->requested()) connection_.interrupt();
    if (context_->progress != nullptr && std::chrono::steady_clock::now() - since_ > kQuiet) {
      context_->progress->report("tables", connection_.progress());
    }
  }
}

}  // namespace impact::duck
