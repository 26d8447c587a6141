#include "engine/study/study_report.h"

#include <algorithm>
#include <set>
#include <nlohmann/json.hpp>

#include "engine/analysis/words.h"
#include "engine/core/number.h"
#include "engine/study/report_parts.h"
#include "engine/study/sentence.h"

namespace impact {
namespace {

using Item = Study::Item;
using SectionKind = ReportSection::Kind;

std::vector<Item> shown_items(const Study& study) {
  if (!study.items.empty()) return study.items;
  std::vector<Item> tables, figures, checks;
  for (const Node& node : study.nodes) {
    if (std::holds_alternative<TableNode>(node.body)) {
      tables.push_back({Item::Kind::kTable, node.name});
    } else if (std::holds_alternative<FigureNode>(node.body)) {
      figures.push_back({Item::Kind::kFigure, node.name});
    } else if (std::holds_alternative<CheckNode>(node.body)) {
      checks.push_back({Item::Kind::kCheck, node.name});
    }
  }
  tables.insert(tables.end(), figures.begin(), figures.end());
  tables.insert(tables.end(), checks.begin(), checks.end());
  return tables;
}

// What the report shows of one run.
class Composer {
 public:
  Composer(const Study& study, const StudyRun& run, const Results& results)
      : study_(study), results_(results) {
    for (const NodeRun& node : run.nodes) runs_[node.name] = &node;
  }

  void add(const Item& item, Report* report) {
    switch (item.kind) {
      case Item::Kind::kSummary: add_findings(item, &report->summary); return;
      case Item::Kind::kPlan: return;  // Every report has it.
      default: report->sections.push_back(section(item));
    }
  }

  // Rows that no item has shown.
  void add_estimates(std::vector<ReportSection>* sections) {
    ReportSection rest{.kind = SectionKind::kEstimates};
    for (const EstimateRow& row : results_.estimates) {
      if (shown_.count(row.node) == 0) rest.estimates.push_back(shown(row));
    }
    if (rest.estimates.empty()) return;
    sections->push_back(detail::heading_section("Estimates"));
    sections->push_back(std::move(rest));
  }

  void add_failed_checks(std::vector<ReportSection>* sections) {
    for (const CheckRow& row : results_.checks) {
      if (row.passed || shown_.count(row.node) != 0) continue;
      sections->push_back(section({Item::Kind::kCheck, row.node}));
    }
  }

  void add_alarms(Report* report) const {
    for (const Node& node : study_.nodes) {
      const auto at = runs_.find(node.name);
      if (at == runs_.end()) continue;
      for (const RaisedAlarm& alarm : at->second->result.alarms) {
        // Several analyses of one gap find the same.
        const bool told = std::any_of(report->alarms.begin(), report->alarms.end(),
                                      [&](const Alarm& other) { return other.text == alarm.text; });
        if (!told) report->alarms.push_back({alarm.rule, alarm.text, node.name});
      }
    }
  }

 private:
  ReportSection section(const Item& item) {
    ReportSection out;
    out.text = item.text;
    switch (item.kind) {
      case Item::Kind::kHeading:
        out.kind = SectionKind::kHeading;
        out.level = item.level;
        break;
      case Item::Kind::kTable:
        out.kind = SectionKind::kTable;
        out.node = item.text;
        out.frame = table(item.text);
        break;
      case Item::Kind::kCheck:
        out.kind = SectionKind::kChecks;
        out.node = item.text;
        shown_.insert(item.text);
        for (const CheckRow& row : results_.checks) {
          if (row.node == item.text) out.checks.push_back(row);
        }
        break;
      case Item::Kind::kEstimates:
        out.kind = SectionKind::kEstimates;
        out.node = item.text;
        shown_.insert(item.text);
        for (const EstimateRow& row : results_.estimates) {
          if (row.node == item.text) out.estimates.push_back(shown(row));
        }
        break;
      case Item::Kind::kFigure: return figure(item.text);
      case Item::Kind::kValues: return values(item);
      case Item::Kind::kSentences:
        out.kind = SectionKind::kFindings;
        out.text.clear();
        add_findings(item, &out.findings);
        break;
      default: break;
    }
    return out;
  }

  ReportSection figure(const std::string& name) const {
    ReportSection out{.kind = SectionKind::kFigure};
    out.node = name;
    out.text = std::get<FigureNode>(study_.find(name)->body).caption;
    const auto at = runs_.find(name);
    if (at == runs_.end()) return out;
    out.figure.spec = at->second->result.figure;
    out.figure.words = at->second->result.words;
    out.warnings = at->second->result.warnings;
    return out;
  }

