#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/tune/search_space.h"

namespace impact {
namespace {

using Kind = SearchParameter::Kind;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void refuse(const std::string& path, std::string what, std::string got,
                         std::string expected) {
  throw ArgumentError({.what = std::move(what),
                       .where = fmt::format("parameter '{}'", path),
                       .got = std::move(got),
                       .expected = std::move(expected)});
}

void check_range(const SearchParameter& p) {
  const std::string got = fmt::format("{} to {}", p.low, p.high);
  if (!std::isfinite(p.low) || !std::isfinite(p.high) || p.low > p.high) {
    refuse(p.path, "a range goes from its lower to its upper end", got, "two finite numbers");
  }
  if (p.kind == Kind::kIntegers && (p.low != std::trunc(p.low) || p.high != std::trunc(p.high) ||
                                    std::abs(p.low) > 1e15 || std::abs(p.high) > 1e15)) {
    refuse(p.path, "a range of integers ends at whole numbers", got, "two whole numbers");
  }
  if (p.log && p.low <= 0.0) {
    refuse(p.path, "a log scale has no zero", got, "a lower end above 0");
  }
  if (p.levels < 0) {
    refuse(p.path, "a grid needs levels", std::to_string(p.levels), "1 or more");
  }
}

void check_choices(const SearchParameter& p) {
  if (p.choices.empty()) refuse(p.path, "there is nothing to choose from", "[]", "choices");
  for (std::size_t k = 0; k < p.choices.size(); ++k) {
    for (std::size_t i = 0; i < k; ++i) {
      if (p.choices[i] == p.choices[k]) {
        refuse(p.path, "a choice is there twice", p.choices[k].dump(), "each choice once");
      }
    }
  }
}

// Place of a JSON value in the parameter's range or list; NaN for none.
double place_of(const SearchParameter& p, const nlohmann::json& value) {
  if (p.kind == Kind::kChoices) {
    const auto found = std::find(p.choices.begin(), p.choices.end(), value);
    return found == p.choices.end() ? kMissing : static_cast<double>(found - p.choices.begin());
  }
  if (!value.is_number()) return kMissing;
  const auto number = value.get<double>();
  const bool whole = p.kind == Kind::kNumbers || number == std::trunc(number);
  return whole && number >= p.low && number <= p.high ? number : kMissing;
}

std::string values_text(const SearchParameter& p) {
  if (p.kind == Kind::kChoices) return nlohmann::json(p.choices).dump();
  return fmt::format("{} {} to {}", p.kind == Kind::kIntegers ? "a whole number from" : "from",
                     p.low, p.high);
}

void check_condition(const SearchParameter& p, const SearchParameter& above) {
  if (p.when_any.empty()) refuse(p.path, "the condition names no value", "", "values");
  for (const nlohmann::json& value : p.when_any) {
    if (!std::isnan(place_of(above, value))) continue;
    refuse(p.path, fmt::format("'{}' never takes the value of the condition", above.path),
           value.dump(), values_text(above));
  }
}

std::vector<std::string> paths(const std::vector<SearchParameter>& parameters) {
  std::vector<std::string> words;
  for (const SearchParameter& p : parameters) words.push_back(p.path);
  return words;
}

void read_range(SearchParameter& p, OptionReader& reader, std::string_view name) {
  const std::vector<double> ends = reader.numbers(name);
  if (ends.size() != 2) reader.fail(name, "is no range", "[lower end, upper end]");
  p.low = ends[0];
  p.high = ends[1];
  p.log = reader.flag("log", false);
  p.levels = static_cast<int>(reader.integer("levels", 0, 1, 1'000'000));
}

void read_condition(SearchParameter& p, const nlohmann::json& when) {
  if (when.is_null()) return;
  if (!when.is_object() || when.size() != 1) {
    refuse(p.path, "'when' names one parameter and its value", when.dump(),
           "{\"parameter\": value}");
  }
  p.when = when.begin().key();
  const nlohmann::json& value = when.begin().value();
  const bool several = value.is_object() && value.size() == 1 && value.contains("one_of") &&
                       value["one_of"].is_array();
  if (several) {
    for (const nlohmann::json& one : value["one_of"]) p.when_any.push_back(one);
  } else {
    p.when_any.push_back(value);
  }
}

SearchParameter read_parameter(const std::string& path, const nlohmann::json& json) {
  SearchParameter p{.path = path};
  if (json.is_array()) {
    p.kind = Kind::kChoices;
    p.choices.assign(json.begin(), json.end());
    return p;
  }
  OptionReader reader(fmt::format("parameter '{}'", path), json);
  const bool choices = reader.given("choices");
  const bool integers = reader.given("integers");
  const bool numbers = reader.given("numbers");
  if (int{choices} + int{integers} + int{numbers} != 1) {
    refuse(path, "a parameter has choices, a range of integers or one of numbers", json.dump(),
           R"({"choices": [...]}, {"integers": [2, 8]} or {"numbers": [0, 1]})");
  }
  if (choices) {
    p.kind = Kind::kChoices;
    const nlohmann::json& list = reader.value("choices");
    if (!list.is_array()) reader.fail("choices", "is no list", "a list");
    p.choices.assign(list.begin(), list.end());
  } else {
    p.kind = integers ? Kind::kIntegers : Kind::kNumbers;
    read_range(p, reader, integers ? "integers" : "numbers");
  }
  read_condition(p, reader.value("when"));
  reader.done();
  return p;
}

}  // namespace

SearchSpace search_space(std::vector<SearchParameter> parameters) {
  if (parameters.empty()) {
    throw ArgumentError({.what = "there is nothing to search",
                         .expected = "one parameter or more",
                         .hint = R"(such as {"max_depth": {"integers": [2, 8]}})"});
  }
  std::stable_sort(parameters.begin(), parameters.end(),
                   [](const auto& a, const auto& b) { return a.path < b.path; });
  const std::vector<std::string> names = paths(parameters);
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const SearchParameter& p = parameters[j];
    if (p.path.empty()) refuse(p.path, "a parameter needs a path", "\"\"", "\"max_depth\"");
    if (j > 0 && p.path == names[j - 1]) refuse(p.path, "a parameter is there twice", "", "once");
    if (p.kind == Kind::kChoices) {
      check_choices(p);
    } else {
      check_range(p);
    }
    if (p.when.empty()) continue;
    const auto above = std::lower_bound(names.begin(), names.end(), p.when);
    if (above == names.end() || *above != p.when) {
      throw ArgumentError({.what = fmt::format("the condition names no parameter '{}'", p.when),
                           .where = fmt::format("parameter '{}'", p.path),
                           .expected = list_words(names),
                           .hint = did_you_mean(p.when, names)});
    }
    check_condition(p, parameters[static_cast<std::size_t>(above - names.begin())]);
  }
  // Those whose condition is placed already, round by round.
  SearchSpace space;
  std::vector<SearchParameter> left = std::move(parameters);
  while (!left.empty()) {
    std::vector<SearchParameter> later;
    const std::vector<std::string> placed = paths(space.parameters);
    for (SearchParameter& p : left) {
      const auto above = std::find(placed.begin(), placed.end(), p.when);
      if (!p.when.empty() && above == placed.end()) {
        later.push_back(std::move(p));
        continue;
      }
      space.parent.push_back(p.when.empty() ? SearchSpace::kNoParent
                                            : static_cast<std::size_t>(above - placed.begin()));
      space.parameters.push_back(std::move(p));
    }
    if (later.size() == left.size()) {
      throw ArgumentError({.what = "conditions go round in a circle",
                           .got = list_words(paths(later)),
                           .expected = "a parameter that always counts"});
    }
    left = std::move(later);
  }
  return space;
}

