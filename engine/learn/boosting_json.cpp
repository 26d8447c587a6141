#include "engine/learn/boosting_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/learn/boosting_objective.h"
#include "engine/learn/xgboost_session.h"

namespace impact {
namespace {

using nlohmann::json;

// More are no table; each takes memory before its name is asked for.
constexpr std::int64_t kMostColumns = 1 << 20;
constexpr std::int64_t kMostClasses = 1 << 16;

// A place in the model's tree of values, whose path names it in errors.
class Place {
 public:
  Place(const json& value, std::string path, std::string_view file)
      : value_(value), path_(std::move(path)), file_(file) {}

  [[noreturn]] void fail(std::string what, std::string got, std::string expected = {},
                         std::string hint = {}) const {
    throw DataError(
        {.what = std::move(what),
         .where = path_.empty() ? std::string(file_) : fmt::format("{}: {}", file_, path_),
         .got = std::move(got),
         .expected = std::move(expected),
         .hint = std::move(hint)});
  }
  [[nodiscard]] bool has(const char* key) const {
    return value_.is_object() && value_.contains(key);
  }
  [[nodiscard]] Place at(const char* key) const {
    const std::string path = path_.empty() ? key : path_ + '.' + key;
    if (!value_.is_object()) {
      fail("this is no XGBoost model", value_.type_name(), "an object");
    }
    const auto found = value_.find(key);
    if (found == value_.end()) {
      fail(fmt::format("this is no XGBoost model: '{}' is missing", key), list());
    }
    return {*found, path, file_};
  }
  [[nodiscard]] Place at(std::size_t i) const {
    return {value_[i], fmt::format("{}[{}]", path_, i), file_};
  }
  [[nodiscard]] const json& array(std::optional<std::size_t> size = {}) const {
    if (!value_.is_array()) fail("not a list", value_.type_name(), "a list");
    if (size && value_.size() != *size) {
      fail("a list has the wrong length", std::to_string(value_.size()), std::to_string(*size));
    }
    return value_;
  }
  [[nodiscard]] std::string text() const {
    if (!value_.is_string()) fail("not a text", value_.type_name(), "a text");
    return value_.get<std::string>();
  }
  // Parameters are texts that hold numbers.
  [[nodiscard]] std::int64_t parameter(std::int64_t low, std::int64_t high) const {
    const std::string written = text();
    const auto value = parse_integer(written);
    if (!value || *value < low || *value > high) {
      fail("a number is out of range", written, fmt::format("{} to {}", low, high));
    }
    return *value;
  }
  void require(std::size_t value) const {
    const auto only = static_cast<std::int64_t>(value);
    static_cast<void>(parameter(only, only));
  }
  // An element of this list, spared a Place of its own.
  [[nodiscard]] std::int64_t integer(const json& element, std::int64_t low,
                                     std::int64_t high) const {
    if (element.is_boolean()) return element.get<bool>() ? 1 : 0;
    const bool fits = element.is_number_unsigned()
                          ? element.get<std::uint64_t>() <= static_cast<std::uint64_t>(high)
                          : element.is_number_integer();
    if (!fits || element.get<std::int64_t>() < low || element.get<std::int64_t>() > high) {
      fail("a number is out of range", element.dump(), fmt::format("{} to {}", low, high));
    }
    return element.get<std::int64_t>();
  }
  [[nodiscard]] float number(const json& element) const {
    if (!element.is_number()) fail("not a number", element.type_name(), "a number");
    const auto value = static_cast<float>(element.get<double>());
    if (!std::isfinite(value)) {
      fail("a number is beyond single precision", element.dump(), "a finite number");
    }
    return value;
  }

