#include "engine/analysis/strata.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/analysis/reader.h"
#include "engine/analysis/words.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/inference.h"
#include "engine/table/take.h"

namespace impact {
namespace {

constexpr double kAlpha = 0.05;
// Parts that a measure is cut into.
constexpr int kClasses = 5;

bool usable(const Estimate& row) {
  return std::isfinite(row.estimate) && std::isfinite(row.std_error);
}

// sum w d over the levels that have an answer.
Estimate average(const std::vector<Stratum>& strata, const Estimate& headline) {
  double rows = 0;
  for (const Stratum& item : strata) {
    if (usable(item.estimate)) rows += static_cast<double>(item.estimate.n);
  }
  PointEstimate point{.estimate = 0.0, .std_error = 0.0};
  for (const Stratum& item : strata) {
    if (!usable(item.estimate)) continue;
    const double weight = static_cast<double>(item.estimate.n) / rows;
    point.estimate += weight * item.estimate.estimate;
    point.std_error += weight * weight * item.estimate.std_error * item.estimate.std_error;
    point.n += item.estimate.n;
  }
  point.std_error = std::sqrt(point.std_error);
  point.df = std::numeric_limits<double>::infinity();
  Estimate out{.term = headline.term, .method = headline.method};
  if (rows > 0) complete(out, point, 0.95);
  return out;
}

bool other_sign(double a, double b) { return (a < 0) != (b < 0) && a != 0 && b != 0; }

// The values of a column; a measure with many is cut at its quintiles, "10 to 25".
FactorCodes strata_codes(const detail::AnalysisReader& read, const std::string& column) {
  const Column& cells = read.input().frame.column(column);
  if (!cells.type().numeric()) return read.groups(column);
  const std::vector<double> numbers = read.numbers(column);
  std::set<double> distinct;
  bool whole = true;
  for (const double value : numbers) {
    if (std::isnan(value)) continue;
    whole = whole && value == std::floor(value);
    if (distinct.size() <= kMostStrata) distinct.insert(value);
  }
  if (whole && distinct.size() <= kMostStrata) return read.groups(column);
  std::vector<double> edges;
  for (int i = 0; i <= kClasses; ++i) {
    edges.push_back(sample_quantile(numbers, static_cast<double>(i) / kClasses).value);
  }
  FactorCodes out;
  for (int i = 0; i < kClasses; ++i) {
    const auto at = static_cast<std::size_t>(i);
    out.levels.push_back(readable_number(edges[at]) + " to " + readable_number(edges[at + 1]));
  }
  for (const double value : numbers) {
    const auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, value);
    out.codes.push_back(std::isnan(value) ? -1
                                          : static_cast<std::int32_t>(above - edges.begin()) - 1);
  }
  return out;
}

std::string levels_text(const StrataFinding& finding) {
  std::string out;
  for (const Stratum& item : finding.strata) {
    out += out.empty() ? "" : ", ";
    out += item.level + " ";
    out += usable(item.estimate) ? readable_number(item.estimate.estimate) + " (" +
                                       readable_p(item.estimate.p_value) + ")"
                                 : "not comparable";
  }
  return out;
}

void judge(const Estimate& headline, const std::string& of, StrataFinding* finding) {
  const Estimate& within = finding->within;
  if (!usable(within)) return;
  const bool holds_zero = !(within.p_value < kAlpha);
  std::string reversed;
  double levels = 0;
  for (const Stratum& item : finding->strata) levels += usable(item.estimate) ? 1 : 0;
  for (const Stratum& item : finding->strata) {
    if (usable(item.estimate) && other_sign(item.estimate.estimate, headline.estimate) &&
        item.estimate.p_value * levels < kAlpha) {
      reversed = item.level;
    }
  }
  std::string verb;
  if (other_sign(within.estimate, headline.estimate) && !holds_zero) {
    finding->rule = "reverses";
    verb = "turns around";
  } else if (holds_zero && std::abs(within.estimate) < std::abs(headline.estimate) / 2) {
    finding->rule = "dissolves";
    verb = "dissolves";
  } else if (!reversed.empty()) {
    finding->rule = "reverses";
    verb = "turns around where it is '" + reversed + "',";
  } else {
    return;
  }
  finding->text = "The difference in " + of + " (" + headline.term + ") is " +
                  readable_number(headline.estimate) + " over all rows and " + verb + " within " +
                  finding->column + ": " + levels_text(*finding) + ". Compared within " +
                  finding->column + " and averaged, it is " + readable_number(within.estimate) +
                  " (95 % interval " + readable_number(within.conf_low) + " to " +
                  readable_number(within.conf_high) +
                  "): the groups differ in what they consist "
                  "of.";
}

}  // namespace

