#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/level_codes.h"
#include "engine/learn/prepare/step_tools.h"

/// `one_hot`, in the place of a column of texts a column of 0 and 1 for each level of the training
/// rows, in byte order: "tier=gold".
///   drop_first     without the first of them (false)
///   missing        "zero" (default): a missing text is 0 everywhere; "level": it has a column of
///                  its own, "tier is missing", where the training rows have one
///   min_frequency  levels with fewer rows (below 1: a smaller share of the known texts) go into
///                  "tier=<other>", the last, named by `other` ("other")
/// Levels the training rows don't have go into that column too, else they are 0 everywhere: with
/// drop_first they look like the first level. Every row counts once.
///
/// `ordinal` gives each text the place of its level, 0, 1, ...; NaN for missing and for levels that
/// it doesn't know. Byte order, or `order`: the levels from the least to the most, a list for all
/// columns or {column = list}; a level of the training rows that it lacks is an ArgumentError.
///
/// `hashing` puts all its columns of texts into `columns` (default 16) columns of numbers, named
/// `prefix` and their number: "hash 1", ... Nothing is learned. With h the first eight bytes,
/// big-endian, of SHA-256 over "<column>=<text>", a text adds 1 to column h mod 2^63 mod `columns`,
/// or takes 1 off when h >= 2^63 and `sign` (default true). Missing texts add nothing. Source:
/// Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One-hot

struct OneHotColumn {
  std::string name = {};
  std::vector<std::string> levels = {};  // With a column each.
  bool drop_first = false;
  bool missing = false;
  bool other = false;
};

class OneHot final : public PreparedStep {
 public:
  std::vector<OneHotColumn> columns = {};
  std::string other = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "one_hot");
    std::vector<std::vector<Feature>> made(columns.size());
    run_tasks(context, columns.size(), [&](std::size_t k) {
      made[k] = dummies(columns[k], table.column(columns[k].name, ColumnType::kText));
    });
    for (std::size_t k = 0; k < columns.size(); ++k) {
      table.replace(columns[k].name, std::move(made[k]));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step one_hot", .version = kVersion};
    nlohmann::json names = nlohmann::json::array();
    nlohmann::json levels = nlohmann::json::array();
    std::vector<std::uint8_t> drop_first, missing, others;
    for (const OneHotColumn& column : columns) {
      names.push_back(column.name);
      levels.push_back(column.levels);
      drop_first.push_back(column.drop_first ? 1 : 0);
      missing.push_back(column.missing ? 1 : 0);
      others.push_back(column.other ? 1 : 0);
    }
    file.header["columns"] = std::move(names);
    file.header["levels"] = std::move(levels);
    file.header["other"] = other;
    file.blocks["drop_first"] = std::move(drop_first);
    file.blocks["missing"] = std::move(missing);
    file.blocks["others"] = std::move(others);
    return file;
  }

 private:
  // The column of a row is the place of its level; behind the levels come other and missing.
  std::vector<Feature> dummies(const OneHotColumn& of, const Feature& column) const {
    const std::size_t count = of.levels.size();
    const std::size_t other_place = count;
    const std::size_t missing_place = count + (of.other ? 1 : 0);
    std::vector<Feature> out;
    for (const std::string& level : of.levels) out.push_back(dummy(column, of.name + "=" + level));
    if (of.other) out.push_back(dummy(column, of.name + "=" + other));
    if (of.missing) out.push_back(dummy(column, of.name + " is missing"));
    const auto places = places_in(column, of.levels);
    for (std::size_t i = 0; i < column.codes.size(); ++i) {
      std::size_t place = missing_place;
      bool any = of.missing;
      if (column.codes[i] >= 0) {
        const std::int32_t known = places[static_cast<std::size_t>(column.codes[i])];
        place = known >= 0 ? static_cast<std::size_t>(known) : other_place;
        any = known >= 0 || of.other;
      }
      if (any) out[place].numbers[i] = 1.0;
    }
    if (of.drop_first && !out.empty()) out.erase(out.begin());
    return out;
  }

  static Feature dummy(const Feature& column, std::string name) {
    Feature out = number_feature(std::move(name), std::vector<double>(column.codes.size(), 0.0));
    out.role = column.role;
    return out;
  }
};

