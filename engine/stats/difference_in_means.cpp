#include "engine/stats/difference_in_means.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/lengths.h"
#include "engine/stats/linear.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One arm of one block.
struct Cell {
  double rows = 0.0;
  double weight = 0.0;  // sum w
  double mean = 0.0;    // sum w y / sum w, less the origin
  double square = 0.0;  // sum e^2, or the weighted sum that variance() names
  double drift = 0.0;   // sum w e: what rounding left in the mean
  double units = 0.0;   // rows, or clusters with a row here
};

// One arm of one cluster.
struct Share {
  double rows = 0.0;
  double residual = 0.0;  // sum w e, e = y - mean of the arm in the block
};

struct Cluster {
  std::array<Share, 2> arm = {};
  std::int32_t block = -1;
  bool crosses = false;
};

// What the clusters of a block add up to; see add_cluster().
struct ClusterSums {
  double value = 0.0;
  double expected = 0.0;
  double diagonal = 0.0;
  double h00 = 0.0;
  double h01 = 0.0;
  double h11 = 0.0;
};

// Buffers of a thread: a simulation calls millions of times with the same sizes.
struct Scratch {
  std::vector<std::array<Cell, 2>> cells;
  std::vector<Cluster> clusters;
  std::vector<ClusterSums> sums;
};

bool in_arm(std::int32_t arm) { return arm == 0 || arm == 1; }

// The rows that count, in order: body(row, block, arm, weight).
template <class Body>
void for_rows(const DifferenceInMeansData& data, Body&& body) {
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    const std::int32_t arm = data.arm[i];
    const double weight = data.weight.empty() ? 1.0 : data.weight[i];
    const std::int32_t block = data.block.empty() ? 0 : data.block[i];
    if (!in_arm(arm) || !std::isfinite(data.y[i]) || !(weight > 0.0) || block < 0) continue;
    if (!data.cluster.empty() && data.cluster[i] < 0) continue;
    body(i, static_cast<std::size_t>(block), static_cast<std::size_t>(arm), weight);
  }
}

void check(const DifferenceInMeansData& data) {
  require_length("arm", data.arm.size(), data.y.size());
  require_optional_length("block", data.block.size(), data.y.size());
  require_optional_length("cluster", data.cluster.size(), data.y.size());
  require_optional_length("weight", data.weight.size(), data.y.size());
  require_weights(data.weight);
}

void count_dropped(const DifferenceInMeansData& data, DifferenceInMeans& result) {
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    if (!in_arm(data.arm[i])) continue;
    const bool weight_missing = !data.weight.empty() && std::isnan(data.weight[i]);
    if (!data.weight.empty() && data.weight[i] == 0.0) continue;
    if (std::isnan(data.y[i]) || weight_missing || (!data.block.empty() && data.block[i] < 0) ||
        (!data.cluster.empty() && data.cluster[i] < 0)) {
      ++result.missing;
    } else if (std::isinf(data.y[i])) {
      ++result.infinite;
    }
  }
}

std::size_t code_count(std::span<const std::int32_t> codes) {
  std::int32_t largest = -1;
  for (const std::int32_t code : codes) largest = std::max(largest, code);
  return static_cast<std::size_t>(largest + 1);
}

