#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "engine/core/error.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/step_tools.h"

/// `poly` adds powers and products of columns of numbers, in the order of scikit-learn's
/// PolynomialFeatures: "a^2", "a * b", "b^2", "a^3", "a^2 * b", ...
///
/// of: columns; degree: greatest sum of exponents, 2; interactions: products of different columns
/// only. Missing where a factor is. An infinite number is an error that names the column.
///
/// `interact` adds products of two columns: of numbers "a * b"; of a number and texts one a level
/// ("views * tier=gold"), 0 for rows of other levels; of texts one for each two levels that occur
/// together in training ("tier=gold * sex=f"), 0 or 1. Levels that training rows don't have give 0.
/// Missing where a factor is.
///
/// of: columns, each with each; pairs: {{"a", "b"}, ...} instead.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMostTerms = 100'000;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

void check_terms(std::size_t terms, std::string_view step) {
  if (terms <= kMostTerms) return;
  throw ArgumentError({.what = "'" + std::string(step) + "' would make too many columns",
                       .got = "more than " + std::to_string(kMostTerms),
                       .hint = "name fewer columns in 'of', or take a lower degree"});
}

class Poly final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::size_t>> terms = {};  // Places of factors, increasing.

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "poly");
    std::vector<const std::vector<double>*> factor;
    for (const std::string& name : columns) factor.push_back(&table.finite(name));
    for (const auto& term : terms) {
      context.check();
      std::vector<double> values = *factor[term[0]];
      for (std::size_t k = 1; k < term.size(); ++k) {
        const std::vector<double>& by = *factor[term[k]];
        for (std::size_t i = 0; i < values.size(); ++i) values[i] *= by[i];
      }
      table.append(number_feature(name_of(term), std::move(values)));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step poly", .version = kVersion};
    file.header["columns"] = columns;
    std::vector<std::int64_t> size, factor;
    for (const auto& term : terms) {
      size.push_back(static_cast<std::int64_t>(term.size()));
      for (const std::size_t j : term) factor.push_back(static_cast<std::int64_t>(j));
    }
    file.blocks["size"] = std::move(size);
    file.blocks["factor"] = std::move(factor);
    return file;
  }

 private:
  [[nodiscard]] std::string name_of(const std::vector<std::size_t>& term) const {
    std::string out;
    for (std::size_t begin = 0, end = 0; begin < term.size(); begin = end) {
      while (end < term.size() && term[end] == term[begin]) ++end;
      if (!out.empty()) out += " * ";
      out += columns[term[begin]];
      if (end - begin > 1) {
        out += '^';
        out += std::to_string(end - begin);
      }
    }
    return out;
  }
};

// The next list of `size` places in lexicographic order, each at least (interactions: above) the
// one before; false after the last.
bool advance(std::vector<std::size_t>& term, std::size_t columns, bool different) {
  for (std::size_t k = term.size(); k-- > 0;) {
    const std::size_t room = different ? term.size() - 1 - k : 0;
    if (term[k] + 1 + room >= columns) continue;
    ++term[k];
    for (std::size_t l = k + 1; l < term.size(); ++l) term[l] = term[l - 1] + (different ? 1 : 0);
    return true;
  }
  return false;
}

StepResult prepare_poly(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("poly", json);
  const auto chosen = chosen_columns(options, input.features, ColumnType::kNumber);
  const auto degree = static_cast<std::size_t>(options.integer("degree", 2, 2, 20));
  const bool different = options.flag("interactions", false);
  options.done();
  auto step = std::make_shared<Poly>();
  for (const std::size_t j : chosen) {
    check_finite(input.features[j], "poly");
    step->columns.push_back(input.features[j].name);
  }
  const std::size_t columns = chosen.size();
  for (std::size_t size = 2; size <= degree && columns > 0; ++size) {
    if (different && size > columns) break;
    std::vector<std::size_t> term(size, 0);
    for (std::size_t k = 0; different && k < size; ++k) term[k] = k;
    do {
      step->terms.push_back(term);
      check_terms(step->terms.size(), "poly");
    } while (advance(term, columns, different));
  }
  StepResult result{.step = step};
  if (step->terms.empty()) {
    result.warnings.push_back(nothing_to_do("poly", ColumnType::kNumber));
  }
  return result;
}

std::shared_ptr<const PreparedStep> read_poly(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Poly>();
  step->columns = header.texts("columns");
  const auto& factor = model_block<std::int64_t>(file, "factor");
  std::size_t at = 0;
  for (const std::int64_t size : model_block<std::int64_t>(file, "size")) {
    if (size < 1 || static_cast<std::size_t>(size) > factor.size() - at) {
      header.refuse("a product has another number of factors");
    }
    std::vector<std::size_t> term;
    for (std::int64_t k = 0; k < size; ++k, ++at) {
      if (factor[at] < 0 || static_cast<std::size_t>(factor[at]) >= step->columns.size()) {
        header.refuse("a factor is no column");
      }
      term.push_back(static_cast<std::size_t>(factor[at]));
    }
    step->terms.push_back(std::move(term));
  }
  if (at != factor.size()) header.refuse("factors are left over");
  return step;
}

// A column of numbers, or one level of a column of texts.
struct Side {
  std::string column = {};
  bool text = false;
  std::string level = {};

  [[nodiscard]] std::string name() const {
    std::string out = column;
    if (text) {
      out += '=';
      out += level;
    }
    return out;
  }
};