SearchSpace search_space(const nlohmann::json& json) {
  if (!json.is_object()) {
    throw ArgumentError({.what = "a search space names parameters",
                         .got = json.dump(),
                         .expected = R"({"max_depth": {"integers": [2, 8]}})"});
  }
  std::vector<SearchParameter> parameters;
  for (const auto& [path, value] : json.items()) parameters.push_back(read_parameter(path, value));
  return search_space(std::move(parameters));
}

nlohmann::json search_space_json(const SearchSpace& space) {
  nlohmann::json json = nlohmann::json::object();
  for (const SearchParameter& p : space.parameters) {
    nlohmann::json& item = json[p.path];
    item = nlohmann::json::object();
    if (p.kind == Kind::kChoices) {
      item["choices"] = p.choices;
    } else if (p.kind == Kind::kIntegers) {
      item["integers"] = {static_cast<std::int64_t>(p.low), static_cast<std::int64_t>(p.high)};
    } else {
      item["numbers"] = {p.low, p.high};
    }
    if (p.log) item["log"] = true;
    if (p.levels > 0) item["levels"] = p.levels;
    if (p.when.empty()) continue;
    if (p.when_any.size() == 1) {
      item["when"][p.when] = p.when_any[0];
    } else {
      item["when"][p.when]["one_of"] = p.when_any;
    }
  }
  return json;
}

