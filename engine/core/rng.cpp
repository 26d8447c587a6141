#include "engine/core/rng.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"

namespace impact {
namespace {

__extension__ typedef unsigned __int128 Wide;

void append_big_endian(std::string& text, std::uint64_t value) {
  for (unsigned shift = 64; shift > 0;) {
    shift -= 8;
    text += static_cast<char>((value >> shift) & 0xFFU);
  }
}

[[noreturn]] void refuse(std::string what, double got, std::string expected) {
  throw ArgumentError(
      {.what = std::move(what), .got = format_double(got), .expected = std::move(expected)});
}

// log(k!) - (k log k - k + log(2 pi k) / 2): exact differences below 16, Stirling's series above,
// where its first omitted term is below 1e-16.
double stirling_rest(double k) {
  if (k < 16.0) {
    double factorial = 1.0;
    for (double i = 2.0; i <= k; i += 1.0) factorial *= i;
    return std::log(factorial) - ((k + 0.5) * std::log(k) - k + 0.91893853320467274178);
  }
  const double r = 1.0 / (k * k);
  return (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) /
         k;
}

// log of the Poisson probability of k, without the cancellation of k log(mean) - mean - log(k!):
// k (log1p(d) - d) - log(2 pi k)/2 - stirling_rest(k) with d = (mean - k) / k.
double poisson_log_mass(double k, double mean) {
  if (k == 0.0) return -mean;
  const double d = (mean - k) / k;
  return k * (std::log1p(d) - d) - 0.5 * std::log(6.28318530717958647693 * k) - stirling_rest(k);
}

// Inversion: the smallest k whose distribution function exceeds u. For means below 10.
std::int64_t poisson_by_inversion(double u, double mean) {
  constexpr std::int64_t kBeyond = 200;  // P(X > 200 | mean 10) < 1e-150: only rounding gets there
  double mass = std::exp(-mean);
  double below = mass;
  std::int64_t k = 0;
  while (u >= below && k < kBeyond) {
    ++k;
    mass *= mean / static_cast<double>(k);
    below += mass;
  }
  return k;
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53U;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57U;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiplier0 * counter[0];
    const std::uint64_t p1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32U) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32U) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

StreamKey StreamKey::root(std::int64_t seed) {
  std::string text = "impactlytics/seed/1:";
  append_big_endian(text, static_cast<std::uint64_t>(seed));
  return {to_u64(sha256(text))};
}

StreamKey StreamKey::child(std::string_view name) const {
  std::string text;
  append_big_endian(text, value);
  text += name;
  return {to_u64(sha256(text))};
}

Stream::Stream(StreamKey key, std::uint64_t unit)
    : key_{static_cast<std::uint32_t>(key.value), static_cast<std::uint32_t>(key.value >> 32U)},
      unit_(unit) {}

void Stream::refill() {
  buffer_ =
      philox4x32({static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32U),
                  static_cast<std::uint32_t>(unit_), static_cast<std::uint32_t>(unit_ >> 32U)},
                 key_);
  ++block_;
  used_ = 0;
}

std::uint32_t Stream::next_u32() {
  if (used_ == buffer_.size()) refill();
  return buffer_[used_++];
}

std::uint64_t Stream::next_u64() {
  const std::uint64_t low = next_u32();
  return low | (static_cast<std::uint64_t>(next_u32()) << 32U);
}

double Stream::uniform() { return static_cast<double>(next_u64() >> 11U) * 0x1p-53; }

double Stream::uniform_open() { return (static_cast<double>(next_u64() >> 12U) + 0.5) * 0x1p-52; }

double Stream::uniform(double low, double high) {
  if (!(low <= high) || !std::isfinite(high - low)) {
    refuse("the ends of a uniform distribution are not in order", low,
           "at most " + format_double(high) + ", both finite");
  }
  return low + (high - low) * uniform();
}

// Lemire (2019), algorithm 5: the high half of a 64 x 64-bit product, with the few low halves that
// would favour some results thrown back.
std::uint64_t Stream::below(std::uint64_t n) {
  if (n == 0) {
    throw ArgumentError({.what = "a random integer below 0 does not exist",
                         .got = "0",
                         .expected = "an integer >= 1"});
  }
  Wide product = static_cast<Wide>(next_u64()) * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t threshold = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<Wide>(next_u64()) * n;
    }
  }
  return static_cast<std::uint64_t>(product >> 64U);
}

std::int64_t Stream::integer(std::int64_t low, std::int64_t high) {
  if (low > high) {
    throw ArgumentError({.what = "the ends of a range of integers are not in order",
                         .got = format_integer(low) + " to " + format_integer(high),
                         .expected = "low <= high"});
  }
  const std::uint64_t first = static_cast<std::uint64_t>(low);
  const std::uint64_t count = static_cast<std::uint64_t>(high) - first + 1;
  return static_cast<std::int64_t>(first + (count == 0 ? next_u64() : below(count)));
}

bool Stream::bernoulli(double p) {
  if (!(p >= 0.0 && p <= 1.0)) refuse("a probability is out of range", p, "0 <= p <= 1");
  return uniform() < p;
}

