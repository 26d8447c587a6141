#include "engine/stats/contingency.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

using Counts = std::vector<std::int64_t>;

Counts counts(const std::string& name) {
  const auto values = data(name);
  return {values.begin(), values.end()};
}

CountTestSpec plain() {
  CountTestSpec spec;
  spec.continuity = false;
  return spec;
}

void agree(const Estimate& row, const std::string& test) {
  check(row.statistic, test, "statistic");
  check(row.df, test, "df");
  check(row.p_value, test, "p");
}

Counts transposed(const Counts& table, std::size_t rows, std::size_t columns) {
  Counts result(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    result[(i % columns) * rows + i / columns] = table[i];
  }
  return result;
}

}  // namespace

TEST_CASE("chi-squared tests agree with R", "[hypothesis]") {
  const Counts a = counts("m22"), b = counts("m34"), o = counts("o");
  agree(chi_square_test({a, 2, 2}), "chi_yates");
  const Estimate uncorrected = chi_square_test({a, 2, 2}, plain());
  agree(uncorrected, "chi_plain");
  check(uncorrected.estimate, "chi_plain", "v");
  check(chi_square_test({a, 2, 2}).estimate, "chi_plain", "v");
  const Estimate large = chi_square_test({b, 3, 4});
  agree(large, "chi_34");
  check(large.estimate, "chi_34", "v");
  CHECK(warned(large, "below 5"));
  check(cramers_v({b, 3, 4}).estimate, "chi_34", "v_corrected");
  agree(goodness_of_fit_test(o), "gof_equal");
  const std::vector<double> p = {3, 4, 2, 5, 6};
  agree(goodness_of_fit_test(o, p), "gof_p");
}

TEST_CASE("Fisher's exact test agrees with R", "[hypothesis]") {
  for (const auto& [name, test] : std::vector<std::pair<std::string, std::string>>{
           {"m22", "fisher_22"}, {"m22b", "fisher_tea"}, {"m22c", "fisher_large"}}) {
    const Counts table = counts(name);
    const Estimate row = fisher_exact_test({table, 2, 2});
    check(row.p_value, test, "p");
    check(row.estimate, test, "odds", 1e-8);
    check(row.conf_low, test, "low", 1e-8);
    check(row.conf_high, test, "high", 1e-8);
  }
  const Counts b = counts("m34"), c = counts("m44");
  check(fisher_exact_test({b, 3, 4}).p_value, "fisher_34", "p");
  check(fisher_exact_test({c, 4, 4}).p_value, "fisher_44", "p");
  const Counts d = counts("m35");
  check(fisher_exact_test({d, 3, 5}).p_value, "fisher_35", "p");
  CHECK(fisher_exact_test({c, 4, 4}).p_value == Approx(0.7827).margin(5e-5));  // as published
}

TEST_CASE("Fisher's exact test by counting, at the ends, and too large", "[hypothesis]") {
  // 2 x 3 with margins (2, 2), (2, 1, 1): six tables of probability 1/6 1/6 2/6*2 ... by hand:
  // first row (2 0 0) 1/6, (0 1 1) 1/6, (1 1 0) 2/6, (1 0 1) 2/6.
  const Counts edge = {2, 0, 0, 0, 1, 1}, middle = {1, 1, 0, 1, 0, 1};
  CHECK(fisher_exact_test({edge, 2, 3}).p_value == Approx(1.0 / 3.0).epsilon(1e-12));
  CHECK(fisher_exact_test({middle, 2, 3}).p_value == Approx(1.0).epsilon(1e-12));
  const Counts none = {0, 5, 5, 5};
  CHECK(fisher_exact_test({none, 2, 2}).estimate == 0.0);
  CHECK(fisher_exact_test({none, 2, 2}).conf_low == 0.0);
  CHECK(fisher_exact_test({none, 2, 2}).conf_high > 0.0);
  const Counts full = {5, 0, 5, 5};
  CHECK(std::isinf(fisher_exact_test({full, 2, 2}).estimate));
  CHECK(std::isinf(fisher_exact_test({full, 2, 2}).conf_high));
  // A table whose smallest p-value underflows no earlier than double does.
  const Counts far = {500, 0, 0, 500};
  CHECK(std::log10(fisher_exact_test({far, 2, 2}).p_value) == Approx(-299.13).margin(0.01));
  Counts big(36, 300);
  big[0] = 311;
  const Estimate row = fisher_exact_test({big, 6, 6});
  CHECK(std::isnan(row.p_value));
  CHECK(warned(row, "too large"));
}

