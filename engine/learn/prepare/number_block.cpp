#include "engine/learn/prepare/number_block.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "engine/core/error.h"
#include "engine/stats/sample.h"

namespace impact::detail {

FeatureTable complete_block(const FeatureTable& features, std::span<const std::size_t> columns,
                            std::string_view step) {
  std::vector<std::shared_ptr<const Feature>> out;
  for (const std::size_t j : columns) {
    const Feature& column = features[j];
    check_finite(column, step);
    const auto missing = std::count_if(column.numbers.begin(), column.numbers.end(),
                                       [](double v) { return std::isnan(v); });
    if (missing > 0) {
      throw DataError({.what = "a column has missing numbers, and the step needs complete rows",
                       .where = "'" + column.name + "' in '" + std::string(step) + "'",
                       .got = plural(missing, "row is", "rows are") + " missing",
                       .expected = "a number in every row",
                       .hint = "put an impute step before it"});
    }
    out.push_back(features.shared(j));
  }
  return FeatureTable(std::move(out));
}

FeatureTable named_block(const TableEdit& table, const FeatureTable& features,
                         std::span<const std::string> names) {
  std::vector<std::shared_ptr<const Feature>> out;
  for (const std::string& name : names) {
    static_cast<void>(table.finite(name));
    out.push_back(features.shared(table.place(name, ColumnType::kNumber)));
  }
  return FeatureTable(std::move(out));
}

double weighted_sd(std::span<const double> values, std::span<const double> weights) {
  const auto weight = [&](std::size_t i) { return weights.empty() ? 1.0 : weights[i]; };
  double total = 0.0;
  double mean = 0.0;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(weight(i) > 0.0)) continue;
    total += weight(i);
    mean += weight(i) * values[i];
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  if (!(low < high)) return 0.0;
  mean /= total;
  double squares = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += weight(i) * (values[i] - mean) * (values[i] - mean);
  }
  return std::sqrt(squares / total);
}

std::string numbered(const std::string& prefix, std::size_t k) {
  std::string out = prefix;
  out += std::to_string(k + 1);
  return out;
}

}  // namespace impact::detail
