#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/core/number.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/scale_shape.h"
#include "engine/learn/prepare/step_tools.h"
#include "engine/stats/sorting.h"

/// `bin` cuts columns of numbers at edges e1 < e2 < ... into x < e1, e1 <= x < e2, ..., x >= last.
///   how    "width" (default): `bins` (5) of equal width over the range of the training rows;
///          "count": at their quantiles (linear), so that bins hold about as many rows each; edges
///          that coincide are one, with a warning
///   edges  in place of how and bins
///   as     "ordinal" (default): the number of the bin, 0, 1, ..., under the column's name; or
///          "one_hot": a column of 0 and 1 each, "views < 10", "views in [10, 20)", "views >= 20"
/// Missing numbers stay missing in every column. A column that does not vary has one bin, with a
/// warning. Infinite numbers are a DataError, in prepare and in bake. Every row counts once.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostBins = 1000000;

std::string number_text(double value) {
  std::string text = format_double(value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string bin_name(const std::string& column, const std::vector<double>& edges, std::size_t k) {
  std::string name = column;
  if (edges.empty()) return name.append(" is known");
  if (k == 0) return name.append(" < ").append(number_text(edges[0]));
  if (k == edges.size()) return name.append(" >= ").append(number_text(edges[k - 1]));
  name.append(" in [").append(number_text(edges[k - 1])).append(", ");
  return name.append(number_text(edges[k])).append(")");
}

class Bin final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<std::vector<double>> edges = {};
  bool one_hot = false;

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    TableEdit table(features, "bin");
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const auto& x = table.finite(columns[k]);
      const std::string& role = table.column(columns[k], ColumnType::kNumber).role;
      std::vector<double> place;
      place.reserve(x.size());
      for (const double value : x) {
        const auto at = std::upper_bound(edges[k].begin(), edges[k].end(), value);
        place.push_back(std::isnan(value) ? value : static_cast<double>(at - edges[k].begin()));
      }
      std::vector<Feature> made;
      if (!one_hot) {
        made.push_back(number_feature(columns[k], std::move(place)));
      } else {
        for (std::size_t b = 0; b <= edges[k].size(); ++b) {
          std::vector<double> in;
          in.reserve(place.size());
          for (const double at : place) {
            in.push_back(std::isnan(at) ? at : at == static_cast<double>(b) ? 1.0 : 0.0);
          }
          made.push_back(number_feature(bin_name(columns[k], edges[k], b), std::move(in)));
        }
      }
      for (Feature& column : made) column.role = role;
      table.replace(columns[k], std::move(made));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step bin", .version = kVersion};
    file.header["columns"] = columns;
    file.header["one_hot"] = one_hot;
    std::vector<double> all;
    std::vector<std::int64_t> counts;
    for (const auto& each : edges) {
      all.insert(all.end(), each.begin(), each.end());
      counts.push_back(static_cast<std::int64_t>(each.size()));
    }
    file.blocks["edges"] = std::move(all);
    file.blocks["edge_counts"] = std::move(counts);
    return file;
  }
};

// Inner edges of `bins` bins over the known numbers of a column.
std::vector<double> learned_edges(const Feature& column, bool by_count, std::size_t bins,
                                  std::vector<std::string>& warnings) {
  std::vector<double> x;
  for (const double value : column.numbers) {
    // + 0.0 makes one zero of two.
    if (!std::isnan(value)) x.push_back(value + 0.0);
  }
  sort_numbers(x);
  if (x.empty() || !(x.front() < x.back())) {
    warnings.push_back("'" + column.name +
                       (x.empty() ? "' has no known value in the training rows: it has one bin"
                                  : "' does not vary in the training rows: it has one bin"));
    return {};
  }
  std::vector<double> edges;
  for (std::size_t k = 1; k < bins; ++k) {
    const double width = (x.back() - x.front()) / static_cast<double>(bins);
    const double edge =
        by_count ? sorted_quantile(x, k, bins) : x.front() + static_cast<double>(k) * width;
    // Nothing lies below the smallest number.
    if (edge > x.front() && (edges.empty() || edge > edges.back())) edges.push_back(edge);
  }
  if (edges.size() + 1 < bins) {
    warnings.push_back("edges of '" + column.name + "' coincide: it has " +
                       std::to_string(edges.size() + 1) + " bins instead of " +
                       std::to_string(bins));
  }
  return edges;
}

StepResult prepare_bin(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("bin", json);
  const bool given = options.given("edges");
  std::vector<double> edges = options.numbers("edges");
  for (std::size_t k = 0; k < edges.size(); ++k) {
    if (!std::isfinite(edges[k]) || (k > 0 && !(edges[k - 1] < edges[k]))) {
      options.fail("edges", "do not increase", "finite numbers, each larger than the one before");
    }
  }
  if (given && edges.empty()) options.fail("edges", "are none", "a number or more");
  bool by_count = false;
  std::size_t bins = 5;
  if (!given) {
    by_count = options.place("how", "width", {"width", "count"}) == 1;
    bins = static_cast<std::size_t>(
        options.integer("bins", static_cast<std::int64_t>(bins), 2, kMostBins));
  }
  auto step = std::make_shared<Bin>();
  step->one_hot = options.place("as", "ordinal", {"ordinal", "one_hot"}) == 1;
  const auto chosen = chosen_columns(options, input.features, ColumnType::kNumber);
  options.done();
  StepResult result;
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    check_finite(column, "bin");
    step->columns.push_back(column.name);
    step->edges.push_back(given ? edges : learned_edges(column, by_count, bins, result.warnings));
  }
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("bin", ColumnType::kNumber));
  result.step = step;
  return result;
}

std::shared_ptr<const PreparedStep> read_bin(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Bin>();
  step->columns = header.texts("columns");
  step->one_hot = header.flag("one_hot");
  const auto& counts = model_block<std::int64_t>(file, "edge_counts",
                                                 static_cast<std::int64_t>(step->columns.size()));
  const auto& all = model_block<double>(file, "edges");
  std::size_t used = 0;
  for (const std::int64_t count : counts) {
    if (count < 0 || static_cast<std::uint64_t>(count) > all.size() - used) {
      header.refuse("the edges of a column are cut off");
    }
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(used);
    const auto& edges = step->edges.emplace_back(from, from + static_cast<std::ptrdiff_t>(count));
    for (std::size_t k = 1; k < edges.size(); ++k) {
      if (!(edges[k - 1] < edges[k])) header.refuse("the edges of a column do not increase");
    }
    used += static_cast<std::size_t>(count);
  }
  if (used != all.size()) header.refuse("there are edges of no column");
  return step;
}

}  // namespace

std::span<const StepKind> bin_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "bin",
        .words = "cuts columns of numbers into bins of equal width or count, or at given edges",
        .prepare = prepare_bin,
        .read = read_bin}}};
  return kKinds;
}

}  // namespace impact::detail
