#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/core/context.h"
#include "engine/core/error.h"
#include "engine/render/html_report.h"
#include "engine/study/results.h"
#include "engine/table/relation.h"
#include "engine/table/source.h"

/// A declared study: what a script said, before anything is computed.
namespace impact {

/// A file the study reads.
struct StudySource {
  std::string name;
  std::string at;              ///< "file:line" of the declaration.
  std::string file;            ///< As declared.
  std::filesystem::path path;  ///< As resolved on this machine.
  bool generated = false;      ///< Stands in for data that were not given.
  RelationPtr relation;
  Expectations expectations;
};

/// A table that goes to the results.
struct StudyTable {
  std::string name;
  std::string at;
  RelationPtr relation;
};

/// A promise: either at most `max` rows of `offenders`, or a value already compared.
struct StudyCheck {
  std::string name;
  std::string at;
  RelationPtr offenders;  ///< Null for a value.
  std::int64_t max = 0;
  Value value;
  bool passed = false;   ///< Of a value.
  std::string expected;  ///< Of a value, as text.
};

struct Study {
  std::string name;
  std::string version;
  std::int64_t seed = 0;
  std::vector<std::pair<std::string, Value>> parameters;
  std::vector<StudySource> sources;
  std::vector<StudyTable> tables;
  std::vector<StudyCheck> checks;

  /// A piece of the report; `text` is prose, or the name of a table or check.
  struct Item {
    enum class Kind { kHeading, kProse, kTable, kCheck };
    Kind kind;
    std::string text;
  };
  std::string title;        ///< Empty: the study's name.
  std::vector<Item> items;  ///< Empty: every table, then every check.
};

/// An error inside one declaration; `at` is its "file:line".
class NodeError : public Error {
 public:
  NodeError(const Error& cause, std::string at) : Error(cause), at_(std::move(at)) {}
  [[nodiscard]] const std::string& at() const noexcept { return at_; }

 private:
  std::string at_;
};

/// What one run found, and what went in.
struct StudyRun {
  Results results;
  struct Input {
    std::string file;
    std::string sha256;
    std::int64_t rows = 0;
    bool generated = false;
  };
  std::vector<Input> inputs;
  [[nodiscard]] bool passed() const;  ///< Every check held.
};

/// The declarations as canonical data: nodes sorted by kind and name, files by declared path. Equal
/// scripts give equal plans on every machine, whatever the data hold.
[[nodiscard]] nlohmann::json plan_of(const Study& study);

/// Checks the sources, computes every table and check. Throws NodeError.
[[nodiscard]] StudyRun run_study(const Study& study, const Context& context);

/// Files of the run folder: name and bytes, the lock last. Same bytes for the same run.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> run_files(
    const Study& study, const StudyRun& run, const std::string& backend);

}  // namespace impact