// Two passes: means, then residuals about them; the second corrects the mean by the mean residual.
// All is counted from the first outcome in use, so that values far from zero lose no digits.
void means_and_residuals(const DifferenceInMeansData& data, Scratch& scratch) {
  auto& cells = scratch.cells;
  double origin = kNaN;
  for_rows(data, [&](std::size_t i, std::size_t block, std::size_t arm, double weight) {
    if (std::isnan(origin)) origin = data.y[i];
    Cell& cell = cells[block][arm];
    cell.rows += 1.0;
    cell.weight += weight;
    cell.mean += weight * (data.y[i] - origin);
  });
  for (auto& block : cells) {
    for (Cell& cell : block) {
      cell.mean /= cell.weight;
      cell.units = cell.rows;
    }
  }
  const bool weighted = !data.weight.empty();
  for_rows(data, [&](std::size_t i, std::size_t block, std::size_t arm, double weight) {
    Cell& cell = cells[block][arm];
    const double residual = (data.y[i] - origin) - cell.mean;
    cell.drift += weight * residual;
    // A row that is alone in its arm has residual 0 and no variance to tell: 0/0 is NaN here.
    cell.square += weighted ? weight * weight * residual * residual / (1.0 - weight / cell.weight)
                            : residual * residual;
    if (!data.cluster.empty()) {
      Share& share = scratch.clusters[static_cast<std::size_t>(data.cluster[i])].arm[arm];
      share.rows += 1.0;
      share.residual += weight * residual;
    }
  });
  for (auto& block : cells) {
    for (Cell& cell : block) {
      if (!weighted) cell.square -= cell.drift * cell.drift / cell.rows;
      cell.mean += cell.drift / cell.weight;
    }
  }
}

// Variance of the mean of an arm: s^2 / n, or HC2 of the weighted mean.
double variance(const Cell& cell, bool weighted) {
  if (cell.rows < 2.0) return kNaN;
  return weighted ? cell.square / (cell.weight * cell.weight)
                  : cell.square / (cell.rows - 1.0) / cell.rows;
}

struct Variance {
  double value = kNaN;
  double df = kNaN;
};

// V = V1 + V0, df = V^2 / (V1^2/(n1-1) + V0^2/(n0-1)).
Variance welch(const std::array<Cell, 2>& arms, bool weighted) {
  const double v0 = variance(arms[0], weighted);
  const double v1 = variance(arms[1], weighted);
  const double total = v0 + v1;
  if (!(total > 0.0)) return {total, arms[0].rows + arms[1].rows - 2.0};
  const double below = v1 / total * (v1 / total) / (arms[1].rows - 1.0) +
                       v0 / total * (v0 / total) / (arms[0].rows - 1.0);
  return {total, 1.0 / below};
}

// CR2 of y = a + b arm without weights. In the basis of the two arms' indicators, scaled to length
// one, a cluster's hat block has eigenvectors along its rows of either arm with eigenvalues
// l_a = n_aj / N_a, so that the adjustment (I - H_jj)^(-1/2) only scales the residual sums:
//   V = sum_j (u_1j / (N_1 sqrt(1 - l_1)) - u_0j / (N_0 sqrt(1 - l_0)))^2, u_aj = sum of residuals.
// With h_j = (l_1 b_1 / sqrt(1 - l_1), l_0 b_0 / sqrt(1 - l_0)), b = (1, -1) / sqrt(N_a), the
// Satterthwaite df is (sum_j d_j)^2 / (sum_j (d_j^2 - |h_j|^4) + sum_ij (h_i'h_j)^2), where
// d_j = l_1 b_1^2 + l_0 b_0^2 is the expectation of cluster j's term under the working model.
// An arm that is one cluster (l = 1) has no adjustment: its direction drops out.
void add_cluster(const Cluster& cluster, const std::array<Cell, 2>& arms, ClusterSums& sums) {
  double root = 0.0;
  double expected = 0.0;
  std::array<double, 2> h = {0.0, 0.0};
  for (const std::size_t arm : {1U, 0U}) {
    const Share& share = cluster.arm[arm];
    const double rows = arms[arm].rows;
    if (share.rows == 0.0 || share.rows == rows) continue;
    const double lambda = share.rows / rows;
    const double scale = std::sqrt(1.0 - lambda);
    const double sign = arm == 1 ? 1.0 : -1.0;
    root += sign * (share.residual - lambda * arms[arm].drift) / (rows * scale);
    expected += lambda / rows;
    h[arm] = sign * lambda / (scale * std::sqrt(rows));
  }
  const double own = h[0] * h[0] + h[1] * h[1];
  sums.value += root * root;
  sums.expected += expected;
  sums.diagonal += expected * expected - own * own;
  sums.h00 += h[0] * h[0];
  sums.h01 += h[0] * h[1];
  sums.h11 += h[1] * h[1];
}

