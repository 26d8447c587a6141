#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/option_reader.h"
#include "engine/learn/model_file.h"

/// How missing numbers are filled, learned from training rows.
namespace impact::detail {

/// Columns of equal length; NaN is missing.
using NumberColumns = std::vector<std::vector<double>>;

/// Immutable. Fills every missing number, each row by its own numbers and what was learned.
class NumberFill {
 public:
  NumberFill() = default;
  NumberFill(const NumberFill&) = delete;
  NumberFill& operator=(const NumberFill&) = delete;
  virtual ~NumberFill() = default;
  virtual void fill(NumberColumns& columns, const Context& context) const = 0;
  virtual void save(ModelFile& file) const = 0;
};

/// One number a column.
[[nodiscard]] std::unique_ptr<const NumberFill> constant_fill(std::vector<double> values);

/// The mean of the column over the `k` training rows nearest to the row among those that know it,
/// by the Euclidean distance over the columns known to both, times columns / columns known to both
/// under the root. Among equal distances the earlier row is nearer; rows that share no column with
/// it are no neighbours; a row without any neighbour gets the column's mean. Every training row is
/// kept. Each column has a known number. O(rows * training rows * columns).
/// Source: Troyanskaya et al., "Missing value estimation methods for DNA microarrays",
/// Bioinformatics 17 (2001); the distance is that of Dixon, IEEE SMC 9 (1979).
struct NeighbourSpec {
  std::size_t k = 5;
  bool standardise = true;        ///< Distances over columns of mean 0 and sd 1 (over n).
  bool distance_weights = false;  ///< Weight 1 / distance; at distance 0 these rows alone.
};
[[nodiscard]] NeighbourSpec neighbour_spec(OptionReader& options);
[[nodiscard]] std::unique_ptr<const NumberFill> neighbour_fill(const NumberColumns& columns,
                                                               const NeighbourSpec& spec);

/// Chained ridge regressions: columns of mean 0 and sd 1 (over n) begin with 0 for missing; then,
/// in rounds, column by column from the fewest missing to the most, each is regressed on all others
/// where it is known, min sum (y - a - x'b)^2 + penalty b'b, and predicted where it is not. Ends
/// when no row changes by more (in sum over its columns) than `tolerance` times the largest |value|
/// known, else with a warning. The regressions of all rounds are kept and applied in their order.
/// A penalty of 0 gives the shortest of the least squares solutions.
/// Source: van Buuren & Groothuis-Oudshoorn, "mice", Journal of Statistical Software 45 (2011),
/// with the mean in place of draws.
struct ChainedSpec {
  std::size_t rounds = 10;
  double tolerance = 1e-3;
  double penalty = 1e-3;
};
[[nodiscard]] ChainedSpec chained_spec(OptionReader& options);
[[nodiscard]] std::unique_ptr<const NumberFill> chained_fill(const NumberColumns& columns,
                                                             const ChainedSpec& spec,
                                                             std::vector<std::string>& warnings,
                                                             const Context& context);

/// Inverses of save, for a step of that many columns. Throw DataError.
[[nodiscard]] std::unique_ptr<const NumberFill> read_constant_fill(const ModelFile& file,
                                                                   std::size_t columns);
[[nodiscard]] std::unique_ptr<const NumberFill> read_neighbour_fill(const ModelFile& file,
                                                                    std::size_t columns);
[[nodiscard]] std::unique_ptr<const NumberFill> read_chained_fill(const ModelFile& file,
                                                                  std::size_t columns);

/// Mean and sd (over n) of the known numbers, which don't depend on their order; sd 1 where the
/// column does not vary.
struct Standard {
  double mean = 0.0;
  double sd = 1.0;
};
[[nodiscard]] Standard standard_of(std::span<const double> column);

}  // namespace impact::detail
