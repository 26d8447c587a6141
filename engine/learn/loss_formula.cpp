#include "engine/learn/loss_formula.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"

namespace impact {
namespace {

using Op = LossFormula::Op;
using Step = LossFormula::Step;

constexpr std::size_t kLongest = 2000;
constexpr int kDeepest = 100;
constexpr std::size_t kChunk = 256;

struct Function {
  std::string_view name;
  int arguments;
  Op op;
};

constexpr std::array kFunctions = {
    Function{"abs", 1, Op::kAbs},     Function{"exp", 1, Op::kExp},
    Function{"expm1", 1, Op::kExpm1}, Function{"log", 1, Op::kLog},
    Function{"log1p", 1, Op::kLog1p}, Function{"sqrt", 1, Op::kSqrt},
    Function{"tanh", 1, Op::kTanh},   Function{"cosh", 1, Op::kCosh},
    Function{"min", 2, Op::kMin},     Function{"max", 2, Op::kMax},
};

std::vector<std::string> known_names() {
  std::vector<std::string> names = {"prediction", "outcome", "if"};
  for (const Function& function : kFunctions) names.emplace_back(function.name);
  return names;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How many values an operation takes from the stack; it puts one.
int takes(Op op) {
  switch (op) {
    case Op::kNumber:
    case Op::kPrediction:
    case Op::kOutcome: return 0;
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kPower:
    case Op::kMin:
    case Op::kMax: return 2;
    case Op::kIfLess:
    case Op::kIfLessEqual:
    case Op::kIfEqual:
    case Op::kIfNotEqual: return 4;
    default: return 1;
  }
}

// Recursive descent: sum = product {(+|-) product}; product = signed {(*|/) signed};
// signed = - signed | power; power = atom [^ signed]. What it reads becomes steps on a stack.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Step> read() {
    sum();
    skip();
    if (at_ < text_.size()) refuse("the loss goes on after its end", "an operator or nothing");
    return std::move(steps_);
  }

