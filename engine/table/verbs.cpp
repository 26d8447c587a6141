#include "engine/table/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/derived.h"
#include "engine/table/resolve.h"

namespace impact {
namespace {

std::vector<std::string> all_or(const std::vector<std::string>& columns, const Relation& input) {
  for (const auto& name : columns) (void)input.schema.require(name, input.label);
  return columns.empty() ? input.schema.names() : columns;
}

bool fits(const Value& value, const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return std::holds_alternative<bool>(value);
    case TypeKind::kInteger: return std::holds_alternative<std::int64_t>(value);
    case TypeKind::kNumber:
      return std::holds_alternative<double>(value) || std::holds_alternative<std::int64_t>(value);
    case TypeKind::kText: return std::holds_alternative<std::string>(value);
    case TypeKind::kDate: return std::holds_alternative<Date>(value);
    case TypeKind::kTimestamp: return std::holds_alternative<Timestamp>(value);
    case TypeKind::kCategory: break;
  }
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr &&
         std::find(type.levels->begin(), type.levels->end(), *text) != type.levels->end();
}

// Where each input column stands in the output when it is passed on unchanged.
std::map<std::string, std::string> survivors(const std::vector<NamedExpr>& columns) {
  std::map<std::string, std::string> names;
  for (const auto& item : columns) {
    if (item.expr->kind == Expr::Kind::kColumn) names.emplace(item.expr->name, item.name);
  }
  return names;
}

// The key and the order of `input` in the names of a projection of it. A key that lost a column is
// no key; an order that lost one stays in the rows themselves (kSorted) but can't be restated.
void carry_over(Relation& out, const Relation& input, const std::vector<NamedExpr>& columns) {
  const auto names = survivors(columns);
  const auto kept = [&](const std::string& name) { return names.contains(name); };
  if (std::all_of(input.key.begin(), input.key.end(), kept)) {
    for (const auto& name : input.key) out.key.push_back(names.at(name));
  }
  const auto order = fixed_order(input);
  const bool restated = std::all_of(order.begin(), order.end(), [&](const SortKey& key) {
    return key.expr->kind == Expr::Kind::kColumn && kept(key.expr->name);
  });
  // A window function leaves rows in the order of its partitions.
  const bool moved = std::any_of(columns.begin(), columns.end(),
                                 [](const NamedExpr& item) { return has_window(*item.expr); });
  if (input.natural != Natural::kNone && order.empty()) {
    out.natural = moved ? Natural::kNone : input.natural;
  } else if (!input.order.empty() || !input.key.empty()) {
    if (restated) {
      for (const auto& key : order) {
        out.order.push_back({column(names.at(key.expr->name)), key.descending});
      }
    } else if (!moved) {
      out.natural = Natural::kSorted;
    }
  }
}

RelationPtr project(RelationPtr input, std::vector<NamedExpr> columns, bool derived) {
  columns = resolve(std::move(columns), *input);
  for (const auto& item : columns) {
    if (has_aggregate(*item.expr)) {
      throw ArgumentError({.what = fmt::format("'{}' aggregates over rows", item.name),
                           .hint = "use summarise, or say over which rows: "
                                   "expression:over { by = ... }"});
    }
  }
  auto out = derive_from(input);
  if (derived) {
    std::vector<NamedExpr> whole;
    for (const auto& info : input->schema.columns()) {
      const auto at = std::find_if(columns.begin(), columns.end(),
                                   [&](const NamedExpr& item) { return item.name == info.name; });
      whole.push_back(at == columns.end() ? NamedExpr{info.name, column(info.name)} : *at);
    }
    for (const auto& item : columns) {
      if (!input->schema.find(item.name)) whole.push_back(item);
    }
    columns = std::move(whole);
  }
  out->schema = Schema(bind_columns(columns, *input));
  carry_over(*out, *input, columns);
  out->verb = Select{std::move(columns)};
  return out;
}

}  // namespace

std::shared_ptr<Relation> derive_from(const RelationPtr& input) {
  auto out = std::make_shared<Relation>();
  out->backend = input->backend;
  out->label = input->label;
  out->inputs = {input};
  return out;
}

std::shared_ptr<Relation> same_rows_as(const RelationPtr& input) {
  auto out = derive_from(input);
  out->schema = input->schema;
  out->key = input->key;
  out->order = input->order;
  out->natural = input->natural;
  return out;
}

RelationPtr scan_file(std::shared_ptr<Backend> backend, FileSource source,
                      std::vector<std::string> key, std::string label) {
  auto out = std::make_shared<Relation>();
  out->label = std::move(label);
  out->schema = backend->read_schema(source);
  for (const auto& name : key) (void)out->schema.require(name, out->label);
  for (const auto& [name, type] : source.types) (void)out->schema.require(name, out->label);
  out->key = std::move(key);
  out->natural = Natural::kFile;
  out->verb = FileScan{std::move(source)};
  out->backend = std::move(backend);
  return out;
}

