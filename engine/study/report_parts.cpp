#include "engine/study/report_parts.h"

#include <algorithm>
#include <map>
#include <set>
#include <nlohmann/json.hpp>

#include "engine/analysis/analysis.h"
#include "engine/core/number.h"
#include "engine/study/node_text.h"
#include "engine/study/recipe.h"

namespace impact::detail {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

}  // namespace

ReportSection heading_section(std::string text) {
  return {.kind = ReportSection::Kind::kHeading, .text = std::move(text)};
}

ReportSection prose_section(std::string text) { return {.text = std::move(text)}; }

ReportSection table_section(Frame frame) {
  return {.kind = ReportSection::Kind::kTable, .frame = std::move(frame)};
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
  sections->push_back(heading_section("Plan"));
  sections->push_back(table_section(Frame(
      {"kind", "name", "declares", "uses"},
      {Column::texts(kinds), Column::texts(names), Column::texts(declared), Column::texts(uses)})));
}

void add_deviations(const RunRecord& record, std::vector<ReportSection>* sections) {
  if (!record.frozen) return;
  sections->push_back(heading_section("Deviations from the frozen plan"));
  std::string sealed = "The plan was frozen on " + record.frozen->sealed + ". ";
  for (const FrozenPlan::Seal& seal : record.frozen->earlier) {
    sealed += "It replaces the plan frozen on " + seal.sealed + ". ";
  }
  if (record.deviations.empty()) {
    sections->push_back(prose_section(sealed + "This run follows it."));
    return;
  }
  std::vector<std::string> nodes, fields, before, after;
  for (const Deviation& item : record.deviations) {
    nodes.push_back(item.node);
    fields.push_back(item.field);
    before.push_back(item.kind == Deviation::Kind::kAdded ? "not declared" : item.before);
    after.push_back(item.kind == Deviation::Kind::kRemoved ? "not declared" : item.after);
  }
  sections->push_back(prose_section(sealed + "This run differs from it in what follows."));
  sections->push_back(table_section(Frame(
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

std::vector<DataFact> data_facts(const Study& study, const StudyRun& run) {
  std::map<std::string, const NodeRun*> done;
  for (const NodeRun& node : run.nodes) done[node.name] = &node;
  std::vector<DataFact> facts;
  std::map<const Relation*, std::size_t> place;  // Relation -> the fact it leads on from.
  for (const Node& node : study.nodes) {
    const auto at = done.find(node.name);
    if (at == done.end()) continue;
    const auto rows = static_cast<std::uint64_t>(at->second->result.rows);
    if (const auto* source = std::get_if<SourceNode>(&node.body)) {
      place[source->relation.get()] = facts.size();
      facts.push_back({.source = node.name + " (" + source->file + ")", .rows_in = rows});
    } else if (const auto* filter = std::get_if<RelationNode>(&node.body)) {
      if (filter->from == nullptr) continue;
      const auto from = place.find(filter->from.get());
      const auto* before = std::get_if<std::int64_t>(&at->second->result.value);
      if (from == place.end() || before == nullptr) continue;
      place[filter->relation.get()] = from->second;
      for (const PlannedNode& planned : planned_nodes(study)) {
        if (planned.node != &node) continue;
        facts[from->second].steps.push_back({.name = node.name,
                                             .rows = rows,
                                             .dropped = static_cast<std::uint64_t>(*before) - rows,
                                             .why = node_text(planned)});
      }
    }
  }
  return facts;
}

// What a method does and what must hold for its answer to be the effect.
std::string effect_words(EffectMethod method) {
  constexpr const char* kAlike =
      " Assumes that the covariates hold all that moves both treatment and outcome, and that every "
      "kind of unit might have had either arm.";
  std::string words;
  switch (method) {
    case EffectMethod::kRegression:
      words =
          "Outcomes are predicted from covariates in each arm and averaged over the population "
          "asked for; right if the outcome models are.";
      break;
    case EffectMethod::kWeighting:
      words =
          "Units count by the inverse of their probability to have had their arm; right if the "
          "treatment model is.";
      break;
    case EffectMethod::kAugmented:
      words =
          "Outcome models, corrected by their weighted residuals; right if the outcome models or "
          "the treatment model is (Robins, Rotnitzky & Zhao 1994).";
      break;
    case EffectMethod::kWeightedRegression:
      words =
          "Outcome models fitted with inverse probability weights; right if they or the treatment "
          "model is (Wooldridge 2007).";
      break;
    case EffectMethod::kTargeted:
      words =
          "Outcome models moved until their weighted residuals vanish; right if they or the "
          "treatment model is, and inside the outcome's range (van der Laan & Rubin 2006).";
      break;
  }
  return words + kAlike;
}

std::string learning_words(const DoubleLearningSpec& learning) {
  std::string words =
      learning.model == DoubleModel::kInteractive
          ? "Outcomes of both arms and the probability of treatment are learned, each row "
            "predicted "
            "by models that never saw it, and joined as in augmented weighting"
          : "What the covariates predict is taken out of outcome and treatment, each row predicted "
            "by models that never saw it; what is left is regressed on what is left, so that the "
            "effect is one number for everybody";
  words +=
      " (double machine learning, Chernozhukov et al. 2018). Assumes that the covariates hold all "
      "that moves both treatment and outcome, that every kind of unit might have had either arm, "
      "and that the learners come close to the truth.";
  return words;
}

std::vector<MethodNote> method_notes(const Study& study) {
  const auto words_of = [](const Method& method) -> std::string {
    switch (method.kind) {
      case Method::Kind::kDifferenceInMeans:
        return "Difference of the arms' means, Neyman's standard error, Welch's degrees of "
               "freedom.";
      case Method::Kind::kBlocked:
        return "Differences of means within blocks, averaged by the blocks' sizes.";
      case Method::Kind::kOls: return "Ordinary least squares.";
      case Method::Kind::kLin:
        return "Least squares with centred covariates and their interactions with the exposure "
               "(Lin 2013).";
      case Method::Kind::kEffect: return effect_words(method.effect.method);
      case Method::Kind::kLearned: return learning_words(method.learned->spec);
    }
    return "";
  };
  std::vector<MethodNote> notes;
  for (const PlannedNode& planned : planned_nodes(study)) {
    const std::string& name = planned.node->name;
    if (const auto* estimator = std::get_if<EstimatorNode>(&planned.node->body)) {
      notes.push_back(
          {name, words_of(estimator->method) + " Declared as " + node_text(planned) + "."});
    } else if (const Recipe* recipe = analysis_of(planned.node->body)) {
      notes.push_back({name, std::string(analysis_method(recipe->method).words) + " Declared as " +
                                 node_text(planned) + "."});
    }
  }
  return notes;
}

}  // namespace impact::detail
