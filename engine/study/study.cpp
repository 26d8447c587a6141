#include "engine/study/study.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/core/version.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

using nlohmann::json;

constexpr std::int64_t kShownOffenders = 20;

json value_json(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  return format_value(value);
}

json expectations_json(const Expectations& all) {
  json columns = json::array();
  for (const ColumnExpectation& item : all.columns) {
    json allowed = json::array();
    for (const Value& value : item.allowed) allowed.push_back(value_json(value));
    columns.push_back({{"column", item.column},
                       {"present", item.present},
                       {"unique", item.unique},
                       {"min", item.min ? value_json(*item.min) : json()},
                       {"max", item.max ? value_json(*item.max) : json()},
                       {"allowed", std::move(allowed)}});
  }
  return {{"min_rows", all.min_rows ? json(*all.min_rows) : json()},
          {"max_rows", all.max_rows ? json(*all.max_rows) : json()},
          {"key", all.key},
          {"columns", std::move(columns)}};
}

// Runs a step of one declaration; its errors carry the declaration's line.
template <class Step>
auto at_node(const std::string& at, Step&& step) {
  try {
    return step();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    throw NodeError(error, at);
  }
}

CheckRow run_check(const StudyCheck& check, const Context& context) {
  CheckRow row;
  row.node = check.name;
  if (check.offenders == nullptr) {
    row.value = check.value;
    row.passed = check.passed;
    return row;
  }
  const auto& backend = check.offenders->backend;
  const std::int64_t count = backend->count_rows(check.offenders, context);
  row.value = count;
  row.passed = count <= check.max;
  row.rows = backend->collect(head(check.offenders, kShownOffenders), context);
  return row;
}

template <class List>
auto find_named(const List& list, const std::string& name) {
  return std::find_if(list.begin(), list.end(),
                      [&](const auto& item) { return item.name == name; });
}

std::vector<Study::Item> report_items(const Study& study) {
  if (!study.items.empty()) return study.items;
  std::vector<Study::Item> items;
  for (const auto& table : study.tables) items.push_back({Study::Item::Kind::kTable, table.name});
  for (const auto& check : study.checks) items.push_back({Study::Item::Kind::kCheck, check.name});
  return items;
}

ReportSection section_of(const Study::Item& item, const Results& results) {
  using Kind = ReportSection::Kind;
  ReportSection section;
  section.text = item.text;
  switch (item.kind) {
    case Study::Item::Kind::kHeading: section.kind = Kind::kHeading; break;
    case Study::Item::Kind::kProse: section.kind = Kind::kProse; break;
    case Study::Item::Kind::kTable:
      section.kind = Kind::kTable;
      section.frame = find_named(results.tables, item.text)->frame;
      break;
    case Study::Item::Kind::kCheck:
      section.kind = Kind::kChecks;
      for (const CheckRow& row : results.checks) {
        if (row.node == item.text) section.checks.push_back(row);
      }
      break;
  }
  return section;
}

Report report_of(const Study& study, const StudyRun& run, const std::string& backend) {
  Report report;
  report.title = study.title.empty() ? study.name : study.title;
  std::string generated;
  for (const auto& input : run.inputs) {
    if (input.generated) generated += (generated.empty() ? "" : ", ") + input.file;
  }
  if (!generated.empty()) {
    report.notice =
        "These results come from generated data, not from real ones: " + generated + ".";
  }
  std::vector<std::string> shown;
  for (const Study::Item& item : report_items(study)) {
    report.sections.push_back(section_of(item, run.results));
    if (item.kind == Study::Item::Kind::kCheck) shown.push_back(item.text);
  }
  // A report can't hide a check that failed.
  for (const CheckRow& row : run.results.checks) {
    if (row.passed || std::find(shown.begin(), shown.end(), row.node) != shown.end()) continue;
    report.sections.push_back(section_of({Study::Item::Kind::kCheck, row.node}, run.results));
  }
  report.provenance = {{"Study", study.name + " " + study.version},
                       {"Plan", run.results.plan_hash},
                       {"Seed", format_integer(study.seed)},
                       {"Engine", "Impactlytics " + std::string(version())},
                       {"Tables", backend}};
  for (const auto& [name, value] : study.parameters) {
    report.provenance.emplace_back("Parameter " + name, format_value(value));
  }
  for (const auto& input : run.inputs) {
    report.provenance.emplace_back((input.generated ? "Generated " : "Input ") + input.file,
                                   format_integer(input.rows) + " rows, SHA-256 " + input.sha256);
  }
  return report;
}

}  // namespace

