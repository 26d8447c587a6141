#pragma once

#include <atomic>
#include <string_view>

namespace impact {

/// A flag that asks running work to stop. Any thread, and a signal handler, may call request();
/// work polls check() at least every few milliseconds. Lock-free.
class CancelToken {
 public:
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
  void reset() noexcept { requested_.store(false, std::memory_order_relaxed); }
  [[nodiscard]] bool requested() const noexcept {
    return requested_.load(std::memory_order_relaxed);
  }
  /// Throws Cancelled once requested.
  void check() const;

 private:
  std::atomic<bool> requested_{false};
};

/// Where long work reports how far it is. Implementations must accept calls from any thread.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  /// `fraction` in [0, 1], or negative when unknown. `task` names the work for a person.
  virtual void report(std::string_view task, double fraction) = 0;
};

/// What a computation may use and whom it answers to; passed by const reference, never global.
/// Results never depend on any of these fields.
struct Context {
  int threads = 1;                      ///< Worker threads, >= 1.
  const CancelToken* cancel = nullptr;  ///< Polled when given.
  ProgressSink* progress = nullptr;     ///< Told when given.

  /// Throws Cancelled when a cancel was requested.
  void check() const {
    if (cancel != nullptr) cancel->check();
  }
};

}  // namespace impact
