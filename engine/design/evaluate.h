#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/rng.h"
#include "engine/design/assignment.h"
#include "engine/table/expr.h"

namespace impact {

/// What a simulated column holds. Every cell is a double: integers and numbers as themselves,
/// booleans as 0 and 1, texts as codes of a TextTable; NaN is missing in all of them (a table tells
/// missing from NaN, a simulation does not). kMissing is the literal without a type.
enum class SimKind { kNumber, kInteger, kBoolean, kText, kMissing };
/// "number", "integer", "boolean", "text", "missing".
[[nodiscard]] std::string_view sim_kind_name(SimKind kind);

/// Texts by code, in the order in which they were first asked for. Not thread-safe.
class TextTable {
 public:
  [[nodiscard]] double code(std::string_view text);
  [[nodiscard]] const std::string& text(double code) const {
    return texts_[static_cast<std::size_t>(code)];
  }
  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  void truncate(std::size_t size);  ///< Forgets the codes from `size` on.

 private:
  std::vector<std::string> texts_;
  std::map<std::string, std::size_t, std::less<>> codes_;
};

/// A column of a program: the register that holds it. `fixed`: the same in every simulation.
struct Operand {
  std::size_t reg = 0;
  SimKind kind = SimKind::kNumber;
  bool fixed = false;
};

/// Rows that agree in some columns, numbered from 0 in order of first appearance; -1 where one of
/// the columns is missing.
struct RowGroups {
  std::vector<std::int32_t> code;
  std::vector<std::size_t> first;  ///< First row of each group.
};

/// Elementwise function: out[i] = f(args[0][i], ..., args[count - 1][i]) for i < n. NaN is missing.
using Kernel = void (*)(double* out, const double* const* args, std::size_t count, std::size_t n);

class SimWorkspace;

/// Expressions over columns in memory, type-checked and flattened once into a list of steps, then
/// run once a simulation. Semantics are those of the tables (missing propagates; comparisons with
/// missing are missing; logic is three-valued; if_else takes the third argument where the condition
/// is missing); booleans count as 0 and 1 where a number is wanted. Built by one thread; running is
/// const and any number of threads may do it, each with a workspace of its own.
///
/// Random draws: draw number k (from 1, in reading order) of an expression compiled at `place` has
/// the stream place.key.child("k"), unit = simulation. Every row (or group of `per`) takes 64 bits
/// of it, whatever its parameters: those of normal, lognormal, uniform, bernoulli, exponential and
/// categorical are inverted, the others select a stream of the row's own. So a draw compiled a
/// second time with other parameters (an intervention, a sweep) differs only in them.
class Program {
 public:
  using Lookup = std::function<Operand(const std::string& name)>;
  /// Where an expression stands: for messages, and for its draws (none allowed without a key).
  struct Place {
    std::string what = {};  ///< "variable 'y'".
    std::optional<StreamKey> key = std::nullopt;
  };

  explicit Program(std::size_t rows) : rows_(rows) {}
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

  /// A fixed column; values.size() == rows. Texts are codes from text_code.
  Operand input(SimKind kind, std::vector<double> values);
  Operand constant(SimKind kind, double value);
  [[nodiscard]] double text_code(std::string_view text) { return texts_.code(text); }
  /// Throws ArgumentError naming the place: a function that can't be simulated, a wrong type, a
  /// draw where none is allowed; whatever `lookup` throws.
  Operand compile(const Expr& expr, const Lookup& lookup, const Place& place);
  /// Number of a grouping by these columns, for SimWorkspace::groups.
  std::size_t group(const std::vector<Operand>& columns);
  /// Column of the arms (as texts) of an assignment, whose blocks and clusters are groupings.
  /// Stream: key, unit = simulation.
  Operand assign(const Assignment& assignment, std::optional<std::size_t> blocks,
                 std::optional<std::size_t> clusters, StreamKey key);

 private:
  friend class SimWorkspace;
  friend class Compiler;
  struct Step {
    enum class Type { kMap, kCast, kGroup, kDraw, kAssign };
    Type type;
    bool fixed = false;
    std::size_t out = 0;  // register, or group for kGroup
    std::vector<std::size_t> args;
    Kernel kernel = nullptr;
    std::size_t detail = 0;  // into casts_, draws_ or assigns_
  };
  struct Cast {
    SimKind from;
    SimKind to;
    std::string where;
  };
  struct Draw {
    std::string distribution;
    std::string where;
    StreamKey key;
    StreamKey row_key;  // of the rows' own streams
    std::optional<std::size_t> group = std::nullopt;
    std::vector<double> labels = {};  // codes of categorical
  };
  struct Assign {
    Assignment assignment;
    std::optional<std::size_t> blocks;
    std::optional<std::size_t> clusters;
    std::vector<double> labels;
    StreamKey key;
  };

  std::size_t rows_;
  std::size_t registers_ = 0;
  TextTable texts_;
  std::vector<std::pair<std::size_t, std::vector<double>>> inputs_;
  std::map<std::pair<SimKind, std::uint64_t>, std::size_t> constants_;
  std::vector<std::pair<std::size_t, double>> fills_;
  std::vector<Step> steps_;
  std::vector<Cast> casts_;
  std::vector<Draw> draws_;
  std::vector<Assign> assigns_;
  std::vector<bool> group_fixed_;
  std::map<std::vector<std::size_t>, std::size_t> group_numbers_;
};

/// Memory of one thread that runs a program, which must outlive it.
class SimWorkspace {
 public:
  /// Runs the steps that are the same in every simulation. Throws what run throws.
  explicit SimWorkspace(const Program& program);
  /// Fills every column for one simulation; no memory is taken once sizes have settled. Throws
  /// ArgumentError for parameters outside a distribution's range or that differ within a group that
  /// shares a draw, and for an assignment that its groups do not allow; DataError for a cast that
  /// has no result.
  void run(std::uint64_t simulation);

  [[nodiscard]] std::span<const double> column(const Operand& operand) const {
    return registers_[operand.reg];
  }
  [[nodiscard]] const RowGroups& groups(std::size_t number) const { return groups_[number]; }
  [[nodiscard]] const std::string& text(double code) const { return texts_.text(code); }

 private:
  void execute(const Program::Step& step, std::uint64_t simulation);
  void map(const Program::Step& step);
  void cast(const Program::Step& step);
  void group(const Program::Step& step);
  void draw(const Program::Step& step, std::uint64_t simulation);
  void draw_values(const Program::Step& step, std::span<const std::size_t> rows, Stream& stream);
  void assign(const Program::Step& step, std::uint64_t simulation);

  const Program& program_;
  TextTable texts_;
  std::size_t fixed_texts_ = 0;
  std::vector<std::vector<double>> registers_;
  std::vector<RowGroups> groups_;
  std::vector<std::unique_ptr<AssignmentPlan>> plans_;
  AssignmentPlan::Scratch scratch_;
  std::vector<std::int32_t> codes_;
  std::vector<const double*> pointers_;
  std::vector<double> drawn_;
  std::vector<double> weights_;
  std::vector<std::size_t> all_rows_;
  std::unordered_map<std::uint64_t, std::int32_t> seen_;
};

/// How a scalar function of the tables is simulated.
struct SimFunction {
  enum class Takes { kNumbers, kBooleans, kSame, kChoice };  ///< kChoice: boolean, then kSame.
  enum class Gives { kNumber, kInteger, kBoolean, kAsTaken };
  Takes takes;
  Gives gives;
  Kernel kernel;
};
/// nullptr when the function can't be simulated.
[[nodiscard]] const SimFunction* find_sim_function(std::string_view name);

}  // namespace impact
