#include "engine/causal/graph/independence_tests.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/correlation.h"
#include "engine/stats/distribution.h"
#include "engine/stats/linear.h"
#include "engine/stats/multinomial.h"
#include "engine/stats/wald.h"

namespace impact {
namespace {

constexpr std::array<std::string_view, 4> kMethods = {"auto", "fisher_z", "chi_square",
                                                      "regression"};
// Rows a cell of a table should hold on average.
constexpr std::size_t kRowsPerCell = 5;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Column = IndependenceColumn;

bool is_category(const Column& column) { return !column.codes.empty(); }

/// The columns of one statement on the rows where all of them are known.
struct Rows {
  std::size_t n = 0;
  std::vector<std::vector<double>> values = {};  // One a column: the two sides, then conditions.
  std::vector<std::size_t> levels = {};          // 0: numbers.
};

Rows complete_rows(std::span<const Column* const> columns, std::size_t length) {
  Rows out;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < length; ++i) {
    const bool known = std::ranges::all_of(columns, [i](const Column* c) {
      return is_category(*c) ? c->codes[i] >= 0 : std::isfinite(c->values[i]);
    });
    if (known) kept.push_back(i);
  }
  out.n = kept.size();
  for (const Column* c : columns) {
    std::vector<double> values;
    values.reserve(kept.size());
    std::map<std::int32_t, std::size_t> level;  // Levels that occur, without gaps.
    if (is_category(*c)) {
      for (const std::size_t i : kept) level[c->codes[i]] = 0;
      std::size_t next = 0;
      for (auto& [code, number] : level) number = next++;
    }
    for (const std::size_t i : kept) {
      values.push_back(is_category(*c) ? static_cast<double>(level.at(c->codes[i])) : c->values[i]);
    }
    out.values.push_back(std::move(values));
    out.levels.push_back(level.size());
  }
  return out;
}

void no_test(Estimate* row, std::string why) { row->warnings.push_back(std::move(why)); }

void fisher_z(const Rows& rows, Estimate* row) {
  row->method = "fisher_z";
  std::vector<double> controls;
  for (std::size_t c = 2; c < rows.values.size(); ++c) {
    controls.insert(controls.end(), rows.values[c].begin(), rows.values[c].end());
  }
  const Estimate r = partial_correlation(rows.values[0], rows.values[1], controls);
  row->estimate = r.estimate;
  row->warnings.insert(row->warnings.end(), r.warnings.begin(), r.warnings.end());
  // df = n - 2 - k.
  if (!(r.df > 1.0) || !std::isfinite(r.estimate)) {
    if (r.warnings.empty()) no_test(row, "too few rows for the number of conditions: no test");
    return;
  }
  row->conf_low = r.conf_low;
  row->conf_high = r.conf_high;
  row->statistic = std::sqrt(r.df - 1.0) * std::atanh(r.estimate);
  row->df = std::numeric_limits<double>::infinity();
  row->p_value = 2.0 * normal_upper(std::abs(row->statistic));
}

// Number of the stratum of each row, by the values of the conditions.
std::vector<std::size_t> strata_of(const Rows& rows, std::size_t* count) {
  std::map<std::vector<double>, std::size_t> known;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rows.n; ++i) {
    std::vector<double> key;
    for (std::size_t c = 2; c < rows.values.size(); ++c) key.push_back(rows.values[c][i]);
    out.push_back(known.try_emplace(std::move(key), known.size()).first->second);
  }
  *count = known.size();
  return out;
}

