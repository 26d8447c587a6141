#include "engine/design/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {

LevelIds level_ids(const Model& model) {
  if (model.levels.empty()) {
    throw ArgumentError(
        {.what = "the model has no units", .hint = "give it a level with a number of units"});
  }
  LevelIds out;
  out.rows = 1;
  for (const auto& level : model.levels) {
    const std::string where = fmt::format("level '{}'", level.name);
    if (level.counts.empty() || (level.counts.size() != 1 && level.counts.size() != out.rows)) {
      throw ArgumentError({.what = "the number of units does not fit the level above",
                           .where = where,
                           .got = fmt::format("{} numbers", level.counts.size()),
                           .expected = out.rows == 1 ? std::string("one number")
                                                     : fmt::format("one number, or {}: one for "
                                                                   "each unit above",
                                                                   out.rows)});
    }
    std::int64_t rows = 0;
    std::vector<std::size_t> parent;
    for (std::size_t unit = 0; unit < out.rows; ++unit) {
      const std::int64_t count = level.counts[level.counts.size() == 1 ? 0 : unit];
      if (count < 1 || count > kMostSimulatedRows - rows) {
        throw ArgumentError(
            {.what = "a number of units is out of range",
             .where = where,
             .got = format_integer(count),
             .expected = fmt::format("1 or more, and at most {} rows in all", kMostSimulatedRows)});
      }
      rows += count;
      parent.insert(parent.end(), static_cast<std::size_t>(count), unit);
    }
    for (auto& ids : out.ids) {
      std::vector<double> spread;
      spread.reserve(parent.size());
      for (const std::size_t unit : parent) spread.push_back(ids[unit]);
      ids = std::move(spread);
    }
    std::vector<double> own(parent.size());
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<double>(i + 1);
    out.ids.push_back(std::move(own));
    out.rows = parent.size();
  }
  return out;
}

// Depth first along the needs, on a stack of our own: a chain of variables may be long.
std::vector<std::size_t> dependency_order(std::span<const DependencyNode> nodes) {
  enum class Mark { kNew, kOpen, kDone };
  std::map<std::string, std::size_t, std::less<>> number;
  for (std::size_t i = 0; i < nodes.size(); ++i) number.emplace(nodes[i].name, i);
  std::vector<Mark> marks(nodes.size(), Mark::kNew);
  std::vector<std::size_t> order;
  std::vector<std::pair<std::size_t, std::size_t>> path;  // node, next of its needs
  for (std::size_t start = 0; start < nodes.size(); ++start) {
    if (marks[start] != Mark::kNew) continue;
    path.emplace_back(start, 0);
    marks[start] = Mark::kOpen;
    while (!path.empty()) {
      const std::size_t node = path.back().first;
      if (path.back().second == nodes[node].needs.size()) {
        marks[node] = Mark::kDone;
        order.push_back(node);
        path.pop_back();
        continue;
      }
      const auto need = number.find(nodes[node].needs[path.back().second++]);
      if (need == number.end() || marks[need->second] == Mark::kDone) continue;
      if (marks[need->second] == Mark::kNew) {
        marks[need->second] = Mark::kOpen;
        path.emplace_back(need->second, 0);
        continue;
      }
      auto first = std::find_if(path.begin(), path.end(),
                                [&](const auto& step) { return step.first == need->second; });
      std::vector<std::string> circle;
      for (; first != path.end(); ++first) circle.push_back(nodes[first->first].name);
      circle.push_back(circle.front());
      throw ArgumentError({.what = circle.size() == 2
                                       ? fmt::format("{} is made from itself", nodes[node].what)
                                       : "the model goes round in a circle",
                           .where = nodes[node].what,
                           .got = fmt::format("{}", fmt::join(circle, " <- ")),
                           .expected = "variables that can be computed one after the other"});
    }
  }
  return order;
}

}  // namespace impact
