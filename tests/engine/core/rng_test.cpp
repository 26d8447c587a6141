#include "engine/core/rng.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <boost/math/special_functions/erf.hpp>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

using impact::Stream;
using impact::StreamKey;

namespace {

// Name at the start of a line -> the fields after it.
std::map<std::string, std::vector<std::string>> read_vectors(const std::string& name) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/" + name);
  REQUIRE(file);
  std::map<std::string, std::vector<std::string>> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string key;
    fields >> key;
    for (std::string field; fields >> field;) vectors[key].push_back(field);
  }
  return vectors;
}

std::uint64_t hex(const std::string& text) { return std::stoull(text, nullptr, 16); }

Stream reference_stream() {
  return Stream(StreamKey::root(20240611).child("assignment"), 5'000'000'000U);
}

}  // namespace

TEST_CASE("philox: published known-answer vectors") {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/philox/kat_vectors.txt");
  REQUIRE(file);
  int seen = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::array<std::uint32_t, 10> word{};
    for (std::uint32_t& value : word) REQUIRE(fields >> std::hex >> value);
    CHECK(impact::philox4x32({word[0], word[1], word[2], word[3]}, {word[4], word[5]}) ==
          std::array<std::uint32_t, 4>{word[6], word[7], word[8], word[9]});
    ++seen;
  }
  CHECK(seen == 3);
}

TEST_CASE("stream: stored vectors") {
  const auto vectors = read_vectors("random_streams/vectors.txt");
  CHECK(StreamKey::root(20240611).value == hex(vectors.at("root")[0]));
  CHECK(StreamKey::root(20240611).child("assignment").value == hex(vectors.at("child")[0]));
  Stream u32 = reference_stream();
  for (const auto& field : vectors.at("u32")) CHECK(u32.next_u32() == hex(field));
  Stream u64 = reference_stream();
  for (const auto& field : vectors.at("u64")) CHECK(u64.next_u64() == hex(field));
  Stream uniform = reference_stream();
  for (const auto& field : vectors.at("uniform")) CHECK(uniform.uniform() == std::stod(field));
  Stream below = reference_stream();
  for (const auto& field : vectors.at("below_1000")) CHECK(below.below(1000) == std::stoull(field));
  Stream large = reference_stream();
  for (const auto& field : vectors.at("below_3x2^62")) {
    CHECK(large.below(std::uint64_t{3} << 62U) == std::stoull(field));
  }
  Stream permutation = reference_stream();
  std::vector<std::size_t> order;
  for (const auto& field : vectors.at("permutation_8")) order.push_back(std::stoul(field));
  CHECK(permutation.permutation(8) == order);
  Stream normal = reference_stream();
  for (const auto& field : vectors.at("normal")) {
    CHECK(normal.normal() == Approx(std::stod(field)).epsilon(1e-15));
  }
}

TEST_CASE("stream: the counter is (block, unit), low words first") {
  const StreamKey key{0x0123456789ABCDEFU};
  Stream stream(key, 0xFEDCBA9876543210U);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const auto words =
        impact::philox4x32({block, 0, 0x76543210U, 0xFEDCBA98U}, {0x89ABCDEFU, 0x01234567U});
    for (const std::uint32_t word : words) CHECK(stream.next_u32() == word);
  }
}

TEST_CASE("stream keys: names and seeds tell streams apart") {
  std::set<std::uint64_t> keys;
  for (std::int64_t seed = -50; seed < 50; ++seed) {
    const StreamKey root = StreamKey::root(seed);
    keys.insert(root.value);
    for (const char* name : {"", "a", "b", "ab", "ba"}) keys.insert(root.child(name).value);
    keys.insert(root.child("a").child("b").value);
  }
  CHECK(keys.size() == 700);
  CHECK(StreamKey::root(1).child("a") == StreamKey::root(1).child("a"));
}

TEST_CASE("stream: a copy walks on by itself") {
  Stream one(StreamKey::root(1));
  (void)one.next_u32();
  Stream other = one;
  CHECK(one.next_u64() == other.next_u64());
}

TEST_CASE("uniform: ends of the interval") {
  Stream stream(StreamKey::root(9));
  for (int i = 0; i < 10000; ++i) {
    const double closed = stream.uniform();
    CHECK((closed >= 0.0 && closed < 1.0));
    const double open = stream.uniform_open();
    CHECK((open > 0.0 && open < 1.0));
    const double scaled = stream.uniform(-3.0, 5.0);
    CHECK((scaled >= -3.0 && scaled <= 5.0));
  }
  CHECK(stream.uniform(2.0, 2.0) == 2.0);
}

TEST_CASE("integer: both ends and the full range") {
  constexpr auto kLow = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHigh = std::numeric_limits<std::int64_t>::max();
  Stream stream(StreamKey::root(9));
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(stream.integer(-2, 2));
  CHECK(seen == std::set<std::int64_t>{-2, -1, 0, 1, 2});
  CHECK(stream.integer(7, 7) == 7);
  Stream same = stream;
  CHECK(static_cast<std::uint64_t>(stream.integer(kLow, kHigh)) ==
        same.next_u64() + static_cast<std::uint64_t>(kLow));
  CHECK(stream.integer(kHigh - 1, kHigh) >= kHigh - 1);
  CHECK(stream.below(1) == 0);
}