Variance cluster_variance(const ClusterSums& sums) {
  const double all = sums.h00 * sums.h00 + 2.0 * sums.h01 * sums.h01 + sums.h11 * sums.h11;
  return {sums.value, sums.expected * sums.expected / (sums.diagonal + all)};
}

// Weights break the symmetry that add_cluster() uses: the general regression, block by block.
std::vector<Variance> weighted_cluster_variances(const DifferenceInMeansData& data,
                                                 std::size_t blocks) {
  struct Columns {
    std::vector<double> treated, y, weights;
    std::vector<std::int32_t> clusters;
  };
  std::vector<Columns> parts(blocks);
  for_rows(data, [&](std::size_t i, std::size_t block, std::size_t arm, double weight) {
    parts[block].treated.push_back(static_cast<double>(arm));
    parts[block].y.push_back(data.y[i]);
    parts[block].weights.push_back(weight);
    parts[block].clusters.push_back(data.cluster[i]);
  });
  std::vector<Variance> result(blocks);
  for (std::size_t j = 0; j < blocks; ++j) {
    std::vector<double> x(parts[j].y.size(), 1.0);
    x.insert(x.end(), parts[j].treated.begin(), parts[j].treated.end());
    const LinearFit fit = linear({.x = x,
                                  .columns = 2,
                                  .y = parts[j].y,
                                  .weights = parts[j].weights,
                                  .clusters = parts[j].clusters},
                                 {.se = SeType::kCr2, .explain = false});
    result[j] = {fit.std_error[1] * fit.std_error[1], fit.df[1]};
  }
  return result;
}

// Which clusters lie where; counts the arms' units.
void locate_clusters(const DifferenceInMeansData& data, Scratch& scratch,
                     DifferenceInMeans& result) {
  for_rows(data, [&](std::size_t i, std::size_t block, std::size_t, double) {
    Cluster& cluster = scratch.clusters[static_cast<std::size_t>(data.cluster[i])];
    const auto here = static_cast<std::int32_t>(block);
    if (cluster.block == -1) cluster.block = here;
    if (cluster.block != here) cluster.crosses = true;
  });
  for (auto& block : scratch.cells) {
    for (Cell& cell : block) cell.units = 0.0;
  }
  for (const Cluster& cluster : scratch.clusters) {
    if (cluster.block == -1) continue;
    ++result.clusters;
    if (cluster.crosses) ++result.cross_clusters;
    auto& block = scratch.cells[static_cast<std::size_t>(cluster.block)];
    for (const std::size_t arm : {0U, 1U}) {
      if (cluster.arm[arm].rows > 0.0) block[arm].units += 1.0;
    }
    if (cluster.arm[0].rows > 0.0 && cluster.arm[1].rows > 0.0) ++result.split_clusters;
  }
}

bool in_use(const std::array<Cell, 2>& block) { return block[0].rows + block[1].rows > 0.0; }

