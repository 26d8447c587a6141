#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/analysis/reader.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/contingency.h"
#include "engine/stats/proportions.h"

// Tables of counts, and shares.
namespace impact::detail {
namespace {

constexpr std::size_t kMostCells = 1000000;

std::string left_out(std::size_t rows, const std::string& why) {
  return std::to_string(rows) + (rows == 1 ? " row was" : " rows were") + " left out because " +
         why;
}

// Rows by two columns; a row that lacks either is left out.
struct Crossed {
  FactorCodes rows;
  FactorCodes columns;
  std::vector<std::int64_t> counts;
  std::vector<std::string> warnings;
  [[nodiscard]] CountTable table() const {
    return {counts, rows.levels.size(), columns.levels.size()};
  }
};

Crossed cross(const AnalysisReader& read, const std::string& by_rows,
              const std::string& by_columns) {
  Crossed out{read.groups(by_rows), read.groups(by_columns), {}, {}};
  const std::size_t width = out.columns.levels.size();
  if (out.rows.levels.size() * width > kMostCells) {
    throw ArgumentError({.what = "a table of " + std::to_string(out.rows.levels.size()) + " x " +
                                 std::to_string(width) + " values is too large to count",
                         .expected = "at most a million cells"});
  }
  out.counts.assign(out.rows.levels.size() * width, 0);
  std::size_t missing = 0;
  for (std::size_t i = 0; i < out.rows.codes.size(); ++i) {
    const std::int32_t row = out.rows.codes[i];
    const std::int32_t column = out.columns.codes[i];
    if (row < 0 || column < 0) {
      ++missing;
      continue;
    }
    ++out.counts[static_cast<std::size_t>(row) * width + static_cast<std::size_t>(column)];
  }
  if (missing > 0) {
    out.warnings.push_back(
        left_out(missing, "'" + by_rows + "' or '" + by_columns + "' is missing"));
  }
  return out;
}

AnalysisTable counts_table(const Crossed& crossed, const std::string& name) {
  TableBuilder table;
  std::string corner = name;
  for (const std::string& level : crossed.columns.levels) {
    if (level == corner) corner += " ";
  }
  table.texts(corner, crossed.rows.levels);
  const std::size_t width = crossed.columns.levels.size();
  for (std::size_t column = 0; column < width; ++column) {
    std::vector<std::int64_t> cells;
    for (std::size_t row = 0; row < crossed.rows.levels.size(); ++row) {
      cells.push_back(crossed.counts[row * width + column]);
    }
    table.integers(crossed.columns.levels[column], std::move(cells));
  }
  return {"counts", table.build()};
}

CountTestSpec count_spec(const AnalysisReader& read, std::string term) {
  return {.term = std::move(term),
          .continuity = read.flag("continuity", true),
          .conf_level = read.conf_level()};
}

AnalysisResult from_table(const AnalysisReader& read, const char* second,
                          Estimate (*test)(const CountTable&, const CountTestSpec&)) {
  const Crossed crossed = cross(read, read.name("of"), read.name(second));
  Estimate row =
      test(crossed.table(), count_spec(read, read.name("of") + " x " + read.name(second)));
  prepend(&row.warnings, crossed.warnings);
  return {.estimates = {std::move(row)}, .tables = {counts_table(crossed, read.name("of"))}};
}

AnalysisResult chi_square(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  AnalysisResult out = from_table(read, "by", chi_square_test);
  const Crossed crossed = cross(read, read.name("of"), read.name("by"));
  out.estimates.push_back(
      cramers_v(crossed.table(), count_spec(read, out.estimates[0].term + ", unbiased")));
  if (crossed.rows.levels.size() == 2 && crossed.columns.levels.size() == 2) {
    out.estimates.push_back(
        phi_coefficient(crossed.table(), count_spec(read, out.estimates[0].term + ", phi")));
  }
  return out;
}

AnalysisResult fisher(const AnalysisInput& input, const Context&) {
  return from_table(AnalysisReader(input), "by", fisher_exact_test);
}

AnalysisResult mcnemar(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  // Both columns with the levels of either, so that the table is square.
  Crossed crossed = cross(read, read.name("of"), read.name("with"));
  std::vector<std::string> levels = crossed.rows.levels;
  for (const std::string& level : crossed.columns.levels) {
    if (std::find(levels.begin(), levels.end(), level) == levels.end()) levels.push_back(level);
  }
  const auto place = [&](const std::string& level) {
    return static_cast<std::size_t>(std::find(levels.begin(), levels.end(), level) -
                                    levels.begin());
  };
  std::vector<std::int64_t> counts(levels.size() * levels.size(), 0);
  const std::size_t width = crossed.columns.levels.size();
  for (std::size_t row = 0; row < crossed.rows.levels.size(); ++row) {
    for (std::size_t column = 0; column < width; ++column) {
      counts[place(crossed.rows.levels[row]) * levels.size() +
             place(crossed.columns.levels[column])] = crossed.counts[row * width + column];
    }
  }
  crossed.rows.levels = levels;
  crossed.columns.levels = levels;
  crossed.counts = std::move(counts);
  const CountTestSpec spec = count_spec(read, read.name("of") + " x " + read.name("with"));
  Estimate row = read.flag("exact", false) ? mcnemar_exact_test(crossed.table(), spec)
                                           : mcnemar_test(crossed.table(), spec);
  prepend(&row.warnings, crossed.warnings);
  return {.estimates = {std::move(row)}, .tables = {counts_table(crossed, read.name("of"))}};
}

AnalysisResult goodness_of_fit(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const FactorCodes factor = read.groups(read.name("of"));
  std::vector<std::int64_t> counts(factor.levels.size(), 0);
  std::size_t missing = 0;
  for (const std::int32_t code : factor.codes) {
    if (code < 0) ++missing;
    if (code >= 0) ++counts[static_cast<std::size_t>(code)];
  }
  std::vector<double> expected;
  if (read.given("expected")) {
    const auto& wanted = input.options["expected"];
    for (const std::string& level : factor.levels) {
      if (!wanted.contains(level)) {
        throw ArgumentError({.what = "'expected' lacks the value '" + level + "'",
                             .expected = "a share for each of " + list_words(factor.levels)});
      }
      expected.push_back(wanted[level].get<double>());
    }
    for (const auto& [level, share] : wanted.items()) {
      if (std::find(factor.levels.begin(), factor.levels.end(), level) == factor.levels.end()) {
        throw ArgumentError({.what = "'expected' names a value that does not occur",
                             .got = level,
                             .expected = list_words(factor.levels),
                             .hint = did_you_mean(level, factor.levels)});
      }
    }
  }
  Estimate row = goodness_of_fit_test(counts, expected, count_spec(read, read.name("of")));
  const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
  if (!expected.empty() && std::abs(sum - 1.0) > 1e-9) {
    row.warnings.push_back("the expected shares sum to " + format_double(sum) +
                           " and were scaled to 1");
  }
  if (missing > 0) {
    row.warnings.insert(row.warnings.begin(),
                        left_out(missing, "'" + read.name("of") + "' is missing"));
  }
  TableBuilder table;
  table.texts("value", factor.levels);
  table.integers("count", std::move(counts));
  return {.estimates = {std::move(row)}, .tables = {{"counts", table.build()}}};
}

ShareSpec share_spec(const AnalysisReader& read, std::string term) {
  return {
      .term = std::move(term),
      .null_value = read.number("null", 0.5),
      .continuity = read.flag("continuity", false),
      .conf_level = read.conf_level(),
      .method = read.text("method", "score") == "exact" ? ShareMethod::kExact : ShareMethod::kScore,
      .interval = read.text("interval", "newcombe") == "wald" ? ShareInterval::kWald
                                                              : ShareInterval::kNewcombe,
      .alternative = read.alternative()};
}

Share count(const std::vector<double>& outcomes) {
  Share out;
  for (const double value : outcomes) {
    if (std::isnan(value)) continue;
    ++out.trials;
    if (value == 1.0) ++out.successes;
  }
  return out;
}

void warn_missing_of(const AnalysisReader& read, const std::vector<double>& outcomes,
                     std::vector<std::string>* warnings) {
  const auto missing = static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [](double v) { return std::isnan(v); }));
  if (missing == 0) return;
  warnings->insert(warnings->begin(), left_out(missing, "'" + read.name("of") + "' is missing"));
}