std::vector<double> values_of(const TableEdit& table, const Side& side) {
  if (!side.text) return table.finite(side.column);
  const Feature& column = table.column(side.column, ColumnType::kText);
  const auto found = std::lower_bound(column.levels.begin(), column.levels.end(), side.level);
  const auto place = found != column.levels.end() && *found == side.level
                         ? static_cast<std::int32_t>(found - column.levels.begin())
                         : std::int32_t{-2};
  std::vector<double> out;
  out.reserve(column.codes.size());
  for (const std::int32_t code : column.codes) {
    out.push_back(code < 0 ? kMissing : code == place ? 1.0 : 0.0);
  }
  return out;
}

class Interact final : public PreparedStep {
 public:
  std::vector<std::array<Side, 2>> terms = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "interact");
    for (const auto& [first, second] : terms) {
      context.check();
      std::vector<double> values = values_of(table, first);
      const std::vector<double> by = values_of(table, second);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] *= by[i];
      std::string name = first.name();
      name += " * ";
      name += second.name();
      table.append(number_feature(std::move(name), std::move(values)));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step interact", .version = kVersion};
    std::vector<std::string> columns, levels;
    std::vector<std::int32_t> text;
    for (const auto& term : terms) {
      for (const Side& side : term) {
        columns.push_back(side.column);
        levels.push_back(side.level);
        text.push_back(side.text ? 1 : 0);
      }
    }
    file.header["columns"] = columns;
    file.header["levels"] = levels;
    file.blocks["text"] = std::move(text);
    return file;
  }
};

// The terms of two columns.
void add_pair(const Feature& a, const Feature& b, std::vector<std::array<Side, 2>>& terms) {
  const auto place = [](std::int32_t code) { return static_cast<std::size_t>(code); };
  std::set<std::pair<std::int32_t, std::int32_t>> seen;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    const std::int32_t first = a.text ? a.codes[i] : 0;
    const std::int32_t second = b.text ? b.codes[i] : 0;
    if (first >= 0 && second >= 0) seen.emplace(first, second);
  }
  for (const auto& [first, second] : seen) {
    Side left{.column = a.name, .text = a.text};
    Side right{.column = b.name, .text = b.text};
    if (a.text) left.level = a.levels[place(first)];
    if (b.text) right.level = b.levels[place(second)];
    terms.push_back({std::move(left), std::move(right)});
    check_terms(terms.size(), "interact");
  }
}

StepResult prepare_interact(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("interact", json);
  const FeatureTable& features = input.features;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  const nlohmann::json& given = options.value("pairs");
  if (given.is_null()) {
    const auto chosen = chosen_columns(options, features);
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      for (std::size_t l = k + 1; l < chosen.size(); ++l) pairs.emplace_back(chosen[k], chosen[l]);
    }
  } else {
    for (const char* other : {"of", "except"}) {
      if (options.given(other)) options.fail(other, "is given beside 'pairs'", "one of them");
    }
    const char* const form = "pairs of names, such as {{\"likes\", \"tier\"}}";
    if (!given.is_array()) options.fail("pairs", "is no list", form);
    const auto names = features.names();
    for (const auto& pair : given) {
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
        options.fail("pairs", "holds something else than two names", form);
      }
      std::array<std::size_t, 2> at{};
      for (std::size_t k = 0; k < 2; ++k) {
        const auto name = pair[k].get<std::string>();
        at[k] = features.find(name);
        if (at[k] < features.size() || features.size() == 0) continue;
        throw ArgumentError({.what = "no column '" + name + "' to interact",
                             .where = "'pairs' of interact",
                             .expected = list_words(names),
                             .hint = did_you_mean(name, names)});
      }
      if (pair[0] == pair[1]) options.fail("pairs", "pairs a column with itself", "two columns");
      if (features.size() > 0) pairs.emplace_back(at[0], at[1]);
    }
  }
  options.done();
  auto step = std::make_shared<Interact>();
  for (const auto& [a, b] : pairs) {
    for (const std::size_t j : {a, b}) {
      if (!features[j].text) check_finite(features[j], "interact");
    }
    add_pair(features[a], features[b], step->terms);
  }
  StepResult result{.step = step};
  if (step->terms.empty()) {
    result.warnings.push_back(nothing_to_do("interact", ColumnType::kAny));
  }
  return result;
}

std::shared_ptr<const PreparedStep> read_interact(const ModelFile& file) {
  const StepFile header(file, kVersion);
  const auto columns = header.texts("columns");
  const auto levels = header.texts("levels");
  const auto& text =
      model_block<std::int32_t>(file, "text", static_cast<std::int64_t>(columns.size()));
  if (columns.size() % 2 != 0 || levels.size() != columns.size()) {
    header.refuse("a product has two factors");
  }
  auto step = std::make_shared<Interact>();
  for (std::size_t k = 0; k < columns.size(); k += 2) {
    step->terms.push_back({Side{columns[k], text[k] != 0, levels[k]},
                           Side{columns[k + 1], text[k + 1] != 0, levels[k + 1]}});
  }
  return step;
}

}  // namespace

std::span<const StepKind> product_steps() {
  static constexpr std::array<StepKind, 2> kKinds = {
      {{.name = "poly",
        .words = "adds powers and products of columns",
        .prepare = prepare_poly,
        .read = read_poly},
       {.name = "interact",
        .words = "adds products of pairs of columns, of texts by their levels",
        .prepare = prepare_interact,
        .read = read_interact}}};
  return kKinds;
}

}  // namespace impact::detail
