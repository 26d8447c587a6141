#include "engine/learn/tune/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "engine/core/error.h"

namespace impact {
namespace {

using Kind = SearchParameter::Kind;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostPoints = 1'000'000;

// Ends of a range on its scale. A whole number k fills [k - 1/2, k + 1/2], so that each is drawn
// with equal chance (or, on a log scale, with chance log((k + 1/2) / (k - 1/2))).
std::pair<double, double> scaled_ends(const SearchParameter& p) {
  const double half = p.kind == Kind::kIntegers ? 0.5 : 0.0;
  const double low = p.low - half;
  const double high = p.high + half;
  if (!p.log) return {low, high};
  return {std::log(low), std::log(high)};
}

// Values of a parameter in a grid.
std::vector<double> grid_values(const SearchParameter& p, int asked) {
  std::vector<double> values;
  if (p.kind == Kind::kChoices) {
    for (std::size_t k = 0; k < p.choices.size(); ++k) values.push_back(static_cast<double>(k));
    return values;
  }
  const int levels = p.levels > 0 ? p.levels : asked;
  const bool whole = p.kind == Kind::kIntegers;
  if (whole && p.high - p.low + 1.0 <= levels) {
    for (double k = p.low; k <= p.high; k += 1.0) values.push_back(k);
    return values;
  }
  for (int k = 0; k < levels; ++k) {
    const double share = levels == 1 ? 0.5 : k / (levels - 1.0);
    double value = p.log ? std::exp(std::log(p.low) + share * (std::log(p.high) - std::log(p.low)))
                         : p.low + share * (p.high - p.low);
    if (levels > 1 && k == 0) value = p.low;
    if (levels > 1 && k == levels - 1) value = p.high;
    if (whole) value = std::round(value);
    value = std::clamp(value, p.low, p.high);
    if (values.empty() || value > values.back()) values.push_back(value);
  }
  return values;
}

std::vector<std::string> names_of(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

// The options an object on the way lets through: its own, or of {"learner": ..., "options": ...}
// those inside.
nlohmann::json& entered(nlohmann::json& at, const std::string& next) {
  const auto names = [&](const char* member) {
    return at.is_object() && at.contains(member) && at[member].is_string();
  };
  const bool wraps = names("learner") || names("step");
  if (!wraps || next == "learner" || next == "step" || next == "options") return at;
  if (!at.contains("options")) at["options"] = nlohmann::json::object();
  return at["options"];
}

[[noreturn]] void refuse(const std::string& path, const std::string& what,
                         const std::vector<std::string>& known, const std::string& word) {
  throw ArgumentError({.what = what,
                       .where = fmt::format("parameter '{}'", path),
                       .expected = known.empty() ? "" : list_words(known),
                       .hint = did_you_mean(word, known)});
}

std::size_t list_place(const std::string& path, const std::string& word, std::size_t count) {
  std::size_t place = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, place);
  if (read.ec != std::errc() || read.ptr != end || place >= count) {
    throw ArgumentError(
        {.what = fmt::format("the list has no place '{}'", word),
         .where = fmt::format("parameter '{}'", path),
         .got = word,
         .expected = count == 0 ? "a list that is not empty" : fmt::format("0 to {}", count - 1)});
  }
  return place;
}

void set_option(nlohmann::json& options, const std::string& path, nlohmann::json value) {
  nlohmann::json* at = &options;
  std::size_t begin = 0;
  while (true) {
    const std::size_t dot = path.find('.', begin);
    const bool last = dot == std::string::npos;
    const std::string word = path.substr(begin, last ? dot : dot - begin);
    at = &entered(*at, word);
    if (at->is_array()) {
      at = &(*at)[list_place(path, word, at->size())];
    } else if (!at->is_object()) {
      refuse(path, fmt::format("'{}' is no option that holds others", path.substr(0, begin - 1)),
             {}, word);
    } else if (!last && !at->contains(word)) {
      refuse(path, fmt::format("the learner's options hold no '{}'", path.substr(0, dot)),
             names_of(*at), word);
    } else {
      at = &(*at)[word];
    }
    if (last) break;
    begin = dot + 1;
  }
  *at = std::move(value);
}

}  // namespace

bool SearchSpace::counts(std::size_t j, std::span<const double> point) const {
  const std::size_t above = parent[j];
  if (above == kNoParent) return true;
  if (std::isnan(point[above])) return false;
  const nlohmann::json value = parameter_value(parameters[above], point[above]);
  const auto& any = parameters[j].when_any;
  return std::find(any.begin(), any.end(), value) != any.end();
}

nlohmann::json parameter_value(const SearchParameter& parameter, double value) {
  if (parameter.kind == Kind::kChoices) return parameter.choices[static_cast<std::size_t>(value)];
  if (parameter.kind == Kind::kIntegers) return static_cast<std::int64_t>(value);
  return value;
}

LearnerSpec apply_point(const SearchSpace& space, std::span<const double> point,
                        LearnerSpec learner) {
  check_point(space, point);
  for (std::size_t j = 0; j < space.size(); ++j) {
    if (std::isnan(point[j])) continue;
    const SearchParameter& p = space.parameters[j];
    set_option(learner.options, p.path, parameter_value(p, point[j]));
  }
  return learner;
}

double unit_of(const SearchParameter& parameter, double value) {
  if (parameter.kind == Kind::kChoices) {
    return (value + 0.5) / static_cast<double>(parameter.choices.size());
  }
  const auto [low, high] = scaled_ends(parameter);
  if (!(high > low)) return 0.5;
  return ((parameter.log ? std::log(value) : value) - low) / (high - low);
}

double value_at(const SearchParameter& parameter, double unit) {
  const double u = std::clamp(unit, 0.0, 1.0);
  if (parameter.kind == Kind::kChoices) {
    const auto count = static_cast<double>(parameter.choices.size());
    return std::min(std::floor(u * count), count - 1.0);
  }
  const auto [low, high] = scaled_ends(parameter);
  const double scaled = low + u * (high - low);
  double value = parameter.log ? std::exp(scaled) : scaled;
  if (parameter.kind == Kind::kIntegers) value = std::floor(value + 0.5);
  return std::clamp(value, parameter.low, parameter.high);
}

SearchPoint draw_point(const SearchSpace& space, Stream& stream) {
  SearchPoint point(space.size(), kMissing);
  for (std::size_t j = 0; j < space.size(); ++j) {
    const double u = stream.uniform();
    if (space.counts(j, point)) point[j] = value_at(space.parameters[j], u);
  }
  return point;
}

std::vector<SearchPoint> grid_points(const SearchSpace& space, int levels) {
  if (levels < 1) {
    throw ArgumentError({.what = "a grid needs levels",
                         .where = "levels",
                         .got = std::to_string(levels),
                         .expected = "1 or more"});
  }
  std::vector<std::vector<double>> values;
  double count = 1.0;
  for (const SearchParameter& p : space.parameters) {
    values.push_back(grid_values(p, levels));
    count *= static_cast<double>(values.back().size());
  }
  if (count > static_cast<double>(kMostPoints)) {
    throw ArgumentError({.what = "the grid is too large",
                         .got = fmt::format("{:.0f} combinations", count),
                         .expected = fmt::format("at most {}", kMostPoints),
                         .hint = "fewer levels, or another method"});
  }
  std::vector<SearchPoint> points;
  std::set<SearchPoint> known;
  std::vector<std::size_t> at(space.size(), 0);
  while (true) {
    SearchPoint point(space.size(), kMissing);
    SearchPoint mark(space.size(), -std::numeric_limits<double>::infinity());
    for (std::size_t j = 0; j < space.size(); ++j) {
      if (space.counts(j, point)) mark[j] = point[j] = values[j][at[j]];
    }
    if (known.insert(std::move(mark)).second) points.push_back(std::move(point));
    std::size_t j = space.size();
    while (j > 0 && ++at[j - 1] == values[j - 1].size()) at[--j] = 0;
    if (j == 0) return points;
  }
}

}  // namespace impact