// X2 = sum over strata s, cells (i, j) of (n_sij - e_sij)^2 / e_sij, e_sij = n_si. n_s.j / n_s.
void chi_square(const Rows& rows, Estimate* row) {
  row->method = "chi_square";
  const std::size_t r = rows.levels[0];
  const std::size_t c = rows.levels[1];
  std::size_t strata = 0;
  const std::vector<std::size_t> stratum = strata_of(rows, &strata);
  std::vector<double> counts(strata * r * c, 0.0);
  for (std::size_t i = 0; i < rows.n; ++i) {
    counts[(stratum[i] * r + static_cast<std::size_t>(rows.values[0][i])) * c +
           static_cast<std::size_t>(rows.values[1][i])] += 1.0;
  }
  double x2 = 0.0;
  double df = 0.0;
  std::size_t cells = 0;
  std::size_t thin = 0;
  for (std::size_t s = 0; s < strata; ++s) {
    const double* table = counts.data() + s * r * c;
    std::vector<double> of_row(r, 0.0);
    std::vector<double> of_column(c, 0.0);
    double total = 0.0;
    for (std::size_t k = 0; k < r * c; ++k) {
      of_row[k / c] += table[k];
      of_column[k % c] += table[k];
      total += table[k];
    }
    const auto used = [](const std::vector<double>& margin) {
      return static_cast<double>(std::ranges::count_if(margin, [](double m) { return m > 0.0; }));
    };
    df += (used(of_row) - 1.0) * (used(of_column) - 1.0);
    for (std::size_t k = 0; k < r * c; ++k) {
      const double expected = of_row[k / c] * of_column[k % c] / total;
      if (!(expected > 0.0)) continue;
      x2 += (table[k] - expected) * (table[k] - expected) / expected;
      ++cells;
      if (expected < 5.0) ++thin;
    }
  }
  if (!(df > 0.0)) {
    no_test(row, "no stratum in which both sides vary: no test");
    return;
  }
  const auto smaller = static_cast<double>(std::min(r, c) - 1);
  row->estimate = std::sqrt(x2 / (static_cast<double>(rows.n) * smaller));
  row->statistic = x2;
  row->df = df;
  row->p_value = chi2_upper(x2, df);
  if (5 * thin > cells) {
    row->warnings.push_back(
        fmt::format("{} of {} expected counts are below 5: the chi-squared distribution is a rough "
                    "approximation",
                    thin, cells));
  }
}

// Adds a column to a design: numbers as they are, a category as its levels but the first.
void add_column(const Rows& rows, std::size_t at, std::vector<double>* x) {
  if (rows.levels[at] == 0) {
    x->insert(x->end(), rows.values[at].begin(), rows.values[at].end());
    return;
  }
  for (std::size_t level = 1; level < rows.levels[at]; ++level) {
    for (const double value : rows.values[at]) {
      x->push_back(value == static_cast<double>(level) ? 1.0 : 0.0);
    }
  }
}

void f_test(const Rows& rows, std::size_t left, const std::vector<double>& without,
            const std::vector<double>& with, const Context& context, Estimate* row) {
  row->method = "f_test";
  const LinearSpec spec{.se = SeType::kClassical, .explain = false};
  const auto fit = [&](const std::vector<double>& x) {
    return linear({.x = x, .columns = x.size() / rows.n, .y = rows.values[left]}, spec, context);
  };
  const LinearFit small = fit(without);
  const LinearFit large = fit(with);
  const auto left_over = [](const LinearFit& f) {
    return f.residual_sd * f.residual_sd * static_cast<double>(f.n - f.rank);
  };
  const double q = static_cast<double>(large.rank - small.rank);
  const double df2 = static_cast<double>(large.n - large.rank);
  if (!(q > 0.0) || !(df2 > 0.0) || !(left_over(large) > 0.0)) {
    no_test(row, q > 0.0 ? "too few rows for the number of conditions: no test"
                         : "given the conditions one side does not vary: no test");
    return;
  }
  const double gain = std::max(left_over(small) - left_over(large), 0.0);
  row->estimate = gain / left_over(small);
  row->statistic = gain / q / (left_over(large) / df2);
  row->df = q;
  row->p_value = f_upper(row->statistic, q, df2);
}

void likelihood_ratio(const Rows& rows, std::size_t left, const std::vector<double>& without,
                      const std::vector<double>& with, const Context& context, Estimate* row) {
  row->method = "likelihood_ratio";
  if (rows.levels[left] > kMostLevels) {
    no_test(row, fmt::format("a category of {} levels is too fine to be explained: no test",
                             rows.levels[left]));
    return;
  }
  std::vector<std::int32_t> codes;
  for (const double value : rows.values[left]) codes.push_back(static_cast<std::int32_t>(value));
  const auto fit = [&](const std::vector<double>& x) {
    return multinomial(
        {.x = x, .columns = x.size() / rows.n, .y = codes, .levels = rows.levels[left]},
        {.explain = false}, context);
  };
  const MultinomialFit small = fit(without);
  const MultinomialFit large = fit(with);
  if (large.parameters <= small.parameters) {
    no_test(row, "given the conditions one side does not vary: no test");
    return;
  }
  const JointTest test = likelihood_ratio_test({small.log_likelihood, small.parameters, small.n},
                                               {large.log_likelihood, large.parameters, large.n});
  row->estimate = 1.0 - large.log_likelihood / small.log_likelihood;
  row->statistic = test.chi2;
  row->df = test.df1;
  row->p_value = test.p_value;
  row->warnings.insert(row->warnings.end(), test.warnings.begin(), test.warnings.end());
  if (!small.converged || !large.converged || small.separated || large.separated) {
    row->warnings.emplace_back(
        "a multinomial fit has no finite maximum or did not converge: the test is rough");
  }
}

