#include "engine/causal/graph/probability_formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/core/error.h"

namespace impact {
namespace {

using Primes = std::map<std::string, int>;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string latex_name(const std::string& name) {
  const bool indexed =
      name.size() > 1 && is_letter(name[0]) && std::all_of(name.begin() + 1, name.end(), is_digit);
  if (name.size() == 1 && is_letter(name[0])) return name;
  if (indexed) return fmt::format("{}_{{{}}}", name[0], std::string_view(name).substr(1));
  std::string out = "\\text{";
  for (const char c : name) {
    switch (c) {
      case '\\': out += "\\textbackslash{}"; break;
      case '~': out += "\\textasciitilde{}"; break;
      case '^': out += "\\textasciicircum{}"; break;
      case '_':
      case '%':
      case '&':
      case '#':
      case '$':
      case '{':
      case '}':
        out += '\\';
        out += c;
        break;
      default: out += c;
    }
  }
  out += '}';
  return out;
}

/// Writes a formula in one of the two notations.
class Writer {
 public:
  explicit Writer(bool latex) : latex_(latex) {}

  std::string write(const ProbabilityFormula& f, const Primes& primes) const {
    switch (f.kind) {
      case FormulaKind::kProbability: {
        const std::string bar = latex_ ? " \\mid " : " | ";
        std::string out = "P(";
        out += list(f.of, primes);
        if (!f.given.empty()) out += bar + list(f.given, primes);
        return out + ")";
      }
      case FormulaKind::kProduct: {
        if (f.parts.empty()) return "1";
        std::string out;
        for (std::size_t i = 0; i < f.parts.size(); ++i) {
          if (i > 0) out += ' ';
          // What follows a sum would fall under it.
          const bool last = i + 1 == f.parts.size();
          out += f.parts[i].kind == FormulaKind::kSum && !last ? bracketed(f.parts[i], primes)
                                                               : write(f.parts[i], primes);
        }
        return out;
      }
      case FormulaKind::kSum: {
        Primes inner = primes;
        for (const std::string& name : f.of) {
          const auto outside = primes.find(name);
          inner[name] = outside == primes.end() ? 0 : outside->second + 1;
        }
        return fmt::format("{}_{{{}}} {}", latex_ ? "\\sum" : "sum", list(f.of, inner),
                           write(f.parts[0], inner));
      }
      case FormulaKind::kQuotient: break;
    }
    if (latex_) {
      return fmt::format("\\frac{{{}}}{{{}}}", write(f.parts[0], primes),
                         write(f.parts[1], primes));
    }
    return fmt::format("{} / {}", side(f.parts[0], primes), side(f.parts[1], primes));
  }

 private:
  std::string list(const NodeNames& names, const Primes& primes) const {
    std::string out;
    for (const std::string& name : names) {
      if (!out.empty()) out += ", ";
      out += latex_ ? latex_name(name) : name;
      const auto at = primes.find(name);
      if (at != primes.end()) out.append(static_cast<std::size_t>(at->second), '\'');
    }
    return out;
  }

  std::string bracketed(const ProbabilityFormula& f, const Primes& primes) const {
    return latex_ ? fmt::format("\\left[{}\\right]", write(f, primes))
                  : fmt::format("[{}]", write(f, primes));
  }

  std::string side(const ProbabilityFormula& f, const Primes& primes) const {
    return f.kind == FormulaKind::kProbability ? write(f, primes) : bracketed(f, primes);
  }

  bool latex_;
};

void free_names(const ProbabilityFormula& f, NodeNames bound, Primes* out) {
  if (f.kind == FormulaKind::kSum) {
    bound.insert(bound.end(), f.of.begin(), f.of.end());
  } else if (f.kind == FormulaKind::kProbability) {
    for (const NodeNames* names : {&f.of, &f.given}) {
      for (const std::string& name : *names) {
        if (std::ranges::find(bound, name) == bound.end()) (*out)[name] = 0;
      }
    }
  }
  for (const ProbabilityFormula& part : f.parts) free_names(part, bound, out);
}

std::string written(const ProbabilityFormula& formula, bool latex) {
  Primes free;
  free_names(formula, {}, &free);
  return Writer(latex).write(formula, free);
}

/// Values of a formula under a distribution.
class Evaluator {
 public:
  explicit Evaluator(const DiscreteJoint& joint) : joint_(joint) {
    std::size_t cells = 1;
    for (const std::size_t levels : joint.levels) cells *= levels;
    if (joint.names.size() != joint.levels.size() || cells != joint.probability.size()) {
      throw ArgumentError({.what = "a joint distribution has one number for each cell",
                           .where = "joint",
                           .got = fmt::format("{} numbers", joint.probability.size()),
                           .expected = fmt::format("{}", cells)});
    }
  }

