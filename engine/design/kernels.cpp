#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "engine/design/evaluate.h"

namespace impact {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

bool gone(double x) { return std::isnan(x); }
double truth(bool value) { return value ? 1.0 : 0.0; }

template <auto F>
void unary(double* out, const double* const* args, std::size_t, std::size_t n) {
  const double* x = args[0];
  for (std::size_t i = 0; i < n; ++i) out[i] = F(x[i]);
}

template <auto F>
void binary(double* out, const double* const* args, std::size_t, std::size_t n) {
  const double* x = args[0];
  const double* y = args[1];
  for (std::size_t i = 0; i < n; ++i) out[i] = F(x[i], y[i]);
}

template <auto F>
void compare(double* out, const double* const* args, std::size_t, std::size_t n) {
  const double* x = args[0];
  const double* y = args[1];
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = gone(x[i]) || gone(y[i]) ? kMissing : truth(F(x[i], y[i]));
  }
}

template <auto F>
void fold(double* out, const double* const* args, std::size_t count, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double value = args[0][i];
    for (std::size_t k = 1; k < count; ++k) value = F(value, args[k][i]);
    out[i] = value;
  }
}

// Three-valued logic: one false decides a conjunction, whatever is missing.
double both(double a, double b) {
  if (a == 0.0 || b == 0.0) return 0.0;
  return gone(a) || gone(b) ? kMissing : 1.0;
}

double either(double a, double b) {
  if (a == 1.0 || b == 1.0) return 1.0;
  return gone(a) || gone(b) ? kMissing : 0.0;
}

double at_most(double a, double b) { return gone(a) || gone(b) ? kMissing : truth(a <= b); }

void choose(double* out, const double* const* args, std::size_t, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = args[0][i] == 1.0 ? args[1][i] : args[2][i];
}

void within(double* out, const double* const* args, std::size_t, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = both(at_most(args[1][i], args[0][i]), at_most(args[0][i], args[2][i]));
  }
}

void one_of(double* out, const double* const* args, std::size_t count, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double found = gone(args[0][i]) ? kMissing : 0.0;
    for (std::size_t k = 1; k < count && found != 1.0 && !gone(args[0][i]); ++k) {
      found = args[k][i] == args[0][i] ? 1.0 : (gone(args[k][i]) ? kMissing : found);
    }
    out[i] = found;
  }
}

// Halves away from zero, at n decimals (none without a second argument).
void round_to(double* out, const double* const* args, std::size_t count, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double x = args[0][i];
    const double scale = count == 1 ? 1.0 : std::pow(10.0, args[1][i]);
    out[i] = std::isinf(x) ? x : std::round(x * scale) / scale;
  }
}

double floored_quotient(double x, double y) { return y == 0.0 ? kMissing : std::floor(x / y); }

// With the sign of the divisor.
double floored_remainder(double x, double y) {
  const double rest = std::fmod(x, y);
  return rest != 0.0 && (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}

double sign(double x) { return gone(x) ? x : truth(x > 0.0) - truth(x < 0.0); }

double power(double x, double y) { return gone(x) || gone(y) ? kMissing : std::pow(x, y); }

const std::map<std::string, SimFunction, std::less<>>& table() {
  using enum SimFunction::Takes;
  using enum SimFunction::Gives;
  static const std::map<std::string, SimFunction, std::less<>> all = {
      {"abs", {kNumbers, kAsTaken, unary<[](double x) { return std::fabs(x); }>}},
      {"add", {kNumbers, kAsTaken, binary<[](double x, double y) { return x + y; }>}},
      {"all_of", {kBooleans, kBoolean, fold<both>}},
      {"any_of", {kBooleans, kBoolean, fold<either>}},
      {"ceil", {kNumbers, kAsTaken, unary<[](double x) { return std::ceil(x); }>}},
      {"coalesce", {kSame, kAsTaken, fold<[](double a, double b) { return gone(a) ? b : a; }>}},
      {"divide", {kNumbers, kNumber, binary<[](double x, double y) { return x / y; }>}},
      {"eq", {kSame, kBoolean, compare<[](double x, double y) { return x == y; }>}},
      {"exp", {kNumbers, kNumber, unary<[](double x) { return std::exp(x); }>}},
      {"expm1", {kNumbers, kNumber, unary<[](double x) { return std::expm1(x); }>}},
      {"floor", {kNumbers, kAsTaken, unary<[](double x) { return std::floor(x); }>}},
      {"ge", {kNumbers, kBoolean, compare<[](double x, double y) { return x >= y; }>}},
      {"greatest", {kNumbers, kAsTaken, fold<[](double a, double b) { return std::fmax(a, b); }>}},
      {"gt", {kNumbers, kBoolean, compare<[](double x, double y) { return y < x; }>}},
      {"if_else", {kChoice, kAsTaken, choose}},
      {"int_divide", {kNumbers, kInteger, binary<floored_quotient>}},
      {"is_finite",
       {kNumbers, kBoolean, unary<[](double x) { return gone(x) ? x : truth(std::isfinite(x)); }>}},
      {"is_missing", {kSame, kBoolean, unary<[](double x) { return truth(gone(x)); }>}},
      {"is_present", {kSame, kBoolean, unary<[](double x) { return truth(!gone(x)); }>}},
      {"le", {kNumbers, kBoolean, compare<[](double x, double y) { return x <= y; }>}},
      {"least", {kNumbers, kAsTaken, fold<[](double a, double b) { return std::fmin(a, b); }>}},
      {"log", {kNumbers, kNumber, unary<[](double x) { return std::log(x); }>}},
      {"log10", {kNumbers, kNumber, unary<[](double x) { return std::log10(x); }>}},
      {"log1p", {kNumbers, kNumber, unary<[](double x) { return std::log1p(x); }>}},
      {"log2", {kNumbers, kNumber, unary<[](double x) { return std::log2(x); }>}},
      {"lt", {kNumbers, kBoolean, compare<[](double x, double y) { return x < y; }>}},
      {"modulo", {kNumbers, kAsTaken, binary<floored_remainder>}},
      {"multiply", {kNumbers, kAsTaken, binary<[](double x, double y) { return x * y; }>}},
      {"ne", {kSame, kBoolean, compare<[](double x, double y) { return x != y; }>}},
      {"negate", {kNumbers, kAsTaken, unary<[](double x) { return -x; }>}},
      {"not_", {kBooleans, kBoolean, unary<[](double x) { return 1.0 - x; }>}},
      {"null_if",
       {kSame, kAsTaken, binary<[](double x, double y) { return x == y ? kMissing : x; }>}},
      {"one_of", {kSame, kBoolean, one_of}},
      {"power", {kNumbers, kNumber, binary<power>}},
      {"round", {kNumbers, kAsTaken, round_to}},
      {"sign", {kNumbers, kInteger, unary<sign>}},
      {"sqrt", {kNumbers, kNumber, unary<[](double x) { return std::sqrt(x); }>}},
      {"subtract", {kNumbers, kAsTaken, binary<[](double x, double y) { return x - y; }>}},
      {"within", {kNumbers, kBoolean, within}},
  };
  return all;
}

}  // namespace

const SimFunction* find_sim_function(std::string_view name) {
  const auto at = table().find(name);
  return at == table().end() ? nullptr : &at->second;
}

}  // namespace impact
