#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/core/context.h"
#include "engine/table/duckdb/database.h"

namespace impact::duck {

/// A thread that looks at the caller's cancel token every few milliseconds
/// while a statement runs, interrupts the statement once cancelled, and passes
/// its progress on.
class Watcher {
 public:
  explicit Watcher(Connection& connection);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  /// While it lives, `context` is watched. One at a time.
  class Guard {
   public:
    Guard(Watcher& watcher, const Context& context);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard();

   private:
    Watcher& watcher_;
  };

 private:
  void loop();

  Connection& connection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  const Context* context_ = nullptr;
  std::chrono::steady_clock::time_point since_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace impact::duck