 private:
  [[nodiscard]] std::string list() const {
    std::vector<std::string> keys;
    for (const auto& item : value_.items()) keys.push_back(item.key());
    return list_words(keys);
  }
  const json& value_;
  std::string path_;
  std::string_view file_;
};

// XGBoost writes NaN where JSON has no word for it: outside of texts it becomes null.
std::string without_nan(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!quoted && text.substr(i, 3) == "NaN") {
      result += "null";
      i += 2;
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    result += text[i];
    if (quoted && text[i] == '\\' && i + 1 < text.size()) result += text[++i];
  }
  return result;
}

// Category splits: node k of categories_nodes has `categories_sizes[k]` codes from
// `categories_segments[k]` on.
void read_categories(const Place& tree, BoostedTree& into) {
  if (!tree.has("categories_nodes")) return;
  const json& nodes = tree.at("categories_nodes").array();
  const json& codes = tree.at("categories").array();
  const Place segments = tree.at("categories_segments");
  const Place sizes = tree.at("categories_sizes");
  const json& begin = segments.array(nodes.size());
  const json& count = sizes.array(nodes.size());
  const Place all = tree.at("categories");
  const auto total = static_cast<std::int64_t>(codes.size());
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    const auto node = static_cast<std::size_t>(
        tree.at("categories_nodes")
            .integer(nodes[k], 0, static_cast<std::int64_t>(into.nodes.size()) - 1));
    const std::int64_t from = segments.integer(begin[k], 0, total);
    const std::int64_t size = sizes.integer(count[k], 0, total - from);
    auto& list = into.nodes[node].categories;
    for (std::int64_t i = from; i < from + size; ++i) {
      const auto code = static_cast<std::uint32_t>(
          all.integer(codes[static_cast<std::size_t>(i)], 0, (1 << 24) - 1));
      if (!list.empty() && code <= list.back()) {
        all.fail("the categories of a split are not in increasing order", std::to_string(code));
      }
      list.push_back(code);
    }
  }
}

// Every node that the root leads to is reached once, so walks end.
void check_shape(const Place& tree, const BoostedTree& from, std::size_t columns) {
  std::vector<std::uint8_t> seen(from.nodes.size(), 0);
  std::vector<std::int32_t> open = {0};
  while (!open.empty()) {
    const auto at = static_cast<std::size_t>(open.back());
    open.pop_back();
    if (seen[at] != 0) tree.fail("a node has two parents", std::to_string(at), "a tree");
    seen[at] = 1;
    const BoostedNode& node = from.nodes[at];
    if (node.leaf() != (node.right < 0)) {
      tree.fail("a node has one child", std::to_string(at), "two or none");
    }
    if (node.leaf()) continue;
    if (node.column >= columns) {
      tree.fail("a split is on a column that is not there", std::to_string(node.column),
                fmt::format("0 to {}", columns - 1));
    }
    if (node.by_category && node.categories.empty()) {
      tree.fail("a split by category has no categories", std::to_string(at));
    }
    open.push_back(node.left);
    open.push_back(node.right);
  }
}

BoostedTree read_tree(const Place& tree, std::size_t columns) {
  BoostedTree result;
  const json& left = tree.at("left_children").array();
  const std::size_t n = left.size();
  if (n == 0 || n > std::size_t{std::numeric_limits<std::int32_t>::max()}) {
    tree.fail("a tree has no root", std::to_string(n), "a node at least");
  }
  tree.at("tree_param").at("num_nodes").require(n);
  const Place left_place = tree.at("left_children");
  const Place right_place = tree.at("right_children");
  const Place column_place = tree.at("split_indices");
  const Place condition_place = tree.at("split_conditions");
  const Place missing_place = tree.at("default_left");
  const Place gain_place = tree.at("loss_changes");
  const Place cover_place = tree.at("sum_hessian");
  const json& right = right_place.array(n);
  const json& column = column_place.array(n);
  const json& condition = condition_place.array(n);
  const json& missing = missing_place.array(n);
  const json& gain = gain_place.array(n);
  const json& cover = cover_place.array(n);
  const bool typed = tree.has("split_type");
  const json none = json::array();
  const json& type = typed ? tree.at("split_type").array(n) : none;
  const auto last = static_cast<std::int64_t>(n) - 1;
  result.nodes.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    BoostedNode& node = result.nodes[i];
    node.left = static_cast<std::int32_t>(left_place.integer(left[i], -1, last));
    node.right = static_cast<std::int32_t>(right_place.integer(right[i], -1, last));
    // Pruned nodes keep a column that there is none of.
    node.column = static_cast<std::uint32_t>(
        column_place.integer(column[i], 0, std::numeric_limits<std::uint32_t>::max()));
    node.missing_left = missing_place.integer(missing[i], 0, 1) == 1;
    node.gain = gain_place.number(gain[i]);
    node.cover = cover_place.number(cover[i]);
    node.by_category = typed && column_place.integer(type[i], 0, 1) == 1;
    // A split by category has no threshold: NaN in the file, null by now.
    const bool threshold = !(node.by_category && !node.leaf() && condition[i].is_null());
    node.threshold =
        threshold ? condition_place.number(condition[i]) : std::numeric_limits<float>::quiet_NaN();
  }
  read_categories(tree, result);
  check_shape(tree, result, columns);
  return result;
}

