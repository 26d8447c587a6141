#include "engine/analysis/classifier_tables.h"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

namespace impact::detail {
namespace {

// Points of a curve that a table keeps; more say nothing to the eye.
constexpr std::size_t kMostCurvePoints = 1000;

// Evenly spread places of a list of n, the ends among them.
std::vector<std::size_t> thinned(std::size_t n) {
  std::vector<std::size_t> out;
  const std::size_t kept = std::min(n, kMostCurvePoints);
  for (std::size_t i = 0; i < kept; ++i) {
    out.push_back(kept == 1 ? 0 : i * (n - 1) / (kept - 1));
  }
  return out;
}

// A column of a table and the member of a point that fills it.
template <class Point>
using Coordinate = std::pair<const char*, double Point::*>;

template <class Point>
AnalysisTable curve_table(const char* name, const std::vector<Point>& points,
                          std::initializer_list<Coordinate<Point>> coordinates) {
  TableBuilder table;
  for (const auto& [column, member] : coordinates) {
    std::vector<double> cells;
    for (const std::size_t i : thinned(points.size())) cells.push_back(points[i].*member);
    table.numbers(column, std::move(cells));
  }
  return {name, table.build()};
}

}  // namespace

ThresholdSpec threshold_spec(const AnalysisReader& read) {
  const std::string rule = read.text("threshold", "youden");
  ThresholdSpec spec;
  spec.rule = rule == "f"           ? ThresholdRule::kMaxF
              : rule == "cost"      ? ThresholdRule::kLeastCost
              : rule == "recall"    ? ThresholdRule::kLeastRecall
              : rule == "precision" ? ThresholdRule::kLeastPrecision
                                    : ThresholdRule::kYouden;
  spec.beta = read.number("beta", 1.0);
  spec.cost_false_positive = read.number("cost_false_positive", 1.0);
  spec.cost_false_negative = read.number("cost_false_negative", 1.0);
  spec.least = read.number("least", 0.9);
  spec.conf_level = read.conf_level();
  return spec;
}

AnalysisTable roc_table(const RocCurve& curve) {
  return curve_table<RocPoint>("roc", curve.points,
                               {{"threshold", &RocPoint::threshold},
                                {"false_positive_rate", &RocPoint::false_positive_rate},
                                {"true_positive_rate", &RocPoint::true_positive_rate}});
}

AnalysisTable precision_recall_table(const PrecisionRecallCurve& curve) {
  using Point = PrecisionRecallPoint;
  return curve_table<Point>("precision_recall", curve.points,
                            {{"threshold", &Point::threshold},
                             {"precision", &Point::precision},
                             {"recall", &Point::recall}});
}

AnalysisTable calibration_table(const Calibration& all) {
  std::vector<double> predicted, observed, low, high;
  std::vector<std::int64_t> count;
  for (const CalibrationBin& bin : all.bins) {
    predicted.push_back(bin.mean_probability);
    observed.push_back(bin.observed);
    low.push_back(bin.conf_low);
    high.push_back(bin.conf_high);
    count.push_back(bin.n);
  }
  TableBuilder table;
  table.numbers("predicted", std::move(predicted));
  table.numbers("observed", std::move(observed));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  table.integers("count", std::move(count));
  return {"calibration", table.build()};
}

AnalysisTable confusion_table(const ConfusionMatrix& m, const std::string& positive,
                              const std::string& negative) {
  TableBuilder table;
  table.texts("truth", {positive, positive, negative, negative});
  table.texts("predicted", {positive, negative, positive, negative});
  const auto whole = [](double count) { return static_cast<std::int64_t>(count); };
  table.integers("count", {whole(m.true_positive), whole(m.false_negative), whole(m.false_positive),
                           whole(m.true_negative)});
  return {"confusion", table.build()};
}

AnalysisTable gain_table_of(const GainTable& gain) {
  return curve_table<GainPoint>("gain", gain.points,
                                {{"share", &GainPoint::share},
                                 {"gain", &GainPoint::gain},
                                 {"lift", &GainPoint::lift},
                                 {"precision", &GainPoint::precision},
                                 {"threshold", &GainPoint::threshold}});
}

}  // namespace impact::detail
