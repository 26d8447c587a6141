#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/app/progress.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/design/diagnosis_view.h"
#include "engine/render/html_report.h"
#include "engine/study/design_of.h"

namespace impact::bindings {
namespace {

Diagnosis simulate(const Study& study, const Options& options, const Context& context,
                   std::vector<std::string>* notes) {
  try {
    StudyDesign made = design_of(study);
    Diagnosis found = diagnose(made.design, {.simulations = options.simulations}, context);
    notes->insert(notes->end(), made.notes.begin(), made.notes.end());
    notes->insert(notes->end(), found.warnings.begin(), found.warnings.end());
    return found;
  } catch (const NodeError& error) {
    throw located(error);
  }
}

// The study declared anew with some parameters set to values of a sweep.
SweptDiagnosis simulate_point(const Options& options,
                              std::vector<std::pair<std::string, Value>> parameters,
                              std::vector<std::string>* notes) {
  Options changed = options;
  std::string place;
  for (const auto& [name, value] : parameters) {
    changed.settings[name] = format_value(value);
    place += (place.empty() ? "" : ", ") + name + " = " + format_value(value);
  }
  const auto script = load_script(changed, source_of(options.path));
  std::vector<std::string> found;
  Diagnosis diagnosis = simulate(script->study(), changed, script->session().context(), &found);
  for (const std::string& note : found) notes->push_back("with " + place + ": " + note);
  return {std::move(parameters), std::move(diagnosis)};
}

// Columns of a terminal; bytes of UTF-8 sequences after the first take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

void print_table(const std::string& title, const Frame& frame) {
  std::vector<std::vector<std::string>> lines{frame.schema().names()};
  for (std::size_t row = 0; row < frame.rows(); ++row) {
    auto& line = lines.emplace_back();
    for (std::size_t i = 0; i < frame.schema().size(); ++i) {
      line.push_back(format_value(frame.column(i).value(row)));
    }
  }
  std::printf("%s\n", title.c_str());
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : lines) width = std::max(width, width_of(other[i]));
      text += "  " + line[i] + std::string(width - width_of(line[i]), ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    std::printf("%s\n", text.c_str());
  }
}

// What a reader wants first: a table of each diagnosis. results.json has every figure.
Report report_of(const Study& study, const Results& results, const std::vector<Frame>& views,
                 const Options& options, const std::vector<std::string>& notes) {
  Report report;
  report.title = "Diagnosis: " + (study.title.empty() ? study.name : study.title);
  report.sections.push_back(
      {.text = "The study simulated " + format_integer(options.simulations) +
               " times under its declared model. The Monte-Carlo standard error of each figure "
               "stands in brackets after it; results.json has every figure in full."});
  for (std::size_t i = 0; i < views.size(); ++i) {
    report.sections.push_back(
        {.kind = ReportSection::Kind::kHeading, .text = results.tables[i].name});
    report.sections.push_back({.kind = ReportSection::Kind::kTable, .frame = views[i]});
  }
  if (!notes.empty()) {
    std::string text;
    for (const std::string& note : notes) text += (text.empty() ? "" : "\n\n") + note;
    report.sections.push_back({.kind = ReportSection::Kind::kHeading, .text = "Notes"});
    report.sections.push_back({.text = text});
  }
  report.provenance = {{"Study", study.name + " " + study.version},
                       {"Plan", results.plan_hash},
                       {"Seed", format_integer(study.seed)},
                       {"Simulations", format_integer(options.simulations)}};
  return report;
}

void write_folder(Script& script, const Results& results, const std::vector<Frame>& views,
                  const Options& options, const std::vector<std::string>& notes) {
  Session& session = script.session();
  const Study& study = script.study();
  Lock lock{.study = study.name,
            .version = study.version,
            .seed = study.seed,
            .plan_hash = results.plan_hash,
            .engine = engine_of(session.backend()->version())};
  const std::pair<std::string, std::string> files[] = {
      {"results.json", results_json(results)},
      {"report.html", html_report(report_of(study, results, views, options, notes))}};
  AtomicFolder& folder = session.folder();
  for (const auto& [name, bytes] : files) {
    folder.write(name, bytes);
    lock.outputs[name] = to_hex(sha256(bytes));
  }
  for (const auto& [name, text] : script.files()) {
    folder.write("script/" + name, text);
    lock.scripts[name] = to_hex(sha256(text));
  }
  folder.write(kRunMarker, lock_text(lock));
  session.context().check();
  folder.commit();
}

}  // namespace

int diagnose_command(const Options& options) {
  const auto script = load_script(options, source_of(options.path));
  const Study& study = script->study();
  Session& session = script->session();
  if (options.out.empty()) session.set_name(study.name + "-diagnosis");
  (void)session.folder();  // Refused now rather than after the work.
  std::vector<std::string> notes;
  Results results;
  results.study = study.name;
  results.plan_hash = hash_json(plan_of(study));
  const Diagnosis base = simulate(study, options, session.context(), &notes);
  results.tables.push_back({"diagnosis", base.table});
  std::vector<Frame> views{diagnosis_view(base.table, 0)};
  for (const Node& node : study.nodes) {
    const auto* sweep = std::get_if<SweepNode>(&node.body);
    if (sweep == nullptr) continue;
    std::vector<SweptDiagnosis> points;
    for (auto& point : sweep_points(*sweep)) {
      points.push_back(simulate_point(options, std::move(point), &notes));
    }
    results.tables.push_back({"sweep " + node.name, sweep_table(points)});
    views.push_back(diagnosis_view(results.tables.back().frame, sweep->parameters.size()));
  }
  write_folder(*script, results, views, options, notes);
  clear_progress();
  if (options.json) {
    const nlohmann::ordered_json out = {{"status", "done"},
                                        {"study", study.name},
                                        {"plan_hash", results.plan_hash},
                                        {"simulations", options.simulations},
                                        {"folder", session.target().string()}};
    std::printf("%s\n", pretty_json(out).c_str());
    return kDone;
  }
  if (options.quiet) return kDone;
  for (std::size_t i = 0; i < results.tables.size(); ++i) {
    print_table(results.tables[i].name, views[i]);
  }
  for (const std::string& note : notes) std::printf("%s\n", note.c_str());
  std::printf("%s simulations; everything in %s\n", format_integer(options.simulations).c_str(),
              session.target().string().c_str());
  return kDone;
}

}  // namespace impact::bindings