double Stream::normal() { return normal_quantile(uniform_open()); }

double Stream::normal(double mean, double sd) {
  if (!(sd >= 0.0) || !std::isfinite(sd)) {
    refuse("a standard deviation is out of range", sd, "a finite number >= 0");
  }
  return mean + sd * normal();
}

double Stream::exponential(double mean) {
  if (!(mean >= 0.0) || !std::isfinite(mean)) {
    refuse("the mean of an exponential distribution is out of range", mean, "a finite number >= 0");
  }
  return -mean * std::log(uniform_open());
}

double Stream::lognormal(double mean_log, double sd_log) {
  return std::exp(normal(mean_log, sd_log));
}

// Marsaglia & Tsang (2000): with d = shape - 1/3, c = 1 / sqrt(9 d), v = (1 + c z)^3, d v is
// accepted when log u < z^2/2 + d - d v + d log v. A shape below 1 is raised by one and the draw
// scaled by u^(1/shape).
double Stream::gamma(double shape) {
  if (!(shape > 0.0) || !std::isfinite(shape)) {
    refuse("the shape of a gamma distribution is out of range", shape, "a finite number > 0");
  }
  if (shape < 1.0) {
    const double raised = gamma(shape + 1.0);
    return raised * std::pow(uniform_open(), 1.0 / shape);
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double z = normal();
    const double root = 1.0 + c * z;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(uniform_open()) < 0.5 * z * z + d - d * v + d * std::log(v)) return d * v;
  }
}

// Ratio of gammas; Jöhnk (1964) when both shapes are at most 1, in logarithms where the powers
// underflow.
double Stream::beta(double a, double b) {
  if (!(a > 0.0) || !std::isfinite(a)) {
    refuse("the first shape of a beta distribution is out of range", a, "a finite number > 0");
  }
  if (!(b > 0.0) || !std::isfinite(b)) {
    refuse("the second shape of a beta distribution is out of range", b, "a finite number > 0");
  }
  if (a > 1.0 || b > 1.0) {
    const double x = gamma(a);
    return x / (x + gamma(b));
  }
  while (true) {
    const double log_x = std::log(uniform_open()) / a;
    const double log_y = std::log(uniform_open()) / b;
    const double larger = std::max(log_x, log_y);
    const double x = std::exp(log_x - larger);
    const double y = std::exp(log_y - larger);
    if (larger + std::log(x + y) <= 0.0) return x / (x + y);
  }
}

// PTRS of Hörmann (1993): transformed rejection with a squeeze, for means of 10 and more.
std::int64_t Stream::poisson(double mean) {
  if (!(mean >= 0.0 && mean <= 1e9)) {
    refuse("the mean of a Poisson distribution is out of range", mean, "0 <= mean <= 1e9");
  }
  if (mean < 10.0) return poisson_by_inversion(uniform(), mean);
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double squeeze = 0.9277 - 3.6224 / (b - 2.0);
  while (true) {
    const double u = uniform_open() - 0.5;
    const double v = uniform_open();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2.0 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return static_cast<std::int64_t>(k);
    if (k < 0.0 || k > 0x1p62 || (us < 0.013 && v > us)) continue;
    if (std::log(v * inverse_alpha / (a / (us * us) + b)) <= poisson_log_mass(k, mean)) {
      return static_cast<std::int64_t>(k);
    }
  }
}

std::size_t Stream::categorical(std::span<const double> weights) {
  double total = 0.0;
  for (const double weight : weights) {
    if (!(weight >= 0.0)) refuse("a weight is out of range", weight, "a number >= 0");
    total += weight;
  }
  if (!(total > 0.0) || !std::isfinite(total)) {
    refuse("the sum of the weights is out of range", total, "a finite number > 0");
  }
  const double target = uniform() * total;
  double below = 0.0;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0.0) continue;
    chosen = i;
    below += weights[i];
    if (target < below) break;
  }
  return chosen;
}

std::vector<std::size_t> Stream::permutation(std::size_t n, const Context& context) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, context);
  return order;
}

// The first k steps of the shuffle. Few of many: only the places that were swapped are stored.
std::vector<std::size_t> Stream::sample(std::size_t n, std::size_t k, const Context& context) {
  if (k > n) {
    throw ArgumentError(
        {.what = "a sample without replacement is larger than what it is drawn from",
         .got = std::to_string(k),
         .expected = "at most " + std::to_string(n)});
  }
  std::vector<std::size_t> chosen;
  chosen.reserve(k);
  if (k >= n / 16) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = n; i > n - k; --i) {
      if (i % kPollItems == 0) context.check();
      std::swap(order[i - 1], order[static_cast<std::size_t>(below(i))]);
      chosen.push_back(order[i - 1]);
    }
    return chosen;
  }
  std::unordered_map<std::size_t, std::size_t> moved;
  const auto at = [&](std::size_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  for (std::size_t i = n; i > n - k; --i) {
    if (i % kPollItems == 0) context.check();
    const auto j = static_cast<std::size_t>(below(i));
    chosen.push_back(at(j));
    moved[j] = at(i - 1);
  }
  return chosen;
}

}  // namespace impact
