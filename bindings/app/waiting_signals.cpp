#include "bindings/app/waiting_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace impact::bindings {
namespace {

// Any thread may get a signal: a flag alone would not end the waiting of this one.
volatile std::sig_atomic_t wake_end = -1;

extern "C" void on_signal(int number) {
  const int kept = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe holds enough of them.
  if (::write(wake_end, &byte, 1) < 0) errno = kept;
  errno = kept;
}

struct sigaction taking() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  return action;
}

}  // namespace

WaitingSignals::WaitingSignals() {
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0) wake_end = pipe_[1];
}

WaitingSignals::~WaitingSignals() {
  give_back();
  wake_end = -1;
  for (const int end : pipe_) {
    if (end >= 0) ::close(end);
  }
}

void WaitingSignals::take(std::initializer_list<int> numbers) {
  if (pipe_[1] < 0) return;
  const struct sigaction action = taking();
  for (const int number : numbers) {
    struct sigaction old = {};
    if (::sigaction(number, nullptr, &old) != 0) continue;
    // Ignoring a change of the window or a continuation is the default, not a wish.
    if (old.sa_handler == SIG_IGN && number != SIGWINCH && number != SIGCONT) continue;
    if (::sigaction(number, &action, nullptr) == 0) before_.emplace_back(number, old);
  }
}

void WaitingSignals::give_back() {
  for (const auto& [number, old] : before_) ::sigaction(number, &old, nullptr);
  before_.clear();
  while (const int number = arrived()) ::raise(number);
}

int WaitingSignals::arrived() {
  unsigned char byte = 0;
  return pipe_[0] >= 0 && ::read(pipe_[0], &byte, 1) == 1 ? byte : 0;
}

int WaitingSignals::wait() {
  while (true) {
    pollfd ends[2] = {{.fd = pipe_[0], .events = POLLIN, .revents = 0},
                      {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
    if (::poll(ends, 2, -1) < 0 && errno != EINTR) return kBroken;
    if (const int number = arrived()) return number;
    if (ends[1].revents != 0) return kInput;
  }
}

void WaitingSignals::obey(int number, bool group) {
  const auto taken = std::find_if(before_.begin(), before_.end(),
                                  [&](const auto& entry) { return entry.first == number; });
  if (taken == before_.end()) return;
  ::signal(number, SIG_DFL);
  if (group) {
    ::kill(0, number);
  } else {
    ::raise(number);
  }
  const struct sigaction action = taking();
  ::sigaction(number, &action, nullptr);
}

}  // namespace impact::bindings
