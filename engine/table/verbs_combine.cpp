#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/derived.h"
#include "engine/table/resolve.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

std::vector<std::string> names_of(const std::vector<NamedExpr>& exprs) {
  std::vector<std::string> names;
  for (const auto& item : exprs) names.push_back(item.name);
  return names;
}

// The one type that holds both, or nothing. Integers and numbers stay apart: an id beyond 2^53
// would lose digits without a word. Categories become text.
std::optional<Type> common_type(const Type& a, const Type& b) {
  if (a == b) return a;
  const auto textual = [](const Type& t) {
    return t.kind == TypeKind::kText || t.kind == TypeKind::kCategory;
  };
  if (textual(a) && textual(b)) return text_type();
  return std::nullopt;
}

std::string cast_hint(const Type& a, const Type& b, const std::string& column) {
  if (a.numeric() && b.numeric()) {
    return fmt::format("cast {{ {} = \"number\" }} where its integers are below 2^53", column);
  }
  return "cast one of them";
}

RelationPtr cast_columns(const RelationPtr& input, const Schema& target) {
  std::vector<std::pair<std::string, Type>> casts;
  for (const auto& info : target.columns()) {
    const auto at = input->schema.find(info.name);
    if (at && !(input->schema[*at].type == info.type)) casts.emplace_back(info.name, info.type);
  }
  return casts.empty() ? input : cast(input, casts);
}

}  // namespace

RelationPtr summarise(RelationPtr input, std::vector<NamedExpr> by,
                      std::vector<NamedExpr> aggregates) {
  if (by.empty() && aggregates.empty()) {
    throw ArgumentError({.what = fmt::format("summarise of {} computes nothing", input->label),
                         .hint = "summarise { by = { t.group }, count():as \"n\" }"});
  }
  by = resolve(std::move(by), *input);
  aggregates = resolve(std::move(aggregates), *input);
  for (const auto& item : aggregates) {
    // A column outside any aggregate has no single value in a group; SQL text is left to the
    // binder.
    if (!has_aggregate(*item.expr) && item.expr->kind != Expr::Kind::kSql) {
      throw ArgumentError({.what = fmt::format("'{}' does not aggregate", item.name),
                           .expected = "an expression such as column:mean() or count()",
                           .hint = "columns to group by go into by = { ... }"});
    }
  }
  std::vector<NamedExpr> all = by;
  std::copy(aggregates.begin(), aggregates.end(), std::back_inserter(all));
  auto out = derive_from(input);
  out->label = fmt::format("the summary of {}", input->label);
  out->schema = Schema(bind_columns(all, *input));
  out->key = names_of(by);
  if (by.empty()) out->natural = Natural::kSorted;
  out->verb = Summarise{std::move(by), std::move(aggregates)};
  return out;
}

RelationPtr value_counts(RelationPtr input, const std::vector<std::string>& columns) {
  std::vector<NamedExpr> by;
  for (const auto& name : columns) by.push_back({name, column(name)});
  auto counted = summarise(std::move(input), std::move(by), {{"n", aggregate("count", {})}});
  return sort(std::move(counted), {{column("n"), true}});
}

RelationPtr join(RelationPtr left, RelationPtr right, Join options) {
  if (options.kind == JoinKind::kCross ? !options.on.empty() : options.on.empty()) {
    throw ArgumentError({.what = options.kind == JoinKind::kCross
                                     ? "a cross join takes no columns to match"
                                     : "a join needs the columns to match",
                         .hint = "join(other, { on = \"id\" })"});
  }
  std::map<std::string, std::string> matched;  // right name -> left name
  for (const auto& [l, r] : options.on) {
    const Type& lt = left->schema[left->schema.require(l, left->label)].type;
    const Type& rt = right->schema[right->schema.require(r, right->label)].type;
    if (!common_type(lt, rt)) {
      throw ArgumentError(
          {.what = fmt::format("the join columns '{}' and '{}' have different types", l, r),
           .got = fmt::format("{} and {}", lt.name(), rt.name()),
           .hint = "cast one of them"});
    }
    matched[r] = l;
  }
  auto out = derive_from(left);
  out->inputs.push_back(right);
  std::vector<ColumnInfo> columns = left->schema.columns();
  const bool left_only = options.kind == JoinKind::kSemi || options.kind == JoinKind::kAnti;
  std::map<std::string, std::string> right_names;  // right name -> output name
  if (!left_only) {
    for (const auto& info : right->schema.columns()) {
      if (const auto at = matched.find(info.name); at != matched.end()) {
        right_names[info.name] = at->second;
        continue;
      }
      std::string name = info.name;
      if (left->schema.find(name)) name += options.suffix;
      right_names[info.name] = name;
      columns.push_back({name, info.type});
    }
    // A matched column keeps the left name; a full or right join fills it from both sides.
    for (const auto& [r, l] : matched) {
      auto& type = columns[*left->schema.find(l)].type;
      type = *common_type(type, right->schema[*right->schema.find(r)].type);
    }
  }
  out->schema = Schema(std::move(columns));
  const bool one_right =
      options.expect == JoinExpectation::kOneToOne || options.expect == JoinExpectation::kManyToOne;
  if (left_only ||
      (one_right && (options.kind == JoinKind::kInner || options.kind == JoinKind::kLeft))) {
    out->key = left->key;
  } else if (!left->key.empty() && !right->key.empty() &&
             (options.kind == JoinKind::kInner || options.kind == JoinKind::kCross)) {
    out->key = left->key;
    for (const auto& name : right->key) {
      const auto& mapped = right_names.at(name);
      if (std::find(out->key.begin(), out->key.end(), mapped) == out->key.end()) {
        out->key.push_back(mapped);
      }
    }
  }
  if (left_only) out->order = left->order;
  out->label = fmt::format("the join of {} and {}", left->label, right->label);
  out->verb = std::move(options);
  return out;
}

