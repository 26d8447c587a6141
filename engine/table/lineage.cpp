#include "engine/table/lineage.h"

#include <algorithm>
#include <cctype>
#include <functional>

namespace impact {
namespace {

bool has_column(const Relation& relation, const std::string& name) {
  return relation.schema.find(name).has_value();
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Whether `name` stands in `text` as a word of its own; SQL ignores case.
bool mentions(const std::string& text, const std::string& name) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  for (auto at = text.begin();; ++at) {
    at = std::search(at, text.end(), name.begin(), name.end(), same);
    if (at == text.end()) return false;
    const auto end = at + static_cast<std::ptrdiff_t>(name.size());
    const bool starts = at == text.begin() || !is_word(at[-1]) || !is_word(name.front());
    const bool ends = end == text.end() || !is_word(*end) || !is_word(name.back());
    if (starts && ends) return true;
  }
}

class Tracer {
 public:
  explicit Tracer(std::set<Origin>* found) : found_(found) {}

  void expr(const Relation& relation, const Expr& expr) {
    for (const std::string& name : columns_of(expr)) column(relation, name);
    sql(relation, expr);
  }

  void column(const Relation& relation, const std::string& name) {
    if (!seen_.insert({&relation, name}).second) return;
    if (relation.inputs.empty()) {
      found_->insert({&relation, name});
      return;
    }
    const Relation& input = *relation.inputs[0];
    if (const auto* select = std::get_if<Select>(&relation.verb)) {
      named(input, select->columns, name);
    } else if (const auto* groups = std::get_if<Summarise>(&relation.verb)) {
      named(input, groups->by, name);
      named(input, groups->aggregates, name);
    } else if (const auto* join = std::get_if<Join>(&relation.verb)) {
      joined(relation, *join, name);
    } else if (std::holds_alternative<Union>(relation.verb)) {
      for (const RelationPtr& part : relation.inputs) column(*part, name);
    } else if (const auto* longer = std::get_if<PivotLonger>(&relation.verb)) {
      if (name == longer->values_to) {
        for (const std::string& from : longer->columns) column(input, from);
      } else if (name != longer->names_to) {
        column(input, name);
      }
    } else if (const auto* wider = std::get_if<PivotWider>(&relation.verb)) {
      if (has_column(input, name) && name != wider->values_from && name != wider->names_from) {
        column(input, name);
      } else {
        column(input, wider->values_from);
        column(input, wider->names_from);
      }
    } else if (const auto* query = std::get_if<SqlQuery>(&relation.verb)) {
      for (const RelationPtr& part : relation.inputs) mentioned(*part, query->text, name);
    } else if (std::holds_alternative<Overview>(relation.verb)) {
      for (const ColumnInfo& info : input.schema.columns()) column(input, info.name);
    } else {
      column(input, name);
    }
  }

 private:
  void named(const Relation& input, const std::vector<NamedExpr>& items, const std::string& name) {
    for (const NamedExpr& item : items) {
      if (item.name == name) expr(input, *item.expr);
    }
  }

  void joined(const Relation& relation, const Join& join, const std::string& name) {
    const Relation& left = *relation.inputs[0];
    const Relation& right = *relation.inputs[1];
    for (const auto& [left_key, right_key] : join.on) {
      if (left_key == name) column(right, right_key);
    }
    if (has_column(left, name)) {
      column(left, name);
    } else if (has_column(right, name)) {
      column(right, name);
    } else if (name.ends_with(join.suffix)) {
      column(right, name.substr(0, name.size() - join.suffix.size()));
    }
  }

  void mentioned(const Relation& input, const std::string& text, const std::string& name) {
    const bool star = text.find('*') != std::string::npos;
    for (const ColumnInfo& info : input.schema.columns()) {
      if ((star && info.name == name) || mentions(text, info.name)) column(input, info.name);
    }
  }

  void sql(const Relation& relation, const Expr& expr) {
    if (expr.kind == Expr::Kind::kSql) mentioned(relation, expr.name, "");
    for (const ExprPtr& arg : expr.args) sql(relation, *arg);
  }

  std::set<Origin>* found_;
  std::set<Origin> seen_;
};

}  // namespace

std::set<Origin> origins_of(const Relation& relation, const Expr& expr) {
  std::set<Origin> found;
  Tracer(&found).expr(relation, expr);
  return found;
}

bool reads_files(const Relation& relation) {
  std::set<const Relation*> seen;
  const std::function<bool(const Relation&)> reads = [&](const Relation& node) {
    if (!seen.insert(&node).second) return false;
    return std::holds_alternative<FileScan>(node.verb) ||
           std::any_of(node.inputs.begin(), node.inputs.end(),
                       [&](const RelationPtr& input) { return reads(*input); });
  };
  return reads(relation);
}

RelationPtr replace_relations(const RelationPtr& relation,
                              std::map<const Relation*, RelationPtr>* others) {
  if (const auto at = others->find(relation.get()); at != others->end()) return at->second;
  std::vector<RelationPtr> inputs;
  for (const RelationPtr& input : relation->inputs) {
    inputs.push_back(replace_relations(input, others));
  }
  RelationPtr& kept = (*others)[relation.get()];
  if (inputs == relation->inputs) return kept = relation;
  auto out = std::make_shared<Relation>();
  out->verb = relation->verb;
  out->inputs = std::move(inputs);
  out->schema = relation->schema;
  out->key = relation->key;
  out->order = relation->order;
  out->natural = relation->natural;
  out->label = relation->label;
  out->backend = relation->backend;
  return kept = out;
}

}  // namespace impact
