#pragma once

#include <string>
#include <vector>

#include "engine/stats/estimate.h"
#include "engine/table/frame.h"

namespace impact {

/// Outcome of one declared check. `rows` are the first offenders, possibly none.
struct CheckRow {
  std::string node;
  bool passed = false;
  Value value;  ///< What was measured.
  Frame rows;
};

/// One estimate and the inquiry it answers.
struct EstimateRow {
  std::string node;
  std::string inquiry;
  Estimate estimate;
};

struct NamedTable {
  std::string name;
  Frame frame;
};

/// Everything a run found, in the order in which it was declared.
struct Results {
  std::string study;
  std::string plan_hash;
  std::vector<EstimateRow> estimates;
  std::vector<CheckRow> checks;
  std::vector<NamedTable> tables;
};

/// The text of results.json: {"study", "plan_hash", "estimates", "checks", "tables"}, an estimate
/// as
/// {"node", "inquiry", "term", "estimate", "std_error", "statistic", "df", "p_value", "conf_low",
/// "conf_high", "n", "method", "se_type", "warnings"}, a check as {"node", "passed", "value",
/// "rows"}, a table as {"columns": [...], "rows": [[...]]}. One row a
/// line; tables sorted by name. Numbers shortest-round-trip, 64-bit integers exact, dates and
/// timestamps ISO 8601, missing cells null; NaN and the infinities, which JSON lacks, as the texts
/// "NaN", "Infinity", "-Infinity".
[[nodiscard]] std::string results_json(const Results& results);

/// Name of an analysis' table among the results: "<node>.<table>", or the node's own where the
/// table is called like it, as what the node is about.
[[nodiscard]] std::string result_table_name(const std::string& node, const std::string& table);

}  // namespace impact
