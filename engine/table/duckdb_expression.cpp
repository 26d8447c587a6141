#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/table/dialect.h"

namespace impact {
namespace {

std::string enclose(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == '\0') {
      throw ArgumentError({.what = "a text or name holds a zero byte",
                           .got = std::string(text.substr(0, text.find('\0')))});
    }
    out += c;
    if (c == mark) out += c;
  }
  return out + mark;
}

// Templates of the scalar functions: {0}, {1} ... stand for the arguments, already in parentheses
// where they need them.
const std::map<std::string, std::string, std::less<>>& scalar_templates() {
  static const std::map<std::string, std::string, std::less<>> templates = {
      {"abs", "abs({0})"},
      {"add", "({0} + {1})"},
      {"add_days", "(CAST({0} AS DATE) + CAST({1} AS INTEGER))"},
      {"ceil", "ceil({0})"},
      {"contains", "contains({0}, {1})"},
      {"day", "day({0})"},
      {"days_between", "(CAST({1} AS DATE) - CAST({0} AS DATE))"},
      {"divide", "(CAST({0} AS DOUBLE) / CAST({1} AS DOUBLE))"},
      {"ends_with", "ends_with({0}, {1})"},
      {"eq", "({0} = {1})"},
      {"exp", "exp(CAST({0} AS DOUBLE))"},
      // With u = exp(x): (u - 1) x / log(u) cancels the rounding error of u (Kahan).
      {"expm1",
       "(CASE WHEN abs({0}) > 1 THEN exp(CAST({0} AS DOUBLE)) - 1 "
       "WHEN exp(CAST({0} AS DOUBLE)) = 1 THEN CAST({0} AS DOUBLE) "
       "ELSE (exp(CAST({0} AS DOUBLE)) - 1) * {0} / ln(exp(CAST({0} AS DOUBLE))) END)"},
      {"floor", "floor({0})"},
      {"ge", "({0} >= {1})"},
      {"gt", "({0} > {1})"},
      {"hour", "hour({0})"},
      {"if_else", "(CASE WHEN {0} THEN {1} ELSE {2} END)"},
      // x minus its floored remainder is a multiple of y, so that 64-bit integers stay exact.
      {"int_divide",
       "CAST(round(({0} - (CASE WHEN {0} % {1} <> 0 AND ({0} % {1} < 0) <> ({1} < 0) "
       "THEN {0} % {1} + {1} ELSE {0} % {1} END)) // {1}) AS BIGINT)"},
      {"is_finite", "isfinite(CAST({0} AS DOUBLE))"},
      {"is_missing", "({0} IS NULL)"},
      {"is_present", "({0} IS NOT NULL)"},
      {"iso_week", "week({0})"},
      {"iso_year", "isoyear({0})"},
      {"le", "({0} <= {1})"},
      {"length", "length({0})"},
      {"log",
       "(CASE WHEN {0} > 0 THEN ln(CAST({0} AS DOUBLE)) WHEN {0} = 0 THEN "
       "CAST('-infinity' AS DOUBLE) WHEN {0} IS NULL THEN NULL ELSE CAST('nan' AS DOUBLE) END)"},
      {"log10",
       "(CASE WHEN {0} > 0 THEN log10(CAST({0} AS DOUBLE)) WHEN {0} = 0 THEN "
       "CAST('-infinity' AS DOUBLE) WHEN {0} IS NULL THEN NULL ELSE CAST('nan' AS DOUBLE) END)"},
      // With u = 1 + x: log(u) x / (u - 1) cancels the rounding error of u (Kahan).
      {"log1p",
       "(CASE WHEN {0} > -1 THEN (CASE WHEN 1 + CAST({0} AS DOUBLE) = 1 THEN CAST({0} AS DOUBLE) "
       "WHEN isinf(CAST({0} AS DOUBLE)) THEN CAST({0} AS DOUBLE) "
       "ELSE ln(1 + CAST({0} AS DOUBLE)) * {0} / ((1 + CAST({0} AS DOUBLE)) - 1) END) "
       "WHEN {0} = -1 THEN CAST('-infinity' AS DOUBLE) WHEN {0} IS NULL THEN NULL "
       "ELSE CAST('nan' AS DOUBLE) END)"},
      {"log2",
       "(CASE WHEN {0} > 0 THEN log2(CAST({0} AS DOUBLE)) WHEN {0} = 0 THEN "
       "CAST('-infinity' AS DOUBLE) WHEN {0} IS NULL THEN NULL ELSE CAST('nan' AS DOUBLE) END)"},
      {"lower", "lower({0})"},
      {"lt", "({0} < {1})"},
      {"matches", "regexp_matches({0}, {1})"},
      {"minute", "minute({0})"},
      // The remainder of a truncated division has the sign of x; moved by y where that is not y's.
      {"modulo",
       "(CASE WHEN {0} % {1} <> 0 AND ({0} % {1} < 0) <> ({1} < 0) THEN {0} % {1} + {1} "
       "ELSE {0} % {1} END)"},
      {"month", "month({0})"},
      {"multiply", "({0} * {1})"},
      {"ne", "({0} <> {1})"},
      {"negate", "(- {0})"},
      {"not_", "(NOT {0})"},
      {"null_if", "nullif({0}, {1})"},
      {"power", "power(CAST({0} AS DOUBLE), CAST({1} AS DOUBLE))"},
      {"quarter", "quarter({0})"},
      {"regex_replace", "regexp_replace({0}, {1}, {2}, 'g')"},
      {"replace", "replace({0}, {1}, {2})"},
      {"second", "second({0})"},
      {"sign", "CAST(sign({0}) AS BIGINT)"},
      {"split_part", "split_part({0}, {1}, {2})"},
      {"sqrt", "(CASE WHEN {0} < 0 THEN CAST('nan' AS DOUBLE) ELSE sqrt(CAST({0} AS DOUBLE)) END)"},
      {"start_of_day", "CAST({0} AS DATE)"},
      {"start_of_month", "CAST(date_trunc('month', {0}) AS DATE)"},
      {"start_of_quarter", "CAST(date_trunc('quarter', {0}) AS DATE)"},
      {"start_of_week", "CAST(date_trunc('week', {0}) AS DATE)"},
      {"start_of_week_sunday", "(CAST(date_trunc('week', CAST({0} AS DATE) + 1) AS DATE) - 1)"},
      {"start_of_year", "CAST(date_trunc('year', {0}) AS DATE)"},
      {"starts_with", "starts_with({0}, {1})"},
      {"substring", "substring({0}, {1}, {2})"},
      {"subtract", "({0} - {1})"},
      {"to_boolean", "CAST({0} AS BOOLEAN)"},
      {"to_date", "CAST({0} AS DATE)"},
      // DuckDB's own cast rounds.
      {"to_integer", "impact_integer({0})"},
      {"to_number", "CAST({0} AS DOUBLE)"},
      // The sign of a NaN depends on the processor.
      {"to_text",
       "(CASE WHEN CAST({0} AS VARCHAR) = '-nan' THEN 'nan' ELSE CAST({0} AS VARCHAR) END)"},
      // DuckDB's own cast forgets the zone of a text.
      {"to_timestamp", "impact_timestamp(CAST({0} AS VARCHAR))"},
      {"trim", "trim({0})"},
      {"upper", "upper({0})"},
      {"weekday", "isodow({0})"},
      {"within", "({0} BETWEEN {1} AND {2})"},
      {"year", "year({0})"},
      {"yearday", "dayofyear({0})"},
  };
  return templates;
}

