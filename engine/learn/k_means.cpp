#include "engine/learn/k_means.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr std::size_t kChunk = 1024;
constexpr double kNone = std::numeric_limits<double>::infinity();

// Complete rows, column by column.
struct Points {
  std::size_t n = 0;
  std::size_t columns = 0;
  std::vector<double> x = {};
  std::vector<double> w = {};
  double mean_variance = 0.0;

  [[nodiscard]] double at(std::size_t i, std::size_t j) const { return x[j * n + i]; }
};

// Squared distances of rows begin ... end - 1 to one centre: column by column, so that the inner
// loop runs along memory.
void squared_distances(const Points& points, const double* centre, std::size_t begin,
                       std::size_t end, double* out) {
  std::fill(out, out + (end - begin), 0.0);
  for (std::size_t j = 0; j < points.columns; ++j) {
    const double* column = points.x.data() + j * points.n + begin;
    const double c = centre[j];
    for (std::size_t i = 0; i < end - begin; ++i) {
      const double gap = column[i] - c;
      out[i] += gap * gap;
    }
  }
}

// What a pass over the rows leaves behind.
struct Pass {
  std::vector<double> sum = {};     // Cluster by cluster: w x of its rows.
  std::vector<double> weight = {};  // Of its rows.
  double inertia = 0.0;
  std::int64_t moved = 0;
  void merge(const Pass& other) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other.sum[i];
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] += other.weight[i];
    inertia += other.inertia;
    moved += other.moved;
  }
};

class Clustering {
 public:
  Clustering(const Points& points, const KMeansSpec& spec, const Context& context)
      : points_(points),
        spec_(spec),
        context_(context),
        label_(points.n, -1),
        distance_(points.n, kNone) {}

  KMeans run(Stream stream) {
    draw_centres(stream);
    KMeans out;
    Pass pass = assign();
    while (out.iterations < spec_.most_iterations && !out.converged) {
      ++out.iterations;
      const double shift = move_centres(std::move(pass));
      pass = assign();
      out.converged = pass.moved == 0 || shift <= spec_.tolerance * points_.mean_variance;
    }
    out.columns = points_.columns;
    out.centre = centre_;
    out.size = pass.weight;
    out.inertia = pass.inertia;
    out.n = static_cast<std::int64_t>(points_.n);
    return out;
  }

 private:
  [[nodiscard]] std::size_t clusters() const { return centre_.size() / points_.columns; }

  void add_centre(std::size_t row) {
    for (std::size_t j = 0; j < points_.columns; ++j) centre_.push_back(points_.at(row, j));
  }

  // Row at which the running sum of `mass` passes u times its total.
  static std::size_t drawn(std::span<const double> running, double u) {
    const double goal = u * running.back();
    const auto at = std::upper_bound(running.begin(), running.end(), goal) - running.begin();
    auto row = std::min(static_cast<std::size_t>(at), running.size() - 1);
    // Rounding of u x total to the total itself must not reach a row without mass.
    while (row > 0 && running[row] == running[row - 1]) --row;
    return row;
  }

  void draw_centres(Stream& stream) {
    const std::size_t n = points_.n;
    std::vector<double> running(n);
    std::partial_sum(points_.w.begin(), points_.w.end(), running.begin());
    std::vector<double> best(n, kNone);
    std::vector<double> candidate(n), nearest(n);
    const auto trials = 2 + static_cast<std::size_t>(std::log(static_cast<double>(spec_.clusters)));
    const auto measure = [&](std::size_t row, std::span<double> to) {
      std::vector<double> at;
      for (std::size_t j = 0; j < points_.columns; ++j) at.push_back(points_.at(row, j));
      return reduce_chunks<double>(
          context_, n, kChunk,
          [&](std::size_t begin, std::size_t end) {
            squared_distances(points_, at.data(), begin, end, to.data() + begin);
            double sum = 0.0;
            for (std::size_t i = begin; i < end; ++i) {
              to[i] = std::min(to[i], best[i]);
              sum += points_.w[i] * to[i];
            }
            return sum;
          },
          [](double& a, double b) { a += b; });
    };
    const std::size_t first = drawn(running, stream.uniform());
    add_centre(first);
    measure(first, nearest);
    best.swap(nearest);
    while (clusters() < spec_.clusters) {
      double sum = 0.0;
      for (std::size_t i = 0; i < n; ++i) running[i] = sum += points_.w[i] * best[i];
      if (!(sum > 0.0)) break;  // Every row is a centre already.
      double least = kNone;
      std::size_t chosen = 0;
      for (std::size_t t = 0; t < trials; ++t) {
        const std::size_t row = drawn(running, stream.uniform());
        const double potential = measure(row, candidate);
        if (!(potential < least)) continue;
        least = potential;
        chosen = row;
        nearest.swap(candidate);
      }
      add_centre(chosen);
      best.swap(nearest);
    }
  }

