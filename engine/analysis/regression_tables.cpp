#include "engine/analysis/regression_tables.h"

#include <cmath>

#include "engine/stats/wald.h"

namespace impact::detail {

SeType se_of(const AnalysisReader& read, SeType otherwise, SeType with_clusters) {
  if (read.given("se")) return parse_se_type(read.text("se", ""));
  return read.has("clusters") ? with_clusters : otherwise;
}

void FitTable::add(const char* name, double value) {
  names_.emplace_back(name);
  values_.push_back(value);
}

AnalysisTable FitTable::build() {
  TableBuilder table;
  table.texts("quantity", names_);
  table.numbers("value", std::move(values_));
  return {"fit", table.build()};
}

std::vector<std::vector<std::size_t>> columns_by_term(const DesignMatrix& matrix) {
  std::vector<std::vector<std::size_t>> out;
  for (std::size_t column = 0; column < matrix.term.size(); ++column) {
    const std::size_t term = matrix.term[column];
    if (term == DesignMatrix::kIntercept) continue;
    if (term >= out.size()) out.resize(term + 1);
    out[term].push_back(column);
  }
  return out;
}

std::string term_name(const std::string& column) { return column.substr(0, column.find('[')); }

void add_joint_tests(const ModelFrame& model, std::span<const double> coefficient,
                     std::span<const double> covariance, double df2, AnalysisResult* out) {
  std::vector<std::string> terms;
  std::vector<double> statistic, df, p;
  for (std::vector<std::size_t>& columns : columns_by_term(model.matrix)) {
    std::erase_if(columns, [&](std::size_t column) { return std::isnan(coefficient[column]); });
    if (columns.size() < 2) continue;
    const JointTest test = wald_test(coefficient, covariance, columns, df2);
    terms.push_back(term_name(model.matrix.names[columns[0]]));
    statistic.push_back(std::isinf(df2) ? test.chi2 : test.f);
    df.push_back(test.df1);
    p.push_back(test.p_value);
  }
  if (terms.empty()) return;
  TableBuilder table;
  table.texts("term", terms);
  table.numbers("statistic", std::move(statistic));
  table.numbers("df", std::move(df));
  table.numbers("p", std::move(p));
  out->tables.push_back({"joint_tests", table.build()});
}

}  // namespace impact::detail
