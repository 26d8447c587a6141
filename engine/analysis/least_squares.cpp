#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/analysis/regression_tables.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/regression_diagnostics.h"
#include "engine/table/take.h"

// Least squares, and what may be wrong with it.
namespace impact::detail {
namespace {

// Rows of the table of influence.
constexpr std::size_t kMostInfluential = 20;

LinearData data_of(const ModelFrame& model) {
  LinearData data{.x = model.matrix.x,
                  .columns = model.matrix.names.size(),
                  .y = model.outcome,
                  .weights = model.weights,
                  .clusters = model.clusters,
                  .second_clusters = model.second_clusters,
                  .time = model.time,
                  .names = model.matrix.names};
  for (const auto& levels : model.effects) data.absorbed.emplace_back(levels);
  return data;
}

// The rows that move the fit most, by Cook's distance.
void add_influence(const AnalysisReader& read, const ModelFrame& model, const LinearData& data,
                   const Context& context, AnalysisResult* out) {
  const Influence all = influence(data, false, context);
  std::vector<std::size_t> order;
  for (std::size_t row = 0; row < all.cooks_distance.size(); ++row) {
    if (!std::isnan(all.cooks_distance[row])) order.push_back(row);
  }
  const std::size_t shown = std::min(order.size(), kMostInfluential);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return all.cooks_distance[a] != all.cooks_distance[b]
                                 ? all.cooks_distance[a] > all.cooks_distance[b]
                                 : a < b;
                    });
  order.resize(shown);
  const auto taken = [&](const std::vector<double>& cells) {
    std::vector<double> some;
    for (const std::size_t row : order) some.push_back(cells[row]);
    return some;
  };
  std::vector<std::size_t> rows;
  std::vector<std::int64_t> places;
  for (const std::size_t row : order) {
    rows.push_back(model.matrix.source[row]);
    places.push_back(static_cast<std::int64_t>(rows.back()) + 1);
  }
  TableBuilder table;
  if (read.input().key.empty()) table.integers("row", std::move(places));
  for (const std::string& key : read.input().key) {
    table.column(key, take_rows(read.input().frame.column(key), rows));
  }
  table.numbers("cooks distance", taken(all.cooks_distance));
  table.numbers("leverage", taken(all.leverage));
  table.numbers("residual", taken(all.residual));
  table.numbers("studentised residual", taken(all.studentised));
  table.numbers("dffits", taken(all.dffits));
  out->tables.push_back({"influence", table.build()});
}

// Tests of what least squares takes for granted.
void add_diagnostics(const AnalysisReader& read, const ModelFrame& model, const LinearData& data,
                     const Context& context, AnalysisResult* out) {
  std::vector<Estimate> rows{breusch_pagan_test(data, false, context),
                             white_test(data, true, context), reset_test(data, 3, context).row};
  if (!model.time.empty()) rows.push_back(durbin_watson_test(data, context));
  rows.push_back(jarque_bera_test(influence(data, false, context).residual));
  std::vector<std::string> names;
  std::vector<double> statistic, df, p;
  for (const Estimate& row : rows) {
    names.push_back(row.method);
    statistic.push_back(row.statistic);
    df.push_back(row.df);
    p.push_back(row.p_value);
  }
  TableBuilder table;
  table.texts("test", names);
  table.numbers("statistic", std::move(statistic));
  table.numbers("df", std::move(df));
  table.numbers("p", std::move(p));
  out->tables.push_back({"diagnostics", table.build()});

  const Collinearity inflated = collinearity(data, model.matrix.term, context);
  std::vector<std::string> terms;
  std::vector<std::int64_t> columns;
  std::vector<double> gvif, per_df;
  const auto by_term = columns_by_term(model.matrix);
  for (const Inflation& item : inflated.terms) {
    terms.push_back(term_name(model.matrix.names[by_term[item.term][0]]));
    columns.push_back(item.df);
    gvif.push_back(item.gvif);
    per_df.push_back(item.per_df);
  }
  TableBuilder vif;
  vif.texts("term", terms);
  vif.integers("columns", std::move(columns));
  vif.numbers("variance inflation", std::move(gvif));
  vif.numbers("per column", std::move(per_df));
  out->tables.push_back({"collinearity", vif.build()});
  add_influence(read, model, data, context, out);
}

AnalysisResult ols(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ModelFrame model = model_frame(read, read.numbers(read.name("of")));
  const bool two_way = !model.second_clusters.empty();
  const SeType se = se_of(read, model.time.empty() ? SeType::kHc2 : SeType::kNeweyWest,
                          two_way ? SeType::kCr1 : SeType::kCr2);
  const LinearData data = data_of(model);
  LinearSpec spec{.se = se};
  if (read.given("lag")) spec.lag = read.integer("lag", 0);
  const LinearFit fit = linear(data, spec, context);
  AnalysisResult out;
  out.estimates = to_estimates(fit, model.matrix.names, "ols", read.conf_level());
  keep_warnings(&out, "ols", fit.warnings);
  for (Estimate& row : out.estimates) prepend(&row.warnings, model.warnings);
  const ModelFit whole = model_fit(fit);
  FitTable table;
  table.add("n", static_cast<double>(fit.n));
  table.add("rank", static_cast<double>(fit.rank));
  table.add("r_squared", fit.r_squared);
  table.add("adjusted_r_squared", whole.adjusted_r_squared);
  table.add("residual_sd", fit.residual_sd);
  table.add("f", whole.test.row.statistic);
  table.add("f_df1", whole.test.row.df);
  table.add("f_df2", whole.test.df2);
  table.add("f_p", whole.test.row.p_value);
  if (se == SeType::kNeweyWest) table.add("lag", static_cast<double>(fit.lag));
  out.tables.push_back(table.build());
  if (fit.n <= fit.rank) return out;
  add_joint_tests(model, fit.coefficient, fit.covariance, static_cast<double>(fit.n - fit.rank),
                  &out);
  if (read.flag("diagnostics", true) && model.effects.empty()) {
    add_diagnostics(read, model, data, context, &out);
  }
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"ols",
     "Least squares; the standard errors allow for any variances (HC2, MacKinnon & White 1985) "
     "unless another kind is declared.",
     {},
     ols},
};

}  // namespace

std::span<const AnalysisMethod> least_squares_methods() { return kMethods; }

}  // namespace impact::detail
