#include "engine/design/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

bool is_number(SimKind kind) { return kind == SimKind::kNumber || kind == SimKind::kInteger; }

[[noreturn]] void refuse(const std::string& place, std::string what, std::string got = {},
                         std::string expected = {}, std::string hint = {}) {
  throw ArgumentError({.what = std::move(what),
                       .where = place,
                       .got = std::move(got),
                       .expected = std::move(expected),
                       .hint = std::move(hint)});
}

[[noreturn]] void refuse_kind(const Expr& expr, const std::string& place) {
  switch (expr.kind) {
    case Expr::Kind::kAggregate:
    case Expr::Kind::kWindow:
      refuse(place, fmt::format("'{}' over rows can't be simulated", expr.name), expr.name,
             "functions of one row", "draw what rows share with per: normal(0, 1, per = village)");
    case Expr::Kind::kSql: refuse(place, "SQL text can't be simulated", expr.name);
    default: throw InternalError({.what = "an expression of no kind"});
  }
}

std::optional<SimKind> cast_target(const Expr& expr) {
  if (expr.kind == Expr::Kind::kCast) {
    switch (expr.type.kind) {
      case TypeKind::kBoolean: return SimKind::kBoolean;
      case TypeKind::kInteger: return SimKind::kInteger;
      case TypeKind::kNumber: return SimKind::kNumber;
      case TypeKind::kText: return SimKind::kText;
      default: return std::nullopt;
    }
  }
  if (expr.name == "to_boolean") return SimKind::kBoolean;
  if (expr.name == "to_integer") return SimKind::kInteger;
  if (expr.name == "to_number") return SimKind::kNumber;
  if (expr.name == "to_text") return SimKind::kText;
  return std::nullopt;
}

}  // namespace

std::string_view sim_kind_name(SimKind kind) {
  switch (kind) {
    case SimKind::kNumber: return "number";
    case SimKind::kInteger: return "integer";
    case SimKind::kBoolean: return "boolean";
    case SimKind::kText: return "text";
    case SimKind::kMissing: break;
  }
  return "missing";
}

double TextTable::code(std::string_view text) {
  auto at = codes_.find(text);
  if (at == codes_.end()) {
    at = codes_.emplace(std::string(text), texts_.size()).first;
    texts_.emplace_back(text);
  }
  return static_cast<double>(at->second);
}

void TextTable::truncate(std::size_t size) {
  while (texts_.size() > size) {
    codes_.erase(texts_.back());
    texts_.pop_back();
  }
}

// One walk over one expression.
class Compiler {
 public:
  Compiler(Program& program, const Program::Lookup& lookup, const Program::Place& place)
      : program_(program), lookup_(lookup), place_(place) {}

