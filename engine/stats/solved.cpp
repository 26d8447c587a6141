#include "engine/stats/solved.h"

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace impact::detail {

Solved solve_rows(const LinearData& data, bool in_time, const Context& context) {
  if (!data.absorbed.empty()) {
    throw ArgumentError({.what = "diagnostics take no absorbed factors",
                         .where = "absorbed",
                         .expected = "their levels as columns of x"});
  }
  LinearData plain = data;
  plain.clusters = {};
  plain.second_clusters = {};
  check_linear(plain, {.se = SeType::kClassical});
  Solved solved{.rows = complete_rows(plain, in_time)};
  solved.model.rows = solved.rows.y.size();
  solved.model.columns = data.columns;
  solved.model.x = solved.rows.x.data();
  solved.model.y = solved.rows.y.data();
  solved.model.weights = solved.rows.weights.empty() ? nullptr : solved.rows.weights.data();
  centre(solved.model, context);
  solved.solution = solve(solved.model, context);
  return solved;
}

double residual_squares(const Solved& solved, const Context& context) {
  return reduce_chunks<double>(
      context, solved.n(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        double sum = 0.0;
        each_block(solved, begin, end, [&](const Block& block) {
          sum += dot(block.residual.data(), block.residual.data(), block.count);
        });
        return sum;
      },
      [](double& into, double from) { into += from; });
}

}  // namespace impact::detail