std::vector<StrataFinding> compare_strata(const AnalysisMethod& method, const AnalysisInput& input,
                                          const AnalysisResult& result,
                                          const std::vector<std::string>& columns,
                                          const Context& context) {
  std::vector<StrataFinding> out;
  const detail::AnalysisReader read(input);
  if (method.compared_by.empty() || !read.has("by") || result.estimates.empty()) return out;
  const Estimate& declared = result.estimates.front();
  if (!(declared.p_value < kAlpha)) return out;
  const AnalysisMethod& compared = analysis_method(method.compared_by);
  AnalysisInput part{.frame = input.frame};
  for (const char* role : {"of", "by"}) part.roles.push_back({role, read.names(role)});
  for (const char* option : {"between", "success"}) {
    if (read.given(option)) part.options[option] = input.options[option];
  }
  const Estimate headline =
      &compared == &method ? declared : compared.run(part, context).estimates.front();
  if (!usable(headline) || !(headline.p_value < kAlpha)) return out;
  if (!read.given("between")) {
    // The pair of the headline: a level may lack one of the two.
    AnalysisInput pair{.frame = input.frame};
    pair.roles = {{"by", {read.name("by")}}};
    const auto groups = detail::AnalysisReader(pair).two_groups();
    part.options["between"] = {groups.first_name, groups.second_name};
  }
  for (const std::string& column : columns) {
    const FactorCodes factor = strata_codes(read, column);
    if (factor.levels.size() > kMostStrata) continue;
    StrataFinding finding{.column = column};
    for (std::size_t level = 0; level < factor.levels.size(); ++level) {
      context.check();
      std::vector<std::size_t> rows;
      for (std::size_t row = 0; row < factor.codes.size(); ++row) {
        if (factor.codes[row] == static_cast<std::int32_t>(level)) rows.push_back(row);
      }
      if (rows.empty()) continue;
      part.frame = take_rows(input.frame, rows);
      finding.strata.push_back(
          {factor.levels[level], compared.run(part, context).estimates.front()});
    }
    if (finding.strata.size() < 2) continue;
    finding.within = average(finding.strata, headline);
    judge(headline, read.name("of"), &finding);
    out.push_back(std::move(finding));
  }
  return out;
}

Frame strata_table(const std::vector<StrataFinding>& findings) {
  std::vector<std::string> columns, levels;
  std::vector<std::int64_t> n;
  std::vector<double> estimates, errors, p, low, high;
  const auto add = [&](const std::string& column, const std::string& level, const Estimate& row) {
    columns.push_back(column);
    levels.push_back(level);
    n.push_back(row.n);
    estimates.push_back(row.estimate);
    errors.push_back(row.std_error);
    p.push_back(row.p_value);
    low.push_back(row.conf_low);
    high.push_back(row.conf_high);
  };
  for (const StrataFinding& finding : findings) {
    for (const Stratum& item : finding.strata) add(finding.column, item.level, item.estimate);
    add(finding.column, "(all levels)", finding.within);
  }
  detail::TableBuilder table;
  table.texts("column", columns);
  table.texts("level", levels);
  table.integers("n", std::move(n));
  table.numbers("estimate", std::move(estimates));
  table.numbers("std_error", std::move(errors));
  table.numbers("p", std::move(p));
  table.numbers("conf_low", std::move(low));
  table.numbers("conf_high", std::move(high));
  return table.build();
}

}  // namespace impact
