#include "engine/study/formula.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace impact {
namespace {

using Term = Formula::Term;

bool is_call(const Expr& expr, std::string_view name) {
  return expr.kind == Expr::Kind::kCall && expr.name == name && expr.args.size() == 2;
}

// In whatever order: a % b is b % a.
bool same(const Term& a, const Term& b) {
  return a.size() == b.size() &&
         std::is_permutation(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return to_json(*x) == to_json(*y);
         });
}

void add_term(std::vector<Term>* terms, Term term) {
  const bool known = std::any_of(terms->begin(), terms->end(),
                                 [&](const Term& other) { return same(other, term); });
  if (!known) terms->push_back(std::move(term));
}

// Every term on the left with every term on the right: (a + b) % c = a % c + b % c.
void add_products(std::vector<Term>* terms, const std::vector<Term>& left,
                  const std::vector<Term>& right) {
  for (const Term& a : left) {
    for (const Term& b : right) {
      Term product = a;
      product.insert(product.end(), b.begin(), b.end());
      add_term(terms, std::move(product));
    }
  }
}

std::optional<double> constant(const Expr& expr) {
  if (expr.kind != Expr::Kind::kLiteral) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&expr.literal)) {
    return static_cast<double>(*whole);
  }
  const auto* number = std::get_if<double>(&expr.literal);
  return number == nullptr ? std::nullopt : std::optional<double>(*number);
}

void read_terms(const ExprPtr& tree, bool* intercept, std::vector<Term>* terms);

std::vector<Term> side(const ExprPtr& tree) {
  if (tree->kind == Expr::Kind::kLiteral) {
    throw ArgumentError({.what = "a formula can't multiply a column by a number",
                         .expected = "columns on both sides of * and %",
                         .hint = "derive the column first; scaling changes no fit"});
  }
  bool intercept = true;
  std::vector<Term> terms;
  read_terms(tree, &intercept, &terms);
  return terms;
}

void read_terms(const ExprPtr& tree, bool* intercept, std::vector<Term>* terms) {
  if (const auto value = constant(*tree)) {
    if (*value != 0 && *value != 1) {
      throw ArgumentError({.what = "a formula has no place for a number but 0 and 1",
                           .expected = "0 + ... for no intercept"});
    }
    *intercept = *intercept && *value == 1;
  } else if (is_call(*tree, "add")) {
    read_terms(tree->args[0], intercept, terms);
    read_terms(tree->args[1], intercept, terms);
  } else if (is_call(*tree, "multiply")) {
    const auto left = side(tree->args[0]);
    const auto right = side(tree->args[1]);
    for (const Term& term : left) add_term(terms, term);
    for (const Term& term : right) add_term(terms, term);
    add_products(terms, left, right);
  } else if (is_call(*tree, "modulo")) {
    add_products(terms, side(tree->args[0]), side(tree->args[1]));
  } else if (is_call(*tree, "subtract")) {
    throw ArgumentError({.what = "a formula has no minus",
                         .expected = "the terms that stay, joined by +",
                         .hint = "write 0 + ... to drop the intercept"});
  } else {
    add_term(terms, {tree});
  }
}

constexpr int kMostDepth = 100;  // A formula of people; reading is recursive.

enum class Sign { kName, kNumber, kMark, kEnd };

struct Token {
  Sign sign = Sign::kEnd;
  std::string text;
  std::size_t at = 0;  // From 1.
};