RelationPtr scan_frame(std::shared_ptr<Backend> backend, Frame frame, std::vector<std::string> key,
                       std::string label) {
  auto out = std::make_shared<Relation>();
  out->label = std::move(label);
  out->schema = frame.schema();
  for (const auto& name : key) (void)out->schema.require(name, out->label);
  out->key = std::move(key);
  out->natural = Natural::kFile;
  out->verb = FrameScan{std::make_shared<const Frame>(std::move(frame))};
  out->backend = std::move(backend);
  return out;
}

RelationPtr query(std::shared_ptr<Backend> backend, std::string text,
                  std::vector<std::pair<std::string, RelationPtr>> inputs) {
  auto out = std::make_shared<Relation>();
  SqlQuery verb{std::move(text), {}};
  for (auto& [name, relation] : inputs) {
    verb.names.push_back(name);
    out->inputs.push_back(std::move(relation));
  }
  QueryInfo info = backend->query_schema(verb.text, verb.names, out->inputs);
  out->schema = std::move(info.schema);
  if (info.ordered) out->natural = Natural::kSorted;
  out->label = "the SQL query";
  out->verb = std::move(verb);
  out->backend = std::move(backend);
  return out;
}

RelationPtr reading_query(std::shared_ptr<Backend> backend, const std::string& text,
                          std::vector<std::pair<std::string, RelationPtr>> inputs) {
  PlainReading reading = backend->plain_reading(text);
  const bool as_they_stand =
      reading.file_order && std::all_of(inputs.begin(), inputs.end(), [](const auto& input) {
        return input.second->natural != Natural::kNone && input.second->key.empty() &&
               input.second->order.empty();
      });
  RelationPtr out = query(std::move(backend), std::move(reading.text), std::move(inputs));
  if (as_they_stand) {
    auto kept = std::make_shared<Relation>();
    kept->verb = out->verb;
    kept->inputs = out->inputs;
    kept->schema = out->schema;
    kept->natural = Natural::kFile;
    kept->label = out->label;
    kept->backend = out->backend;
    out = std::move(kept);
  }
  return reading.limit ? head(std::move(out), *reading.limit, reading.offset) : out;
}

RelationPtr select(RelationPtr input, std::vector<NamedExpr> columns) {
  if (columns.empty()) {
    throw ArgumentError({.what = fmt::format("select keeps no column of {}", input->label),
                         .expected = list_words(input->schema.names())});
  }
  return project(std::move(input), std::move(columns), false);
}

RelationPtr drop(RelationPtr input, const std::vector<std::string>& columns) {
  for (const auto& name : columns) (void)input->schema.require(name, input->label);
  std::vector<NamedExpr> kept;
  for (const auto& info : input->schema.columns()) {
    if (std::find(columns.begin(), columns.end(), info.name) == columns.end()) {
      kept.push_back({info.name, column(info.name)});
    }
  }
  return select(std::move(input), std::move(kept));
}

RelationPtr rename(RelationPtr input,
                   const std::vector<std::pair<std::string, std::string>>& names) {
  std::map<std::string, std::string> to;
  for (const auto& [old_name, new_name] : names) {
    (void)input->schema.require(old_name, input->label);
    to[old_name] = new_name;
  }
  std::vector<NamedExpr> columns;
  for (const auto& info : input->schema.columns()) {
    const auto at = to.find(info.name);
    columns.push_back({at == to.end() ? info.name : at->second, column(info.name)});
  }
  return project(std::move(input), std::move(columns), false);
}

RelationPtr derive(RelationPtr input, std::vector<NamedExpr> columns) {
  return project(std::move(input), std::move(columns), true);
}

RelationPtr filter(RelationPtr input, ExprPtr condition) {
  auto resolved = resolve({{"condition", std::move(condition)}}, *input);
  const auto& expr = resolved[0].expr;
  if (has_aggregate(*expr)) {
    throw ArgumentError({.what = "a filter's condition aggregates over rows",
                         .hint = "derive it first with :over { by = ... }, or summarise and join"});
  }
  const Type type = bind_columns(resolved, *input)[0].type;
  if (type.kind != TypeKind::kBoolean) {
    throw ArgumentError(
        {.what = fmt::format("the condition of a filter on {} is no condition", input->label),
         .got = type.name(),
         .expected = "boolean, as in table.column:gt(5)"});
  }
  auto out = same_rows_as(input);
  out->verb = Filter{expr};
  return out;
}