TEST_CASE("permutation, sample, shuffle") {
  Stream stream(StreamKey::root(9).child("order"));
  auto order = stream.permutation(1000);
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i);
  CHECK(stream.permutation(0).empty());
  CHECK(stream.permutation(1) == std::vector<std::size_t>{0});
  // Whatever is stored meanwhile, a sample is the end of the permutation, backwards.
  for (const std::size_t k : {0U, 1U, 5U, 60U, 63U, 500U, 1000U}) {
    Stream one(StreamKey::root(10), k);
    Stream other(StreamKey::root(10), k);
    auto expected = one.permutation(1000);
    std::reverse(expected.begin(), expected.end());
    expected.resize(k);
    CHECK(other.sample(1000, k) == expected);
  }
  CHECK(stream.sample(std::size_t{1} << 40U, 3).size() == 3);
  std::string letters = "impact";
  stream.shuffle(letters);
  std::sort(letters.begin(), letters.end());
  CHECK(letters == "acimpt");
}

TEST_CASE("categorical: zero weights are never drawn") {
  Stream stream(StreamKey::root(9).child("categorical"));
  const std::vector<double> weights = {0.0, 1.0, 0.0, 3.0, 0.0};
  std::vector<int> count(5);
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) ++count[stream.categorical(weights)];
  CHECK(count[0] + count[2] + count[4] == 0);
  CHECK(std::fabs(count[1] - kDraws / 4.0) < 5.0 * std::sqrt(kDraws * 0.25 * 0.75));
}

TEST_CASE("stream: parameters out of range are refused") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  Stream s(StreamKey::root(1));
  using impact::ArgumentError;
  CHECK_THROWS_AS(s.below(0), ArgumentError);
  CHECK_THROWS_AS(s.integer(1, 0), ArgumentError);
  CHECK_THROWS_AS(s.sample(3, 4), ArgumentError);
  CHECK_THROWS_AS(s.uniform(1.0, 0.0), ArgumentError);
  CHECK_THROWS_AS(s.uniform(0.0, kInf), ArgumentError);
  CHECK_THROWS_AS(s.categorical(std::vector<double>{}), ArgumentError);
  CHECK_THROWS_AS(s.categorical(std::vector<double>{1.0, -1.0}), ArgumentError);
  CHECK_THROWS_AS(s.categorical(std::vector<double>{1.0, kNaN}), ArgumentError);
  CHECK_THROWS_AS(s.categorical(std::vector<double>{1.0, kInf}), ArgumentError);
  for (const double bad : {-1.0, kNaN, kInf}) {
    CHECK_THROWS_AS(s.bernoulli(bad), ArgumentError);
    CHECK_THROWS_AS(s.normal(0.0, bad), ArgumentError);
    CHECK_THROWS_AS(s.exponential(bad), ArgumentError);
    CHECK_THROWS_AS(s.gamma(bad), ArgumentError);
    CHECK_THROWS_AS(s.beta(bad, 1.0), ArgumentError);
    CHECK_THROWS_AS(s.beta(1.0, bad), ArgumentError);
    CHECK_THROWS_AS(s.poisson(bad), ArgumentError);
  }
  CHECK_THROWS_AS(s.gamma(0.0), ArgumentError);
  CHECK_THROWS_AS(s.poisson(2e9), ArgumentError);
}

TEST_CASE("normal quantile: within 1e-15 of the exact value") {
  // Boost.Math in extended precision: about 1e-18.
  const auto exact = [](double p) {
    const auto wide = static_cast<long double>(p);
    return static_cast<double>(-std::sqrt(2.0L) * boost::math::erfc_inv(2.0L * wide));
  };
  Stream stream(StreamKey::root(9).child("quantile"));
  std::vector<double> points = {0x1p-53,       1.0 - 0x1p-53, 0.075, 0.925,
                                0.5 + 0x1p-50, 1e-300,        5e-324};
  for (int i = 0; i < 300; ++i) points.push_back(stream.uniform_open());
  for (int i = 1; i < 100; ++i) points.push_back(std::exp(-7.4 * i));
  for (int i = 1; i < 50; ++i) points.push_back(1.0 - std::ldexp(stream.uniform_open(), -i));
  double worst = 0.0;
  for (const double p : points) {
    if (p == 1.0) continue;
    const double right = exact(p);
    if (right != 0.0) worst = std::max(worst, std::fabs(impact::normal_quantile(p) / right - 1.0));
  }
  CAPTURE(worst);
  CHECK(worst < 1e-15);
  CHECK(impact::normal_quantile(0.5) == 0.0);
  CHECK(impact::normal_quantile(0.0) == -std::numeric_limits<double>::infinity());
  CHECK(impact::normal_quantile(1.0) == std::numeric_limits<double>::infinity());
  CHECK(std::isnan(impact::normal_quantile(-0.1)));
  CHECK(std::isnan(impact::normal_quantile(1.1)));
  CHECK(std::isnan(impact::normal_quantile(std::nan(""))));
}
