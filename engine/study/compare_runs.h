#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/study/compare_results.h"
#include "engine/study/lock.h"

/// Two runs of a study: are their results the same, and if not, where did they part?
namespace impact {

/// What is at hand of a run.
struct RecordedRun {
  std::string name = {};  ///< For messages: its folder.
  Lock lock = {};
  std::optional<std::string> results = std::nullopt;  ///< Text of results.json.
};

/// Why a node differs between two runs; the first that holds.
enum class NodeChange {
  kSame,
  kRemoved,     ///< Only the first run has it.
  kAdded,       ///< Only the second run has it.
  kDefinition,  ///< It was declared otherwise.
  kInputs,      ///< What it rests on differs.
  kSeed,        ///< It draws random numbers, and the study's seed differs.
  kEngine,      ///< Declared alike, from the same inputs, but computed by another engine.
  kResult,      ///< Only its result differs: the run does not repeat itself.
  kWarnings,    ///< Only its warnings differ.
};

struct NodeComparison {
  std::string kind = {};
  std::string name = {};
  NodeChange change = NodeChange::kSame;
  std::vector<std::string> inputs = {};  ///< Those that differ, sorted.
  std::string before = {};               ///< Hash of the result, "" where there is none.
  std::string after = {};
};

/// A file that differs: its content, its number of rows, its columns, or whether it was generated.
struct InputChange {
  std::string name = {};
  std::optional<LockInput> before = std::nullopt;  ///< Nothing: only the second run read it.
  std::optional<LockInput> after = std::nullopt;
};

/// A fact about the whole run that differs: "seed", "library duckdb", "script study.txt".
struct SettingChange {
  std::string what = {};
  std::string before = {};
  std::string after = {};
  bool engine = false;  ///< It belongs to what computed the run, not to the study.
};

struct RunComparison {
  enum class Verdict {
    /// Same plan, files and results, byte by byte.
    kIdentical,
    /// Same plan and files; every value that differs is a floating-point number, by at most
    /// kCloseRelative.
    kClose,
    kDifferent,
  };
  Verdict verdict = Verdict::kIdentical;
  std::vector<SettingChange> settings = {};
  std::vector<InputChange> inputs = {};
  std::vector<NodeComparison> nodes =
      {};  ///< All, as the first run executed them, added ones last.
  std::optional<std::size_t> first = std::nullopt;  ///< The first of `nodes` that is not the same.
  bool values_compared = false;                     ///< Both results.json were at hand and genuine.
  ResultsComparison values = {};
  std::vector<std::string> notes = {};  ///< Sentences: what could not be compared, and the like.
};

/// Throws DataError when a results.json is no JSON. One that its lock does not name was edited
/// after its run: a note says so, and the runs count as different.
[[nodiscard]] RunComparison compare_runs(const RecordedRun& before, const RecordedRun& after);

/// "identical", "close", "different".
[[nodiscard]] std::string name_of(RunComparison::Verdict verdict);

/// For a terminal: the verdict with its reason on the first line, then what differs; ends in a
/// newline. With `all_nodes` every node has its line, also those that are the same.
[[nodiscard]] std::string describe(const RunComparison& comparison, bool all_nodes = false);

/// Everything in the struct, whole hashes and all.
[[nodiscard]] nlohmann::json to_json(const RunComparison& comparison);

}  // namespace impact
