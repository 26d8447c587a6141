#include "engine/design/diagnosis_view.h"

#include <limits>
#include <catch2/catch.hpp>

namespace impact {
namespace {

Column text_cell(const std::string& text) { return Column::text(text, {0, text.size()}); }

// One row: a parameter, then a diagnosis in which every figure is `value` with error `mcse`.
Frame one_row(double value, double mcse) {
  std::vector<std::string> names{"n", "inquiry", "estimator"};
  std::vector<Column> columns;
  columns.push_back(Column::integers({50}));
  columns.push_back(text_cell("ATE"));
  columns.push_back(text_cell("lin"));
  for (const char* name :
       {"mean_estimand", "bias", "rmse", "power", "coverage", "type_s", "type_m", "mean_width"}) {
    names.emplace_back(name);
    columns.push_back(Column::numbers({value}));
    names.push_back(std::string(name) + "_mcse");
    columns.push_back(Column::numbers({mcse}));
  }
  return {std::move(names), std::move(columns)};
}

std::string shown(double value, double mcse) {
  return std::string(diagnosis_view(one_row(value, mcse), 1).column("power").text_at(0));
}

}  // namespace

TEST_CASE("diagnosis view: figures have the decimals of their Monte-Carlo error") {
  CHECK(shown(0.04333, 0.01176) == "0.043 (0.012)");
  CHECK(shown(0.04333, 0.0295) == "0.043 (0.029)");
  CHECK(shown(0.95, 0.005745) == "0.950 (0.006)");
  CHECK(shown(2.867, 0.0876) == "2.87 (0.09)");
  CHECK(shown(-312.7, 14.2) == "-313 (14)");
  CHECK(shown(-312.7, 142) == "-313 (142)");
  CHECK(shown(-0.0004, 0.031) == "0.00 (0.03)");
  CHECK(shown(0, 0) == "0 (0)");
  CHECK(shown(3e-9, 4.2e-10) == "3e-09 (4.2e-10)");
  CHECK(shown(std::numeric_limits<double>::quiet_NaN(), 0.1) == "-");
}

TEST_CASE("diagnosis view: parameters first, and no column twice") {
  const Frame view = diagnosis_view(one_row(0.5, 0.1), 1);
  CHECK(view.schema().names() == std::vector<std::string>{"n", "estimator", "inquiry", "estimand",
                                                          "bias", "rmse", "power", "coverage",
                                                          "type_s", "type_m", "mean_width"});
  CHECK(view.column("n").as_integers()[0] == 50);
  CHECK(view.column("estimand").text_at(0) == "0.5");
}

}  // namespace impact
