#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/linear_rows.h"

/// A solved regression and its rows: not for other callers than the diagnostics.
namespace impact::detail {

struct Solved {
  CompleteRows rows;
  Model model = {};
  Solution solution = {};

  [[nodiscard]] std::size_t n() const { return model.rows; }
  [[nodiscard]] std::size_t rank() const { return solution.kept.size(); }
  /// Row of the data behind row i.
  [[nodiscard]] std::size_t source(std::size_t i) const {
    return rows.source.empty() ? i : rows.source[i];
  }
};

/// Throws ArgumentError as linear() does, and for absorbed factors. `in_time`: rows in order of
/// data.time, where there is one.
[[nodiscard]] Solved solve_rows(const LinearData& data, bool in_time, const Context& context);

/// Rows of a solved regression, a block at a time.
struct Block {
  std::size_t begin = 0;              ///< First row of the block.
  std::size_t count = 0;              ///< Rows of it.
  std::size_t stride = 0;             ///< Distance of the columns of q.
  std::vector<double> q = {};         ///< Rows of Q with X = Q R.
  std::vector<double> residual = {};  ///< Times the root of the weight.
};

/// body(const Block&) for the rows [begin, end) in order.
template <class Body>
void each_block(const Solved& solved, std::size_t begin, std::size_t end, Body&& body) {
  Block block;
  block.stride = std::min(kBlockRows, end - begin);
  std::vector<double> loaded(block.stride * (solved.model.columns + 1));
  block.q.resize(block.stride * solved.rank());
  block.residual.resize(block.stride);
  for (block.begin = begin; block.begin < end; block.begin += kBlockRows) {
    block.count = std::min(kBlockRows, end - block.begin);
    load(solved.model, block.begin, block.count, loaded.data(), block.stride);
    orthogonal_rows(solved.model, solved.solution, loaded.data(), block.count, block.stride,
                    block.q.data(), block.residual.data());
    body(static_cast<const Block&>(block));
  }
}

/// e'e.
[[nodiscard]] double residual_squares(const Solved& solved, const Context& context);

}  // namespace impact::detail
