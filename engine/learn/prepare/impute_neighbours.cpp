#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/exact_sum.h"
#include "engine/core/parallel.h"
#include "engine/learn/prepare/impute_fill.h"
#include "engine/learn/prepare/step_tools.h"

namespace impact::detail {
namespace {

constexpr std::int64_t kMostNeighbours = std::int64_t{1} << 30;
constexpr std::size_t kRowsPerTask = 16;

class NeighbourFill final : public NumberFill {
 public:
  NeighbourFill(std::vector<double> x, std::size_t columns, NeighbourSpec spec)
      : x_(std::move(x)),
        columns_(columns),
        rows_(columns == 0 ? 0 : x_.size() / columns),
        spec_(spec) {
    for (std::size_t j = 0; j < columns_; ++j) {
      const std::span<const double> column(x_.data() + j * rows_, rows_);
      standard_.push_back(standard_of(column));
    }
    scaled_.resize(x_.size());
    for (std::size_t i = 0; i < rows_; ++i) {
      for (std::size_t j = 0; j < columns_; ++j) {
        scaled_[i * columns_ + j] = scaled(x_[j * rows_ + i], j);
      }
    }
  }

  void fill(NumberColumns& columns, const Context& context) const override {
    std::vector<std::size_t> holes;
    for (std::size_t i = 0; !columns.empty() && i < columns[0].size(); ++i) {
      if (std::any_of(columns.begin(), columns.end(),
                      [&](const auto& column) { return std::isnan(column[i]); })) {
        holes.push_back(i);
      }
    }
    for_chunks(context, holes.size(), kRowsPerTask, [&](std::size_t begin, std::size_t end) {
      std::vector<double> row(columns_);
      std::vector<double> distance(rows_);
      std::vector<Donor> donors;
      for (std::size_t h = begin; h < end; ++h) {
        context.check();
        for (std::size_t j = 0; j < columns_; ++j) row[j] = columns[j][holes[h]];
        measure(row, distance);
        for (std::size_t j = 0; j < columns_; ++j) {
          if (std::isnan(row[j])) columns[j][holes[h]] = value(j, distance, donors);
        }
      }
    });
  }

  void save(ModelFile& file) const override {
    file.header["k"] = spec_.k;
    file.header["standardise"] = spec_.standardise;
    file.header["distance_weights"] = spec_.distance_weights;
    file.header["rows"] = rows_;
    file.blocks["x"] = x_;
  }

 private:
  using Donor = std::pair<double, std::size_t>;  // Squared distance, row.

  [[nodiscard]] double scaled(double value, std::size_t j) const {
    return spec_.standardise ? (value - standard_[j].mean) / standard_[j].sd : value;
  }

  // sum over shared columns of squares * columns / shared; NaN when none is shared.
  void measure(const std::vector<double>& row, std::vector<double>& distance) const {
    std::vector<double> point(columns_);
    for (std::size_t j = 0; j < columns_; ++j) point[j] = scaled(row[j], j);
    for (std::size_t i = 0; i < rows_; ++i) {
      const double* const other = scaled_.data() + i * columns_;
      double sum = 0.0;
      double shared = 0.0;
      for (std::size_t j = 0; j < columns_; ++j) {
        const double d = point[j] - other[j];
        const bool known = d == d;
        sum += known ? d * d : 0.0;
        shared += known ? 1.0 : 0.0;
      }
      distance[i] = shared > 0.0 ? sum * static_cast<double>(columns_) / shared
                                 : std::numeric_limits<double>::quiet_NaN();
    }
  }

  double value(std::size_t j, const std::vector<double>& distance,
               std::vector<Donor>& donors) const {
    const double* const column = x_.data() + j * rows_;
    donors.clear();
    for (std::size_t i = 0; i < rows_; ++i) {
      if (!std::isnan(column[i]) && !std::isnan(distance[i])) donors.emplace_back(distance[i], i);
    }
    if (donors.empty()) return standard_[j].mean;
    const std::size_t k = std::min(spec_.k, donors.size());
    std::nth_element(donors.begin(), donors.begin() + static_cast<std::ptrdiff_t>(k - 1),
                     donors.end());
    std::sort(donors.begin(), donors.begin() + static_cast<std::ptrdiff_t>(k));
    const bool meets = donors[0].first == 0.0;
    double sum = 0.0;
    double total = 0.0;
    for (std::size_t d = 0; d < k; ++d) {
      double weight = 1.0;
      if (spec_.distance_weights) {
        weight = meets ? (donors[d].first == 0.0 ? 1.0 : 0.0) : 1.0 / std::sqrt(donors[d].first);
      }
      sum += weight * column[donors[d].second];
      total += weight;
    }
    return sum / total;
  }

  std::vector<double> x_;  // Training rows, column by column, as they came.
  std::size_t columns_;
  std::size_t rows_;
  NeighbourSpec spec_;
  std::vector<Standard> standard_ = {};
  std::vector<double> scaled_ = {};  // Row by row.
};

}  // namespace

Standard standard_of(std::span<const double> column) {
  ExactMoments moments;
  for (const double value : column) {
    if (!std::isnan(value)) moments.add(value);
  }
  const double variance = moments.variance(0);
  return {.mean = moments.mean(), .sd = variance > 0.0 ? std::sqrt(variance) : 1.0};
}

NeighbourSpec neighbour_spec(OptionReader& options) {
  NeighbourSpec spec;
  spec.k = static_cast<std::size_t>(
      options.integer("k", static_cast<std::int64_t>(spec.k), 1, kMostNeighbours));
  spec.standardise = options.flag("standardise", spec.standardise);
  spec.distance_weights = options.flag("distance_weights", spec.distance_weights);
  return spec;
}

std::unique_ptr<const NumberFill> neighbour_fill(const NumberColumns& columns,
                                                 const NeighbourSpec& spec) {
  std::vector<double> x;
  for (const auto& column : columns) x.insert(x.end(), column.begin(), column.end());
  return std::make_unique<NeighbourFill>(std::move(x), columns.size(), spec);
}

std::unique_ptr<const NumberFill> read_neighbour_fill(const ModelFile& file, std::size_t columns) {
  const StepFile header(file, file.version);
  NeighbourSpec spec;
  spec.k = static_cast<std::size_t>(header.integer("k", 1, kMostNeighbours));
  spec.standardise = header.flag("standardise");
  spec.distance_weights = header.flag("distance_weights");
  const auto& x = model_block<double>(file, "x");
  const std::int64_t rows = header.integer("rows", 0, static_cast<std::int64_t>(x.size()));
  if (static_cast<std::size_t>(rows) * columns != x.size()) header.refuse("rows are cut off");
  return std::make_unique<NeighbourFill>(x, columns, spec);
}

}  // namespace impact::detail