  Operand compile(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kColumn: return lookup_(expr.name);
      case Expr::Kind::kLiteral: return literal(expr.literal);
      case Expr::Kind::kDraw: return draw(expr);
      case Expr::Kind::kCast: return cast(expr);
      case Expr::Kind::kCall: return cast_target(expr) ? cast(expr) : call(expr);
      default: refuse_kind(expr, place_.what);
    }
  }

 private:
  using Step = Program::Step;

  Operand emit(Step step, SimKind kind) {
    step.out = program_.registers_++;
    const Operand out{step.out, kind, step.fixed};
    program_.steps_.push_back(std::move(step));
    return out;
  }

  Operand literal(const Value& value) {
    if (std::holds_alternative<std::monostate>(value)) {
      return program_.constant(SimKind::kMissing, kNothing);
    }
    if (const auto* flag = std::get_if<bool>(&value)) {
      return program_.constant(SimKind::kBoolean, *flag ? 1.0 : 0.0);
    }
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      constexpr std::int64_t kMost = std::int64_t{1} << 53U;
      if (*whole > kMost || *whole < -kMost) {
        refuse(place_.what, "an integer is too large to be simulated", format_integer(*whole),
               "at most 2^53");
      }
      return program_.constant(SimKind::kInteger, static_cast<double>(*whole));
    }
    if (const auto* number = std::get_if<double>(&value)) {
      return program_.constant(SimKind::kNumber, *number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      return program_.constant(SimKind::kText, program_.text_code(*text));
    }
    refuse(place_.what, "dates and times can't be simulated", format_value(value),
           "a number, boolean or text", "count days as a number");
  }

  std::vector<Operand> operands(const std::vector<ExprPtr>& list) {
    std::vector<Operand> out;
    out.reserve(list.size());
    for (const auto& item : list) out.push_back(compile(*item));
    return out;
  }

  [[noreturn]] void refuse_operand(const Expr& expr, std::size_t index, SimKind got,
                                   std::string expected) {
    refuse(place_.what, fmt::format("argument {} of '{}' has a wrong type", index + 1, expr.name),
           std::string(sim_kind_name(got)), std::move(expected));
  }

  // The kind that the arguments from `first` on have in common: integer beside number is number.
  SimKind common(const Expr& expr, const std::vector<Operand>& args, std::size_t first) {
    SimKind kind = SimKind::kMissing;
    for (std::size_t i = first; i < args.size(); ++i) {
      const SimKind other = args[i].kind;
      if (kind == SimKind::kMissing || kind == other) {
        kind = other == SimKind::kMissing ? kind : other;
      } else if (is_number(kind) && is_number(other)) {
        kind = SimKind::kNumber;
      } else if (other != SimKind::kMissing) {
        refuse_operand(expr, i, other, std::string(sim_kind_name(kind)));
      }
    }
    return kind;
  }

  SimKind number_kind(const Expr& expr, const std::vector<Operand>& args) {
    SimKind kind = SimKind::kInteger;
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (args[i].kind == SimKind::kText) refuse_operand(expr, i, args[i].kind, "a number");
      if (args[i].kind == SimKind::kNumber) kind = SimKind::kNumber;
    }
    return kind;
  }

  void need_booleans(const Expr& expr, const std::vector<Operand>& args, std::size_t end) {
    for (std::size_t i = 0; i < end; ++i) {
      if (args[i].kind != SimKind::kBoolean && args[i].kind != SimKind::kMissing) {
        refuse_operand(expr, i, args[i].kind, "a boolean");
      }
    }
  }

  Operand call(const Expr& expr) {
    const SimFunction* function = find_sim_function(expr.name);
    if (function == nullptr) {
      refuse(place_.what, fmt::format("'{}' can't be simulated", expr.name), expr.name,
             "arithmetic, comparisons, logic, if_else, coalesce and functions of numbers");
    }
    const std::vector<Operand> args = operands(expr.args);
    SimKind kind = SimKind::kNumber;
    switch (function->takes) {
      case SimFunction::Takes::kNumbers: kind = number_kind(expr, args); break;
      case SimFunction::Takes::kBooleans: need_booleans(expr, args, args.size()); break;
      case SimFunction::Takes::kSame: kind = common(expr, args, 0); break;
      case SimFunction::Takes::kChoice:
        need_booleans(expr, args, 1);
        kind = common(expr, args, 1);
        break;
    }
    switch (function->gives) {
      case SimFunction::Gives::kNumber: kind = SimKind::kNumber; break;
      case SimFunction::Gives::kInteger: kind = SimKind::kInteger; break;
      case SimFunction::Gives::kBoolean: kind = SimKind::kBoolean; break;
      case SimFunction::Gives::kAsTaken: break;
    }
    Step step{.type = Step::Type::kMap, .fixed = true, .args = {}};
    step.kernel = function->kernel;
    for (const auto& arg : args) {
      step.args.push_back(arg.reg);
      step.fixed = step.fixed && arg.fixed;
    }
    return emit(std::move(step), kind);
  }

  Operand cast(const Expr& expr) {
    const auto to = cast_target(expr);
    if (!to) {
      refuse(place_.what, fmt::format("a cast to {} can't be simulated", expr.type.name()),
             expr.type.name(), "boolean, integer, number or text");
    }
    const Operand arg = compile(*expr.args[0]);
    if (arg.kind == *to) return arg;
    const bool widens = *to == SimKind::kNumber && arg.kind != SimKind::kText;
    const bool counts = *to == SimKind::kInteger && arg.kind == SimKind::kBoolean;
    if (widens || counts || arg.kind == SimKind::kMissing) return {arg.reg, *to, arg.fixed};
    Step step{.type = Step::Type::kCast, .fixed = arg.fixed, .args = {arg.reg}};
    step.detail = program_.casts_.size();
    program_.casts_.push_back({arg.kind, *to, place_.what});
    return emit(std::move(step), *to);
  }

  Operand draw(const Expr& expr) {
    if (!place_.key) {
      refuse(place_.what, fmt::format("a random draw ('{}') stands outside the model", expr.name),
             expr.name, "", "declare it as a variable of the model and name that");
    }
    // Numbered on the way down, so that a draw inside another's parameters comes after it.
    const std::size_t ordinal = ++draws_;
    const StreamKey key = place_.key->child(std::to_string(ordinal));
    Program::Draw detail{expr.name, fmt::format("{}, {}", place_.what, expr.name), key,
                         key.child("rows")};
    Step step{.type = Step::Type::kDraw, .args = {}};
    for (std::size_t i = 0; i < expr.args.size(); ++i) {
      if (expr.name == "categorical" && i % 2 == 0) {
        detail.labels.push_back(program_.text_code(std::get<std::string>(expr.args[i]->literal)));
        continue;
      }
      const Operand arg = compile(*expr.args[i]);
      if (arg.kind == SimKind::kText) refuse_operand(expr, i, arg.kind, "a number");
      step.args.push_back(arg.reg);
    }
    if (!expr.by.empty()) detail.group = program_.group(operands(expr.by));
    step.detail = program_.draws_.size();
    program_.draws_.push_back(std::move(detail));
    const bool counts = expr.name == "binomial" || expr.name == "poisson" || expr.name == "integer";
    return emit(std::move(step), expr.name == "categorical" ? SimKind::kText
                                 : expr.name == "bernoulli" ? SimKind::kBoolean
                                 : counts                   ? SimKind::kInteger
                                                            : SimKind::kNumber);
  }

  Program& program_;
  const Program::Lookup& lookup_;
  const Program::Place& place_;
  std::size_t draws_ = 0;
};