bool StudyRun::passed() const {
  return std::all_of(results.checks.begin(), results.checks.end(),
                     [](const CheckRow& row) { return row.passed; });
}

json plan_of(const Study& study) {
  json nodes = json::array();
  for (const auto& [name, value] : study.parameters) {
    nodes.push_back({{"kind", "parameter"}, {"name", name}, {"value", value_json(value)}});
  }
  for (const StudySource& source : study.sources) {
    nodes.push_back({{"kind", "source"},
                     {"name", source.name},
                     {"relation", to_json(*source.relation)},
                     {"expect", expectations_json(source.expectations)}});
  }
  for (const StudyTable& table : study.tables) {
    nodes.push_back(
        {{"kind", "table"}, {"name", table.name}, {"relation", to_json(*table.relation)}});
  }
  for (const StudyCheck& check : study.checks) {
    json node = {{"kind", "check"}, {"name", check.name}};
    if (check.offenders == nullptr) {
      node["expected"] = check.expected;
    } else {
      node["relation"] = to_json(*check.offenders);
      node["max"] = check.max;
    }
    nodes.push_back(std::move(node));
  }
  std::sort(nodes.begin(), nodes.end(), [](const json& a, const json& b) {
    return std::pair(a["kind"], a["name"]) < std::pair(b["kind"], b["name"]);
  });
  return {{"study", study.name},
          {"version", study.version},
          {"seed", study.seed},
          {"nodes", std::move(nodes)}};
}

StudyRun run_study(const Study& study, const Context& context) {
  StudyRun run;
  run.results.study = study.name;
  run.results.plan_hash = hash_json(plan_of(study));
  for (const StudySource& source : study.sources) {
    run.inputs.push_back(at_node(source.at, [&] {
      const auto& backend = source.relation->backend;
      backend->check(source.relation, source.expectations, context);
      return StudyRun::Input{source.file, to_hex(sha256_file(source.path)),
                             backend->count_rows(source.relation, context), source.generated};
    }));
  }
  for (const StudyTable& table : study.tables) {
    run.results.tables.push_back(at_node(table.at, [&] {
      return NamedTable{table.name, table.relation->backend->collect(table.relation, context)};
    }));
  }
  for (const StudyCheck& check : study.checks) {
    run.results.checks.push_back(at_node(check.at, [&] { return run_check(check, context); }));
  }
  return run;
}

std::vector<std::pair<std::string, std::string>> run_files(const Study& study, const StudyRun& run,
                                                           const std::string& backend) {
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("results.json", results_json(run.results));
  files.emplace_back("report.html", html_report(report_of(study, run, backend)));
  nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
  for (const auto& input : run.inputs) {
    inputs.push_back({{"file", input.file},
                      {"sha256", input.sha256},
                      {"rows", input.rows},
                      {"generated", input.generated}});
  }
  nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
  for (const auto& [name, bytes] : files) outputs[name] = to_hex(sha256(bytes));
  nlohmann::ordered_json lock = {{"study", study.name},
                                 {"version", study.version},
                                 {"seed", study.seed},
                                 {"plan_hash", run.results.plan_hash},
                                 {"engine", std::string(version())},
                                 {"backend", backend},
                                 {"inputs", std::move(inputs)},
                                 {"outputs", std::move(outputs)}};
  files.emplace_back("study.lock", pretty_json(lock) + "\n");
  return files;
}

}  // namespace impact
