#include "engine/table/lineage.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>

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

// The text after which `name` is defined in the list of a SELECT without subqueries: "x + y" of
// "SELECT x + y AS name FROM t". nullopt: the text is not that simple.
class SelectList {
 public:
  explicit SelectList(const std::string& text) : text_(text) {}

  [[nodiscard]] std::optional<std::string> find(const std::string& name) {
    if (!split()) return std::nullopt;
    for (const std::string& item : items_) {
      if (defines(item, name)) return item;
    }
    return std::nullopt;
  }

 private:
  static bool word_at(const std::string& text, std::size_t at, std::string_view word) {
    if (at + word.size() > text.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (lower(text[at + i]) != word[i]) return false;
    }
    const std::size_t end = at + word.size();
    return (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
  }

  // Items of the list between SELECT and FROM; false when SELECT, WITH or UNION stand elsewhere.
  bool split() {
    std::size_t at = text_.find_first_not_of(" \n\t\r");
    if (at == std::string::npos || !word_at(text_, at, "select")) return false;
    at += std::string_view("select").size();
    int depth = 0;
    bool listing = true;
    std::string item;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '-' || c == '/') {
        const char next = at + 1 < text_.size() ? text_[at + 1] : ' ';
        if ((c == '-' && next == '-') || (c == '/' && next == '*')) return false;  // A comment.
      }
      if (c == '\'' || c == '"') {
        const std::size_t end = text_.find(c, at + 1);
        if (end == std::string::npos) return false;
        item += text_.substr(at, end - at + 1);
        at = end;
        continue;
      }
      for (const char* other : {"select", "with", "union", "intersect", "except"}) {
        if (word_at(text_, at, other)) return false;
      }
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (listing && depth == 0 && word_at(text_, at, "from")) {
        items_.push_back(item);
        listing = false;
      }
      if (listing && depth == 0 && c == ',') {
        items_.push_back(item);
        item.clear();
      } else if (listing) {
        item += c;
      }
    }
    return !listing;
  }

  static std::string bare(std::string text) {
    const std::size_t first = text.find_first_not_of(" \n\t\r");
    if (first == std::string::npos) return "";
    text = text.substr(first, text.find_last_not_of(" \n\t\r") - first + 1);
    if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    return text;
  }

  static bool defines(const std::string& item, const std::string& name) {
    const std::string all = bare(item);
    if (all == name) return true;
    if (all.size() <= name.size()) return false;
    // "... name", with or without AS, quoted or not; "t.name".
    for (const std::string& end : {name, "\"" + name + "\""}) {
      if (!all.ends_with(end) || all.size() == end.size()) continue;
      const char before = all[all.size() - end.size() - 1];
      if (before == '.' || std::isspace(static_cast<unsigned char>(before)) != 0) return true;
    }
    return false;
  }

  const std::string& text_;
  std::vector<std::string> items_;
};

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
      // One item of a simple list, else whatever the text mentions.
      const auto item = SelectList(query->text).find(name);
      for (const RelationPtr& part : relation.inputs) {
        mentioned(*part, item.value_or(query->text), name);
      }
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
    // A column of the same name may come through *, COLUMNS(...) or a bare FROM; "#2" is a column
    // by its place, and a pattern may choose any.
    const bool any = text.find('#') != std::string::npos || mentions(text, "columns");
    for (const ColumnInfo& info : input.schema.columns()) {
      if (any || info.name == name || mentions(text, info.name)) column(input, info.name);
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
