#include "engine/table/duckdb/sql_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace impact::duck {
namespace {

using nlohmann::json;
using Words = std::set<std::string, std::less<>>;

const std::map<std::string, std::string, std::less<>>& exact_twins() {
  static const std::map<std::string, std::string, std::less<>> twins = {
      {"sum", "impact_sum"},
      {"avg", "impact_mean"},
      {"mean", "impact_mean"},
      {"favg", "impact_mean"},
      {"fsum", "impact_sum"},
      {"kahan_sum", "impact_sum"},
      {"sumkahan", "impact_sum"},
      {"var_samp", "impact_var_samp"},
      {"variance", "impact_var_samp"},
      {"var_pop", "impact_var_pop"},
      {"stddev", "impact_stddev_samp"},
      {"stddev_samp", "impact_stddev_samp"},
      {"stddev_pop", "impact_stddev_pop"},
      {"covar_samp", "impact_covar_samp"},
      {"corr", "impact_corr"},
  };
  return twins;
}

const Words kTableFunctions = {"generate_series", "range", "unnest"};

// The clock, the session, chance, and hashes whose value is DuckDB's own business.
const Words kVolatile = {"age",
                         "currval",
                         "current_catalog",
                         "current_connection_id",
                         "current_date",
                         "current_query",
                         "current_query_id",
                         "current_schema",
                         "current_role",
                         "current_time",
                         "current_schemas",
                         "current_database",
                         "current_user",
                         "error",
                         "current_setting",
                         "current_timestamp",
                         "getenv",
                         "getvariable",
                         "current_transaction_id",
                         "gen_random_uuid",
                         "ago",
                         "hash",
                         "list_approx_count_distinct",
                         "txid_current_snapshot",
                         "in_search_path",
                         "get_current_time",
                         "get_current_timestamp",
                         "localtime",
                         "localtimestamp",
                         "nextval",
                         "now",
                         "random",
                         "session_user",
                         "setseed",
                         "stats",
                         "today",
                         "transaction_timestamp",
                         "txid_current",
                         "user",
                         "uuid",
                         "uuidv4",
                         "uuidv7",
                         "version",
                         "write_log"};

// Column names that DuckDB reads as the clock when no column has them.
const Words kClock = {"current_date", "current_time", "current_timestamp", "localtime",
                      "localtimestamp"};

// Floating sums in the order threads deliver rows, or estimates drawn at random.
const Words kSchedule = {"approx_count_distinct",
                         "approx_quantile",
                         "approx_top_k",
                         "covar_pop",
                         "geomean",
                         "geometric_mean",
                         "wavg",
                         "weighted_avg",
                         "regexp_split_to_table",
                         "entropy",
                         "kurtosis",
                         "kurtosis_pop",
                         "product",
                         "regr_avgx",
                         "regr_avgy",
                         "regr_intercept",
                         "regr_r2",
                         "regr_slope",
                         "regr_sxx",
                         "regr_sxy",
                         "regr_syy",
                         "reservoir_quantile",
                         "sem",
                         "skewness",
                         "mode"};

// Aggregates whose value depends on which row comes first.
// Families of functions about the session, and macros over DuckDB's own sums or unordered lists.
constexpr std::string_view kRefusedPrefixes[] = {"pg_",  "current_", "get_current_", "inet_",
                                                 "has_", "duckdb_",  "json_group_"};

const Words kOrdered = {"any_value", "arbitrary", "array_agg", "first",     "group_concat",
                        "last",      "list",      "listagg",   "string_agg"};
const Words kTies = {"arg_max", "arg_max_null", "arg_min", "arg_min_null",
                     "argmax",  "argmin",       "max_by",  "min_by"};

// Window functions that count rows: they mean nothing without an order.
const Words kCounting = {"WINDOW_ROW_NUMBER",  "WINDOW_LAG",        "WINDOW_LEAD",
                         "WINDOW_FIRST_VALUE", "WINDOW_LAST_VALUE", "WINDOW_NTH_VALUE",
                         "WINDOW_NTILE"};

[[noreturn]] void refuse(std::string what, std::string got, std::string hint,
                         std::string expected = "") {
  throw ArgumentError({.what = std::move(what),
                       .where = "the SQL text",
                       .got = std::move(got),
                       .expected = std::move(expected),
                       .hint = std::move(hint)});
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string field(const json& node, const char* name) {
  const auto at = node.find(name);
  return at != node.end() && at->is_string() ? at->get<std::string>() : std::string();
}

bool filled(const json& node, const char* name) {
  const auto at = node.find(name);
  return at != node.end() && !at->is_null();
}

// Names a query gives to its own parts.
void collect_ctes(const json& node, Words& names) {
  if (node.is_object()) {
    if (const auto ctes = node.find("cte_map"); ctes != node.end()) {
      for (const auto& entry : (*ctes)["map"]) names.insert(lower(field(entry, "key")));
    }
    if (field(node, "type") == "RECURSIVE_CTE_NODE") names.insert(lower(field(node, "cte_name")));
  }
  if (node.is_structured()) {
    for (const auto& child : node) collect_ctes(child, names);
  }
}

class Gate {
 public:
  explicit Gate(const std::vector<std::string>& names, const json& tree) : shown_(names) {
    for (const auto& name : names) tables_.insert(lower(name));
    collect_ctes(tree, tables_);
  }

  // `outermost` is the node of the statement itself, whose order is completed; ties in the order of
  // any other SELECT would let LIMIT keep any of them.
  void visit(json& node, const json* outermost) const {
    if (node.is_object()) {
      check_object(node);
      // modifiers of one SELECT belong together
      if (const auto at = node.find("modifiers"); at != node.end()) {
        check_modifiers(*at, &node == outermost);
      }
    }
    if (node.is_structured()) {
      for (auto& child : node) visit(child, outermost);
    }
  }

 private:
  void check_object(json& node) const {
    const std::string type = field(node, "type");
    const std::string cls = field(node, "class");
    if (type == "BASE_TABLE") check_table(node);
    if (type == "TABLE_FUNCTION") check_table_function(node["function"]);
    if (type == "SHOW_REF") {
      refuse("a query can't ask for the catalogue", "DESCRIBE, SHOW or SUMMARIZE",
             "use table:info() or table:describe()");
    }
    if (cls == "PARAMETER") {
      refuse("a query has no parameters", "? or $", "build the text with the value in it");
    }
    if (filled(node, "sample") && node["sample"].is_object()) {
      refuse("TABLESAMPLE draws by chance", "TABLESAMPLE", "use table:sample { n = ... }");
    }
    if (field(node, "ref_type") == "ASOF") {
      refuse("an ASOF join picks any row among ties", "ASOF JOIN",
             "join on columns and keep the row you mean");
    }
    if (field(node, "ref_type") == "POSITIONAL") {
      refuse("a positional join depends on the order of rows", "POSITIONAL JOIN",
             "join on columns");
    }
    if (cls == "COLUMN_REF" && node["column_names"].size() == 1) {
      const auto name = lower(node["column_names"][0].get<std::string>());
      if (kClock.contains(name)) refuse_volatile(name);
    }
    if (cls == "FUNCTION") check_function(node, node["order_bys"]["orders"].empty());
    if (cls == "WINDOW") check_window(node, type);
  }

  void check_table(const json& node) const {
    const std::string name = field(node, "table_name");
    if (field(node, "schema_name").empty() && field(node, "catalog_name").empty() &&
        tables_.contains(lower(name))) {
      return;
    }
    const std::string expected =
        shown_.empty() ? std::string("no table at all") : list_words(shown_);
    std::string hint = did_you_mean(name, shown_);
    if (hint.empty()) hint = "give it as an input: sql(\"...\", { name = table })";
    refuse(fmt::format("the query reads '{}', which is not one of its inputs", name), name, hint,
           expected);
  }

  static void check_table_function(const json& function) {
    const std::string name = lower(field(function, "function_name"));
    if (kTableFunctions.contains(name)) return;
    refuse(fmt::format("the query calls the table function '{}'", name), name,
           "read files with csv, parquet or jsonl, so that they are recorded as sources",
           "range, generate_series, unnest");
  }

  static void check_function(json& node, bool unordered) {
    const std::string name = lower(field(node, "function_name"));
    if (const auto twin = exact_twins().find(name); twin != exact_twins().end()) {
      node["function_name"] = twin->second;
      // Their result does not depend on the order that an ORDER BY among the arguments would set,
      // and DuckDB hands sorted input to C aggregates in a form they cannot read (see widen_frame).
      if (node.contains("order_bys")) node["order_bys"]["orders"] = json::array();
      if (node.contains("arg_orders")) node["arg_orders"] = json::array();
      return;
    }
    const bool refused_family =
        std::any_of(std::begin(kRefusedPrefixes), std::end(kRefusedPrefixes),
                    [&](std::string_view prefix) { return name.starts_with(prefix); });
    if (refused_family || kVolatile.contains(name)) refuse_volatile(name);
    if (kSchedule.contains(name)) {
      refuse(fmt::format("'{}' would depend on the order in which threads deliver rows", name),
             name, "use the methods of columns, whose results never do");
    }
    if (kTies.contains(name)) {
      refuse(fmt::format("'{}' picks any row among ties", name), name,
             "sort and take the first row: first(x ORDER BY y, id)");
    }
    if (unordered && kOrdered.contains(name)) {
      refuse(fmt::format("'{}' depends on the order of rows", name), name,
             fmt::format("say which order: {}(x ORDER BY id)", name));
    }
  }

  static void check_window(json& node, const std::string& type) {
    const bool unordered = node["orders"].empty();
    if (type == "WINDOW_AGGREGATE") {
      const bool twin = exact_twins().contains(lower(field(node, "function_name")));
      check_function(node, unordered && node["arg_orders"].empty());
      if (twin) widen_frame(node, unordered);
    } else if (unordered && kCounting.contains(type)) {
      const std::string name = lower(field(node, "function_name"));
      refuse(fmt::format("'{}' over rows without an order", name), name,
             fmt::format("say which order: {}(...) OVER (ORDER BY id)", name));
    }
  }

  // Where a frame is the whole partition, DuckDB 1.4 passes a C aggregate one state for all rows
  // but not the fact that it is one; the aggregate would read behind it. A frame that ends 2^62
  // rows ahead holds the same rows and takes another way.
  static void widen_frame(json& node, bool unordered) {
    const std::string start = field(node, "start");
    const std::string end = field(node, "end");
    const bool from_first =
        start == "UNBOUNDED_PRECEDING" || (unordered && start == "CURRENT_ROW_RANGE");
    const bool to_last = end == "UNBOUNDED_FOLLOWING" || (unordered && end == "CURRENT_ROW_RANGE");
    if (!from_first || !to_last || field(node, "exclude_clause") != "NO_OTHER") return;
    node["start"] = "UNBOUNDED_PRECEDING";
    node["end"] = "EXPR_FOLLOWING_ROWS";
    node["end_expr"] = {{"class", "CONSTANT"},
                        {"type", "VALUE_CONSTANT"},
                        {"alias", ""},
                        {"query_location", 0},
                        {"value",
                         {{"type", {{"id", "BIGINT"}, {"type_info", nullptr}}},
                          {"is_null", false},
                          {"value", std::int64_t{1} << 62}}}};
  }

  static void check_modifiers(const json& modifiers, bool outermost) {
    bool ordered = false;
    bool limited = false;
    for (const auto& modifier : modifiers) {
      const std::string type = field(modifier, "type");
      ordered = ordered || type == "ORDER_MODIFIER";
      limited = limited || type == "LIMIT_MODIFIER" || type == "LIMIT_PERCENT_MODIFIER";
      if (type == "DISTINCT_MODIFIER" && !modifier["distinct_on_targets"].empty()) {
        refuse("DISTINCT ON keeps any row among equals", "DISTINCT ON",
               "use table:distinct { columns }, which keeps the first by key");
      }
    }
    if (limited && !outermost) {
      refuse("LIMIT inside a query keeps any row among ties", "LIMIT",
             "make the inner query a table of its own with sql, then use table:head");
    }
    if (limited && !ordered) {
      refuse("LIMIT without ORDER BY keeps any rows", "LIMIT", "add ORDER BY, or use table:head");
    }
  }

  [[noreturn]] static void refuse_volatile(const std::string& name) {
    refuse(fmt::format("'{}' gives another value on another run", name), name,
           "pass the value in as data");
  }

  std::vector<std::string> shown_;
  Words tables_;
};

json parse(Connection& connection, const std::string& text) {
  const auto answer = connection.text("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", {text});
  json tree = json::parse(answer.value_or("{}"));
  if (tree.value("error", true)) {
    const std::string message = tree.value("error_message", "it can't be parsed");
    if (tree.value("error_type", "") == "not implemented") {
      refuse("only a SELECT can be run", text, "use the verbs of tables for everything else");
    }
    refuse(fmt::format("the SQL has an error: {}", message), text, "");
  }
  if (tree["statements"].size() != 1) {
    refuse("one SELECT is expected", fmt::format("{} statements", tree["statements"].size()), "");
  }
  return tree;
}

std::string text_of(Connection& connection, const json& tree) {
  return connection.text("SELECT json_deserialize_sql(CAST($1 AS JSON))", {tree.dump()})
      .value_or("");
}

// ORDER BY keys followed by every output column by position: ties that are left are equal rows.
void complete_order(json& orders, std::size_t columns) {
  for (std::size_t i = 1; i <= columns; ++i) {
    orders.push_back({{"type", "ASCENDING"},
                      {"null_order", "NULLS_LAST"},
                      {"expression",
                       {{"class", "CONSTANT"},
                        {"type", "VALUE_CONSTANT"},
                        {"alias", ""},
                        {"query_location", 0},
                        {"value",
                         {{"type", {{"id", "INTEGER"}, {"type_info", nullptr}}},
                          {"is_null", false},
                          {"value", i}}}}}});
  }
}

}  // namespace

CheckedSql check_statement(Connection& connection, const std::string& text,
                           const std::vector<std::string>& names,
                           const std::function<std::size_t(const std::string&)>& count_columns) {
  json tree = parse(connection, text);
  Gate(names, tree).visit(tree, &tree["statements"][0]["node"]);
  CheckedSql checked{text_of(connection, tree), false};
  for (auto& modifier : tree["statements"][0]["node"]["modifiers"]) {
    if (field(modifier, "type") != "ORDER_MODIFIER") continue;
    // ORDER BY ALL is total already.
    if (field(modifier["orders"][0]["expression"], "class") == "STAR") {
      checked.ordered = true;
      continue;
    }
    complete_order(modifier["orders"], count_columns(checked.text));
    checked = {text_of(connection, tree), true};
  }
  return checked;
}

std::string check_fragment(Connection& connection, const std::string& text) {
  // Parsed alone first, so that parentheses in the text can't close the one around it.
  (void)parse(connection, "SELECT " + text);
  json tree = parse(connection, "SELECT (" + text + "\n)");
  const json& node = tree["statements"][0]["node"];
  const bool plain = field(node, "type") == "SELECT_NODE" && node["select_list"].size() == 1 &&
                     field(node["from_table"], "type") == "EMPTY" &&
                     !filled(node, "where_clause") && !filled(node, "having") &&
                     !filled(node, "qualify") && node["modifiers"].empty() &&
                     node["group_expressions"].empty() && node["cte_map"]["map"].empty();
  if (!plain) refuse("one SQL expression is expected", text, "as in \"views > 10 AND likes > 1\"");
  if (field(node["select_list"][0], "class") == "STAR") {
    refuse("'*' is no expression", text, "name the column");
  }
  Gate({}, tree).visit(tree, nullptr);
  static constexpr std::string_view kSelect = "SELECT ";
  return text_of(connection, tree).substr(kSelect.size());
}

}  // namespace impact::duck