// sum_j N_j / N tau_j, and the counts that decide about the design.
void estimate_blocks(const DifferenceInMeansData& data, const Scratch& scratch,
                     DifferenceInMeans& result) {
  double total = 0.0;
  std::int64_t used = 0;
  std::int64_t pairs = 0;
  for (const auto& block : scratch.cells) {
    result.control += static_cast<std::int64_t>(block[0].rows);
    result.treated += static_cast<std::int64_t>(block[1].rows);
    if (!in_use(block)) continue;
    ++used;
    total += block[0].weight + block[1].weight;
    if (block[0].rows == 0.0 || block[1].rows == 0.0) ++result.one_armed;
    if (block[0].units == 1.0 && block[1].units == 1.0) ++pairs;
    result.lone += (block[0].units == 1.0 ? 1 : 0) + (block[1].units == 1.0 ? 1 : 0);
  }
  result.point.n = result.control + result.treated;
  const bool clustered = !data.cluster.empty();
  using Design = DifferenceInMeans::Design;
  result.design = clustered ? Design::kClustered : Design::kStandard;
  if (!data.block.empty()) {
    result.blocks = used;
    const bool paired = used > 0 && pairs == used && result.split_clusters == 0;
    if (paired) result.lone = 0;
    result.design = clustered ? (paired ? Design::kMatchedPairClustered : Design::kBlockClustered)
                              : (paired ? Design::kMatchedPair : Design::kBlocked);
  }
  if (used == 0 || result.one_armed > 0) return;
  double estimate = 0.0;
  for (const auto& block : scratch.cells) {
    if (!in_use(block)) continue;
    const double size = block[0].weight + block[1].weight;
    estimate += size / total * (block[1].mean - block[0].mean);
  }
  result.point.estimate = estimate;
}

// J / ((J-1) N^2) sum_j (N_j tau_j - N tau / J)^2 with df = J - 1.
Variance pair_variance(const Scratch& scratch, double estimate) {
  double total = 0.0;
  double blocks = 0.0;
  for (const auto& block : scratch.cells) {
    if (!in_use(block)) continue;
    total += block[0].weight + block[1].weight;
    blocks += 1.0;
  }
  if (blocks < 2.0) return {};
  double square = 0.0;
  for (const auto& block : scratch.cells) {
    if (!in_use(block)) continue;
    const double size = block[0].weight + block[1].weight;
    const double part = size * (block[1].mean - block[0].mean) - total * estimate / blocks;
    square += part * part;
  }
  return {blocks / (blocks - 1.0) * square / (total * total), blocks - 1.0};
}

// sum_j (N_j / N)^2 V_j; one block keeps its own df.
Variance block_variance(const DifferenceInMeansData& data, Scratch& scratch,
                        const DifferenceInMeans& result) {
  const bool weighted = !data.weight.empty();
  const bool clustered = !data.cluster.empty();
  scratch.sums.assign(clustered ? scratch.cells.size() : 0, {});
  if (clustered && !weighted) {
    for (const Cluster& cluster : scratch.clusters) {
      if (cluster.block == -1) continue;
      const auto block = static_cast<std::size_t>(cluster.block);
      add_cluster(cluster, scratch.cells[block], scratch.sums[block]);
    }
  }
  std::vector<Variance> general;
  if (clustered && weighted) general = weighted_cluster_variances(data, scratch.cells.size());
  double total = 0.0;
  for (const auto& block : scratch.cells) total += block[0].weight + block[1].weight;
  double value = 0.0;
  double own_df = kNaN;
  for (std::size_t j = 0; j < scratch.cells.size(); ++j) {
    const auto& block = scratch.cells[j];
    if (!in_use(block)) continue;
    const Variance part = !clustered ? welch(block, weighted)
                          : weighted ? general[j]
                                     : cluster_variance(scratch.sums[j]);
    const double share = (block[0].weight + block[1].weight) / total;
    value += share * share * part.value;
    own_df = part.df;
  }
  if (data.block.empty()) return {value, own_df};
  const auto units = static_cast<double>(clustered ? result.clusters : result.point.n);
  return {value, units - 2.0 * static_cast<double>(result.blocks)};
}

std::string plural(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

const char* se_type(DifferenceInMeans::Design design) {
  switch (design) {
    case DifferenceInMeans::Design::kStandard: return "neyman";
    case DifferenceInMeans::Design::kBlocked: return "blocked";
    case DifferenceInMeans::Design::kMatchedPair: return "matched_pair";
    case DifferenceInMeans::Design::kClustered: return "CR2";
    case DifferenceInMeans::Design::kBlockClustered: return "blocked_CR2";
    case DifferenceInMeans::Design::kMatchedPairClustered: return "matched_pair_clustered";
  }
  return "";
}

}  // namespace

