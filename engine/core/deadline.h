#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/core/context.h"

namespace impact {

/// A cancel token that is requested once a time has passed, or as soon as another one is: for work
/// that is worth a moment but not more. What is computed must not depend on it; whether it is
/// computed may. Costs one thread while it lives.
class Deadline {
 public:
  /// `outer` may be null; it must outlive this.
  Deadline(std::chrono::milliseconds patience, const CancelToken* outer);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  [[nodiscard]] const CancelToken& token() const noexcept { return token_; }

 private:
  CancelToken token_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace impact