 private:
  [[noreturn]] void refuse(std::string what, std::string expected, std::string hint = "") const {
    const std::size_t from = at_ < 20 ? 0 : at_ - 20;
    throw ArgumentError({.what = std::move(what),
                         .where = fmt::format("loss, character {}", at_ + 1),
                         .got = at_ < text_.size()
                                    ? fmt::format("'{}' after '{}'", text_.substr(at_, 12),
                                                  text_.substr(from, at_ - from))
                                    : fmt::format("the end of '{}'", text_.substr(from)),
                         .expected = std::move(expected),
                         .hint = std::move(hint)});
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void want(std::string_view token) {
    if (!take(token)) refuse("the loss is not understood", fmt::format("'{}'", token));
  }
  void put(Op op, double number = 0.0) { steps_.push_back({op, number}); }

  void sum() {
    if (++level_ > kDeepest) refuse("the loss is nested too deeply", "100 levels at most");
    product();
    for (;;) {
      if (take("+")) {
        product();
        put(Op::kAdd);
      } else if (take("-")) {
        product();
        put(Op::kSubtract);
      } else {
        break;
      }
    }
    --level_;
  }
  void product() {
    negated();
    for (;;) {
      if (take("*")) {
        negated();
        put(Op::kMultiply);
      } else if (take("/")) {
        negated();
        put(Op::kDivide);
      } else {
        return;
      }
    }
  }
  void negated() {
    if (!take("-")) return power();
    if (++level_ > kDeepest) refuse("the loss is nested too deeply", "100 levels at most");
    negated();
    put(Op::kNegate);
    --level_;
  }
  void power() {
    atom();
    if (!take("^")) return;
    const std::size_t place = at_;
    const std::size_t first = steps_.size();
    if (++level_ > kDeepest) refuse("the loss is nested too deeply", "100 levels at most");
    negated();
    --level_;
    const bool varies =
        std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(first), steps_.end(),
                    [](const Step& s) { return s.op == Op::kPrediction; });
    if (varies) {
      at_ = place;
      refuse("an exponent depends on the prediction", "a number or an expression of the outcome",
             "write exp(b * log(a)) for a ^ b");
    }
    put(Op::kPower);
  }
  void atom() {
    skip();
    if (at_ >= text_.size()) refuse("the loss ends too early", "a number, a name or '('");
    const char c = text_[at_];
    if (take("(")) {
      sum();
      want(")");
    } else if (is_digit(c) || c == '.') {
      number();
    } else if (is_letter(c)) {
      name();
    } else {
      refuse("the loss is not understood", "a number, a name or '('");
    }
  }
  void number() {
    double value = 0.0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc()) refuse("a number of the loss is none", "a number such as 0.5");
    at_ += static_cast<std::size_t>(end - begin);
    put(Op::kNumber, value);
  }
  void name() {
    const std::size_t place = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view word = text_.substr(place, at_ - place);
    if (word == "prediction") return put(Op::kPrediction);
    if (word == "outcome") return put(Op::kOutcome);
    if (word == "if") return choice();
    for (const Function& function : kFunctions) {
      if (function.name != word) continue;
      want("(");
      for (int k = 0; k < function.arguments; ++k) {
        if (k > 0) want(",");
        sum();
      }
      want(")");
      return put(function.op);
    }
    at_ = place;
    const std::vector<std::string> names = known_names();
    refuse(fmt::format("the loss knows no '{}'", word), list_words(names),
           did_you_mean(std::string(word), names));
  }
  // a > b is b < a, so the sides may trade places; which one was meant is known after both.
  void choice() {
    want("(");
    const auto left = static_cast<std::ptrdiff_t>(steps_.size());
    sum();
    Op op = Op::kIfLess;
    bool turned = false;
    if (take("<=")) {
      op = Op::kIfLessEqual;
    } else if (take(">=")) {
      op = Op::kIfLessEqual;
      turned = true;
    } else if (take("<")) {
      op = Op::kIfLess;
    } else if (take(">")) {
      turned = true;
    } else if (take("==")) {
      op = Op::kIfEqual;
    } else if (take("~=") || take("!=")) {
      op = Op::kIfNotEqual;
    } else {
      refuse("a condition compares", "one of < <= > >= == ~=");
    }
    const auto right = static_cast<std::ptrdiff_t>(steps_.size());
    sum();
    if (turned) std::rotate(steps_.begin() + left, steps_.begin() + right, steps_.end());
    want(",");
    sum();
    want(",");
    sum();
    want(")");
    put(op);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int level_ = 0;
  std::vector<Step> steps_ = {};
};

// A function of the prediction near one point, a row each: value, slope, curvature.
struct Jets {
  std::array<double, kChunk> v;
  std::array<double, kChunk> d;
  std::array<double, kChunk> dd;
};

void fill(Jets& a, std::size_t n, double value) {
  std::fill_n(a.v.begin(), n, value);
  std::fill_n(a.d.begin(), n, 0.0);
  std::fill_n(a.dd.begin(), n, 0.0);
}

// g(u): g' u' and g'' u'^2 + g' u''. `f` gives g, g', g'' at a value. A constant stays one even
// where g' is infinite.
template <typename F>
void chain(Jets& a, std::size_t n, const F& f) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto [g, g1, g2] = f(a.v[i]);
    const double d = a.d[i];
    const double dd = a.dd[i];
    a.v[i] = g;
    a.d[i] = d == 0.0 ? 0.0 : g1 * d;
    a.dd[i] = (d == 0.0 ? 0.0 : g2 * d * d) + (dd == 0.0 ? 0.0 : g1 * dd);
  }
}

using Three = std::array<double, 3>;

// (uv)'' = u''v + 2u'v' + uv''.
void multiply(Jets& a, const Jets& b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    a.dd[i] = a.dd[i] * b.v[i] + 2.0 * a.d[i] * b.d[i] + a.v[i] * b.dd[i];
    a.d[i] = a.d[i] * b.v[i] + a.v[i] * b.d[i];
    a.v[i] *= b.v[i];
  }
}