void read_trees(const Place& booster, BoostedTrees& into) {
  const bool dart = booster.at("name").text() == "dart";
  if (!dart && booster.at("name").text() != "gbtree") {
    booster.fail("the model has no trees", booster.at("name").text(), "gbtree or dart");
  }
  const Place model = dart ? booster.at("gbtree").at("model") : booster.at("model");
  const Place trees = model.at("trees");
  const std::size_t n = trees.array().size();
  model.at("gbtree_model_param").at("num_trees").require(n);
  const Place output = model.at("tree_info");
  const json& outputs = output.array(n);
  for (std::size_t t = 0; t < n; ++t) {
    into.trees.push_back(read_tree(trees.at(t), into.columns));
    into.trees.back().output = static_cast<std::int32_t>(
        output.integer(outputs[t], 0, static_cast<std::int64_t>(into.outputs) - 1));
  }
  if (!dart) return;
  const Place weight = booster.at("weight_drop");
  const json& weights = weight.array(n);
  for (std::size_t t = 0; t < n; ++t) into.trees[t].weight = weight.number(weights[t]);
}

void read_names(const Place& learner, BoostingModel& into) {
  if (!learner.has("feature_names")) return;
  const Place names = learner.at("feature_names");
  if (names.array().empty()) return;
  const std::size_t n = names.array(into.trees.columns).size();
  for (std::size_t j = 0; j < n; ++j) into.columns.push_back(names.at(j).text());
}

void read_levels(const Place& learner, BoostingModel& into, std::string_view where) {
  into.levels.resize(into.trees.columns);
  if (!learner.has("attributes")) return;
  const Place attributes = learner.at("attributes");
  if (!attributes.has(detail::kLevelsAttribute)) return;
  const Place attribute = attributes.at(detail::kLevelsAttribute);
  const json value = parse_json(attribute.text(), where);
  const Place lists(value, std::string("learner.attributes.") + detail::kLevelsAttribute, where);
  const std::size_t columns = lists.array(into.trees.columns).size();
  for (std::size_t j = 0; j < columns; ++j) {
    const Place list = lists.at(j);
    for (const json& code : list.array()) {
      const auto next = static_cast<std::uint32_t>(list.integer(code, 0, (1 << 24) - 1));
      if (!into.levels[j].empty() && next <= into.levels[j].back()) {
        list.fail("codes are not in increasing order", code.dump());
      }
      into.levels[j].push_back(next);
    }
  }
}

void check_version(const Place& model) {
  const Place version = model.at("version");
  const json& parts = version.array(3);
  const auto major = version.integer(parts[0], 0, 1000);
  const auto minor = version.integer(parts[1], 0, 1000);
  const auto [ours, ours_minor] = detail::xgboost_version();
  if (std::pair<std::int64_t, std::int64_t>(major, minor) >
      std::pair<std::int64_t, std::int64_t>(ours, ours_minor)) {
    version.fail("the model was written by a newer XGBoost", fmt::format("{}.{}", major, minor),
                 fmt::format("{}.{} or older", ours, ours_minor),
                 "what its fields mean may have changed; fit it anew or save it with an older one");
  }
  if (major < 1) version.fail("there is no such version", std::to_string(major), "1.0 or later");
}

}  // namespace

