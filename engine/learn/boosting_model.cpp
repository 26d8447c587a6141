#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/learn/boosting.h"
#include "engine/learn/boosting_objective.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

constexpr std::size_t kBlockRows = 256;
constexpr std::size_t kFewRows = 64;
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// Place among `features` of each column of the model.
std::vector<std::size_t> places(const BoostingModel& model, const FeatureColumns& features) {
  std::vector<std::size_t> result(model.trees.columns);
  if (model.columns.empty() || features.names.empty()) {
    if (features.columns != model.trees.columns) {
      throw ArgumentError({.what = "the model knows other columns",
                           .where = "columns",
                           .got = std::to_string(features.columns),
                           .expected = std::to_string(model.trees.columns)});
    }
    for (std::size_t j = 0; j < result.size(); ++j) result[j] = j;
    return result;
  }
  std::map<std::string_view, std::size_t> at;
  for (std::size_t j = 0; j < features.columns; ++j) {
    if (!at.emplace(features.names[j], j).second &&
        std::ranges::find(model.columns, features.names[j]) != model.columns.end()) {
      throw ArgumentError({.what = fmt::format("two columns are named '{}'", features.names[j]),
                           .where = "names",
                           .expected = "distinct names"});
    }
  }
  std::vector<std::string> missing;
  for (std::size_t j = 0; j < result.size(); ++j) {
    const auto found = at.find(model.columns[j]);
    if (found == at.end()) {
      missing.push_back(model.columns[j]);
    } else {
      result[j] = found->second;
    }
  }
  if (!missing.empty()) {
    throw ArgumentError({.what = "columns that the model learned from are missing",
                         .where = list_words(missing),
                         .got = list_words(features.names),
                         .expected = list_words(model.columns),
                         .hint = did_you_mean(missing.front(), features.names)});
  }
  return result;
}

// The value as the trees take it; infinite ones are left to the caller.
float value_of(double x, const std::vector<std::uint32_t>& levels) {
  const auto single = static_cast<float>(x);
  if (levels.empty() || std::isnan(single)) return single;
  if (!(x >= 0.0 && x <= levels.back())) return kMissing;
  const auto code = static_cast<std::uint32_t>(x);
  return static_cast<double>(code) == x && std::ranges::binary_search(levels, code) ? single
                                                                                    : kMissing;
}

// body(first row, rows in block, sums) over blocks; `sums` are NaN where a number is infinite.
template <class Body>
void walk(const BoostingModel& model, const FeatureColumns& features,
          std::span<const std::uint32_t> rows, const Context& context, Body&& body) {
  check_features(features, features.rows());
  const auto place = places(model, features);
  for (const auto i : rows) {
    if (i < features.rows()) continue;
    throw ArgumentError({.what = "no such row",
                         .where = "rows",
                         .got = std::to_string(std::size_t{i} + 1),
                         .expected = fmt::format("1 to {}", features.rows())});
  }
  const BoostedTrees& trees = model.trees;
  // A few rows are done before the trees are laid out.
  std::optional<FlatTrees> flat;
  if (rows.size() >= kFewRows) flat.emplace(trees);
  for_chunks(context, rows.size(), kBlockRows, [&](std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    std::vector<float> x(count * trees.columns);
    std::vector<std::uint8_t> infinite(count, 0);
    for (std::size_t j = 0; j < trees.columns; ++j) {
      const auto column = features.column(place[j]);
      for (std::size_t i = 0; i < count; ++i) {
        const float value = value_of(column[rows[begin + i]], model.levels[j]);
        x[i * trees.columns + j] = value;
        if (std::isinf(value)) infinite[i] = 1;
      }
    }
    std::vector<float> sums(count * trees.outputs);
    flat ? flat->add_up(x, sums) : trees.add_up(x, sums);
    for (std::size_t i = 0; i < count; ++i) {
      if (infinite[i] == 0) continue;
      std::fill_n(sums.begin() + static_cast<std::ptrdiff_t>(i * trees.outputs), trees.outputs,
                  kMissing);
    }
    body(begin, count, std::span<float>(sums));
  });
}

}  // namespace

std::size_t BoostingModel::outputs() const {
  return objective == "multi:softprob" ? trees.outputs : 1;
}

void BoostingModel::sums(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                         std::span<double> out, const Context& context) const {
  require_length("out", out.size(), rows.size() * trees.outputs);
  walk(*this, features, rows, context,
       [&](std::size_t begin, std::size_t count, std::span<float> sums) {
         for (std::size_t i = 0; i < count; ++i) {
           for (std::size_t k = 0; k < trees.outputs; ++k) {
             out[k * rows.size() + begin + i] = static_cast<double>(sums[i * trees.outputs + k]);
           }
         }
       });
}

void BoostingModel::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                            std::span<double> out, const Context& context) const {
  const std::size_t values = outputs();
  require_length("out", out.size(), rows.size() * values);
  const auto& kind = detail::boosting_objective(objective);
  walk(*this, features, rows, context,
       [&](std::size_t begin, std::size_t count, std::span<float> sums) {
         for (std::size_t i = 0; i < count; ++i) {
           const auto row = sums.subspan(i * trees.outputs, trees.outputs);
           // Also where comparisons with NaN would make a class of it.
           const bool none = std::isnan(row[0]);
           if (!none) detail::predict_row(kind, row);
           for (std::size_t k = 0; k < values; ++k) {
             out[k * rows.size() + begin + i] = static_cast<double>(none ? kMissing : row[k]);
           }
         }
       });
}

std::vector<std::string> BoostingModel::unseen_levels(const FeatureColumns& features,
                                                      std::span<const std::uint32_t> rows) const {
  std::vector<std::string> result;
  const auto place = places(*this, features);
  for (std::size_t j = 0; j < levels.size(); ++j) {
    if (levels[j].empty()) continue;
    const auto column = features.column(place[j]);
    std::size_t count = 0;
    for (const auto i : rows) {
      count += !std::isnan(column[i]) && std::isnan(value_of(column[i], levels[j])) ? 1 : 0;
    }
    if (count == 0) continue;
    result.push_back(
        fmt::format("{}: {} {} a category that no training row had: predicted as "
                    "missing",
                    columns.empty() ? fmt::format("column {}", j + 1) : columns[j], count,
                    count == 1 ? "row has" : "rows have"));
  }
  return result;
}

}  // namespace impact
