#include "engine/learn/tune/gaussian_process.h"

#include <cmath>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"

using namespace impact;
using impact::detail::GaussianProcess;

namespace {

double wave(double a, double b) { return std::sin(6.0 * a) + 0.1 * b; }

struct Rows {
  std::vector<double> x = {};
  std::vector<double> y = {};
};

Rows waves(std::size_t n) {
  Rows rows;
  Stream stream(StreamKey::root(5));
  for (std::size_t i = 0; i < n; ++i) {
    const double a = stream.uniform();
    const double b = stream.uniform();
    rows.x.insert(rows.x.end(), {a, b});
    rows.y.push_back(wave(a, b));
  }
  return rows;
}

}  // namespace

TEST_CASE("Gaussian process: goes through what it has seen", "[learn][tune][gaussian_process]") {
  const Rows rows = waves(25);
  const GaussianProcess process(rows.x, {false, false}, rows.y);
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    const auto value = process.at(std::span(rows.x).subspan(2 * i, 2));
    CHECK(value.mean == Approx(rows.y[i]).margin(1e-3));
    CHECK(value.sd < 0.01);
  }
  // What matters has the shorter length, and places between are known.
  CHECK(process.lengths()[0] < 0.3 * process.lengths()[1]);
  const auto between = process.at(std::vector<double>{0.5, 0.5});
  CHECK(between.mean == Approx(wave(0.5, 0.5)).margin(0.02));
  CHECK(between.sd < 0.05);
  const auto outside = process.at(std::vector<double>{4.0, 0.5});
  CHECK(outside.sd > 10.0 * between.sd);
}

TEST_CASE("Gaussian process: the likelihood is at its best", "[learn][tune][gaussian_process]") {
  // Two rows: C = [[1 + g, k], [k, 1 + g]], y = -1, 1: mu = 0, s^2 = 1 / (1 + g - k),
  // log L = -log s^2 - 1/2 log((1 + g)^2 - k^2) - 1 - log 2 pi.
  const GaussianProcess two({0.0, 1.0}, {false}, {-1.0, 1.0});
  const double r = std::sqrt(5.0) / two.lengths()[0];
  const double k = (1.0 + r + r * r / 3.0) * std::exp(-r);
  const double g = two.noise();
  const double expected = std::log(1.0 + g - k) - 0.5 * std::log((1.0 + g) * (1.0 + g) - k * k) -
                          1.0 - std::log(2.0 * 3.14159265358979323846);
  CHECK(two.log_likelihood() == Approx(expected).epsilon(1e-10));
  CHECK(two.at(std::vector<double>{0.5}).mean == Approx(0.0).margin(1e-12));
}

TEST_CASE("Gaussian process: shift, scale and order of rows", "[learn][tune][gaussian_process]") {
  const Rows rows = waves(18);
  Rows moved;
  for (std::size_t i = rows.y.size(); i-- > 0;) {
    moved.x.insert(moved.x.end(), {rows.x[2 * i], rows.x[2 * i + 1]});
    moved.y.push_back(1000.0 + 50.0 * rows.y[i]);
  }
  const GaussianProcess plain(rows.x, {false, false}, rows.y);
  const GaussianProcess other(moved.x, {false, false}, moved.y);
  for (const double a : {0.1, 0.45, 0.9}) {
    const auto p = plain.at(std::vector<double>{a, 0.3});
    const auto q = other.at(std::vector<double>{a, 0.3});
    CHECK(q.mean == Approx(1000.0 + 50.0 * p.mean).epsilon(1e-5));
    CHECK(q.sd == Approx(50.0 * p.sd).epsilon(1e-2));
  }
}

TEST_CASE("Gaussian process: codes and further rows", "[learn][tune][gaussian_process]") {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 12; ++i) {
    const double code = i % 3;
    const double a = i / 12.0;
    x.insert(x.end(), {code, a});
    y.push_back((code == 1.0 ? 5.0 : 0.0) + a);
  }
  GaussianProcess process(x, {true, false}, y);
  CHECK(process.at(std::vector<double>{1.0, 0.5}).mean == Approx(5.5).margin(0.3));
  CHECK(process.at(std::vector<double>{2.0, 0.5}).mean == Approx(0.5).margin(0.3));
  // A code that was never seen is as far from all others.
  const auto before = process.at(std::vector<double>{7.0, 0.5});
  CHECK(before.sd > process.at(std::vector<double>{1.0, 0.5}).sd);
  process.add(std::vector<double>{7.0, 0.5}, before.mean + 1.0);
  const auto after = process.at(std::vector<double>{7.0, 0.5});
  CHECK(after.mean == Approx(before.mean + 1.0).margin(0.05));
  CHECK(after.sd < before.sd);
  // The same row again and again, with one value and with several.
  const GaussianProcess same(std::vector<double>(8, 0.5), {false},
                             {1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0});
  CHECK(same.at(std::vector<double>{0.5}).mean == Approx(1.5).margin(1e-9));
  const GaussianProcess flat({0.0, 0.5, 1.0}, {false}, {3.0, 3.0, 3.0});
  CHECK(flat.at(std::vector<double>{0.7}).mean == Approx(3.0).margin(1e-12));
}