StepResult prepare_one_hot(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("one_hot", json);
  const bool drop_first = options.flag("drop_first", false);
  const bool missing = options.place("missing", "zero", {"zero", "level"}) == 1;
  const double least = options.number("min_frequency", 0.0, 0.0, 1e15);
  auto step = std::make_shared<OneHot>();
  step->other = options.text("other", "other");
  const auto chosen = chosen_columns(options, input.features, ColumnType::kText);
  options.done();
  StepResult result;
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    const auto rows = rows_of_levels(column);
    std::size_t known = 0;
    for (const std::size_t count : rows) known += count;
    const double wanted = least < 1.0 ? least * static_cast<double>(known) : least;
    OneHotColumn out{.name = column.name, .drop_first = drop_first};
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (rows[k] == 0) continue;
      if (static_cast<double>(rows[k]) < wanted) {
        out.other = true;
      } else {
        out.levels.push_back(column.levels[k]);
      }
    }
    // A level of that name is one with the rare ones.
    if (out.other) std::erase(out.levels, step->other);
    out.missing = missing && known < column.codes.size();
    if (out.levels.size() + (out.other ? 1 : 0) + (out.missing ? 1 : 0) < 2) {
      result.warnings.push_back("'" + column.name +
                                "' has fewer than two levels in the training rows");
    }
    step->columns.push_back(std::move(out));
  }
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("one_hot", ColumnType::kText));
  result.step = step;
  return result;
}

std::shared_ptr<const PreparedStep> read_one_hot(const ModelFile& file) {
  const StepFile header(file, kVersion);
  const auto names = header.texts("columns");
  const auto levels = header.text_lists("levels");
  if (levels.size() != names.size()) header.refuse("a column lacks its levels");
  const auto count = static_cast<std::int64_t>(names.size());
  const auto& drop_first = model_block<std::uint8_t>(file, "drop_first", count);
  const auto& missing = model_block<std::uint8_t>(file, "missing", count);
  const auto& others = model_block<std::uint8_t>(file, "others", count);
  auto step = std::make_shared<OneHot>();
  step->other = header.text("other");
  for (std::size_t k = 0; k < names.size(); ++k) {
    step->columns.push_back({.name = names[k],
                             .levels = levels[k],
                             .drop_first = drop_first[k] != 0,
                             .missing = missing[k] != 0,
                             .other = others[k] != 0});
  }
  return step;
}

// Ordinal

class Ordinal final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> levels = {};

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    TableEdit table(features, "ordinal");
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Feature& column = table.column(columns[k], ColumnType::kText);
      const auto places = places_in(column, levels[k]);
      Feature out{.name = column.name, .role = column.role};
      for (const std::int32_t code : column.codes) {
        const std::int32_t place = code < 0 ? -1 : places[static_cast<std::size_t>(code)];
        out.numbers.push_back(place < 0 ? kNaN : static_cast<double>(place));
      }
      table.replace(columns[k], {std::move(out)});
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step ordinal", .version = kVersion};
    file.header["columns"] = columns;
    file.header["levels"] = levels;
    return file;
  }
};

// The levels in the order of the option; none: not given for this column.
std::vector<std::string> given_order(const OptionReader& options, const nlohmann::json& order,
                                     const std::string& column) {
  const nlohmann::json* list = &order;
  if (order.is_object()) {
    const auto found = order.find(column);
    if (found == order.end()) return {};
    list = &*found;
  }
  if (list->is_null()) return {};
  std::vector<std::string> out;
  std::set<std::string> seen;
  if (list->is_array()) {
    for (const auto& level : *list) {
      if (level.is_string() && seen.insert(level.get<std::string>()).second) {
        out.push_back(level.get<std::string>());
      }
    }
  }
  if (out.empty() || out.size() != list->size()) {
    options.fail("order", "is no list of levels", "texts, each once");
  }
  return out;
}

