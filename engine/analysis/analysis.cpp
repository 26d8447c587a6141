#include "engine/analysis/analysis.h"

#include <algorithm>

#include "engine/analysis/check_parts.h"
#include "engine/analysis/reader.h"
#include "engine/analysis/regression_tables.h"
#include "engine/core/error.h"

namespace impact {

std::span<const AnalysisMethod> analysis_methods() {
  static const std::vector<AnalysisMethod> all = [] {
    std::vector<AnalysisMethod> out;
    for (const auto family : {detail::comparison_methods(),  detail::group_methods(),
                              detail::count_methods(),       detail::relation_methods(),
                              detail::description_methods(), detail::family_methods(),
                              detail::classifier_methods(),  detail::model_methods(),
                              detail::evaluation_methods(),  detail::explanation_methods(),
                              detail::shap_methods(),        detail::curve_methods(),
                              detail::residual_methods(),    detail::column_methods(),
                              detail::regression_methods(),  detail::least_squares_methods(),
                              detail::resampling_methods(),  detail::power_methods(),
                              detail::leakage_checks(),      detail::row_checks(),
                              detail::score_checks()}) {
      out.insert(out.end(), family.begin(), family.end());
    }
    std::sort(out.begin(), out.end(),
              [](const AnalysisMethod& a, const AnalysisMethod& b) { return a.name < b.name; });
    return out;
  }();
  return all;
}

const AnalysisMethod& analysis_method(std::string_view name) {
  const auto all = analysis_methods();
  const auto at = std::lower_bound(
      all.begin(), all.end(), name,
      [](const AnalysisMethod& method, std::string_view wanted) { return method.name < wanted; });
  if (at == all.end() || at->name != name) {
    throw InternalError({.what = "there is no method '" + std::string(name) + "'"});
  }
  return *at;
}

AnalysisResult analyse(std::string_view method, const AnalysisInput& input,
                       const Context& context) {
  return analysis_method(method).run(input, context);
}

}  // namespace impact