  // Each row to its nearest centre, ties to the first.
  Pass assign() {
    context_.check();
    const std::size_t k = clusters();
    return reduce_chunks<Pass>(
        context_, points_.n, kChunk,
        [&](std::size_t begin, std::size_t end) {
          const std::size_t rows = end - begin;
          std::vector<double> to(rows), nearest(rows, kNone);
          std::vector<std::int32_t> label(rows, 0);
          for (std::size_t c = 0; c < k; ++c) {
            squared_distances(points_, centre_.data() + c * points_.columns, begin, end, to.data());
            for (std::size_t i = 0; i < rows; ++i) {
              if (to[i] < nearest[i]) {
                nearest[i] = to[i];
                label[i] = static_cast<std::int32_t>(c);
              }
            }
          }
          Pass pass{.sum = std::vector<double>(k * points_.columns, 0.0),
                    .weight = std::vector<double>(k, 0.0)};
          for (std::size_t i = 0; i < rows; ++i) {
            const double w = points_.w[begin + i];
            pass.weight[static_cast<std::size_t>(label[i])] += w;
            pass.inertia += w * nearest[i];
            pass.moved += label[i] != label_[begin + i] ? 1 : 0;
            label_[begin + i] = label[i];
            distance_[begin + i] = nearest[i];
          }
          for (std::size_t j = 0; j < points_.columns; ++j) {
            for (std::size_t i = 0; i < rows; ++i) {
              pass.sum[static_cast<std::size_t>(label[i]) * points_.columns + j] +=
                  points_.w[begin + i] * points_.at(begin + i, j);
            }
          }
          return pass;
        },
        [](Pass& a, const Pass& b) { a.merge(b); });
  }

  // Centres to the means of their rows; the sum of squared moves.
  double move_centres(Pass pass) {
    const std::size_t k = clusters();
    const std::size_t d = points_.columns;
    for (std::size_t c = 0; c < k; ++c) {
      if (pass.weight[c] > 0.0) continue;
      // The farthest row of a cluster that keeps another one.
      std::size_t far = points_.n;
      for (std::size_t i = 0; i < points_.n; ++i) {
        const auto own = static_cast<std::size_t>(label_[i]);
        if (!(pass.weight[own] > points_.w[i]) || !(distance_[i] > 0.0)) continue;
        if (far == points_.n || distance_[i] > distance_[far]) far = i;
      }
      if (far == points_.n) continue;  // All rows sit on their centres: nothing to gain.
      const auto from = static_cast<std::size_t>(label_[far]);
      for (std::size_t j = 0; j < d; ++j) {
        const double part = points_.w[far] * points_.at(far, j);
        pass.sum[from * d + j] -= part;
        pass.sum[c * d + j] = part;
      }
      pass.weight[from] -= points_.w[far];
      pass.weight[c] = points_.w[far];
      label_[far] = static_cast<std::int32_t>(c);
      distance_[far] = 0.0;
    }
    double shift = 0.0;
    for (std::size_t c = 0; c < k; ++c) {
      if (!(pass.weight[c] > 0.0)) continue;
      for (std::size_t j = 0; j < d; ++j) {
        const double mean = pass.sum[c * d + j] / pass.weight[c];
        const double move = mean - centre_[c * d + j];
        shift += move * move;
        centre_[c * d + j] = mean;
      }
    }
    return shift;
  }

  const Points& points_;
  const KMeansSpec& spec_;
  const Context& context_;
  std::vector<double> centre_ = {};
  std::vector<std::int32_t> label_;
  std::vector<double> distance_;  // Squared, to the own centre.
};

