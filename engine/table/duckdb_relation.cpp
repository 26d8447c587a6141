#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "engine/table/dialect.h"
#include "engine/table/resolve.h"

namespace impact {
namespace {

using D = DuckDbDialect;

std::string names_sql(const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const auto& name : names) parts.push_back(D::identifier(name));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string keys_sql(const std::vector<SortKey>& keys, SqlHooks& hooks) {
  std::vector<std::string> parts;
  for (const auto& key : keys) {
    parts.push_back(D::expression(*key.expr, hooks) +
                    (key.descending ? " DESC NULLS LAST" : " ASC NULLS LAST"));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// A column is passed on as it is; anything computed is cast to the type the schema promised.
std::string item_sql(const NamedExpr& item, const Type& type, SqlHooks& hooks) {
  const std::string text = D::expression(*item.expr, hooks);
  const std::string name = D::identifier(item.name);
  if (item.expr->kind == Expr::Kind::kColumn) {
    return text == name ? text : fmt::format("{} AS {}", text, name);
  }
  return fmt::format("CAST({} AS {}) AS {}", text, D::type(type), name);
}

struct Compiler {
  const Relation& relation;
  SqlHooks& hooks;

  [[nodiscard]] std::string input() const {
    return fmt::format("({}) AS t", D::compile(*relation.inputs[0], hooks, false));
  }
  // For verbs that hand rows on one by one, in the order they come in.
  [[nodiscard]] std::string ordered_input() const {
    const bool ordered = relation.natural == Natural::kSorted;
    return fmt::format("({}) AS t", D::compile(*relation.inputs[0], hooks, ordered));
  }

  std::string operator()(const FileScan&) const { return scan(); }
  std::string operator()(const FrameScan&) const { return scan(); }
  std::string operator()(const Cached&) const { return scan(); }
  std::string operator()(const Overview&) const { return scan(); }
  [[nodiscard]] std::string scan() const {
    return fmt::format("SELECT {} FROM {}", names_sql(relation.schema.names()),
                       hooks.scan(relation));
  }

  std::string operator()(const Keyed&) const {
    return D::compile(*relation.inputs[0], hooks, relation.natural == Natural::kSorted);
  }
  std::string operator()(const Sort&) const {
    return D::compile(*relation.inputs[0], hooks, false);
  }

  std::string operator()(const SqlQuery& verb) const {
    std::vector<std::string> ctes;
    for (std::size_t i = 0; i < verb.names.size(); ++i) {
      ctes.push_back(fmt::format("{} AS ({})", D::identifier(verb.names[i]),
                                 D::compile(*relation.inputs[i], hooks, false)));
    }
    std::vector<std::string> columns;
    for (const auto& info : relation.schema.columns()) {
      columns.push_back(
          fmt::format("CAST({0} AS {1}) AS {0}", D::identifier(info.name), D::type(info.type)));
    }
    return fmt::format("{}{}SELECT {} FROM ({}) AS t", ctes.empty() ? "" : "WITH ",
                       ctes.empty() ? std::string() : fmt::format("{} ", fmt::join(ctes, ", ")),
                       fmt::join(columns, ", "), hooks.statement(verb.text, verb.names));
  }

  std::string operator()(const Select& verb) const {
    std::vector<std::string> items;
    for (std::size_t i = 0; i < verb.columns.size(); ++i) {
      items.push_back(item_sql(verb.columns[i], relation.schema[i].type, hooks));
    }
    return fmt::format("SELECT {} FROM {}", fmt::join(items, ", "), ordered_input());
  }

  std::string operator()(const Filter& verb) const {
    return fmt::format("SELECT * FROM {} WHERE {}", ordered_input(),
                       D::expression(*verb.condition, hooks));
  }

  std::string operator()(const Distinct& verb) const {
    if (verb.columns.empty()) return fmt::format("SELECT DISTINCT * FROM {}", input());
    const Relation& in = *relation.inputs[0];
    auto order = in.order;
    for (const auto& key : ascending(identifying_columns(in))) order.push_back(key);
    return fmt::format(
        "SELECT * FROM {} QUALIFY row_number() OVER (PARTITION BY {} ORDER BY {}) = 1", input(),
        names_sql(verb.columns), keys_sql(order, hooks));
  }

  std::string operator()(const Head& verb) const {
    return fmt::format("SELECT * FROM ({}) AS t LIMIT {} OFFSET {}",
                       D::compile(*relation.inputs[0], hooks, true), verb.count, verb.offset);
  }

  std::string operator()(const Sample& verb) const {
    const auto ids = identifying_columns(*relation.inputs[0]);
    std::vector<std::string> texts;
    for (const auto& name : ids) {
      texts.push_back(
          fmt::format("coalesce('+' || CAST({} AS VARCHAR), '-')", D::identifier(name)));
    }
    const std::string draw =
        fmt::format("impact_draw(CAST({} AS UBIGINT), {})", verb.stream, fmt::join(texts, ", "));
    if (verb.fraction) {
      return fmt::format("SELECT * FROM {} WHERE {} < {}", ordered_input(), draw,
                         D::literal(*verb.fraction));
    }
    const std::string by =
        verb.by.empty() ? std::string() : fmt::format("PARTITION BY {} ", names_sql(verb.by));
    return fmt::format("SELECT * FROM {} QUALIFY row_number() OVER ({}ORDER BY {}, {}) <= {}",
                       input(), by, draw, keys_sql(ascending(ids), hooks), *verb.count);
  }

  std::string operator()(const Summarise& verb) const {
    std::vector<std::string> items;
    std::vector<std::string> positions;
    for (std::size_t i = 0; i < verb.by.size(); ++i) {
      items.push_back(item_sql(verb.by[i], relation.schema[i].type, hooks));
      positions.push_back(fmt::format("{}", i + 1));
    }
    for (std::size_t i = 0; i < verb.aggregates.size(); ++i) {
      items.push_back(
          item_sql(verb.aggregates[i], relation.schema[verb.by.size() + i].type, hooks));
    }
    const std::string group =
        positions.empty() ? std::string() : fmt::format(" GROUP BY {}", fmt::join(positions, ", "));
    return fmt::format("SELECT {} FROM {}{}", fmt::join(items, ", "), input(), group);
  }

  std::string operator()(const Join& verb) const {
    static constexpr std::array kWords = {"JOIN",      "LEFT JOIN", "RIGHT JOIN", "FULL JOIN",
                                          "SEMI JOIN", "ANTI JOIN", "CROSS JOIN"};
    const std::string left = D::compile(*relation.inputs[0], hooks, false);
    const std::string right = D::compile(*relation.inputs[1], hooks, false);
    std::vector<std::string> conditions;
    std::vector<std::string> matched;
    for (const auto& [l, r] : verb.on) {
      conditions.push_back(fmt::format("l.{} = r.{}", D::identifier(l), D::identifier(r)));
      matched.push_back(r);
    }
    std::vector<std::string> items;
    const auto add = [&](const std::string& text) {
      const auto& info = relation.schema[items.size()];
      items.push_back(
          fmt::format("CAST({} AS {}) AS {}", text, D::type(info.type), D::identifier(info.name)));
    };
    for (const auto& info : relation.inputs[0]->schema.columns()) {
      const std::string own = "l." + D::identifier(info.name);
      const auto at = std::find_if(verb.on.begin(), verb.on.end(),
                                   [&](const auto& pair) { return pair.first == info.name; });
      if (at == verb.on.end() || (verb.kind != JoinKind::kFull && verb.kind != JoinKind::kRight)) {
        add(own);
      } else {
        add(fmt::format("coalesce({}, r.{})", own, D::identifier(at->second)));
      }
    }
    if (verb.kind != JoinKind::kSemi && verb.kind != JoinKind::kAnti) {
      for (const auto& info : relation.inputs[1]->schema.columns()) {
        if (std::find(matched.begin(), matched.end(), info.name) == matched.end()) {
          add("r." + D::identifier(info.name));
        }
      }
    }
    const std::string on =
        conditions.empty() ? std::string() : fmt::format(" ON {}", fmt::join(conditions, " AND "));
    return fmt::format("SELECT {} FROM ({}) AS l {} ({}) AS r{}", fmt::join(items, ", "), left,
                       kWords[static_cast<std::size_t>(verb.kind)], right, on);
  }

  std::string operator()(const Union& verb) const {
    std::vector<std::string> parts;
    for (const auto& in : relation.inputs) {
      parts.push_back(fmt::format("SELECT {} FROM ({}) AS t", names_sql(relation.schema.names()),
                                  D::compile(*in, hooks, false)));
    }
    return fmt::format("{}", fmt::join(parts, verb.distinct ? " UNION " : " UNION ALL "));
  }

  std::string operator()(const PivotLonger& verb) const {
    std::vector<std::string> items;
    for (const auto& name : relation.schema.names()) {
      items.push_back(name == verb.names_to
                          ? fmt::format("CAST({0} AS VARCHAR) AS {0}", D::identifier(name))
                          : D::identifier(name));
    }
    return fmt::format("SELECT {} FROM {} UNPIVOT INCLUDE NULLS ({} FOR {} IN ({}))",
                       fmt::join(items, ", "), input(), D::identifier(verb.values_to),
                       D::identifier(verb.names_to), names_sql(verb.columns));
  }

  std::string operator()(const PivotWider& verb) const {
    const auto& ids = relation.key;
    std::vector<std::string> items;
    std::vector<std::string> positions;
    for (const auto& name : ids) {
      items.push_back(D::identifier(name));
      positions.push_back(fmt::format("{}", items.size()));
    }
    // enforce() has made sure that a cell has one row, so any value is the value.
    for (const auto& name : verb.names) {
      items.push_back(fmt::format("any_value({}) FILTER (WHERE CAST({} AS VARCHAR) = {}) AS {}",
                                  D::identifier(verb.values_from), D::identifier(verb.names_from),
                                  D::literal(name), D::identifier(name)));
    }
    const std::string group =
        positions.empty() ? std::string() : fmt::format(" GROUP BY {}", fmt::join(positions, ", "));
    return fmt::format("SELECT {} FROM {}{}", fmt::join(items, ", "), input(), group);
  }
};

}  // namespace

std::string DuckDbDialect::compile(const Relation& relation, SqlHooks& hooks, bool ordered) {
  std::string text = std::visit(Compiler{relation, hooks}, relation.verb);
  if (!ordered) return text;
  const auto order = fixed_order(relation);
  if (order.empty()) return text;
  return fmt::format("SELECT * FROM ({}) AS t ORDER BY {}", text, keys_sql(order, hooks));
}

}  // namespace impact
