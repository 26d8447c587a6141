#pragma once

#include <csignal>
#include <initializer_list>
#include <utility>
#include <vector>

namespace impact::bindings {

/// Signals that arrive while somebody waits for standard input: a handler may hardly do anything,
/// so it puts the number into a pipe, and who waits acts on it. One object at a time.
class WaitingSignals {
 public:
  WaitingSignals();
  ~WaitingSignals();
  WaitingSignals(const WaitingSignals&) = delete;
  WaitingSignals& operator=(const WaitingSignals&) = delete;

  /// From now on they are taken here, except those that the program was started to ignore.
  void take(std::initializer_list<int> numbers);
  /// Gives them back, and raises again those that arrived and that nobody waited for.
  void give_back();

  static constexpr int kInput = 0;
  static constexpr int kBroken = -1;
  /// Waits: the number of a signal, kInput when standard input can be read, kBroken when it can
  /// never be.
  [[nodiscard]] int wait();
  /// A signal that has arrived; 0: none.
  [[nodiscard]] int arrived();
  /// Does what the signal does by default, ends the program or stops it until it is continued;
  /// nothing where it is not taken here. `group`: to all programs of the terminal's line, as a key
  /// of the terminal would.
  void obey(int number, bool group);

 private:
  int pipe_[2] = {-1, -1};
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace impact::bindings