namespace detail {

std::string empty_seal() { return std::string(64, '0'); }

void seal(std::string& json) {
  const auto at = json.find(fmt::format("\"{}\":\"{}\"", kSealAttribute, empty_seal()));
  if (at == std::string::npos) {
    throw InternalError({.what = "the model's text has no place for its seal"});
  }
  const std::string digest = to_hex(sha256(json));
  json.replace(json.find(empty_seal(), at), digest.size(), digest);
}

std::string write_levels(const std::vector<std::vector<std::uint32_t>>& levels) {
  std::vector<std::string> lists;
  lists.reserve(levels.size());
  for (const auto& codes : levels) lists.push_back(fmt::format("[{}]", fmt::join(codes, ",")));
  return fmt::format("[{}]", fmt::join(lists, ","));
}

SealedBoosting read_boosting(std::string_view text, std::string_view where) {
  const bool plain = text.find("NaN") == std::string_view::npos;
  const json document = plain ? parse_json(text, where) : parse_json(without_nan(text), where);
  const Place model(document, "", where);
  const Place learner = model.at("learner");
  check_version(model);
  BoostingModel result;
  const Place parameters = learner.at("learner_model_param");
  result.trees.columns =
      static_cast<std::size_t>(parameters.at("num_feature").parameter(1, kMostColumns));
  const auto classes = parameters.at("num_class").parameter(0, kMostClasses);
  result.trees.outputs = static_cast<std::size_t>(std::max<std::int64_t>(1, classes));
  if (parameters.has("num_target")) parameters.at("num_target").require(1);
  result.objective = learner.at("objective").at("name").text();
  const BoostingObjective* objective = nullptr;
  try {
    objective = &boosting_objective(result.objective);
  } catch (const ArgumentError& error) {
    const ErrorInfo& info = error.info();
    learner.at("objective").fail(info.what, info.got, info.expected, info.hint);
  }
  const bool several = objective->outcome == BoostingOutcome::kClass;
  if (several != (classes > 1)) {
    parameters.fail("the objective and the number of classes do not agree",
                    fmt::format("{} with {}", result.objective, classes));
  }
  const std::string base = parameters.at("base_score").text();
  const auto score = parse_double(base);
  if (!score) parameters.at("base_score").fail("not a number", base, "a number");
  result.trees.base = base_sum(*objective, static_cast<float>(*score));
  if (!std::isfinite(result.trees.base)) {
    parameters.at("base_score").fail("the objective does not know this base_score", base);
  }
  read_trees(learner.at("gradient_booster"), result.trees);
  read_names(learner, result);
  read_levels(learner, result, where);
  const bool sealed =
      learner.has("attributes") && learner.at("attributes").has(detail::kSealAttribute);
  return {.model = std::move(result), .sealed = sealed};
}

}  // namespace detail

BoostingModel load_boosting(std::string_view json, std::string_view where) {
  detail::SealedBoosting read = detail::read_boosting(json, where);
  read.model.json = std::string(json);
  if (!read.sealed) return std::move(read.model);
  const std::string name = fmt::format("\"{}\":\"", detail::kSealAttribute);
  const auto at = json.find(name);
  if (at != std::string_view::npos && json.size() - at - name.size() >= 64) {
    std::string blank = read.model.json;
    blank.replace(at + name.size(), 64, detail::empty_seal());
    if (json.substr(at + name.size(), 64) == to_hex(sha256(blank))) return std::move(read.model);
  }
  throw DataError({.what = "the model was changed after it was written",
                   .where = std::string(where),
                   .got = "a text that does not fit its SHA-256",
                   .hint = fmt::format("if that was meant, remove the attribute '{}'",
                                       detail::kSealAttribute)});
}

}  // namespace impact