TEST_CASE("McNemar and Bowker agree with R", "[hypothesis]") {
  const Counts a = counts("m22"), c = counts("m44");
  agree(mcnemar_test({a, 2, 2}), "mcnemar");
  agree(mcnemar_test({a, 2, 2}, plain()), "mcnemar_plain");
  agree(mcnemar_test({c, 4, 4}), "mcnemar_44");
  const Estimate exact = mcnemar_exact_test({a, 2, 2});
  check(exact.p_value, "mcnemar_exact", "p");
  check(exact.conf_low, "mcnemar_exact", "low");
  check(exact.conf_high, "mcnemar_exact", "high");
  CHECK(exact.estimate == 5.0 / 7.0);
}

TEST_CASE("tables: order of rows and columns, turning and empty rows", "[hypothesis]") {
  const Counts b = counts("m34");
  const Counts turned = transposed(b, 3, 4);
  CHECK(chi_square_test({b, 3, 4}).statistic == chi_square_test({turned, 4, 3}).statistic);
  CHECK(fisher_exact_test({b, 3, 4}).p_value == fisher_exact_test({turned, 4, 3}).p_value);
  const Counts swapped = {b[8], b[9], b[10], b[11], b[4], b[5], b[6], b[7], b[0], b[1], b[2], b[3]};
  CHECK(fisher_exact_test({b, 3, 4}).p_value == fisher_exact_test({swapped, 3, 4}).p_value);
  CHECK(chi_square_test({b, 3, 4}).statistic == chi_square_test({swapped, 3, 4}).statistic);
  Counts padded = b;
  padded.insert(padded.end(), 4, 0);
  CHECK(chi_square_test({padded, 4, 4}).p_value == chi_square_test({b, 3, 4}).p_value);
  CHECK(warned(chi_square_test({padded, 4, 4}), "empty and left out"));
  CHECK(fisher_exact_test({padded, 4, 4}).p_value == fisher_exact_test({b, 3, 4}).p_value);
}

TEST_CASE("tables: what is undefined is NaN with a sentence", "[hypothesis]") {
  const auto undefined = [](const Estimate& row, const char* text) {
    CHECK(std::isnan(row.p_value));
    CHECK(warned(row, text));
  };
  const Counts zeros(4, 0), one_row = {3, 4, 0, 0}, diagonal = {3, 0, 0, 4};
  undefined(chi_square_test({zeros, 2, 2}), "no counts");
  undefined(chi_square_test({one_row, 2, 2}), "fewer than two");
  undefined(fisher_exact_test({one_row, 2, 2}), "fewer than two");
  undefined(mcnemar_test({diagonal, 2, 2}), "no pair changed");
  undefined(mcnemar_exact_test({diagonal, 2, 2}), "no pair changed");
  undefined(goodness_of_fit_test(zeros), "no counts");
  undefined(goodness_of_fit_test(Counts{5}), "fewer than two");
  undefined(chi_square_test({Counts{}, 0, 0}), "no counts");
  const Estimate impossible = goodness_of_fit_test(Counts{1, 2, 3}, std::vector<double>{0, 1, 1});
  CHECK(impossible.p_value == 0.0);
  CHECK(warned(impossible, "probability 0"));
  CHECK_THROWS_AS(chi_square_test({zeros, 3, 2}), ArgumentError);
  CHECK_THROWS_AS(chi_square_test({Counts{1, 2, -1, 2}, 2, 2}), ArgumentError);
  CHECK_THROWS_AS(mcnemar_test({counts("m34"), 3, 4}), ArgumentError);
  CHECK_THROWS_AS(mcnemar_exact_test({Counts(9, 1), 3, 3}), ArgumentError);
  CHECK_THROWS_AS(goodness_of_fit_test(Counts{1, 2}, std::vector<double>{1.0}), ArgumentError);
}