DifferenceInMeans difference_in_means_numbers(const DifferenceInMeansData& data) {
  check(data);
  DifferenceInMeans result;
  count_dropped(data, result);

  thread_local Scratch scratch;
  scratch.cells.assign(data.block.empty() ? 1 : code_count(data.block), {});
  scratch.clusters.assign(code_count(data.cluster), {});
  means_and_residuals(data, scratch);
  if (!data.cluster.empty()) locate_clusters(data, scratch, result);
  estimate_blocks(data, scratch, result);
  if (std::isnan(result.point.estimate) || result.lone > 0 || result.cross_clusters > 0) {
    return result;
  }
  using Design = DifferenceInMeans::Design;
  const bool paired =
      result.design == Design::kMatchedPair || result.design == Design::kMatchedPairClustered;
  const Variance variance = paired ? pair_variance(scratch, result.point.estimate)
                                   : block_variance(data, scratch, result);
  result.point.std_error = std::sqrt(std::max(variance.value, 0.0));
  if (std::isnan(variance.value)) result.point.std_error = kNaN;
  result.point.df = variance.df;
  return result;
}

Estimate difference_in_means(const DifferenceInMeansData& data, const DifferenceInMeansSpec& spec) {
  const DifferenceInMeans result = difference_in_means_numbers(data);
  Estimate row;
  row.term = spec.term;
  row.method = "difference_in_means";
  row.se_type = se_type(result.design);
  complete(row, result.point, spec.conf_level);
  auto& warnings = row.warnings;
  if (result.missing > 0) {
    warnings.push_back(fmt::format(
        "{} left out because the outcome, the weight, the block or the cluster is missing",
        plural(result.missing, "row was", "rows were")));
  }
  if (result.infinite > 0) {
    warnings.push_back(fmt::format("{} left out because the outcome is infinite",
                                   plural(result.infinite, "row was", "rows were")));
  }
  if (result.point.n == 0) {
    warnings.emplace_back("no row is left in either arm");
  } else if (result.treated == 0 || result.control == 0) {
    warnings.push_back(fmt::format("the {} arm has no row, so there is nothing to compare",
                                   result.treated == 0 ? "treated" : "control"));
  } else if (result.one_armed > 0) {
    warnings.push_back(
        fmt::format("{} only one of the arms, so the blocked difference is undefined",
                    plural(result.one_armed, "block has", "blocks have")));
  } else if (result.cross_clusters > 0) {
    warnings.push_back(fmt::format("{} rows in several blocks, so the standard error is undefined",
                                   plural(result.cross_clusters, "cluster has", "clusters have")));
  } else if (result.lone > 0) {
    const char* unit = data.cluster.empty() ? "row" : "cluster";
    warnings.push_back(
        data.block.empty()
            ? fmt::format("an arm is a single {}, so the standard error is undefined", unit)
            : fmt::format("{} a single {}, so the standard error is undefined (matched pairs are "
                          "recognised when every block has one {} in each arm)",
                          plural(result.lone, "arm of a block is", "arms of blocks are"), unit,
                          unit));
  } else if (!(result.point.df > 0.0)) {
    warnings.emplace_back("too few units for a standard error or its degrees of freedom");
  }
  if (result.split_clusters > 0) {
    warnings.push_back(fmt::format("{} rows in both arms: the arm was not assigned by cluster",
                                   plural(result.split_clusters, "cluster has", "clusters have")));
  }
  if (result.point.std_error == 0.0) {
    warnings.emplace_back("the outcome does not vary within the arms: the standard error is zero");
  }
  const bool few = row.se_type == "CR2" && result.clusters < kFewClusters;
  if (few && !std::isnan(result.point.std_error)) {
    warnings.push_back(fmt::format("{} only: inference from so few is approximate at best",
                                   plural(result.clusters, "cluster", "clusters")));
  }
  return row;
}

}  // namespace impact
