#pragma once

#include <string>
#include <vector>

#include "engine/render/anchors.h"
#include "engine/render/report.h"

/// The pieces of a page but for tables of data (html_table.h) and prose (markdown.h). Each appends
/// to `out`; `title` is the section's caption.
namespace impact {

void append_alarms(std::string& out, const std::vector<Alarm>& alarms, const Anchors& anchors);
void append_findings(std::string& out, const std::vector<Finding>& findings,
                     const Anchors& anchors);
void append_values(std::string& out, const std::vector<ReportValue>& values);
/// The outcomes, then the rows of every check that failed.
void append_checks(std::string& out, const std::string& title, const std::vector<CheckRow>& checks,
                   Anchors& anchors);
/// The chart's place, its words, its specification as data.
void append_figure(std::string& out, const ReportSection& section, Anchors& anchors);
/// Where rows came from and where they went.
void append_data(std::string& out, const std::vector<DataFact>& facts);
void append_methods(std::string& out, const std::vector<MethodNote>& notes, Anchors& anchors);

/// Tidy rows with each interval drawn, on one axis for the rows that answer one inquiry (have one
/// term, where there is no inquiry); warnings stand below the number they concern. The downloaded
/// table has every field of Estimate.
void append_estimates(std::string& out, const std::string& title,
                      const std::vector<ReportEstimate>& estimates, Anchors& anchors);

}  // namespace impact