  std::size_t variable(const std::string& name) const {
    const auto at = std::ranges::find(joint_.names, name);
    if (at == joint_.names.end()) {
      throw ArgumentError({.what = fmt::format("the distribution has no variable '{}'", name),
                           .where = "joint",
                           .got = name,
                           .expected = list_words(joint_.names),
                           .hint = did_you_mean(name, joint_.names)});
    }
    return static_cast<std::size_t>(at - joint_.names.begin());
  }

  using Levels = std::map<std::size_t, std::size_t>;

  double value(const ProbabilityFormula& f, const Levels& at) {
    switch (f.kind) {
      case FormulaKind::kProbability: {
        Levels given;
        fix(f.given, at, &given);
        Levels all = given;
        fix(f.of, at, &all);
        return given.empty() ? mass(all) / mass({}) : mass(all) / mass(given);
      }
      case FormulaKind::kProduct: {
        double product = 1.0;
        for (const ProbabilityFormula& part : f.parts) {
          const double factor = value(part, at);
          // A term that has no weight counts for nothing, whatever else it holds.
          if (factor == 0.0) return 0.0;
          product *= factor;
        }
        return product;
      }
      case FormulaKind::kSum: {
        std::vector<std::size_t> over;
        for (const std::string& name : f.of) over.push_back(variable(name));
        Levels inner = at;
        for (const std::size_t v : over) inner[v] = 0;
        double sum = 0.0;
        for (;;) {
          sum += value(f.parts[0], inner);
          std::size_t k = over.size();
          while (k > 0 && ++inner[over[k - 1]] == joint_.levels[over[k - 1]]) {
            inner[over[--k]] = 0;
          }
          if (k == 0) return sum;
        }
      }
      case FormulaKind::kQuotient: break;
    }
    return value(f.parts[0], at) / value(f.parts[1], at);
  }

 private:
  void fix(const NodeNames& names, const Levels& at, Levels* out) const {
    for (const std::string& name : names) {
      const std::size_t v = variable(name);
      const auto known = at.find(v);
      if (known == at.end()) {
        throw ArgumentError({.what = fmt::format("'{}' has no level", name),
                             .where = "at",
                             .got = "nothing",
                             .expected = "a level for each free variable of the formula"});
      }
      (*out)[v] = known->second;
    }
  }

  // Total of the cells where the variables have these levels.
  double mass(const Levels& levels) {
    const auto [entry, fresh] = masses_.try_emplace(levels, 0.0);
    if (!fresh) return entry->second;
    double sum = 0.0;
    for (std::size_t cell = 0; cell < joint_.probability.size(); ++cell) {
      std::size_t rest = cell;
      bool agrees = true;
      for (std::size_t v = joint_.levels.size(); v-- > 0; rest /= joint_.levels[v]) {
        const auto at = levels.find(v);
        agrees = agrees && (at == levels.end() || at->second == rest % joint_.levels[v]);
      }
      if (agrees) sum += joint_.probability[cell];
    }
    return entry->second = sum;
  }

  const DiscreteJoint& joint_;
  std::map<Levels, double> masses_;
};

}  // namespace

std::string formula_text(const ProbabilityFormula& formula) { return written(formula, false); }
std::string formula_latex(const ProbabilityFormula& formula) { return written(formula, true); }

double formula_value(const ProbabilityFormula& formula, const DiscreteJoint& joint,
                     const std::map<std::string, std::size_t>& at) {
  Evaluator evaluator(joint);
  Evaluator::Levels levels;
  for (const auto& [name, level] : at) {
    const std::size_t v = evaluator.variable(name);
    if (level >= joint.levels[v]) {
      throw ArgumentError({.what = fmt::format("'{}' has no such level", name),
                           .where = "at",
                           .got = fmt::format("{}", level),
                           .expected = fmt::format("less than {}", joint.levels[v])});
    }
    levels[v] = level;
  }
  return evaluator.value(formula, levels);
}

}  // namespace impact
