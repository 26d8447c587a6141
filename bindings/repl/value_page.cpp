#include "bindings/repl/value_page.h"

#include <string>

#include "bindings/args.h"
#include "bindings/declarations.h"
#include "bindings/recipe_reader.h"
#include "bindings/runtime.h"
#include "bindings/session.h"
#include "engine/analysis/analysis.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/render/html_report.h"
#include "engine/study/analyse_node.h"
#include "engine/study/draw_node.h"
#include "engine/table/verbs.h"

namespace impact::bindings {
namespace {

constexpr std::int64_t kMostRows = 1000;

ReportSection section_of(const Figure& figure) {
  ReportSection section{.kind = ReportSection::Kind::kFigure};
  section.figure.spec = figure.spec.dump();
  section.figure.words = figure.words;
  section.warnings = figure.warnings;
  return section;
}

Report page_of(const Recipe& recipe, const Context& context) {
  Report report{.title = describe_recipe(recipe)};
  const AnalysisResult result =
      analyse_recipe(recipe, StreamKey::root(0).child(recipe.method), context);
  ReportSection rows{.kind = ReportSection::Kind::kEstimates};
  for (const Estimate& row : result.estimates) {
    rows.estimates.push_back({.row = {.node = recipe.method, .inquiry = "", .estimate = row}});
  }
  if (!rows.estimates.empty()) report.sections.push_back(std::move(rows));
  for (const AnalysisTable& table : result.tables) {
    report.sections.push_back(
        {.kind = ReportSection::Kind::kTable, .text = table.name, .frame = table.frame});
  }
  return report;
}

Report page_of(const RelationPtr& relation, const Context& context) {
  Report report{.title = relation->label};
  ReportSection section{.kind = ReportSection::Kind::kTable};
  section.frame = relation->backend->collect(head(relation, kMostRows), context);
  if (section.frame.rows() == static_cast<std::size_t>(kMostRows)) {
    section.text = "The first 1,000 rows";
  }
  report.sections.push_back(std::move(section));
  return report;
}

}  // namespace

std::filesystem::path write_value_page(lua_State* L, int index) {
  Session& session = *runtime(L).session();
  Report report;
  if (find_box(L, index, "Plot") != nullptr) {
    const Recipe& recipe = get_handle<const PlotHandle>(L, index)->recipe;
    report = {.title = describe_recipe(recipe)};
    report.sections.push_back(section_of(draw_recipe(recipe, session.context())));
  } else if (find_box(L, index, "Table") != nullptr) {
    report = page_of(get_handle<const Relation>(L, index), session.context());
  } else if (find_box(L, index, "Analysis") != nullptr) {
    report = page_of(*get_handle<const Recipe>(L, index), session.context());
  } else {
    throw ArgumentError({.what = "a browser shows tables, plots and analyses",
                         .got = describe_value(L, index),
                         .expected = ".open claims, .open plot.histogram { of = claims.views }"});
  }
  report.notice = "A page of the prompt: it goes away when the prompt ends.";
  const std::filesystem::path folder = session.scratch() / "pages";
  std::filesystem::create_directories(folder);
  std::size_t number = 1;
  while (std::filesystem::exists(folder / (std::to_string(number) + ".html"))) ++number;
  const std::filesystem::path path = folder / (std::to_string(number) + ".html");
  write_file_atomically(path, html_report(report));
  return path;
}

}  // namespace impact::bindings
