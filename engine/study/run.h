#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/analysis/analysis.h"
#include "engine/core/context.h"
#include "engine/stats/estimate.h"
#include "engine/study/study.h"
#include "engine/table/frame.h"

/// Running a study: nodes whose result is not in the cache, independent ones in parallel.
namespace impact {

class ObjectStore;
class FingerprintCache;

/// What one node gave. Which fields matter depends on its kind.
struct NodeResult {
  std::int64_t rows = 0;            ///< Sources, filters, joins: rows.
  Frame frame = {};                 ///< Tables: the rows; checks: the first offenders.
  bool passed = true;               ///< Checks.
  Value value = {};                 ///< Checks: what was measured.
  std::vector<Estimate> estimates;  ///< Estimators and analyses.
  std::vector<std::pair<std::string, Frame>> tables;  ///< Analyses, checks: what else they found.
  std::vector<std::pair<std::string, std::string>> models;  ///< Analyses: fitted models, saved.
  std::string figure;               ///< Figures: the Vega-Lite specification.
  std::string words;                ///< Figures: what it shows, for who can't see it.
  std::vector<RaisedAlarm> alarms;  ///< Analyses, estimators and checks.
  std::vector<std::string> warnings;
};

/// The exact bytes of a result and back. decode_result throws DataError on malformed bytes.
[[nodiscard]] std::string encode_result(const NodeResult& result);
[[nodiscard]] NodeResult decode_result(std::string_view bytes);

struct NodeRun {
  std::string name;
  std::string kind;
  std::string definition;                     ///< Hash of the declaration.
  std::map<std::string, std::string> inputs;  ///< Node or file -> its key or hash.
  std::string key;                            ///< What the cache knows the result under.
  std::string result_hash;
  NodeResult result;
  bool cached = false;  ///< Came from the cache.
  bool stops = true;    ///< Checks: failing fails the run.
  [[nodiscard]] bool failed() const { return !result.passed && stops; }
};

struct InputFile {
  std::string node;
  std::string file;
  std::string sha256;
  std::uint64_t bytes = 0;
  std::int64_t rows = 0;
  Schema schema;
  bool generated = false;
};

/// What one run found, and what went in.
struct StudyRun {
  std::string plan_hash;
  bool blinded = false;
  std::vector<NodeRun> nodes;  ///< In order of declaration, parameters left out.
  std::vector<InputFile> inputs;
  [[nodiscard]] bool passed() const;  ///< Every check that stops a run held.
};

/// What a run works with besides the study. Nothing here changes results.
struct RunTools {
  ObjectStore* cache = nullptr;              ///< Null: everything is computed.
  FingerprintCache* fingerprints = nullptr;  ///< Never null.
  bool sealed = false;                       ///< A frozen plan exists: outcomes are shown.
  std::string table_backend;                 ///< Name and version, part of every key.
  /// Only the checks that work on data with a method, and the nodes whose results these use.
  bool only_checks = false;
};

/// Whether a node is in the cache, and under which key; nothing is computed but fingerprints.
struct NodeState {
  std::string name;
  std::string kind;
  std::string definition;
  std::map<std::string, std::string> inputs;
  std::string key;
  bool fresh = false;
};
[[nodiscard]] std::vector<NodeState> node_states(const Study& study, const RunTools& tools,
                                                 const Context& context);

/// Computes what is stale, and keeps each result as soon as it is there. Throws NodeError of the
/// node that fails first: nodes run in waves, each after all it uses, and within a wave the first
/// in order of declaration counts. Throws Cancelled.
[[nodiscard]] StudyRun run_study(const Study& study, const RunTools& tools, const Context& context);

}  // namespace impact
