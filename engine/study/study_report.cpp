#include "engine/study/study_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/number.h"
#include "engine/study/node_text.h"

namespace impact {
namespace {

using Item = Study::Item;

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::vector<Item> shown_items(const Study& study) {
  if (!study.items.empty()) return study.items;
  std::vector<Item> tables;
  std::vector<Item> checks;
  for (const Node& node : study.nodes) {
    if (std::holds_alternative<TableNode>(node.body)) {
      tables.push_back({Item::Kind::kTable, node.name});
    } else if (std::holds_alternative<CheckNode>(node.body)) {
      checks.push_back({Item::Kind::kCheck, node.name});
    }
  }
  tables.insert(tables.end(), checks.begin(), checks.end());
  return tables;
}

ReportSection section_of(const Item& item, const Results& results) {
  using Kind = ReportSection::Kind;
  ReportSection section;
  section.text = item.text;
  switch (item.kind) {
    case Item::Kind::kHeading: section.kind = Kind::kHeading; break;
    case Item::Kind::kProse: section.kind = Kind::kProse; break;
    case Item::Kind::kTable:
      section.kind = Kind::kTable;
      section.frame =
          std::find_if(results.tables.begin(), results.tables.end(), [&](const NamedTable& t) {
            return t.name == item.text;
          })->frame;
      break;
    case Item::Kind::kCheck:
      section.kind = Kind::kChecks;
      for (const CheckRow& row : results.checks) {
        if (row.node == item.text) section.checks.push_back(row);
      }
      break;
  }
  return section;
}

ReportSection heading(std::string text) {
  return {.kind = ReportSection::Kind::kHeading, .text = std::move(text)};
}

ReportSection prose(std::string text) { return {.text = std::move(text)}; }

ReportSection table(Frame frame) {
  return {.kind = ReportSection::Kind::kTable, .frame = std::move(frame)};
}

// "HC2" after the method, "primary" after the estimator: fewer columns, a table that fits the page.
void add_estimates(const Study& study, const Results& results,
                   std::vector<ReportSection>* sections) {
  if (results.estimates.empty()) return;
  std::vector<std::string> nodes, inquiries, terms, methods;
  std::vector<double> estimates, std_errors, p_values, lows, highs;
  std::vector<std::int64_t> counts;
  std::string warnings;
  for (const EstimateRow& row : results.estimates) {
    const Estimate& e = row.estimate;
    const auto* declared = std::get_if<EstimatorNode>(&study.find(row.node)->body);
    nodes.push_back(row.node + (declared != nullptr && declared->primary ? " (primary)" : ""));
    inquiries.push_back(row.inquiry);
    terms.push_back(e.term);
    methods.push_back(e.se_type.empty() ? e.method : e.method + ", " + e.se_type);
    estimates.push_back(e.estimate);
    std_errors.push_back(e.std_error);
    p_values.push_back(e.p_value);
    lows.push_back(e.conf_low);
    highs.push_back(e.conf_high);
    counts.push_back(e.n);
    for (const std::string& warning : e.warnings) {
      warnings += (warnings.empty() ? "" : "\n\n") + row.node + ": " + warning + ".";
    }
  }
  sections->push_back(heading("Estimates"));
  sections->push_back(
      table(Frame({"inquiry", "estimator", "term", "estimate", "std. error", "conf. low",
                   "conf. high", "p", "n", "method"},
                  {Column::texts(inquiries), Column::texts(nodes), Column::texts(terms),
                   Column::numbers(std::move(estimates)), Column::numbers(std::move(std_errors)),
                   Column::numbers(std::move(lows)), Column::numbers(std::move(highs)),
                   Column::numbers(std::move(p_values)), Column::integers(std::move(counts)),
                   Column::texts(methods)})));
  if (!warnings.empty()) sections->push_back(prose(std::move(warnings)));
}

void add_plan(const Study& study, std::vector<ReportSection>* sections) {
  std::vector<std::string> kinds, names, declared, uses;
  for (const PlannedNode& planned : planned_nodes(study)) {
    kinds.push_back(kind_of(*planned.node));
    names.push_back(planned.node->name);
    declared.push_back(node_text(planned));
    uses.push_back(joined(planned.inputs, ", "));
  }
  if (names.empty()) return;
  sections->push_back(heading("Plan"));
  sections->push_back(table(Frame(
      {"kind", "name", "declares", "uses"},
      {Column::texts(kinds), Column::texts(names), Column::texts(declared), Column::texts(uses)})));
}

void add_deviations(const RunRecord& record, std::vector<ReportSection>* sections) {
  if (!record.frozen) return;
  sections->push_back(heading("Deviations from the frozen plan"));
  std::string sealed = "The plan was frozen on " + record.frozen->sealed + ". ";
  for (const FrozenPlan::Seal& seal : record.frozen->earlier) {
    sealed += "It replaces the plan frozen on " + seal.sealed + ". ";
  }
  if (record.deviations.empty()) {
    sections->push_back(prose(sealed + "This run follows it."));
    return;
  }
  std::vector<std::string> nodes, fields, before, after;
  for (const Deviation& item : record.deviations) {
    nodes.push_back(item.node);
    fields.push_back(item.field);
    before.push_back(item.kind == Deviation::Kind::kAdded ? "not declared" : item.before);
    after.push_back(item.kind == Deviation::Kind::kRemoved ? "not declared" : item.after);
  }
  sections->push_back(prose(sealed + "This run differs from it in what follows."));
  sections->push_back(table(Frame(
      {"declaration", "field", "frozen", "now"},
      {Column::texts(nodes), Column::texts(fields), Column::texts(before), Column::texts(after)})));
}

std::string notice_of(const Study& study, const StudyRun& run, const RunRecord& record) {
  std::vector<std::string> generated;
  for (const InputFile& input : run.inputs) {
    if (input.generated) generated.push_back(input.file);
  }
  std::string out;
  if (!generated.empty()) {
    out = "These results come from generated data, not from real ones: " + joined(generated, ", ") +
          ".";
  }
  if (run.blinded) {
    out += out.empty() ? "" : " ";
    out += study.blind == Blinding::kHide ? "Outcomes are hidden" : "Outcomes are shuffled";
    out += " until the plan is frozen: nothing here is a result.";
  }
  if (const std::size_t count = record.deviations.size(); count > 0) {
    out += out.empty() ? "" : " ";
    out += "This run deviates from the frozen plan in " + std::to_string(count) +
           (count == 1 ? " point, see below." : " points, see below.");
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> provenance_of(const Study& study,
                                                               const StudyRun& run,
                                                               const RunRecord& record) {
  std::vector<std::pair<std::string, std::string>> facts{
      {"Study", study.name + " " + study.version},
      {"Plan", run.plan_hash},
      {"Seed", format_integer(study.seed)}};
  facts.emplace_back("Engine", "Impactlytics " + record.engine.version);
  for (const auto& [library, version] : record.engine.libraries) {
    if (library == "duckdb") facts.emplace_back("Tables", version);
  }
  for (const Node& node : study.nodes) {
    const auto* parameter = std::get_if<ParameterNode>(&node.body);
    if (parameter == nullptr) continue;
    facts.emplace_back("Parameter " + node.name, format_value(parameter->value));
  }
  for (const InputFile& input : run.inputs) {
    facts.emplace_back((input.generated ? "Generated " : "Input ") + input.file,
                       format_integer(input.rows) + " rows, SHA-256 " + input.sha256);
  }
  return facts;
}

}  // namespace

Report report_of(const Study& study, const StudyRun& run, const Results& results,
                 const RunRecord& record) {
  Report report;
  report.title = study.title.empty() ? study.name : study.title;
  report.notice = notice_of(study, run, record);
  std::vector<std::string> shown;
  // Where the study declares no order, the answers come first.
  if (study.items.empty()) add_estimates(study, results, &report.sections);
  for (const Item& item : shown_items(study)) {
    report.sections.push_back(section_of(item, results));
    if (item.kind == Item::Kind::kCheck) shown.push_back(item.text);
  }
  if (!study.items.empty()) add_estimates(study, results, &report.sections);
  for (const CheckRow& row : results.checks) {
    if (row.passed || std::find(shown.begin(), shown.end(), row.node) != shown.end()) continue;
    report.sections.push_back(section_of({Item::Kind::kCheck, row.node}, results));
  }
  add_deviations(record, &report.sections);
  add_plan(study, &report.sections);
  report.provenance = provenance_of(study, run, record);
  return report;
}

}  // namespace impact
