#include "engine/analysis/model_frame.h"

#include <cmath>
#include <span>

#include "engine/core/error.h"

namespace impact::detail {
namespace {

std::vector<Term> terms_of(const AnalysisReader& read, const std::string& role) {
  const auto& columns = read.names(role);
  std::vector<Term> terms;
  if (!read.given(role.c_str())) {
    for (const std::string& column : columns) terms.push_back({{column}});
    return terms;
  }
  for (const auto& places : read.input().options[role]) {
    Term term;
    for (const auto& place : places) term.columns.push_back(columns.at(place.get<std::size_t>()));
    terms.push_back(std::move(term));
  }
  return terms;
}

std::vector<double> taken(const AnalysisReader& read, const char* role,
                          const DesignMatrix& matrix) {
  if (!read.has(role)) return {};
  const std::vector<double> cells = read.numbers(read.name(role));
  return take_rows<double>(std::span<const double>(cells), matrix.source);
}

}  // namespace

ModelFrame model_frame(const AnalysisReader& read, const std::vector<double>& outcome) {
  ModelFrame out;
  DesignMatrixSpec spec{.terms = terms_of(read, "terms"),
                        .intercept = read.flag("intercept", true)};
  for (const char* role : {"of", "weights", "offset", "exposure", "clusters", "effects"}) {
    for (const std::string& name : read.names(role)) spec.also.push_back(name);
  }
  out.matrix = design_matrix(read.input().frame, spec);
  out.warnings = out.matrix.warnings;
  out.outcome = take_rows<double>(std::span<const double>(outcome), out.matrix.source);
  out.weights = taken(read, "weights", out.matrix);
  out.offset = taken(read, "offset", out.matrix);
  out.exposure = taken(read, "exposure", out.matrix);
  if (read.has("clusters")) {
    const FactorCodes factor = read.groups(read.name("clusters"));
    out.clusters =
        take_rows<std::int32_t>(std::span<const std::int32_t>(factor.codes), out.matrix.source);
  }
  for (const std::string& name : read.names("effects")) {
    const FactorCodes factor = read.groups(name);
    out.effects.push_back(
        take_rows<std::int32_t>(std::span<const std::int32_t>(factor.codes), out.matrix.source));
  }
  return out;
}

}  // namespace impact::detail