// q = u/v: q' = (u' - q v') / v, q'' = (u'' - 2 q' v' - q v'') / v.
void divide(Jets& a, const Jets& b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double q = a.v[i] / b.v[i];
    const double q1 = (a.d[i] - q * b.d[i]) / b.v[i];
    a.dd[i] = (a.dd[i] - 2.0 * q1 * b.d[i] - q * b.dd[i]) / b.v[i];
    a.d[i] = q1;
    a.v[i] = q;
  }
}

// u^c: c u^(c-1), c (c-1) u^(c-2); a factor of zero ends the term whatever the power of u.
void raise(Jets& a, const Jets& exponent, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double c = exponent.v[i];
    const double u = a.v[i];
    const double d = a.d[i];
    const double g1 = c == 0.0 ? 0.0 : c * std::pow(u, c - 1.0);
    const double g2 = c * (c - 1.0) == 0.0 ? 0.0 : c * (c - 1.0) * std::pow(u, c - 2.0);
    a.v[i] = std::pow(u, c);
    a.dd[i] = (d == 0.0 ? 0.0 : g2 * d * d) + (a.dd[i] == 0.0 ? 0.0 : g1 * a.dd[i]);
    a.d[i] = d == 0.0 ? 0.0 : g1 * d;
  }
}

void put_row(Jets& to, const Jets& from, std::size_t i) {
  to.v[i] = from.v[i];
  to.d[i] = from.d[i];
  to.dd[i] = from.dd[i];
}

void unary(Op op, Jets& a, std::size_t n) {
  switch (op) {
    case Op::kNegate: return chain(a, n, [](double u) { return Three{-u, -1.0, 0.0}; });
    case Op::kAbs:
      return chain(a, n, [](double u) {
        return Three{std::abs(u), u > 0.0 ? 1.0 : u < 0.0 ? -1.0 : 0.0, 0.0};
      });
    case Op::kExp:
      return chain(a, n, [](double u) {
        const double e = std::exp(u);
        return Three{e, e, e};
      });
    case Op::kExpm1:
      return chain(a, n, [](double u) {
        const double e = std::exp(u);
        return Three{std::expm1(u), e, e};
      });
    case Op::kLog:
      return chain(a, n, [](double u) { return Three{std::log(u), 1.0 / u, -1.0 / (u * u)}; });
    case Op::kLog1p:
      return chain(a, n, [](double u) {
        const double r = 1.0 / (1.0 + u);
        return Three{std::log1p(u), r, -r * r};
      });
    case Op::kSqrt:
      return chain(a, n, [](double u) {
        const double r = std::sqrt(u);
        return Three{r, 0.5 / r, -0.25 / (u * r)};
      });
    case Op::kTanh:
      return chain(a, n, [](double u) {
        const double t = std::tanh(u);
        return Three{t, 1.0 - t * t, -2.0 * t * (1.0 - t * t)};
      });
    default:
      return chain(a, n, [](double u) {
        const double c = std::cosh(u);
        return Three{c, std::sinh(u), c};
      });
  }
}

void binary(Op op, Jets& a, const Jets& b, std::size_t n) {
  switch (op) {
    case Op::kAdd:
      for (std::size_t i = 0; i < n; ++i) {
        a.v[i] += b.v[i];
        a.d[i] += b.d[i];
        a.dd[i] += b.dd[i];
      }
      return;
    case Op::kSubtract:
      for (std::size_t i = 0; i < n; ++i) {
        a.v[i] -= b.v[i];
        a.d[i] -= b.d[i];
        a.dd[i] -= b.dd[i];
      }
      return;
    case Op::kMultiply: return multiply(a, b, n);
    case Op::kDivide: return divide(a, b, n);
    case Op::kPower: return raise(a, b, n);
    case Op::kMin:
      for (std::size_t i = 0; i < n; ++i) {
        if (b.v[i] < a.v[i] || std::isnan(b.v[i])) put_row(a, b, i);
      }
      return;
    default:
      for (std::size_t i = 0; i < n; ++i) {
        if (b.v[i] > a.v[i] || std::isnan(b.v[i])) put_row(a, b, i);
      }
      return;
  }
}

