#include "engine/learn/forest_sample.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "engine/core/error.h"
#include "engine/core/rng_fill.h"

namespace impact::detail {
namespace {

DrawnRows drawn(std::span<const std::uint32_t> count) {
  DrawnRows rows;
  rows.row.reserve(count.size());
  rows.repeats.reserve(count.size());
  for (std::size_t i = 0; i < count.size(); ++i) {
    if (count[i] == 0) continue;
    rows.row.push_back(static_cast<std::uint32_t>(i));
    rows.repeats.push_back(count[i]);
  }
  return rows;
}

}  // namespace

SampleUnits::SampleUnits(std::size_t rows, std::span<const std::int32_t> cluster) : rows_(rows) {
  if (cluster.empty()) return;
  std::vector<std::pair<std::int32_t, std::uint32_t>> sorted(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    if (cluster[i] < 0) {
      throw ArgumentError({.what = "every row in use needs a cluster",
                           .where = "clusters",
                           .got = std::to_string(cluster[i]),
                           .expected = "0 or more"});
    }
    sorted[i] = {cluster[i], static_cast<std::uint32_t>(i)};
  }
  std::sort(sorted.begin(), sorted.end());
  member_.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    if (i == 0 || sorted[i].first != sorted[i - 1].first) begin_.push_back(i);
    member_[i] = sorted[i].second;
  }
  begin_.push_back(rows);
  for (std::size_t u = 0; u + 1 < begin_.size(); ++u) {
    largest_ = std::max(largest_, begin_[u + 1] - begin_[u]);
  }
}

void SampleUnits::add(std::size_t unit, std::uint32_t times, std::span<std::uint32_t> count) const {
  if (begin_.empty()) {
    count[unit] += times;
    return;
  }
  for (std::size_t i = begin_[unit]; i < begin_[unit + 1]; ++i) count[member_[i]] += times;
}

TreeSample draw_tree_sample(const SampleUnits& units, std::size_t rows, std::size_t draws,
                            bool replace, bool honest, StreamKey key, std::uint64_t tree) {
  WordReader words(key, tree);
  std::vector<std::uint32_t> count(rows);
  std::vector<std::uint32_t> fill(honest ? rows : 0);
  const auto n = static_cast<std::uint32_t>(units.units());
  if (replace && !honest) {
    for (std::size_t k = 0; k < draws; ++k) units.add(words.below(n), 1, count);
  } else if (draws == n && !honest) {
    std::fill(count.begin(), count.end(), 1U);
  } else {
    // The first places of a Fisher-Yates shuffle; of an honest tree the earlier half grows it.
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t k = 0; k < draws; ++k) {
      std::swap(order[k], order[k + words.below(n - static_cast<std::uint32_t>(k))]);
      units.add(order[k], 1, honest && k >= (draws + 1) / 2 ? fill : count);
    }
  }
  TreeSample sample{.grow = drawn(count), .fill = drawn(fill)};
  for (std::size_t i = 0; i < rows; ++i) {
    if (count[i] == 0 && (!honest || fill[i] == 0)) {
      sample.rest.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return sample;
}

}  // namespace impact::detail
