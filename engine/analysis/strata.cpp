#include "engine/analysis/strata.h"

#include <cmath>
#include <limits>

#include "engine/analysis/reader.h"
#include "engine/analysis/words.h"
#include "engine/stats/inference.h"
#include "engine/table/take.h"

namespace impact {
namespace {

constexpr double kAlpha = 0.05;

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
  if (!method.compares_groups || !read.has("by") || result.estimates.empty()) return out;
  const Estimate& headline = result.estimates.front();
  if (!usable(headline) || !(headline.p_value < kAlpha)) return out;
  AnalysisInput part = input;
  if (!read.given("between")) {
    // The pair of the headline: a level may lack one of the two.
    AnalysisInput pair = input;
    pair.roles = {{"by", {read.name("by")}}};
    const auto groups = detail::AnalysisReader(pair).two_groups();
    part.options["between"] = {groups.first_name, groups.second_name};
  }
  for (const std::string& column : columns) {
    const FactorCodes factor = read.groups(column);
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
      finding.strata.push_back({factor.levels[level], method.run(part, context).estimates.front()});
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
