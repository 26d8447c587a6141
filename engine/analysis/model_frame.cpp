#include "engine/analysis/model_frame.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/core/error.h"
#include "engine/stats/basis.h"

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

std::vector<std::int64_t> times(const Column& cells, const DesignMatrix& matrix) {
  std::vector<std::int64_t> out;
  for (const std::size_t row : matrix.source) {
    const Value value = cells.value(row);
    if (const auto* date = std::get_if<Date>(&value)) {
      out.push_back(date->days);
    } else if (const auto* stamp = std::get_if<Timestamp>(&value)) {
      out.push_back(stamp->micros);
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      out.push_back(*whole);
    } else {
      throw ArgumentError({.what = "'time' holds no times",
                           .got = cells.type().name(),
                           .expected = "a date, timestamp or integer column"});
    }
  }
  return out;
}

// Columns of smooth functions, after those of the terms.
void add_curves(const AnalysisReader& read, ModelFrame* out) {
  const auto& names = read.names("curved");
  if (names.empty()) return;
  std::size_t term = 0;
  for (const std::size_t used : out->matrix.term) {
    if (used != DesignMatrix::kIntercept) term = std::max(term, used + 1);
  }
  for (std::size_t i = 0; i < names.size(); ++i, ++term) {
    const auto& curve = read.input().options["curves"].at(i);
    const auto kind = curve.at("kind").get<std::string>();
    const auto size = curve.at("size").get<std::size_t>();
    const std::vector<double> all = read.numbers(names[i]);
    const auto x = take_rows<double>(std::span<const double>(all), out->matrix.source);
    std::vector<double> columns;
    if (kind == "poly") {
      columns = evaluate(polynomial_basis(x, size), x);
    } else {
      const SplineSpec spec{.df = size};
      const SplineBasis basis =
          kind == "natural" ? natural_spline_basis(x, spec) : b_spline_basis(x, spec);
      out->warnings.insert(out->warnings.end(), basis.warnings.begin(), basis.warnings.end());
      columns = evaluate(basis, x);
    }
    out->matrix.x.insert(out->matrix.x.end(), columns.begin(), columns.end());
    for (std::size_t j = 0; j < columns.size() / std::max<std::size_t>(x.size(), 1); ++j) {
      out->matrix.names.push_back(kind + "(" + names[i] + ")[" + std::to_string(j + 1) + "]");
      out->matrix.term.push_back(term);
    }
  }
}

}  // namespace

ModelFrame model_frame(const AnalysisReader& read, const std::vector<double>& outcome) {
  ModelFrame out;
  DesignMatrixSpec spec{.terms = terms_of(read, "terms"),
                        .intercept = read.flag("intercept", true)};
  for (const char* role :
       {"of", "weights", "offset", "exposure", "clusters", "effects", "time", "curved"}) {
    for (const std::string& name : read.names(role)) spec.also.push_back(name);
  }
  out.matrix = design_matrix(read.input().frame, spec);
  // Absorbed factors hold the intercept; terms are coded as beside one.
  if (read.has("effects") && !out.matrix.term.empty() &&
      out.matrix.term[0] == DesignMatrix::kIntercept) {
    out.matrix.x.erase(out.matrix.x.begin(),
                       out.matrix.x.begin() + static_cast<std::ptrdiff_t>(out.matrix.rows));
    out.matrix.names.erase(out.matrix.names.begin());
    out.matrix.term.erase(out.matrix.term.begin());
  }
  out.warnings = out.matrix.warnings;
  out.outcome = take_rows<double>(std::span<const double>(outcome), out.matrix.source);
  out.weights = taken(read, "weights", out.matrix);
  out.offset = taken(read, "offset", out.matrix);
  out.exposure = taken(read, "exposure", out.matrix);
  const auto codes = [&](const std::string& name) {
    const FactorCodes factor = read.groups(name);
    return take_rows<std::int32_t>(std::span<const std::int32_t>(factor.codes), out.matrix.source);
  };
  const auto& clusters = read.names("clusters");
  if (clusters.size() > 2) {
    throw ArgumentError({.what = "errors can be clustered in two ways at most",
                         .got = std::to_string(clusters.size()) + " columns",
                         .expected = "one or two"});
  }
  if (!clusters.empty()) out.clusters = codes(clusters[0]);
  if (clusters.size() == 2) out.second_clusters = codes(clusters[1]);
  for (const std::string& name : read.names("effects")) out.effects.push_back(codes(name));
  if (read.has("time")) out.time = times(read.input().frame.column(read.name("time")), out.matrix);
  add_curves(read, &out);
  return out;
}

}  // namespace impact::detail
