#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/table/type.h"

/// study.lock: what went into a run and what came out, as hashes. No times, no host, no path of a
/// machine: the same run gives the same bytes anywhere. Hashes are SHA-256 in lower-case
/// hexadecimal.
namespace impact {

/// What computed the run.
struct LockEngine {
  std::string version = {};         ///< Of Impactlytics.
  std::string commit = {};          ///< "" where the build does not know it: then left out.
  std::string compiler = {};        ///< "GNU 12.2.0".
  std::string floating_point = {};  ///< Flags that decide about bits: "-ffp-contract=off ...".
  /// The fixed instruction set of the build ("x86-64-v2"), which is the same on every machine of
  /// the family, not what one machine happens to offer. "": left out.
  std::string cpu = {};
  std::map<std::string, std::string> libraries = {};  ///< "duckdb" -> "v1.4.4".
  bool operator==(const LockEngine&) const = default;
};

/// This build: everything but the libraries, which their users know.
[[nodiscard]] LockEngine this_engine();

/// A file the run read.
struct LockInput {
  std::string name = {};  ///< Of the source.
  std::string file = {};  ///< As declared, relative to the data folder.
  std::string sha256 = {};
  std::uint64_t bytes = 0;
  std::int64_t rows = 0;
  std::vector<std::pair<std::string, std::string>> schema = {};  ///< Column and type, in order.
  bool generated = false;  ///< Stands in for data that were not given.
  bool operator==(const LockInput&) const = default;
};

/// A node the run computed or took from the cache.
struct LockNode {
  std::string name = {};
  std::string kind = {};                           ///< "source", "table", "estimator", ...
  std::string definition = {};                     ///< Hash of its declaration.
  std::map<std::string, std::string> inputs = {};  ///< Node or file -> hash of its result.
  std::string stream = {};                         ///< Of its random numbers; "" if it draws none.
  std::string result = {};                         ///< Hash.
  std::vector<std::string> warnings = {};
  bool operator==(const LockNode&) const = default;
};

struct Lock {
  std::string study = {};
  std::string version = {};
  std::int64_t seed = 0;
  std::string plan_hash = {};
  /// Dates, timestamps and numbers that JSON lacks (NaN) are read back as their text.
  std::map<std::string, Value> parameters = {};
  LockEngine engine = {};
  std::map<std::string, std::string> scripts = {};  ///< Relative path -> SHA-256.
  std::vector<LockInput> inputs = {};
  std::vector<LockNode> nodes = {};                 ///< In the order of execution.
  std::map<std::string, std::string> outputs = {};  ///< File of the run folder -> SHA-256.
  bool operator==(const Lock&) const = default;
};

/// The text of study.lock: sorted JSON with a seal (see sealed_json.h); inputs sorted by name,
/// nodes as they stand.
[[nodiscard]] std::string lock_text(const Lock& lock);

/// Inverse of lock_text. Throws DataError naming `where` when the text is no lock, is of another
/// format, lacks a field, or was edited by hand. Another engine's version is no error here.
[[nodiscard]] Lock read_lock(std::string_view text, std::string_view where);

}  // namespace impact