std::string fill(std::string_view text, const std::vector<std::string>& args) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') {
      out += args[static_cast<std::size_t>(text[i + 1] - '0')];
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string scalar(const Expr& expr, const std::vector<std::string>& args) {
  const auto& templates = scalar_templates();
  if (const auto at = templates.find(expr.name); at != templates.end()) {
    return fill(at->second, args);
  }
  if (expr.name == "all_of") return fmt::format("({})", fmt::join(args, " AND "));
  if (expr.name == "any_of") return fmt::format("({})", fmt::join(args, " OR "));
  if (expr.name == "coalesce" || expr.name == "least" || expr.name == "greatest") {
    return fmt::format("{}({})", expr.name, fmt::join(args, ", "));
  }
  if (expr.name == "round") {
    return args.size() == 1
               ? fmt::format("round({})", args[0])
               : fmt::format("round(CAST({} AS DOUBLE), CAST({} AS INTEGER))", args[0], args[1]);
  }
  if (expr.name == "one_of") {
    return fmt::format("({} IN ({}))", args[0], fmt::join(args.begin() + 1, args.end(), ", "));
  }
  if (expr.name == "concat") {
    std::vector<std::string> texts;
    for (const auto& arg : args) texts.push_back(fmt::format("CAST({} AS VARCHAR)", arg));
    return fmt::format("({})", fmt::join(texts, " || "));
  }
  throw InternalError({.what = fmt::format("'{}' has no SQL", expr.name)});
}