bool starts_word(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { next(); }

  Formula read() {
    Formula formula;
    formula.outcome = atom();
    expect('~');
    formula.terms = formula_terms(sum(), &formula.intercept);
    if (take('|')) {
      ExprPtr part = sum();
      if (!is('~')) {
        formula.fixed_effects = formula_effects(part);
        if (take('|')) {
          part = sum();
          if (!is('~')) fail("'~' and instruments");
        }
      }
      if (take('~')) read_instruments(part, &formula);
    }
    if (token_.sign != Sign::kEnd) fail("an operator or the end");
    return formula;
  }

 private:
  void read_instruments(const ExprPtr& endogenous, Formula* formula) {
    bool unused = true;
    for (const Term& term : formula_terms(endogenous, &unused)) {
      formula->endogenous.push_back(term[0]);
    }
    for (const Term& term : formula_terms(sum(), &unused)) formula->instruments.push_back(term[0]);
  }

  ExprPtr sum() {
    ExprPtr left = product();
    while (is('+') || is('-')) {
      const bool minus = is('-');
      next();
      left = call(minus ? "subtract" : "add", {left, product()});
    }
    return left;
  }

  ExprPtr product() {
    ExprPtr left = power();
    while (is('*') || is('%') || is(':')) {
      const bool cross = is('*');
      next();
      left = call(cross ? "multiply" : "modulo", {left, power()});
    }
    return left;
  }

  ExprPtr power() {
    ExprPtr left = atom();
    while (take('^')) left = call("power", {left, atom()});
    return left;
  }

  ExprPtr atom() {
    if (take('(')) {
      if (++depth_ > kMostDepth) fail("fewer parentheses inside each other");
      ExprPtr inside = sum();
      expect(')');
      --depth_;
      return inside;
    }
    const Token token = token_;
    if (token.sign == Sign::kName) {
      next();
      return column(token.text);
    }
    if (token.sign == Sign::kNumber) {
      next();
      return literal(static_cast<std::int64_t>(token.text == "0" ? 0 : 1));
    }
    fail("a column's name");
  }

  [[nodiscard]] bool is(char mark) const {
    return token_.sign == Sign::kMark && token_.text[0] == mark;
  }
  bool take(char mark) {
    if (!is(mark)) return false;
    next();
    return true;
  }
  void expect(char mark) {
    if (!take(mark)) fail(std::string("'") + mark + "'");
  }

  void next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    token_ = {Sign::kEnd, "", at_ + 1};
    if (at_ == text_.size()) return;
    const char c = text_[at_];
    std::size_t end = at_ + 1;
    if (c == '`') {
      end = std::min(text_.find('`', at_ + 1), text_.size());
      token_ = {Sign::kName, std::string(text_.substr(at_ + 1, end - at_ - 1)), at_ + 1};
      if (end == text_.size() || token_.text.empty()) fail("a name between backquotes");
      ++end;
    } else if (starts_word(c)) {
      while (end < text_.size() && (starts_word(text_[end]) || text_[end] == '.' ||
                                    std::isdigit(static_cast<unsigned char>(text_[end])) != 0)) {
        ++end;
      }
      token_ = {Sign::kName, std::string(text_.substr(at_, end - at_)), at_ + 1};
    } else {
      const bool number = c == '0' || c == '1';
      token_ = {number ? Sign::kNumber : Sign::kMark, std::string(1, c), at_ + 1};
    }
    at_ = end;
  }

  [[noreturn]] void fail(const std::string& expected) const {
    throw ArgumentError(
        {.what = "the formula can't be read",
         .where = "character " + std::to_string(token_.at) + " of '" + std::string(text_) + "'",
         .got = token_.sign == Sign::kEnd ? "the end" : "'" + token_.text + "'",
         .expected = expected,
         .hint = "a formula reads: y ~ x1 + x2 * x3 | effect1 ^ effect2 | d ~ instrument"});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Token token_;
};

}  // namespace

std::vector<Term> formula_terms(const ExprPtr& tree, bool* intercept) {
  std::vector<Term> terms;
  read_terms(tree, intercept, &terms);
  return terms;
}

std::vector<Term> formula_effects(const ExprPtr& tree) {
  if (is_call(*tree, "add")) {
    auto all = formula_effects(tree->args[0]);
    for (Term& term : formula_effects(tree->args[1])) add_term(&all, std::move(term));
    return all;
  }
  if (is_call(*tree, "power")) {
    std::vector<Term> all;
    add_products(&all, formula_effects(tree->args[0]), formula_effects(tree->args[1]));
    return all;
  }
  if (tree->kind == Expr::Kind::kLiteral) {
    throw ArgumentError({.what = "a fixed effect must be a column",
                         .expected = "columns joined by + and ^ after the bar"});
  }
  return {{tree}};
}

Formula parse_formula(std::string_view text) { return Reader(text).read(); }

}  // namespace impact
