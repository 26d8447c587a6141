#include "engine/table/relation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/table/resolve.h"

namespace impact {
namespace {

using nlohmann::json;

json exprs_json(const std::vector<NamedExpr>& exprs) {
  json out = json::array();
  for (const auto& item : exprs)
    out.push_back({{"name", item.name}, {"expr", to_json(*item.expr)}});
  return out;
}

json type_json(const Type& type) {
  if (type.levels == nullptr) return type.name();
  return {{"category", *type.levels}};
}

std::string content_hash(const Frame& frame) {
  Sha256 hash;
  for (std::size_t c = 0; c < frame.schema().size(); ++c) {
    const auto& info = frame.schema()[c];
    hash.update(info.name + "\n" + info.type.name() + "\n");
    const Column& column = frame.column(c);
    for (std::size_t row = 0; row < frame.rows(); ++row) {
      const std::string cell = column.missing(row) ? "-" : "+" + format_value(column.value(row));
      hash.update(format_integer(static_cast<std::int64_t>(cell.size())) + ":" + cell);
    }
  }
  return to_hex(hash.finish());
}

const char* format_name(FileFormat format) {
  switch (format) {
    case FileFormat::kCsv: return "csv";
    case FileFormat::kParquet: return "parquet";
    case FileFormat::kJsonLines: return "jsonl";
  }
  return "";
}

const char* join_name(JoinKind kind) {
  switch (kind) {
    case JoinKind::kInner: return "inner";
    case JoinKind::kLeft: return "left";
    case JoinKind::kRight: return "right";
    case JoinKind::kFull: return "full";
    case JoinKind::kSemi: return "semi";
    case JoinKind::kAnti: return "anti";
    case JoinKind::kCross: return "cross";
  }
  return "";
}

struct VerbJson {
  json operator()(const FileScan& verb) const {
    const FileSource& s = verb.source;
    json out = {{"verb", "scan"}, {"format", format_name(s.format)}, {"path", s.declared_path}};
    if (s.format == FileFormat::kCsv) {
      out["delimiter"] = std::string(1, s.delimiter);
      out["quote"] = std::string(1, s.quote);
      out["header"] = s.header;
      out["skip"] = s.skip;
      out["missing"] = s.missing;
    }
    out["types"] = json::object();
    for (const auto& [name, type] : s.types) out["types"][name] = type_json(type);
    return out;
  }
  json operator()(const FrameScan& verb) const {
    return {{"verb", "frame"}, {"content", content_hash(*verb.frame)}};
  }
  json operator()(const SqlQuery& verb) const {
    return {{"verb", "sql"}, {"text", verb.text}, {"names", verb.names}};
  }
  json operator()(const Select& verb) const {
    return {{"verb", "select"}, {"columns", exprs_json(verb.columns)}};
  }
  json operator()(const Filter& verb) const {
    return {{"verb", "filter"}, {"condition", to_json(*verb.condition)}};
  }
  json operator()(const Distinct& verb) const {
    return {{"verb", "distinct"}, {"columns", verb.columns}};
  }
  json operator()(const Sort& verb) const {
    json keys = json::array();
    for (const auto& key : verb.keys) {
      keys.push_back({{"by", to_json(*key.expr)}, {"descending", key.descending}});
    }
    return {{"verb", "sort"}, {"keys", keys}};
  }
  json operator()(const Head& verb) const {
    return {{"verb", "head"}, {"count", verb.count}, {"offset", verb.offset}};
  }
  json operator()(const Sample& verb) const {
    json out = {{"verb", "sample"}, {"by", verb.by}, {"stream", verb.stream}};
    if (verb.count) out["count"] = *verb.count;
    if (verb.fraction) out["fraction"] = *verb.fraction;
    return out;
  }
  json operator()(const Summarise& verb) const {
    return {{"verb", "summarise"},
            {"by", exprs_json(verb.by)},
            {"aggregates", exprs_json(verb.aggregates)}};
  }
  json operator()(const Join& verb) const {
    json out = {{"verb", "join"},
                {"kind", join_name(verb.kind)},
                {"on", verb.on},
                {"suffix", verb.suffix},
                {"expect", static_cast<int>(verb.expect)}};
    if (verb.expect_rows) out["rows"] = *verb.expect_rows;
    return out;
  }
  json operator()(const Union& verb) const {
    return {{"verb", "union"}, {"distinct", verb.distinct}};
  }
  json operator()(const PivotLonger& verb) const {
    return {{"verb", "pivot_longer"},
            {"columns", verb.columns},
            {"names_to", verb.names_to},
            {"values_to", verb.values_to}};
  }
  json operator()(const PivotWider& verb) const {
    return {{"verb", "pivot_wider"},
            {"names_from", verb.names_from},
            {"values_from", verb.values_from},
            {"names", verb.names}};
  }
  json operator()(const Overview& verb) const {
    return {{"verb", verb.kind == Overview::Kind::kDescribe ? "describe" : "info"}};
  }
  json operator()(const Keyed&) const { return {{"verb", "keyed"}}; }
  json operator()(const Cached&) const { return {{"verb", "cached"}}; }
};

}  // namespace

std::vector<SortKey> fixed_order(const Relation& relation) {
  std::vector<SortKey> order = relation.order;
  if (order.empty()) {
    if (relation.natural == Natural::kSorted) return {};
    if (relation.natural == Natural::kFile && relation.key.empty()) return {};
  }
  std::vector<std::string> present;
  for (const auto& key : order) {
    if (key.expr->kind == Expr::Kind::kColumn) present.push_back(key.expr->name);
  }
  for (const auto& name : identifying_columns(relation)) {
    if (std::find(present.begin(), present.end(), name) == present.end()) {
      order.push_back({column(name), false});
    }
  }
  return order;
}

json to_json(const Relation& relation, const DeclaredName& declared) {
  const auto input_json = [&](const Relation& input) -> json {
    const std::string* name = declared ? declared(input) : nullptr;
    return name == nullptr ? to_json(input, declared) : json{{"node", *name}};
  };
  // A cache is its input under another name; a label is for people.
  const auto* keyed = std::get_if<Keyed>(&relation.verb);
  if (std::holds_alternative<Cached>(relation.verb) ||
      (keyed != nullptr && relation.key == relation.inputs[0]->key)) {
    return input_json(*relation.inputs[0]);
  }
  json out = std::visit(VerbJson{}, relation.verb);
  if (!relation.inputs.empty()) {
    out["inputs"] = json::array();
    for (const auto& input : relation.inputs) out["inputs"].push_back(input_json(*input));
  }
  if (relation.inputs.empty() || keyed != nullptr) out["key"] = relation.key;
  return out;
}

}  // namespace impact
