#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

/// A loss of one row written as text, with its first and second derivative by the prediction:
/// "log(cosh(prediction - outcome))". Derivatives are exact (Taylor arithmetic of degree two), so
/// nobody differentiates by hand.
///
/// Grammar: numbers, `prediction`, `outcome`, + - * / ^ and parentheses (powers bind tightest and
/// to the right; the exponent does not depend on the prediction), the functions abs, exp, expm1,
/// log, log1p, sqrt, tanh, cosh, min(a, b), max(a, b) and if(a < b, then, otherwise) with < <= > >=
/// == ~=. Where two branches or abs meet, the derivative is that of the branch taken (0 at abs(0)).
/// Source: Griewank & Walther, Evaluating Derivatives (2008), ch. 13.
class LossFormula {
 public:
  /// Throws ArgumentError that shows the place in the text: what is not understood, unknown names
  /// (with a suggestion), a formula without `prediction`, more than 2,000 characters or 100 levels.
  explicit LossFormula(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }

  /// Spans of one length; what is not defined becomes NaN or infinite. O(rows x operations), no
  /// allocation beyond one chunk of rows.
  void evaluate(std::span<const double> prediction, std::span<const double> outcome,
                std::span<double> value, std::span<double> first, std::span<double> second) const;

  /// What gradient boosting takes: the second derivative where it is positive, else 1, which makes
  /// the step there that of plain gradient descent (Friedman 2001): a loss with straight pieces has
  /// no curvature to scale by.
  void boosting_gradient(std::span<const double> prediction, std::span<const double> outcome,
                         std::span<double> gradient, std::span<double> hessian) const;

  /// Weighted mean of the loss; weights may be empty.
  [[nodiscard]] double mean(std::span<const double> prediction, std::span<const double> outcome,
                            std::span<const double> weights) const;

  enum class Op : std::uint8_t {
    kNumber,
    kPrediction,
    kOutcome,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kPower,
    kNegate,
    kAbs,
    kExp,
    kExpm1,
    kLog,
    kLog1p,
    kSqrt,
    kTanh,
    kCosh,
    kMin,
    kMax,
    kIfLess,
    kIfLessEqual,
    kIfEqual,
    kIfNotEqual,
  };
  struct Step {
    Op op = Op::kNumber;
    double number = 0.0;  ///< Of kNumber.
  };

 private:
  std::string text_;
  std::vector<Step> steps_ = {};  // In the order of evaluation on a stack.
  std::size_t depth_ = 0;         // Places the stack needs.
};

}  // namespace impact