RelationPtr distinct(RelationPtr input, std::vector<std::string> columns) {
  const auto names = all_or(columns, *input);
  auto out = derive_from(input);
  out->schema = input->schema;
  out->order = input->order;
  out->key = names;
  out->verb = Distinct{std::move(columns)};
  return out;
}

RelationPtr sort(RelationPtr input, std::vector<SortKey> keys) {
  for (const auto& key : keys) check_columns(*key.expr, *input);
  auto out = same_rows_as(input);
  out->natural = Natural::kNone;
  std::vector<NamedExpr> exprs;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    exprs.push_back({fmt::format("key {}", i + 1), keys[i].expr});
  }
  exprs = resolve(std::move(exprs), *input);
  (void)bind_columns(exprs, *input);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i].expr = exprs[i].expr;
  out->order = keys;
  out->verb = Sort{std::move(keys)};
  return out;
}

RelationPtr head(RelationPtr input, std::int64_t count, std::int64_t offset) {
  if (count < 0 || offset < 0) {
    throw ArgumentError({.what = "head takes a count and an offset of 0 or more",
                         .got = fmt::format("count {}, offset {}", count, offset)});
  }
  auto out = same_rows_as(input);
  out->verb = Head{count, offset};
  return out;
}

RelationPtr sample(RelationPtr input, Sample options) {
  for (const auto& name : options.by) (void)input->schema.require(name, input->label);
  if (options.count.has_value() == options.fraction.has_value()) {
    throw ArgumentError({.what = "a sample needs exactly one of n and fraction",
                         .hint = "sample { n = 100 } or sample { fraction = 0.1 }"});
  }
  if (options.count && *options.count < 0) {
    throw ArgumentError(
        {.what = "a sample's n is negative", .got = fmt::format("{}", *options.count)});
  }
  if (options.fraction && !(*options.fraction >= 0 && *options.fraction <= 1)) {
    throw ArgumentError({.what = "a sample's fraction lies outside [0, 1]",
                         .got = fmt::format("{}", *options.fraction)});
  }
  if (options.fraction && input->key.empty()) {
    throw ArgumentError({.what = fmt::format("{} has no key to draw rows by", input->label),
                         .expected = "columns that identify a row",
                         .hint = "declare them with with_key { ... }, or sample by n"});
  }
  auto out = same_rows_as(input);
  if (options.count) out->natural = Natural::kNone;
  out->verb = std::move(options);
  return out;
}

RelationPtr drop_missing(RelationPtr input, std::vector<std::string> columns) {
  std::vector<ExprPtr> present;
  for (const auto& name : all_or(columns, *input)) {
    present.push_back(call("is_present", {column(name)}));
  }
  return filter(std::move(input), call("all_of", std::move(present)));
}

RelationPtr fill_missing(RelationPtr input,
                         const std::vector<std::pair<std::string, Value>>& values) {
  std::vector<NamedExpr> columns;
  for (const auto& [name, value] : values) {
    const Type& type = input->schema[input->schema.require(name, input->label)].type;
    if (!fits(value, type)) {
      throw ArgumentError(
          {.what = fmt::format("the value for missing cells of '{}' has another type", name),
           .got = format_value(value),
           .expected = type.name()});
    }
    columns.push_back({name, call("coalesce", {column(name), literal(value)})});
  }
  return derive(std::move(input), std::move(columns));
}

RelationPtr fill_forward(RelationPtr input, const std::vector<std::string>& columns,
                         std::vector<SortKey> order, std::vector<std::string> by) {
  std::vector<ExprPtr> partition;
  for (const auto& name : by) partition.push_back(column(name));
  if (order.empty()) order = fixed_order(*input);
  std::vector<NamedExpr> filled;
  for (const auto& name : columns) {
    filled.push_back({name, window("fill_forward", {column(name)}, partition, order)});
  }
  return derive(std::move(input), std::move(filled));
}

RelationPtr with_key(RelationPtr input, std::vector<std::string> key) {
  for (const auto& name : key) (void)input->schema.require(name, input->label);
  auto out = same_rows_as(input);
  out->key = std::move(key);
  out->verb = Keyed{};
  return out;
}

RelationPtr with_label(RelationPtr input, std::string label) {
  auto out = same_rows_as(input);
  out->label = std::move(label);
  out->verb = Keyed{};
  return out;
}

RelationPtr cast(RelationPtr input, const std::vector<std::pair<std::string, Type>>& types) {
  std::vector<NamedExpr> columns;
  for (const auto& [name, type] : types) {
    (void)input->schema.require(name, input->label);
    columns.push_back({name, cast_expr(column(name), type)});
  }
  return derive(std::move(input), std::move(columns));
}

}  // namespace impact