AnalysisResult share(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const auto outcomes = read.outcomes();
  Estimate row = share_test(count(outcomes), share_spec(read, read.name("of")));
  warn_missing_of(read, outcomes, &row.warnings);
  return {.estimates = {std::move(row)}};
}

// Shares in the two groups of "by".
struct TwoShares {
  Share first;
  Share second;
  std::string term;
  std::vector<std::string> warnings;
};

TwoShares two_shares(const AnalysisInput& input) {
  // The outcomes stand in for "of" as numbers.
  const AnalysisReader read(input);
  AnalysisInput numeric = input;
  const auto outcomes = read.outcomes();
  TableBuilder table;
  table.numbers(read.name("of"), outcomes);
  std::vector<std::string> names{read.name("of"), read.name("by")};
  std::vector<Column> columns{table.build().column(0), input.frame.column(read.name("by"))};
  numeric.frame = Frame(names, std::move(columns));
  numeric.roles = {{"of", {names[0]}}, {"by", {names[1]}}};
  const TwoGroups groups = AnalysisReader(numeric).two_groups();
  TwoShares out{count(groups.first), count(groups.second), groups.term(), groups.warnings};
  warn_missing_of(read, outcomes, &out.warnings);
  return out;
}

AnalysisResult share_rows(const AnalysisInput& input,
                          Estimate (*test)(const Share&, const Share&, bool, const ShareSpec&)) {
  const AnalysisReader read(input);
  const TwoShares shares = two_shares(input);
  Estimate row = test(shares.first, shares.second, read.flag("add_half", false),
                      share_spec(read, shares.term));
  prepend(&row.warnings, shares.warnings);
  return {.estimates = {std::move(row)}};
}

