#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/stats/linear.h"

/// Which rows of a regression count: not for other callers than the regressions.
namespace impact::detail {

/// A row with weight 0 is no loss, whatever it holds; one that misses a number and holds an
/// infinite one counts as missing.
enum class RowState : std::uint8_t { kUsed, kNoWeight, kMissing, kInfinite };

/// What becomes of each row, column by column looked at; weights come last. Empty spans are no
/// columns.
class RowStates {
 public:
  explicit RowStates(std::size_t rows) : states_(rows, RowState::kUsed) {}

  void look(std::span<const double> column) {
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (std::isfinite(column[i])) continue;
      if (std::isnan(column[i])) {
        states_[i] = RowState::kMissing;
      } else if (states_[i] == RowState::kUsed) {
        states_[i] = RowState::kInfinite;
      }
    }
  }
  void look_at_codes(std::span<const std::int32_t> codes) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] < 0) states_[i] = RowState::kMissing;
    }
  }
  void look_at_weights(std::span<const double> weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (std::isnan(weights[i])) states_[i] = RowState::kMissing;
      if (weights[i] == 0.0) states_[i] = RowState::kNoWeight;
    }
  }

  [[nodiscard]] bool used(std::size_t row) const { return states_[row] == RowState::kUsed; }
  [[nodiscard]] std::int64_t count(RowState state) const {
    return std::ranges::count(states_, state);
  }

 private:
  std::vector<RowState> states_;
};

/// Throws ArgumentError unless clusters are there exactly when the se needs them; `robust` names
/// the errors that use them.
void require_clusters(SeType se, bool clusters, std::size_t rows, const char* robust);

/// Sentences for what was left out.
void warn_left_out(std::vector<std::string>& warnings, std::int64_t missing, std::int64_t infinite);

}  // namespace impact::detail