void regression(const Rows& rows, const Context& context, Estimate* row) {
  // A number is explained where there is one: its test has fewer parameters.
  const std::size_t left = rows.levels[0] > 0 && rows.levels[1] == 0 ? 1 : 0;
  std::vector<double> without(rows.n, 1.0);
  for (std::size_t c = 2; c < rows.values.size(); ++c) add_column(rows, c, &without);
  std::vector<double> with = without;
  add_column(rows, 1 - left, &with);
  if (rows.levels[left] == 0) {
    f_test(rows, left, without, with, context, row);
  } else {
    likelihood_ratio(rows, left, without, with, context, row);
  }
}

IndependenceMethod method_for(const Rows& rows, IndependenceMethod asked,
                              const std::string& statement) {
  const bool numbers = std::ranges::all_of(rows.levels, [](std::size_t l) { return l == 0; });
  const bool categories = std::ranges::all_of(rows.levels, [](std::size_t l) { return l > 0; });
  const bool fits = asked == IndependenceMethod::kFisherZ     ? numbers
                    : asked == IndependenceMethod::kChiSquare ? categories
                                                              : true;
  if (!fits) {
    throw ArgumentError({.what = fmt::format("{} does not fit the columns of {}",
                                             independence_method_name(asked), statement),
                         .where = "method",
                         .got = std::string(independence_method_name(asked)),
                         .expected = numbers ? "fisher_z or regression: all are numbers"
                                     : categories
                                         ? "chi_square or regression: all are categories"
                                         : "regression: numbers and categories are mixed"});
  }
  if (asked != IndependenceMethod::kAuto) return asked;
  if (numbers) return IndependenceMethod::kFisherZ;
  if (!categories) return IndependenceMethod::kRegression;
  std::size_t strata = 0;
  (void)strata_of(rows, &strata);
  return rows.n >= kRowsPerCell * rows.levels[0] * rows.levels[1] * strata
             ? IndependenceMethod::kChiSquare
             : IndependenceMethod::kRegression;
}

Estimate test_one(std::span<const Column* const> columns, std::size_t length,
                  const Independence& statement, IndependenceMethod asked, const Context& context) {
  Estimate row;
  row.term = statement.text;
  // What fits is a matter of the columns, not of the rows.
  Rows rows = complete_rows(columns, length);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (is_category(*columns[c]) && rows.levels[c] == 0) rows.levels[c] = 1;
  }
  row.n = static_cast<std::int64_t>(rows.n);
  const IndependenceMethod method = method_for(rows, asked, statement.text);
  if (rows.n < length) {
    row.warnings.push_back(fmt::format("{} rows with missing values left out", length - rows.n));
  }
  if (rows.n == 0) {
    no_test(&row, "no complete row: no test");
    return row;
  }
  for (std::size_t side = 0; side < 2; ++side) {
    const std::vector<double>& v = rows.values[side];
    if (std::ranges::any_of(v, [&v](double value) { return value != v.front(); })) continue;
    no_test(&row, fmt::format("{} does not vary: no test", side == 0 ? statement.a : statement.b));
    return row;
  }
  switch (method) {
    case IndependenceMethod::kFisherZ: fisher_z(rows, &row); break;
    case IndependenceMethod::kChiSquare: chi_square(rows, &row); break;
    default: regression(rows, context, &row);
  }
  return row;
}