StepResult prepare_ordinal(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("ordinal", json);
  const nlohmann::json& order = options.value("order");
  const auto chosen = chosen_columns(options, input.features, ColumnType::kText);
  options.done();
  StepResult result;
  auto step = std::make_shared<Ordinal>();
  std::vector<std::string> names;
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    names.push_back(column.name);
    const auto rows = rows_of_levels(column);
    std::vector<std::string> levels = given_order(options, order, column.name);
    const bool given = !levels.empty();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      if (rows[k] == 0) continue;
      if (!given) {
        levels.push_back(column.levels[k]);
      } else if (std::find(levels.begin(), levels.end(), column.levels[k]) == levels.end()) {
        throw ArgumentError(
            {.what = "the order of '" + column.name + "' lacks a level",
             .where = "order",
             .got = "'" + column.levels[k] + "' in " + std::to_string(rows[k]) + " rows",
             .expected = list_words(levels),
             .hint = did_you_mean(column.levels[k], levels)});
      }
    }
    step->columns.push_back(column.name);
    step->levels.push_back(std::move(levels));
  }
  if (order.is_object()) {
    for (const auto& [name, list] : order.items()) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      throw ArgumentError({.what = "the order names a column that the step does not encode",
                           .where = "order",
                           .got = "'" + name + "'",
                           .expected = list_words(names),
                           .hint = did_you_mean(name, names)});
    }
  }
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("ordinal", ColumnType::kText));
  result.step = step;
  return result;
}

std::shared_ptr<const PreparedStep> read_ordinal(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Ordinal>();
  step->columns = header.texts("columns");
  step->levels = header.text_lists("levels");
  if (step->levels.size() != step->columns.size()) header.refuse("a column lacks its levels");
  return step;
}

// Hashing

constexpr std::int64_t kMostHashed = 1 << 20;

class Hashing final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::size_t count = 0;
  bool sign = true;
  std::string prefix = {};

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    TableEdit table(features, "hashing");
    std::vector<std::vector<double>> out(columns.empty() ? 0 : count,
                                         std::vector<double>(features.rows(), 0.0));
    for (const std::string& name : columns) {
      const Feature& column = table.column(name, ColumnType::kText);
      std::vector<std::uint64_t> hash;
      for (const std::string& level : column.levels) {
        hash.push_back(to_u64(sha256(name + "=" + level)));
      }
      constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
      for (std::size_t i = 0; i < column.codes.size(); ++i) {
        if (column.codes[i] < 0) continue;
        const std::uint64_t h = hash[static_cast<std::size_t>(column.codes[i])];
        out[(h & ~kTop) % count][i] += sign && h >= kTop ? -1.0 : 1.0;
      }
      table.replace(name, {});
    }
    for (std::size_t k = 0; k < out.size(); ++k) {
      std::string name = prefix;
      name.append(" ").append(std::to_string(k + 1));
      table.append(number_feature(std::move(name), std::move(out[k])));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step hashing", .version = kVersion};
    file.header["columns"] = columns;
    file.header["count"] = count;
    file.header["sign"] = sign;
    file.header["prefix"] = prefix;
    return file;
  }
};

StepResult prepare_hashing(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("hashing", json);
  auto step = std::make_shared<Hashing>();
  step->count = static_cast<std::size_t>(options.integer("columns", 16, 1, kMostHashed));
  step->sign = options.flag("sign", true);
  step->prefix = options.text("prefix", "hash");
  const auto chosen = chosen_columns(options, input.features, ColumnType::kText);
  options.done();
  for (const std::size_t j : chosen) step->columns.push_back(input.features[j].name);
  StepResult result{.step = step};
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("hashing", ColumnType::kText));
  return result;
}

std::shared_ptr<const PreparedStep> read_hashing(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Hashing>();
  step->columns = header.texts("columns");
  step->count = static_cast<std::size_t>(header.integer("count", 1, kMostHashed));
  step->sign = header.flag("sign");
  step->prefix = header.text("prefix");
  return step;
}

}  // namespace

std::span<const StepKind> encode_steps() {
  static constexpr std::array<StepKind, 3> kKinds = {
      {{.name = "one_hot",
        .words = "gives each level of a text a column of 0 and 1",
        .prepare = prepare_one_hot,
        .read = read_one_hot},
       {.name = "ordinal",
        .words = "gives each text the place of its level",
        .prepare = prepare_ordinal,
        .read = read_ordinal},
       {.name = "hashing",
        .words = "adds texts up in a fixed number of columns, by their hash (Weinberger et al. "
                 "2009)",
        .prepare = prepare_hashing,
        .read = read_hashing}}};
  return kKinds;
}

}  // namespace impact::detail
