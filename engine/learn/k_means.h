#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/model_file.h"

/// Groups of rows that lie close to each other, found without an outcome.
namespace impact {

struct KMeansSpec {
  std::size_t clusters = 8;
  int restarts = 10;  ///< The one with the least inertia is taken; ties to the earlier.
  int most_iterations = 300;
  /// Ends where the centres' squared moves sum to at most this share of the columns' mean variance,
  /// or no row changes its cluster.
  double tolerance = 1e-4;
};

/// Centres, the largest cluster first (weight of its rows; ties by the centre's numbers).
struct KMeans {
  std::size_t columns = 0;
  std::vector<double> centre = {};  ///< Cluster by cluster, one a column.
  std::vector<double> size = {};    ///< Weight of each cluster's training rows; their number.
  double inertia = std::numeric_limits<double>::quiet_NaN();  ///< sum w |x - its centre|^2.
  int iterations = 0;                                         ///< Of the restart that was taken.
  bool converged = false;
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::size_t clusters() const { return size.size(); }
  /// Place of the nearest centre (ties to the first), -1 where a number is missing or infinite.
  /// Throws ArgumentError for other columns and lengths.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<std::int32_t> out, const Context& context = {}) const;
  /// Distances to the centres, rows x clusters, cluster by cluster; NaN likewise.
  void distances(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                 std::span<double> out, const Context& context = {}) const;
};

/// Lloyd's iterations from centres drawn by greedy k-means++: each next one is the best of
/// 2 + log(clusters) rows drawn with chance w |x - nearest centre|^2. A cluster that loses all its
/// rows takes the row farthest from its own centre (ties: the first). Columns count in their units:
/// scale them first where these differ. Rows with a missing or infinite number are left out and
/// counted in a warning, rows of weight 0 do not count; with fewer different rows than clusters
/// there are fewer clusters, with a warning; a fit that ran out of iterations warns. Restarts draw
/// from their own streams; sums run over fixed chunks, so bits do not depend on threads.
/// O(restarts iterations rows clusters columns). Throws ArgumentError for options out of range,
/// lengths that differ, negative weights, and no row left.
/// Source: Lloyd, "Least squares quantization in PCM", IEEE TIT 28 (1982); Arthur & Vassilvitskii,
/// "k-means++: the advantages of careful seeding", SODA 2007.
[[nodiscard]] KMeans fit_k_means(const FeatureColumns& features,
                                 std::span<const std::uint32_t> rows, const KMeansSpec& spec = {},
                                 std::span<const double> weights = {}, StreamKey key = {},
                                 const Context& context = {});

/// How well rows sit in their clusters: (b - a) / max(a, b), a the mean distance to the other rows
/// of the own cluster, b the least mean distance to those of another; 0 for a row alone.
struct Silhouette {
  double mean = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> of_cluster = {};  ///< NaN: none of its rows counted.
  std::int64_t n = 0;                   ///< Rows that counted.
  bool sampled = false;
  std::vector<std::string> warnings = {};
};

/// `label` has the cluster of each of `rows` (negative: left out). Above `most_rows` a sample of
/// that many from `key`. O(n^2 columns), parallel, bits do not depend on threads. Fewer than two
/// clusters: NaN, with a warning. Source: Rousseeuw, J. Comput. Appl. Math. 20 (1987).
[[nodiscard]] Silhouette silhouette(const FeatureColumns& features,
                                    std::span<const std::uint32_t> rows,
                                    std::span<const std::int32_t> label,
                                    std::size_t most_rows = 5000, StreamKey key = {},
                                    const Context& context = {});

/// File of kind "k_means" and back, to the bit. Reading throws DataError for another kind, a newer
/// version and parts that do not fit.
[[nodiscard]] ModelFile k_means_file(const KMeans& model);
[[nodiscard]] KMeans read_k_means(const ModelFile& file);

}  // namespace impact