std::map<std::string, const Column*> columns_by_name(std::span<const Column> columns,
                                                     std::size_t* length) {
  std::map<std::string, const Column*> out;
  for (const Column& c : columns) {
    if (c.values.empty() == c.codes.empty()) {
      throw ArgumentError({.what = fmt::format("column '{}' needs numbers or codes", c.name),
                           .where = "columns",
                           .got = c.codes.empty() ? "neither" : "both",
                           .expected = "one of them"});
    }
    const std::size_t size = std::max(c.values.size(), c.codes.size());
    if (!out.empty() && size != *length) {
      throw ArgumentError({.what = "columns differ in length",
                           .where = c.name,
                           .got = fmt::format("{} rows", size),
                           .expected = fmt::format("{}", *length)});
    }
    *length = size;
    if (!out.try_emplace(c.name, &c).second) {
      throw ArgumentError({.what = fmt::format("two columns are called '{}'", c.name),
                           .where = "columns",
                           .got = c.name,
                           .expected = "one column for each node"});
    }
  }
  return out;
}

std::string reading_of(const IndependenceReport& report, const IndependenceSpec& spec) {
  std::vector<std::string> rejected;
  std::int64_t tested = 0;
  for (const IndependenceTest& test : report.tests) {
    if (!std::isnan(test.row.p_value)) ++tested;
    if (test.rejected) rejected.push_back(test.statement.text);
  }
  if (tested == 0) return "nothing that the graph implies could be tested";
  const std::string how =
      fmt::format("at level {} ({})", format_double(spec.level), adjustment_name(spec.adjustment));
  if (rejected.empty()) {
    return fmt::format(
        "none of the {} independences that the graph implies is rejected {}: the data do not "
        "contradict it, which does not show that it is right",
        tested, how);
  }
  return fmt::format("{} of the {} independences that the graph implies are rejected {}: {}",
                     rejected.size(), tested, how, list_words(rejected, 5));
}

}  // namespace

std::string_view independence_method_name(IndependenceMethod method) {
  return kMethods[static_cast<std::size_t>(method)];
}

IndependenceMethod parse_independence_method(std::string_view name) {
  return parse_choice<IndependenceMethod>(kMethods, name, "test of independence", "method");
}

IndependenceReport test_independences(std::span<const Independence> statements,
                                      std::span<const IndependenceColumn> columns,
                                      const IndependenceSpec& spec, const Context& context) {
  if (!(spec.level > 0.0 && spec.level < 1.0)) {
    throw ArgumentError({.what = "the level of a test is a probability",
                         .where = "level",
                         .got = format_double(spec.level),
                         .expected = "between 0 and 1"});
  }
  std::size_t length = 0;
  const std::map<std::string, const Column*> known = columns_by_name(columns, &length);
  IndependenceReport out;
  std::vector<std::vector<const Column*>> used;
  NodeNames lacking;
  for (const Independence& statement : statements) {
    NodeNames names{statement.a, statement.b};
    names.insert(names.end(), statement.given.begin(), statement.given.end());
    std::vector<const Column*> own;
    for (const std::string& name : names) {
      const auto at = known.find(name);
      if (at != known.end()) {
        own.push_back(at->second);
      } else if (std::ranges::find(lacking, name) == lacking.end()) {
        lacking.push_back(name);
      }
    }
    if (own.size() < names.size()) continue;
    used.push_back(std::move(own));
    out.tests.push_back({.statement = statement, .p_adjusted = kNaN});
  }
  if (!lacking.empty()) {
    out.warnings.push_back(fmt::format("{} of {} statements were left out: no column for {}",
                                       statements.size() - out.tests.size(), statements.size(),
                                       list_words(lacking)));
  }
  run_tasks(context, out.tests.size(), [&](std::size_t i) {
    out.tests[i].row = test_one(used[i], length, out.tests[i].statement, spec.method, context);
  });
  std::vector<double> p;
  for (const IndependenceTest& test : out.tests) p.push_back(test.row.p_value);
  const std::vector<double> adjusted = adjust_p_values(p, spec.adjustment);
  for (std::size_t i = 0; i < p.size(); ++i) {
    out.tests[i].p_adjusted = adjusted[i];
    out.tests[i].rejected = adjusted[i] <= spec.level;
    if (out.tests[i].rejected) ++out.rejected;
  }
  out.reading = reading_of(out, spec);
  return out;
}

}  // namespace impact
