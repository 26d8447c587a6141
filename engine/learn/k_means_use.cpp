#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/learn/k_means.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr std::size_t kChunk = 1024;
constexpr int kVersion = 1;
constexpr const char* kFile = "k_means";
constexpr std::int64_t kMostRows = std::int64_t{1} << 53;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

void check_rows(const KMeans& model, const FeatureColumns& features,
                std::span<const std::uint32_t> rows, std::size_t room, std::size_t needed) {
  if (features.columns != model.columns || room != needed) {
    throw ArgumentError({.what = "the clusters were found in other columns",
                         .got = std::to_string(features.columns) + " columns, room for " +
                                std::to_string(room) + " numbers",
                         .expected = std::to_string(model.columns) + " columns, " +
                                     std::to_string(needed) + " numbers"});
  }
  for (const std::uint32_t row : rows) {
    if (row < features.rows()) continue;
    throw ArgumentError({.what = "no such row",
                         .got = std::to_string(std::size_t{row} + 1),
                         .expected = "1 to " + std::to_string(features.rows())});
  }
}

// Distance of a row to a centre; NaN where a number is missing or infinite.
double distance(const KMeans& model, const FeatureColumns& features, std::uint32_t row,
                std::size_t cluster) {
  double sum = 0.0;
  for (std::size_t j = 0; j < model.columns; ++j) {
    const double value = features.column(j)[row];
    if (!std::isfinite(value)) return kMissing;
    const double gap = value - model.centre[cluster * model.columns + j];
    sum += gap * gap;
  }
  return sum;
}

}  // namespace

void KMeans::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                     std::span<std::int32_t> out, const Context& context) const {
  check_rows(*this, features, rows, out.size(), rows.size());
  for_chunks(context, rows.size(), kChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      double least = std::numeric_limits<double>::infinity();
      out[i] = -1;
      for (std::size_t c = 0; c < clusters(); ++c) {
        const double to = distance(*this, features, rows[i], c);
        if (!(to < least)) continue;
        least = to;
        out[i] = static_cast<std::int32_t>(c);
      }
    }
  });
}

void KMeans::distances(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                       std::span<double> out, const Context& context) const {
  check_rows(*this, features, rows, out.size(), rows.size() * clusters());
  for_chunks(context, rows.size(), kChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = 0; c < clusters(); ++c) {
      for (std::size_t i = begin; i < end; ++i) {
        out[c * rows.size() + i] = std::sqrt(distance(*this, features, rows[i], c));
      }
    }
  });
}

Silhouette silhouette(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                      std::span<const std::int32_t> label, std::size_t most_rows, StreamKey key,
                      const Context& context) {
  if (label.size() != rows.size()) {
    throw ArgumentError({.what = "labels and rows differ in number",
                         .got = std::to_string(label.size()),
                         .expected = std::to_string(rows.size())});
  }
  Silhouette out;
  std::vector<std::size_t> at;  // Places in `rows`.
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] >= features.rows()) {
      throw ArgumentError({.what = "no such row",
                           .got = std::to_string(std::size_t{rows[i]} + 1),
                           .expected = "1 to " + std::to_string(features.rows())});
    }
    bool finite = label[i] >= 0;
    for (std::size_t j = 0; j < features.columns; ++j) {
      finite = finite && std::isfinite(features.column(j)[rows[i]]);
    }
    if (finite) at.push_back(i);
  }
  if (at.size() < rows.size()) {
    out.warnings.push_back(
        detail::plural(static_cast<std::int64_t>(rows.size() - at.size()), "row was", "rows were") +
        " left out because a number is missing or infinite");
  }
  if (at.size() > most_rows) {
    out.sampled = true;
    Stream stream(key.child("silhouette"));
    const auto chosen = stream.sample(at.size(), most_rows, context);
    std::vector<std::size_t> kept;
    for (const std::size_t i : chosen) kept.push_back(at[i]);
    std::sort(kept.begin(), kept.end());
    at = std::move(kept);
  }
  std::size_t clusters = 0;
  for (const std::size_t i : at) {
    clusters = std::max(clusters, static_cast<std::size_t>(label[i]) + 1);
  }
  std::vector<std::size_t> size(clusters, 0);
  for (const std::size_t i : at) ++size[static_cast<std::size_t>(label[i])];
  out.n = static_cast<std::int64_t>(at.size());
  out.of_cluster.assign(clusters, kMissing);
  if (std::count_if(size.begin(), size.end(), [](std::size_t s) { return s > 0; }) < 2) {
    out.warnings.emplace_back("a silhouette needs two clusters");
    return out;
  }
  std::vector<double> width(at.size());
  run_tasks(context, at.size(), [&](std::size_t i) {
    std::vector<double> sum(clusters, 0.0);
    const std::uint32_t row = rows[at[i]];
    for (const std::size_t other : at) {
      double squares = 0.0;
      for (std::size_t j = 0; j < features.columns; ++j) {
        const auto column = features.column(j);
        const double gap = column[row] - column[rows[other]];
        squares += gap * gap;
      }
      sum[static_cast<std::size_t>(label[other])] += std::sqrt(squares);
    }
    const auto own = static_cast<std::size_t>(label[at[i]]);
    width[i] = 0.0;
    if (size[own] < 2) return;
    const double a = sum[own] / static_cast<double>(size[own] - 1);
    double b = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < clusters; ++c) {
      if (c != own && size[c] > 0) b = std::min(b, sum[c] / static_cast<double>(size[c]));
    }
    if (std::max(a, b) > 0.0) width[i] = (b - a) / std::max(a, b);
  });
  std::vector<double> sum(clusters, 0.0);
  for (std::size_t i = 0; i < at.size(); ++i) {
    sum[static_cast<std::size_t>(label[at[i]])] += width[i];
  }
  out.mean = std::accumulate(sum.begin(), sum.end(), 0.0) / static_cast<double>(at.size());
  for (std::size_t c = 0; c < clusters; ++c) {
    if (size[c] > 0) out.of_cluster[c] = sum[c] / static_cast<double>(size[c]);
  }
  return out;
}

ModelFile k_means_file(const KMeans& model) {
  ModelFile file{.kind = kFile, .version = kVersion};
  file.header["columns"] = model.columns;
  file.header["clusters"] = model.clusters();
  file.header["iterations"] = model.iterations;
  file.header["converged"] = model.converged;
  file.header["n"] = model.n;
  file.header["warnings"] = model.warnings;
  file.blocks["centre"] = model.centre;
  file.blocks["size"] = model.size;
  file.blocks["inertia"] = std::vector<double>{model.inertia};
  return file;
}

KMeans read_k_means(const ModelFile& file) {
  const detail::FileFields fields(file, kVersion);
  if (file.kind != kFile) fields.refuse("these are no clusters");
  KMeans model;
  const std::int64_t columns = fields.whole("columns", 1, std::int64_t{1} << 30);
  const std::int64_t clusters = fields.whole("clusters", 1, std::int64_t{1} << 30);
  model.columns = static_cast<std::size_t>(columns);
  model.iterations = static_cast<int>(fields.whole("iterations", 0, std::int64_t{1} << 30));
  model.converged = fields.flag("converged");
  model.n = fields.whole("n", 0, kMostRows);
  model.warnings = fields.texts("warnings");
  model.centre = model_block<double>(file, "centre", columns * clusters);
  model.size = model_block<double>(file, "size", clusters);
  model.inertia = model_block<double>(file, "inertia", 1)[0];
  return model;
}

}  // namespace impact
