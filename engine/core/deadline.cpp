#include "engine/core/deadline.h"

#include <algorithm>

namespace impact {
namespace {

// How soon a request of the outer token is passed on.
constexpr std::chrono::milliseconds kLook{5};

}  // namespace

Deadline::Deadline(std::chrono::milliseconds patience, const CancelToken* outer) {
  const auto end = std::chrono::steady_clock::now() + patience;
  thread_ = std::thread([this, end, outer] {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= end || (outer != nullptr && outer->requested())) {
        token_.request();
        return;
      }
      wake_.wait_until(lock, std::min(end, now + kLook));
    }
  });
}

Deadline::~Deadline() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

}  // namespace impact