std::string order_by(const std::vector<SortKey>& keys, SqlHooks& hooks) {
  std::vector<std::string> parts;
  for (const auto& key : keys) {
    parts.push_back(DuckDbDialect::expression(*key.expr, hooks) +
                    (key.descending ? " DESC NULLS LAST" : " ASC NULLS LAST"));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// `over` is "" or " OVER (...)". Sums and moments of numbers go through the engine's own
// order-independent aggregates; integer sums are exact in the backend.
std::string aggregate_sql(const Expr& expr, const std::vector<std::string>& args,
                          const std::string& over, SqlHooks& hooks) {
  const std::string& name = expr.name;
  const std::string x = args.empty() ? std::string() : args[0];
  const bool number = expr.operand == TypeKind::kNumber;
  const std::string whole =
      expr.operand == TypeKind::kBoolean ? fmt::format("CAST({} AS BIGINT)", x) : x;
  const std::string real = number ? x : fmt::format("CAST({} AS DOUBLE)", x);
  if (name == "count") return fmt::format("count({}){}", args.empty() ? "*" : x, over);
  if (name == "count_distinct") return fmt::format("count(DISTINCT {}){}", x, over);
  if (name == "count_missing") return fmt::format("(count(*){} - count({}){})", over, x, over);
  if (name == "sum") {
    return number ? fmt::format("impact_sum({}){}", x, over)
                  : fmt::format("CAST(sum({}){} AS BIGINT)", whole, over);
  }
  if (name == "mean") return fmt::format("{}({}){}", number ? "impact_mean" : "avg", whole, over);
  if (name == "min" || name == "max") return fmt::format("{}({}){}", name, x, over);
  if (name == "any") return fmt::format("bool_or({}){}", x, over);
  if (name == "all") return fmt::format("bool_and({}){}", x, over);
  if (name == "median") return fmt::format("quantile_cont({}, 0.5){}", whole, over);
  if (name == "quantile") return fmt::format("quantile_cont({}, {}){}", whole, args[1], over);
  if (name == "iqr") {
    return fmt::format("(quantile_cont({0}, 0.75){1} - quantile_cont({0}, 0.25){1})", whole, over);
  }
  if (name == "var") return fmt::format("impact_var_samp({}){}", real, over);
  if (name == "var_population") return fmt::format("impact_var_pop({}){}", real, over);
  if (name == "sd") return fmt::format("impact_stddev_samp({}){}", real, over);
  if (name == "sd_population") return fmt::format("impact_stddev_pop({}){}", real, over);
  if (name == "covariance" || name == "correlation") {
    return fmt::format("{}({}, CAST({} AS DOUBLE)){}",
                       name == "covariance" ? "impact_covar_samp" : "impact_corr", real, args[1],
                       over);
  }
  if (name == "first" || name == "last") {
    return over.empty() ? fmt::format("{}({} ORDER BY {})", name, x, order_by(expr.order, hooks))
                        : fmt::format("{}_value({}){}", name, x, over);
  }
  if (name == "mode") {
    // A histogram lists its values in ascending order; the stable first of the largest counts wins.
    return fmt::format(
        "list_extract(list_sort(list_transform(map_entries(histogram({}){}), "
        "lambda e: {{'n': -CAST(e.value AS BIGINT), 'k': e.key}})), 1).k",
        x, over);
  }
  throw InternalError({.what = fmt::format("'{}' has no SQL", name)});
}

std::string window_sql(const Expr& expr, const std::vector<std::string>& args, SqlHooks& hooks) {
  const bool over_aggregate = find_function(expr.name)->cls == FunctionInfo::Class::kAggregate;
  std::vector<std::string> parts;
  if (!expr.by.empty()) {
    std::vector<std::string> by;
    for (const auto& item : expr.by) by.push_back(DuckDbDialect::expression(*item, hooks));
    parts.push_back(fmt::format("PARTITION BY {}", fmt::join(by, ", ")));
  }
  if (!expr.order.empty()) parts.push_back("ORDER BY " + order_by(expr.order, hooks));
  // An aggregate's frame never ends in UNBOUNDED FOLLOWING: over a whole partition DuckDB 1.4
  // passes a C aggregate one state for all rows but not the fact that it is one. 2^62 rows ahead is
  // the same frame.
  const auto bound = [](const std::optional<std::int64_t>& rows, const char* side) {
    if (!rows && std::string_view(side) == "FOLLOWING") {
      return fmt::format("{} FOLLOWING", std::int64_t{1} << 62);
    }
    return rows ? fmt::format("{} {}", *rows, side) : fmt::format("UNBOUNDED {}", side);
  };
  const std::string& name = expr.name;
  if (name == "first_value" || name == "last_value") {
    parts.emplace_back("ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING");
  } else if (name == "fill_forward" || over_aggregate) {
    const WindowFrame whole{.before = std::nullopt, .after = std::nullopt};
    const WindowFrame frame = expr.order.empty() ? whole : expr.frame.value_or(WindowFrame{});
    parts.push_back(fmt::format("ROWS BETWEEN {} AND {}", bound(frame.before, "PRECEDING"),
                                bound(frame.after, "FOLLOWING")));
  }
  const std::string over = fmt::format(" OVER ({})", fmt::join(parts, " "));
  if (over_aggregate) return aggregate_sql(expr, args, over, hooks);
  if (name == "fill_forward") return fmt::format("last_value({} IGNORE NULLS){}", args[0], over);
  return fmt::format("{}({}){}", name, fmt::join(args, ", "), over);
}

}  // namespace

std::string DuckDbDialect::identifier(std::string_view name) { return enclose(name, '"'); }

std::string DuckDbDialect::literal(const Value& value) {
  struct Writer {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool v) const { return v ? "TRUE" : "FALSE"; }
    std::string operator()(std::int64_t v) const {
      return fmt::format("CAST({} AS BIGINT)", format_integer(v));
    }
    std::string operator()(double v) const {
      if (std::isnan(v)) return "CAST('nan' AS DOUBLE)";
      if (std::isinf(v)) return fmt::format("CAST('{}infinity' AS DOUBLE)", v < 0 ? "-" : "");
      return fmt::format("CAST('{}' AS DOUBLE)", format_double(v));
    }
    std::string operator()(const std::string& v) const { return enclose(v, '\''); }
    std::string operator()(Date v) const { return fmt::format("DATE '{}'", format_date(v)); }
    std::string operator()(Timestamp v) const {
      std::string text = format_timestamp(v);
      text.pop_back();
      return fmt::format("TIMESTAMP '{}'", text);
    }
  };
  return std::visit(Writer{}, value);
}