  ReportSection values(const Item& item) const {
    ReportSection out{.kind = SectionKind::kValues};
    for (const Study::Told& told : item.told) {
      ReportValue& box = out.values.emplace_back();
      box.label = told.label;
      const auto at = runs_.find(told.node);
      if (at == runs_.end()) {
        box.value = "no data";
        continue;
      }
      const NodeResult& result = at->second->result;
      if (!result.estimates.empty()) {
        const Estimate& row = estimate(result, told.part);
        box.value = told.share ? readable_share(row.estimate) : readable_number(row.estimate);
        if (!std::isnan(row.conf_low)) {
          const auto end = [&](double value) {
            return told.share ? readable_share(value) : readable_number(value);
          };
          box.note = end(row.conf_low) + " to " + end(row.conf_high);
        }
        box.warnings = shortened(row.warnings, result);
      } else {
        box.value = cell(result.frame, told);
      }
    }
    return out;
  }

  // The summary begins with every alarm: what follows refers to it.
  static std::vector<std::string> shortened(std::vector<std::string> warnings,
                                            const NodeResult& result) {
    for (std::string& warning : warnings) {
      for (const RaisedAlarm& alarm : result.alarms) {
        if (warning == alarm.text) warning = "see the alarm: " + alarm.rule;
      }
    }
    return warnings;
  }

  // The first row's cell of a column; the first column where none is named.
  static std::string cell(const Frame& frame, const Study::Told& told) {
    if (frame.rows() == 0 || frame.schema().size() == 0) return "no row";
    const Column& column =
        told.part.empty() ? frame.column(std::size_t{0}) : frame.column(told.part);
    if (column.missing(0)) return "missing";
    if (!column.type().numeric()) return format_value(column.value(0));
    std::vector<double> storage;
    const double number = column.to_numbers(storage)[0];
    return told.share ? readable_share(number) : readable_number(number);
  }

  static const Estimate& estimate(const NodeResult& result, const std::string& term) {
    for (const Estimate& row : result.estimates) {
      if (row.term == term) return row;
    }
    if (term.empty()) return result.estimates.front();
    std::vector<std::string> terms;
    for (const Estimate& row : result.estimates) terms.push_back(row.term);
    throw ArgumentError({.what = "the report speaks of a term that is not there",
                         .got = term,
                         .expected = list_words(terms),
                         .hint = did_you_mean(term, terms)});
  }

  void add_findings(const Item& item, std::vector<Finding>* findings) const {
    for (const Study::Told& told : item.told) {
      Finding& finding = findings->emplace_back();
      finding.about = told.node;
      const auto at = runs_.find(told.node);
      if (at == runs_.end() || at->second->result.estimates.empty()) {
        finding.sentence = told.node + ": no estimate.";
        continue;
      }
      const Estimate& row = estimate(at->second->result, told.part);
      finding.sentence =
          told.label.empty() ? plain_sentence(told.node, row) : write_sentence(told.label, row);
      finding.warnings = shortened(row.warnings, at->second->result);
    }
  }

  [[nodiscard]] ReportEstimate shown(const EstimateRow& row) const {
    const auto* declared = std::get_if<EstimatorNode>(&study_.find(row.node)->body);
    ReportEstimate out{row, declared != nullptr && declared->primary};
    const auto at = runs_.find(row.node);
    if (at != runs_.end()) {
      out.row.estimate.warnings = shortened(row.estimate.warnings, at->second->result);
    }
    return out;
  }

  [[nodiscard]] Frame table(const std::string& name) const {
    const auto at = std::find_if(results_.tables.begin(), results_.tables.end(),
                                 [&](const NamedTable& t) { return t.name == name; });
    if (at != results_.tables.end()) return at->frame;
    std::vector<std::string> names;
    for (const NamedTable& item : results_.tables) names.push_back(item.name);
    throw ArgumentError({.what = "the report shows a table that is not there: '" + name + "'",
                         .expected = list_words(names),
                         .hint = did_you_mean(name, names)});
  }

  const Study& study_;
  const Results& results_;
  std::map<std::string, const NodeRun*> runs_ = {};
  std::set<std::string> shown_ = {};  // Checks and nodes whose rows have a place.
};

}  // namespace

Report report_of(const Study& study, const StudyRun& run, const Results& results,
                 const RunRecord& record) {
  Report report;
  report.title = study.title.empty() ? study.name : study.title;
  report.notice = detail::notice_of(study, run, record);
  Composer composer(study, run, results);
  composer.add_alarms(&report);
  // Where the study declares no order, the answers come first.
  if (study.items.empty()) composer.add_estimates(&report.sections);
  for (const Item& item : shown_items(study)) composer.add(item, &report);
  if (!study.items.empty()) composer.add_estimates(&report.sections);
  composer.add_failed_checks(&report.sections);
  detail::add_deviations(record, &report.sections);
  detail::add_plan(study, &report.sections);
  report.data = detail::data_facts(study, run);
  report.methods = detail::method_notes(study);
  report.provenance = detail::provenance_of(study, run, record);
  return report;
}

}  // namespace impact