Operand Program::input(SimKind kind, std::vector<double> values) {
  if (values.size() != rows_) {
    throw InternalError({.what = fmt::format("{} values for {} rows", values.size(), rows_)});
  }
  inputs_.emplace_back(registers_, std::move(values));
  return {registers_++, kind, true};
}

Operand Program::constant(SimKind kind, double value) {
  const auto [at, fresh] =
      constants_.emplace(std::pair(kind, std::bit_cast<std::uint64_t>(value)), registers_);
  if (fresh) fills_.emplace_back(registers_++, value);
  return {at->second, kind, true};
}

Operand Program::compile(const Expr& expr, const Lookup& lookup, const Place& place) {
  return Compiler(*this, lookup, place).compile(expr);
}

std::size_t Program::group(const std::vector<Operand>& columns) {
  Step step{.type = Step::Type::kGroup, .fixed = true, .args = {}};
  for (const auto& column : columns) {
    step.args.push_back(column.reg);
    step.fixed = step.fixed && column.fixed;
  }
  const auto [at, fresh] = group_numbers_.emplace(step.args, group_fixed_.size());
  if (fresh) {
    step.out = at->second;
    group_fixed_.push_back(step.fixed);
    steps_.push_back(std::move(step));
  }
  return at->second;
}

Operand Program::assign(const Assignment& assignment, std::optional<std::size_t> blocks,
                        std::optional<std::size_t> clusters, StreamKey key) {
  Assign detail{assignment, blocks, clusters, {}, key};
  for (const auto& arm : assignment.arms) detail.labels.push_back(text_code(arm));
  Step step{.type = Step::Type::kAssign, .args = {}};
  step.out = registers_++;
  step.detail = assigns_.size();
  const Operand out{step.out, SimKind::kText, false};
  assigns_.push_back(std::move(detail));
  steps_.push_back(std::move(step));
  return out;
}

}  // namespace impact