std::string DuckDbDialect::type(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "BOOLEAN";
    case TypeKind::kInteger: return "BIGINT";
    case TypeKind::kNumber: return "DOUBLE";
    case TypeKind::kText: return "VARCHAR";
    case TypeKind::kDate: return "DATE";
    case TypeKind::kTimestamp: return "TIMESTAMP";
    case TypeKind::kCategory: break;
  }
  std::vector<std::string> levels;
  for (const auto& level : *type.levels) levels.push_back(enclose(level, '\''));
  return fmt::format("ENUM ({})", fmt::join(levels, ", "));
}

std::string DuckDbDialect::expression(const Expr& expr, SqlHooks& hooks) {
  if (expr.kind == Expr::Kind::kDraw) refuse_draws(expr);
  std::vector<std::string> args;
  args.reserve(expr.args.size());
  for (const auto& arg : expr.args) args.push_back(expression(*arg, hooks));
  switch (expr.kind) {
    case Expr::Kind::kColumn: return identifier(expr.name);
    case Expr::Kind::kLiteral: return literal(expr.literal);
    case Expr::Kind::kSql: return "(" + hooks.fragment(expr.name) + ")";
    case Expr::Kind::kCall: return scalar(expr, args);
    case Expr::Kind::kCast:
      if (expr.type.kind == TypeKind::kInteger || expr.type.kind == TypeKind::kTimestamp) {
        return fill(scalar_templates().find("to_" + expr.type.name())->second, args);
      }
      return fmt::format("CAST({} AS {})", args[0], type(expr.type));
    case Expr::Kind::kAggregate: return aggregate_sql(expr, args, "", hooks);
    case Expr::Kind::kWindow: return window_sql(expr, args, hooks);
    case Expr::Kind::kDraw: break;
  }
  throw InternalError({.what = "an expression of no kind"});
}

}  // namespace impact
