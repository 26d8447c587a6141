#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/render/report.h"
#include "engine/study/run_files.h"

/// The parts of a report that no study chooses: not for other callers.
namespace impact::detail {

[[nodiscard]] ReportSection heading_section(std::string text);
[[nodiscard]] ReportSection prose_section(std::string text);
[[nodiscard]] ReportSection table_section(Frame frame);

/// Generated data, blinding and deviations, as the first line says them.
[[nodiscard]] std::string notice_of(const Study& study, const StudyRun& run,
                                    const RunRecord& record);
void add_plan(const Study& study, std::vector<ReportSection>* sections);
void add_deviations(const RunRecord& record, std::vector<ReportSection>* sections);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance_of(
    const Study& study, const StudyRun& run, const RunRecord& record);
/// What became of each source's rows: the named filters that lead on from it.
[[nodiscard]] std::vector<DataFact> data_facts(const Study& study, const StudyRun& run);
/// How estimators and analyses were computed, in words.
[[nodiscard]] std::vector<MethodNote> method_notes(const Study& study);

}  // namespace impact::detail