RelationPtr union_all(std::vector<RelationPtr> inputs, bool distinct) {
  if (inputs.size() < 2) {
    throw ArgumentError(
        {.what = "a union needs at least two tables", .got = fmt::format("{}", inputs.size())});
  }
  std::vector<ColumnInfo> columns = inputs[0]->schema.columns();
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    const auto& other = *inputs[i];
    for (auto& info : columns) {
      const Type& type = other.schema[other.schema.require(info.name, other.label)].type;
      const auto common = common_type(info.type, type);
      if (!common) {
        throw ArgumentError(
            {.what = fmt::format("column '{}' has different types in a union", info.name),
             .where = other.label,
             .got = type.name(),
             .expected = info.type.name(),
             .hint = cast_hint(type, info.type, info.name)});
      }
      info.type = *common;
    }
    if (other.schema.size() != columns.size()) {
      std::vector<std::string> extra;
      for (const auto& info : other.schema.columns()) {
        if (!inputs[0]->schema.find(info.name)) extra.push_back(info.name);
      }
      throw ArgumentError(
          {.what = fmt::format("{} has columns the first table of a union lacks", other.label),
           .got = list_words(extra),
           .hint = "drop them, or derive them in the first table"});
    }
  }
  auto out = derive_from(inputs[0]);
  out->schema = Schema(std::move(columns));
  out->inputs.clear();
  for (auto& input : inputs) out->inputs.push_back(cast_columns(input, out->schema));
  out->label = "the union";
  out->verb = Union{distinct};
  return out;
}

RelationPtr pivot_longer(RelationPtr input, PivotLonger options) {
  if (options.columns.empty()) {
    throw ArgumentError({.what = "pivot_longer needs the columns that become rows"});
  }
  std::optional<Type> type;
  for (const auto& name : options.columns) {
    const Type& own = input->schema[input->schema.require(name, input->label)].type;
    const auto common = type ? common_type(*type, own) : std::optional<Type>(own);
    if (!common) {
      throw ArgumentError({.what = fmt::format("'{}' can't share a column with the others", name),
                           .got = own.name(),
                           .expected = type->name(),
                           .hint = cast_hint(own, *type, name)});
    }
    type = common;
  }
  const std::set<std::string> turned(options.columns.begin(), options.columns.end());
  std::vector<ColumnInfo> columns;
  std::vector<std::pair<std::string, Type>> casts;
  for (const auto& info : input->schema.columns()) {
    if (!turned.contains(info.name)) {
      columns.push_back(info);
    } else if (!(info.type == *type)) {
      casts.emplace_back(info.name, *type);
    }
  }
  columns.push_back({options.names_to, text_type()});
  columns.push_back({options.values_to, *type});
  if (!casts.empty()) input = cast(std::move(input), casts);
  auto out = derive_from(input);
  out->schema = Schema(std::move(columns));
  const bool keyed =
      !input->key.empty() && std::none_of(input->key.begin(), input->key.end(),
                                          [&](const auto& name) { return turned.contains(name); });
  if (keyed) {
    out->key = input->key;
    out->key.push_back(options.names_to);
  }
  out->verb = std::move(options);
  return out;
}

RelationPtr pivot_wider(RelationPtr input, PivotWider options) {
  (void)input->schema.require(options.names_from, input->label);
  const Type values = input->schema[input->schema.require(options.values_from, input->label)].type;
  if (options.names.empty()) {
    const auto text = cast_expr(column(options.names_from), text_type());
    const Frame names = input->backend->collect(
        distinct(select(drop_missing(input, {options.names_from}), {{"name", text}})), Context{});
    for (std::size_t row = 0; row < names.rows(); ++row) {
      options.names.emplace_back(names.column(0).text_at(row));
    }
  }
  std::vector<ColumnInfo> columns;
  std::vector<std::string> key;
  for (const auto& info : input->schema.columns()) {
    if (info.name == options.names_from || info.name == options.values_from) continue;
    columns.push_back(info);
    key.push_back(info.name);
  }
  for (const auto& name : options.names) columns.push_back({name, values});
  auto out = derive_from(input);
  out->schema = Schema(std::move(columns));
  out->key = std::move(key);
  out->verb = std::move(options);
  return out;
}

RelationPtr resample(RelationPtr input, const std::string& time, Period period,
                     std::vector<std::string> by, std::vector<NamedExpr> aggregates) {
  const Type& type = input->schema[input->schema.require(time, input->label)].type;
  if (type.kind != TypeKind::kDate && type.kind != TypeKind::kTimestamp) {
    throw ArgumentError({.what = fmt::format("'{}' is no time to resample by", time),
                         .got = type.name(),
                         .expected = "date or timestamp",
                         .hint = fmt::format("cast it: cast {{ {} = \"date\" }}", time)});
  }
  static const std::map<Period, std::string> kStart = {
      {Period::kDay, "start_of_day"},
      {Period::kWeekMonday, "start_of_week"},
      {Period::kWeekSunday, "start_of_week_sunday"},
      {Period::kMonth, "start_of_month"},
      {Period::kQuarter, "start_of_quarter"},
      {Period::kYear, "start_of_year"},
  };
  std::vector<NamedExpr> groups;
  for (const auto& name : by) groups.push_back({name, column(name)});
  groups.push_back({time, call(kStart.at(period), {column(time)})});
  return summarise(std::move(input), std::move(groups), std::move(aggregates));
}

}  // namespace impact