nlohmann::json point_json(const SearchSpace& space, std::span<const double> point) {
  check_point(space, point);
  nlohmann::json json = nlohmann::json::object();
  for (std::size_t j = 0; j < space.size(); ++j) {
    if (std::isnan(point[j])) continue;
    json[space.parameters[j].path] = parameter_value(space.parameters[j], point[j]);
  }
  return json;
}

SearchPoint point_of(const SearchSpace& space, const nlohmann::json& json) {
  if (!json.is_object()) {
    throw ArgumentError({.what = "a point of a search names parameters", .got = json.dump()});
  }
  SearchPoint point(space.size(), kMissing);
  std::size_t used = 0;
  for (std::size_t j = 0; j < space.size(); ++j) {
    const SearchParameter& p = space.parameters[j];
    const auto found = json.find(p.path);
    if (!space.counts(j, point)) continue;
    if (found == json.end()) refuse(p.path, "a point lacks a parameter", json.dump(), p.path);
    point[j] = place_of(p, *found);
    if (std::isnan(point[j])) {
      refuse(p.path, "a value lies outside of the search", found->dump(), values_text(p));
    }
    ++used;
  }
  if (used == json.size()) return point;
  const std::vector<std::string> names = paths(space.parameters);
  for (const auto& [name, value] : json.items()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at != names.end() && !std::isnan(point[static_cast<std::size_t>(at - names.begin())])) {
      continue;
    }
    throw ArgumentError(
        {.what = fmt::format("the search has no parameter '{}' here", name),
         .got = json.dump(),
         .expected = list_words(names),
         .hint = at == names.end() ? did_you_mean(name, names) : "its condition does not hold"});
  }
  return point;
}

void check_point(const SearchSpace& space, std::span<const double> point) {
  if (point.size() != space.size()) {
    throw ArgumentError({.what = "a point of another search",
                         .got = fmt::format("{} values", point.size()),
                         .expected = fmt::format("{} values", space.size())});
  }
  for (std::size_t j = 0; j < space.size(); ++j) {
    const SearchParameter& p = space.parameters[j];
    if (space.counts(j, point) == std::isnan(point[j])) {
      refuse(p.path, "a point has values for exactly the parameters that count",
             fmt::format("{}", point[j]), std::isnan(point[j]) ? values_text(p) : "none");
    }
    if (std::isnan(point[j])) continue;
    const bool choice = p.kind == Kind::kChoices;
    const double low = choice ? 0.0 : p.low;
    const double high = choice ? static_cast<double>(p.choices.size()) - 1.0 : p.high;
    const bool whole = p.kind == Kind::kNumbers || point[j] == std::trunc(point[j]);
    if (whole && point[j] >= low && point[j] <= high) continue;
    refuse(p.path, "a value lies outside of the search", fmt::format("{}", point[j]),
           choice ? fmt::format("a place from 0 to {}", high) : values_text(p));
  }
}

}  // namespace impact