// left, right, then, otherwise lie one after the other; the answer goes to the place of left.
void choose(Op op, Jets* at, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double l = at[0].v[i];
    const double r = at[1].v[i];
    const bool yes = op == Op::kIfLess        ? l < r
                     : op == Op::kIfLessEqual ? l <= r
                     : op == Op::kIfEqual     ? l == r
                                              : l != r;
    put_row(at[0], at[yes ? 2 : 3], i);
  }
}

}  // namespace

LossFormula::LossFormula(std::string_view text) : text_(text) {
  if (text.size() > kLongest) {
    throw ArgumentError({.what = "a loss is too long",
                         .where = "loss",
                         .got = fmt::format("{} characters", text.size()),
                         .expected = fmt::format("at most {}", kLongest)});
  }
  steps_ = Parser(text_).read();
  const bool used = std::any_of(steps_.begin(), steps_.end(),
                                [](const Step& s) { return s.op == Op::kPrediction; });
  if (!used) {
    throw ArgumentError({.what = "a loss depends on the prediction",
                         .where = "loss",
                         .got = text_,
                         .expected = "a formula such as log(cosh(prediction - outcome))"});
  }
  std::size_t size = 0;
  for (const Step& step : steps_) {
    size = size + 1 - static_cast<std::size_t>(takes(step.op));
    depth_ = std::max(depth_, size);
  }
}

void LossFormula::evaluate(std::span<const double> prediction, std::span<const double> outcome,
                           std::span<double> value, std::span<double> first,
                           std::span<double> second) const {
  std::vector<Jets> stack(depth_);
  for (std::size_t begin = 0; begin < prediction.size(); begin += kChunk) {
    const std::size_t n = std::min(kChunk, prediction.size() - begin);
    std::size_t size = 0;
    for (const Step& step : steps_) {
      switch (takes(step.op)) {
        case 0: {
          Jets& top = stack[size++];
          fill(top, n, step.number);
          if (step.op == Op::kNumber) break;
          const auto& from = step.op == Op::kPrediction ? prediction : outcome;
          std::copy_n(from.data() + begin, n, top.v.begin());
          if (step.op == Op::kPrediction) std::fill_n(top.d.begin(), n, 1.0);
          break;
        }
        case 1: unary(step.op, stack[size - 1], n); break;
        case 2:
          --size;
          binary(step.op, stack[size - 1], stack[size], n);
          break;
        default:
          size -= 3;
          choose(step.op, &stack[size - 1], n);
          break;
      }
    }
    std::copy_n(stack[0].v.begin(), n, value.data() + begin);
    std::copy_n(stack[0].d.begin(), n, first.data() + begin);
    std::copy_n(stack[0].dd.begin(), n, second.data() + begin);
  }
}

void LossFormula::boosting_gradient(std::span<const double> prediction,
                                    std::span<const double> outcome, std::span<double> gradient,
                                    std::span<double> hessian) const {
  std::vector<double> value(prediction.size());
  evaluate(prediction, outcome, value, gradient, hessian);
  for (double& h : hessian) {
    if (h <= 0.0) h = 1.0;
  }
}

double LossFormula::mean(std::span<const double> prediction, std::span<const double> outcome,
                         std::span<const double> weights) const {
  const std::size_t n = prediction.size();
  std::vector<double> value(n);
  std::vector<double> first(n);
  std::vector<double> second(n);
  evaluate(prediction, outcome, value, first, second);
  ExactSum sum;
  ExactSum total;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = weights.empty() ? 1.0 : weights[i];
    sum.add(w * value[i]);
    total.add(w);
  }
  return sum.round() / total.round();
}

}  // namespace impact
