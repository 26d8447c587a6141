#include "engine/analysis/check_parts.h"

#include <cmath>
#include <limits>

namespace impact::detail {

void CheckReport::alarm(const std::string& rule, const std::string& found, double value,
                        const std::string& text) {
  rules_.push_back(rule);
  found_.push_back(found);
  values_.push_back(value);
  texts_.push_back(text);
  alarms_.push_back({rule, text});
}

void CheckReport::note(const std::string& text) {
  rules_.emplace_back("note");
  found_.emplace_back();
  values_.push_back(std::numeric_limits<double>::quiet_NaN());
  texts_.push_back(text);
}

void CheckReport::notes(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) note(text);
}

AnalysisResult CheckReport::take() {
  TableBuilder findings;
  findings.texts("rule", rules_);
  findings.texts("found", found_);
  findings.numbers("value", values_);
  findings.texts("text", texts_);
  AnalysisResult out;
  out.tables.push_back({"findings", findings.build()});
  for (AnalysisTable& table : tables_) out.tables.push_back(std::move(table));
  out.alarms = std::move(alarms_);
  return out;
}

namespace {

bool number_like(const Type& type) { return type.numeric() || type.kind == TypeKind::kBoolean; }

}  // namespace

CheckFeatures features_of(const AnalysisReader& read, std::string_view role, CheckReport* report) {
  CheckFeatures out;
  for (const std::string& name : read.names(role)) {
    if (number_like(read.input().frame.column(name).type())) {
      const std::vector<double> cells = read.numbers(name);
      out.names.push_back(name);
      out.x.insert(out.x.end(), cells.begin(), cells.end());
      continue;
    }
    const FactorCodes factor = read.groups(name);
    if (factor.levels.size() > kMostIndicators) {
      report->note("column '" + name + "' was left out: it has " +
                   std::to_string(factor.levels.size()) + " different values, " +
                   std::to_string(kMostIndicators) + " are looked at");
      continue;
    }
    for (std::size_t level = 0; level < factor.levels.size(); ++level) {
      out.names.push_back(name + " is " + factor.levels[level]);
      for (const std::int32_t code : factor.codes) {
        out.x.push_back(code < 0 ? std::numeric_limits<double>::quiet_NaN()
                        : code == static_cast<std::int32_t>(level) ? 1.0
                                                                   : 0.0);
      }
    }
  }
  return out;
}

std::vector<std::int32_t> labels_of(const AnalysisReader& read) {
  std::vector<std::int32_t> out;
  for (const double value : read.outcomes()) {
    out.push_back(std::isnan(value) ? -1 : value == 1.0 ? 1 : 0);
  }
  return out;
}

std::vector<double> outcome_of(const AnalysisReader& read) {
  return read.given("success") ? read.outcomes() : read.numbers(read.name("of"));
}

}  // namespace impact::detail