Points complete_points(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                       std::span<const double> weights, std::vector<std::string>& warnings) {
  check_features(features, features.rows());
  std::vector<std::uint32_t> kept;
  std::int64_t left_out = 0;
  for (const std::uint32_t row : rows) {
    if (row >= features.rows()) {
      throw ArgumentError({.what = "no such row",
                           .got = std::to_string(std::size_t{row} + 1),
                           .expected = "1 to " + std::to_string(features.rows())});
    }
    if (!weights.empty() && !(weights[row] >= 0.0 && std::isfinite(weights[row]))) {
      throw ArgumentError({.what = "a weight is negative or no number",
                           .where = "row " + std::to_string(std::size_t{row} + 1),
                           .got = format_double(weights[row]),
                           .expected = "0 or more"});
    }
    bool finite = true;
    for (std::size_t j = 0; j < features.columns; ++j) {
      finite = finite && std::isfinite(features.column(j)[row]);
    }
    if (!finite) {
      ++left_out;
    } else if (weights.empty() || weights[row] > 0.0) {
      kept.push_back(row);
    }
  }
  if (left_out > 0) {
    warnings.push_back(detail::plural(left_out, "row was", "rows were") +
                       " left out because a number is missing or infinite: impute first to keep "
                       "them, infinite ones must be made missing");
  }
  Points points{.n = kept.size(), .columns = features.columns};
  for (std::size_t j = 0; j < features.columns; ++j) {
    for (const std::uint32_t row : kept) points.x.push_back(features.column(j)[row]);
  }
  for (const std::uint32_t row : kept) points.w.push_back(weights.empty() ? 1.0 : weights[row]);
  const double total = std::accumulate(points.w.begin(), points.w.end(), 0.0);
  for (std::size_t j = 0; j < points.columns && points.n > 0; ++j) {
    double mean = 0.0;
    for (std::size_t i = 0; i < points.n; ++i) mean += points.w[i] * points.at(i, j);
    mean /= total;
    double squares = 0.0;
    for (std::size_t i = 0; i < points.n; ++i) {
      const double gap = points.at(i, j) - mean;
      squares += points.w[i] * gap * gap;
    }
    points.mean_variance += squares / total / static_cast<double>(points.columns);
  }
  return points;
}

void check(const FeatureColumns& features, const KMeansSpec& spec,
           std::span<const double> weights) {
  const auto refuse = [](const char* what, const char* where, std::string got,
                         const char* expected) {
    throw ArgumentError(
        {.what = what, .where = where, .got = std::move(got), .expected = expected});
  };
  if (spec.clusters < 1) refuse("there is no cluster to find", "clusters", "0", "1 or more");
  if (spec.restarts < 1) {
    refuse("k-means starts once at least", "restarts", std::to_string(spec.restarts), "1 or more");
  }
  if (spec.most_iterations < 1) {
    refuse("k-means needs an iteration", "most_iterations", std::to_string(spec.most_iterations),
           "1 or more");
  }
  if (!(spec.tolerance >= 0.0)) {
    refuse("the tolerance is negative", "tolerance", format_double(spec.tolerance), "0 or more");
  }
  if (features.columns == 0) {
    refuse("there is no column to cluster by", "features", "none", "one or more");
  }
  if (!weights.empty() && weights.size() != features.rows()) {
    refuse("weights and columns differ in length", "weights", std::to_string(weights.size()),
           "one a row");
  }
}

void order_clusters(KMeans& model) {
  const std::size_t d = model.columns;
  const auto centre_of = [&](std::size_t c) {
    return std::span<const double>(model.centre).subspan(c * d, d);
  };
  std::vector<std::size_t> order(model.clusters());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (model.size[a] != model.size[b]) return model.size[a] > model.size[b];
    return std::ranges::lexicographical_compare(centre_of(a), centre_of(b));
  });
  std::vector<double> centre, size;
  for (const std::size_t c : order) {
    if (!(model.size[c] > 0.0)) continue;
    centre.insert(centre.end(), centre_of(c).begin(), centre_of(c).end());
    size.push_back(model.size[c]);
  }
  model.centre = std::move(centre);
  model.size = std::move(size);
}

}  // namespace

KMeans fit_k_means(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                   const KMeansSpec& spec, std::span<const double> weights, StreamKey key,
                   const Context& context) {
  check(features, spec, weights);
  std::vector<std::string> warnings;
  const Points points = complete_points(features, rows, weights, warnings);
  if (points.n == 0) {
    throw ArgumentError({.what = "no row is complete: there is nothing to cluster",
                         .hint = "impute missing numbers first"});
  }
  std::vector<KMeans> runs(static_cast<std::size_t>(spec.restarts));
  run_tasks(context, runs.size(), [&](std::size_t r) {
    runs[r] = Clustering(points, spec, context).run(Stream(key.child("k-means"), r));
  });
  std::size_t best = 0;
  for (std::size_t r = 1; r < runs.size(); ++r) {
    if (runs[r].inertia < runs[best].inertia) best = r;
  }
  KMeans out = std::move(runs[best]);
  order_clusters(out);
  out.warnings = std::move(warnings);
  if (out.clusters() < spec.clusters) {
    out.warnings.push_back("there are only " + std::to_string(out.clusters()) +
                           " different rows for " + std::to_string(spec.clusters) + " clusters");
  }
  if (!out.converged) {
    out.warnings.push_back("k-means did not settle in " + std::to_string(out.iterations) +
                           " iterations");
  }
  return out;
}

}  // namespace impact
