#include <cmath>
#include <limits>

#include "engine/analysis/reader.h"
#include "engine/core/error.h"
#include "engine/stats/correlation.h"
#include "engine/stats/multiplicity.h"

// How columns move together.
namespace impact::detail {
namespace {

using Correlation = Estimate (*)(std::span<const double>, std::span<const double>,
                                 const CorrelationSpec&);

Correlation correlation_named(const std::string& kind) {
  if (kind == "spearman") return spearman_correlation;
  if (kind == "kendall") return kendall_correlation;
  return pearson_correlation;
}

CorrelationSpec spec_of(const AnalysisReader& read, std::string term) {
  return {
      .term = std::move(term), .conf_level = read.conf_level(), .alternative = read.alternative()};
}

// Every pair of the columns, and the matrix of all.
AnalysisResult correlation(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const auto& names = read.names("of");
  if (names.size() < 2) {
    throw ArgumentError({.what = "a correlation needs two columns",
                         .got = list_words(names),
                         .expected = "of = { t.views, t.likes }"});
  }
  const Correlation correlate = correlation_named(read.text("method", "pearson"));
  std::vector<std::vector<double>> columns;
  columns.reserve(names.size());
  for (const std::string& name : names) columns.push_back(read.numbers(name));
  const std::size_t k = names.size();
  AnalysisResult out;
  std::vector<std::vector<double>> matrix(k, std::vector<double>(k, 1.0));
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = i + 1; j < k; ++j) {
      context.check();
      Estimate row = correlate(columns[i], columns[j], spec_of(read, names[i] + " ~ " + names[j]));
      matrix[i][j] = matrix[j][i] = row.estimate;
      out.estimates.push_back(std::move(row));
    }
  }
  if (k > 2) {
    TableBuilder table;
    table.texts("column", names);
    for (std::size_t j = 0; j < k; ++j) {
      std::vector<double> cells;
      for (std::size_t i = 0; i < k; ++i) cells.push_back(matrix[i][j]);
      table.numbers(names[j] == "column" ? "column " : names[j], std::move(cells));
    }
    out.tables.push_back({"matrix", table.build()});
  }
  return out;
}

AnalysisResult partial(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const auto& names = read.names("of");
  std::vector<double> controls;
  std::string given;
  for (const std::string& name : read.names("given")) {
    const auto column = read.numbers(name);
    controls.insert(controls.end(), column.begin(), column.end());
    given += (given.empty() ? "" : ", ") + name;
  }
  return {.estimates = {
              partial_correlation(read.numbers(names.at(0)), read.numbers(names.at(1)), controls,
                                  spec_of(read, names[0] + " ~ " + names[1] + " | " + given))}};
}

constexpr AnalysisMethod kMethods[] = {
    {"correlation",
     "Correlations of pairs of columns (Pearson, Spearman or Kendall) with intervals on Fisher's "
     "scale.",
     {},
     correlation},
    {"partial_correlation",
     "The correlation of what other columns leave of two, by least squares.",
     {},
     partial},
};

// p-values of several analyses, the first row of each, adjusted together.
AnalysisResult family(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const Adjustment method = parse_adjustment(read.text("method", "holm"));
  AnalysisResult out;
  std::vector<std::string> nodes, terms, methods;
  std::vector<double> estimates, p;
  for (const EarlierAnswer& answer : input.earlier) {
    if (answer.estimates.empty()) continue;
    const Estimate& row = answer.estimates.front();
    nodes.push_back(answer.node);
    terms.push_back(row.term);
    methods.push_back(row.method);
    estimates.push_back(row.estimate);
    p.push_back(row.p_value);
  }
  const auto adjusted = adjust_p_values(p, method);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Estimate row = input.earlier[i].estimates.front();
    row.term = nodes[i] + ": " + row.term;
    row.p_value = adjusted[i];
    row.method += ", " + std::string(adjustment_name(method));
    row.warnings.clear();
    // Its interval is not adjusted: it would contradict the p-value.
    row.conf_low = row.conf_high = std::numeric_limits<double>::quiet_NaN();
    out.estimates.push_back(std::move(row));
  }
  TableBuilder table;
  table.texts("analysis", nodes);
  table.texts("term", terms);
  table.texts("method", methods);
  table.numbers("estimate", std::move(estimates));
  table.numbers("p", std::move(p));
  table.numbers("p adjusted", adjusted);
  out.tables.push_back({"p_values", table.build()});
  return out;
}

constexpr AnalysisMethod kFamily[] = {
    {"adjust",
     "p-values of a family of tests adjusted together, so that chance findings are not counted as "
     "discoveries.",
     {},
     family},
};

}  // namespace

std::span<const AnalysisMethod> relation_methods() { return kMethods; }
std::span<const AnalysisMethod> family_methods() { return kFamily; }

}  // namespace impact::detail