AnalysisResult difference_of_shares(const AnalysisInput& input, const Context&) {
  return share_rows(input, [](const Share& a, const Share& b, bool, const ShareSpec& spec) {
    return share_difference(a, b, spec);
  });
}

AnalysisResult ratio_of_odds(const AnalysisInput& input, const Context&) {
  return share_rows(input, odds_ratio);
}

AnalysisResult ratio_of_risks(const AnalysisInput& input, const Context&) {
  return share_rows(input, risk_ratio);
}

// The share in every group of "by".
struct GroupShares {
  std::vector<Share> shares;
  std::vector<std::string> levels;
  std::vector<double> scores;
  std::vector<std::string> warnings;
};

GroupShares shares_by(const AnalysisReader& read) {
  const auto outcomes = read.outcomes();
  const FactorCodes factor = read.groups(read.name("by"));
  GroupShares out{std::vector<Share>(factor.levels.size()), factor.levels, {}, {}};
  std::size_t missing = 0;
  for (std::size_t row = 0; row < outcomes.size(); ++row) {
    if (factor.codes[row] < 0) ++missing;
    if (factor.codes[row] < 0 || std::isnan(outcomes[row])) continue;
    Share& share = out.shares[static_cast<std::size_t>(factor.codes[row])];
    ++share.trials;
    if (outcomes[row] == 1.0) ++share.successes;
  }
  if (missing > 0) {
    out.warnings.push_back(left_out(missing, "'" + read.name("by") + "' is missing"));
  }
  warn_missing_of(read, outcomes, &out.warnings);
  return out;
}

AnalysisTable shares_table(const GroupShares& all, const std::string& by,
                           const ShareSpec& interval) {
  TableBuilder table;
  std::vector<std::int64_t> successes, trials;
  std::vector<double> shares, low, high;
  for (const Share& share : all.shares) {
    const Estimate row = share_test(share, interval);
    successes.push_back(share.successes);
    trials.push_back(share.trials);
    shares.push_back(row.estimate);
    low.push_back(row.conf_low);
    high.push_back(row.conf_high);
  }
  table.texts(by, all.levels);
  table.integers("successes", std::move(successes));
  table.integers("trials", std::move(trials));
  table.numbers("share", std::move(shares));
  table.numbers("conf_low", std::move(low));
  table.numbers("conf_high", std::move(high));
  return {"shares", table.build()};
}

AnalysisResult equality(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const GroupShares all = shares_by(read);
  const ShareSpec spec = share_spec(read, read.name("of") + " by " + read.name("by"));
  Estimate row = share_equality_test(all.shares, spec);
  prepend(&row.warnings, all.warnings);
  return {.estimates = {std::move(row)}, .tables = {shares_table(all, read.name("by"), spec)}};
}

AnalysisResult trend(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const GroupShares all = shares_by(read);
  const ShareSpec spec = share_spec(read, read.name("of") + " along " + read.name("by"));
  Estimate row = share_trend_test(all.shares, read.list("scores"), spec);
  prepend(&row.warnings, all.warnings);
  return {.estimates = {std::move(row)}, .tables = {shares_table(all, read.name("by"), spec)}};
}

constexpr AnalysisMethod kMethods[] = {
    {"chi_square",
     "Pearson's chi-squared test asks whether two groupings are independent (1900); Cramer's V "
     "says how strongly they are tied.",
     {},
     chi_square},
    {"fisher_exact", "Fisher's exact test of independence, given the margins (1935).", {}, fisher},
    {"mcnemar", "McNemar's test asks whether paired answers shift (1947).", {}, mcnemar},
    {"goodness_of_fit",
     "Pearson's chi-squared test of counts against expected shares (1900).",
     {},
     goodness_of_fit},
    {"share", "A share with Wilson's interval (1927) or Clopper & Pearson's (1934).", {}, share},
    {"share_difference", "The difference of two shares with Newcombe's interval (1998).",
     "share_difference", difference_of_shares},
    {"odds_ratio", "The ratio of two odds with Woolf's interval (1955).", "share_difference",
     ratio_of_odds},
    {"risk_ratio", "The ratio of two shares with the interval of Katz et al. (1978).",
     "share_difference", ratio_of_risks},
    {"share_equality", "A chi-squared test that several groups have the same share.", {}, equality},
    {"share_trend",
     "The Cochran-Armitage test asks whether a share rises or falls along ordered groups (1954, "
     "1955).",
     {},
     trend},
};

}  // namespace

std::span<const AnalysisMethod> count_methods() { return kMethods; }

}  // namespace impact::detail
