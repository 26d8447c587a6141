#include "engine/study/run_files.h"

#include <map>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/render/html_report.h"
#include "engine/render/report_json.h"
#include "engine/study/study_report.h"

namespace impact {
namespace {

// RFC 4180: quotes around cells that need them.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv_text(const Frame& frame) {
  std::string out;
  const auto names = frame.schema().names();
  for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : ",") + csv_cell(names[i]);
  out += "\n";
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Column& column = frame.column(i);
      out += i == 0 ? "" : ",";
      if (!column.missing(row)) out += csv_cell(format_value(column.value(row)));
    }
    out += "\n";
  }
  return out;
}

// The file of a source and the result of what is computed.
std::map<std::string, std::string> known_hashes(const StudyRun& run) {
  std::map<std::string, std::string> hashes;
  for (const InputFile& input : run.inputs) hashes[input.node] = input.sha256;
  for (const NodeRun& node : run.nodes) {
    if (has_content(node.kind)) hashes.try_emplace(node.name, node.result_hash);
  }
  return hashes;
}

Lock lock_of(const Study& study, const StudyRun& run, const RunRecord& record,
             const std::vector<std::pair<std::string, std::string>>& files) {
  Lock lock;
  lock.study = study.name;
  lock.version = study.version;
  lock.seed = study.seed;
  lock.plan_hash = run.plan_hash;
  lock.engine = record.engine;
  for (const Node& node : study.nodes) {
    const auto* parameter = std::get_if<ParameterNode>(&node.body);
    if (parameter != nullptr) lock.parameters[node.name] = parameter->value;
  }
  for (const auto& [name, text] : record.scripts) lock.scripts[name] = to_hex(sha256(text));
  for (const InputFile& input : run.inputs) {
    LockInput& kept = lock.inputs.emplace_back();
    kept = {.name = input.node,
            .file = input.file,
            .sha256 = input.sha256,
            .bytes = input.bytes,
            .rows = input.rows,
            .generated = input.generated};
    for (const ColumnInfo& info : input.schema.columns()) {
      kept.schema.emplace_back(info.name, info.type.name());
    }
  }
  const std::map<std::string, std::string> hashes = content_hashes(study, known_hashes(run));
  for (const NodeRun& node : run.nodes) {
    std::map<std::string, std::string> inputs = node.inputs;
    for (auto& [name, hash] : inputs) {
      if (const auto at = hashes.find(name); at != hashes.end()) hash = at->second;
    }
    lock.nodes.push_back({.name = node.name,
                          .kind = node.kind,
                          .definition = node.definition,
                          .inputs = std::move(inputs),
                          .stream = node.kind == "assignment" ? "assignment/" + node.name : "",
                          .result = node.result_hash,
                          .warnings = node.result.warnings});
  }
  for (const auto& [name, bytes] : files) lock.outputs[name] = to_hex(sha256(bytes));
  return lock;
}

void add_tables(const NodeRun& node, Results* results) {
  for (const auto& [name, frame] : node.result.tables) {
    results->tables.push_back({result_table_name(node.name, name), frame});
  }
}

}  // namespace

bool has_content(const std::string& kind) { return kind != "filter" && kind != "join"; }

std::map<std::string, std::string> content_hashes(const Study& study,
                                                  std::map<std::string, std::string> hashes) {
  for (const PlannedNode& planned : planned_nodes(study)) {
    if (hashes.count(planned.node->name) != 0) continue;
    nlohmann::json given = nlohmann::json::object();
    for (const std::string& input : planned.inputs) given[input] = hashes.at(input);
    hashes[planned.node->name] =
        hash_json({{"definition", planned.definition}, {"inputs", std::move(given)}});
  }
  return hashes;
}

Results results_of(const Study& study, const StudyRun& run) {
  Results results;
  results.study = study.name;
  results.plan_hash = run.plan_hash;
  for (const NodeRun& node : run.nodes) {
    const Node& declared = *study.find(node.name);
    if (std::holds_alternative<TableNode>(declared.body)) {
      results.tables.push_back({node.name, node.result.frame});
    } else if (std::holds_alternative<CheckNode>(declared.body)) {
      results.checks.push_back(
          {node.name, node.result.passed, node.result.value, node.result.frame});
      add_tables(node, &results);
    } else if (const auto* estimator = std::get_if<EstimatorNode>(&declared.body)) {
      for (const Estimate& estimate : node.result.estimates) {
        results.estimates.push_back({node.name, estimator->answers, estimate});
      }
      add_tables(node, &results);
    } else if (std::holds_alternative<AnalysisNode>(declared.body)) {
      for (const Estimate& estimate : node.result.estimates) {
        results.estimates.push_back({node.name, "", estimate});
      }
      add_tables(node, &results);
    }
  }
  return results;
}

std::vector<std::pair<std::string, std::string>> run_files(const Study& study, const StudyRun& run,
                                                           const RunRecord& record) {
  std::vector<std::pair<std::string, std::string>> files;
  const Results results = results_of(study, run);
  files.emplace_back("results.json", results_json(results));
  const Report report = report_of(study, run, results, record);
  files.emplace_back("report.html", html_report(report));
  files.emplace_back("report.json", report_json(report));
  for (const NodeRun& node : run.nodes) {
    if (node.kind != "assignment") continue;
    files.emplace_back("assignments/" + node.name + ".csv", csv_text(node.result.frame));
  }
  for (const NodeRun& node : run.nodes) {
    if (node.kind != "figure") continue;
    files.emplace_back("plots/" + node.name + ".vl.json", node.result.figure + "\n");
  }
  for (const NodeRun& node : run.nodes) {
    for (const auto& [name, bytes] : node.result.models) {
      const std::string file = name == "model" ? node.name : node.name + "." + name;
      files.emplace_back("models/" + file + ".model", bytes);
    }
  }
  for (const auto& [name, text] : record.scripts) files.emplace_back("script/" + name, text);
  if (record.frozen) {
    files.emplace_back("script/study.plan.json", frozen_plan_text(*record.frozen));
  }
  files.emplace_back("study.lock", lock_text(lock_of(study, run, record, files)));
  return files;
}

}  // namespace impact
