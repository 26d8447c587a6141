#include "engine/study/results.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using nlohmann::json;

json cell_json(const Value& value) {
  struct ToJson {
    json operator()(std::monostate) const { return nullptr; }
    json operator()(bool v) const { return v; }
    json operator()(std::int64_t v) const { return v; }
    json operator()(double v) const { return std::isfinite(v) ? json(v) : json(format_double(v)); }
    json operator()(const std::string& v) const { return v; }
    json operator()(Date v) const { return format_date(v); }
    json operator()(Timestamp v) const { return format_timestamp(v); }
  };
  return std::visit(ToJson{}, value);
}

std::string text(const json& value) { return canonical_json(value); }

json number_json(double value) { return cell_json(Value(value)); }

// One estimate a line, fields in the fixed order.
std::string estimate_text(const EstimateRow& row) {
  const Estimate& e = row.estimate;
  const std::pair<const char*, json> fields[] = {{"node", row.node},
                                                 {"inquiry", row.inquiry},
                                                 {"term", e.term},
                                                 {"estimate", number_json(e.estimate)},
                                                 {"std_error", number_json(e.std_error)},
                                                 {"statistic", number_json(e.statistic)},
                                                 {"df", number_json(e.df)},
                                                 {"p_value", number_json(e.p_value)},
                                                 {"conf_low", number_json(e.conf_low)},
                                                 {"conf_high", number_json(e.conf_high)},
                                                 {"n", e.n},
                                                 {"method", e.method},
                                                 {"se_type", e.se_type},
                                                 {"warnings", e.warnings}};
  std::string out = "{";
  for (const auto& [name, value] : fields) {
    out += (out.size() == 1 ? "\"" : ", \"") + std::string(name) + "\": " + text(value);
  }
  return out + "}";
}

// Written by hand only for its line breaks: one row of a table a line keeps files easy to diff.
void append_table(std::string& out, const Frame& frame, const std::string& indent) {
  out += "{\n" + indent + "  \"columns\": " + text(json(frame.schema().names())) + ",\n";
  out += indent + "  \"rows\": [";
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    json cells = json::array();
    for (std::size_t i = 0; i < frame.schema().size(); ++i) {
      cells.push_back(cell_json(frame.column(i).value(row)));
    }
    out += (row == 0 ? "\n" : ",\n") + indent + "    " + text(cells);
  }
  out += frame.rows() == 0 ? "]\n" : "\n" + indent + "  ]\n";
  out += indent + "}";
}

}  // namespace

std::string results_json(const Results& results) {
  std::string out = "{\n  \"study\": " + text(json(results.study));
  out += ",\n  \"plan_hash\": " + text(json(results.plan_hash));
  out += ",\n  \"estimates\": [";
  for (std::size_t i = 0; i < results.estimates.size(); ++i) {
    out += (i == 0 ? "\n    " : ",\n    ") + estimate_text(results.estimates[i]);
  }
  out += results.estimates.empty() ? "],\n  \"checks\": [" : "\n  ],\n  \"checks\": [";
  for (std::size_t i = 0; i < results.checks.size(); ++i) {
    const CheckRow& check = results.checks[i];
    out +=
        (i == 0 ? "\n" : ",\n") + std::string("    {\n      \"node\": ") + text(json(check.node));
    out += std::string(",\n      \"passed\": ") + (check.passed ? "true" : "false");
    out += ",\n      \"value\": " + text(cell_json(check.value)) + ",\n      \"rows\": ";
    append_table(out, check.rows, "      ");
    out += "\n    }";
  }
  out += results.checks.empty() ? "],\n  \"tables\": {" : "\n  ],\n  \"tables\": {";
  auto tables = results.tables;
  std::sort(tables.begin(), tables.end(),
            [](const NamedTable& a, const NamedTable& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < tables.size(); ++i) {
    out += (i == 0 ? "\n" : ",\n") + std::string("    ") + text(json(tables[i].name)) + ": ";
    append_table(out, tables[i].frame, "    ");
  }
  return out + (tables.empty() ? "}\n}\n" : "\n  }\n}\n");
}

std::string result_table_name(const std::string& node, const std::string& table) {
  return table == node ? node : node + "." + table;
}

}  // namespace impact
