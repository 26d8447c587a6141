#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/analysis/learn_explained.h"
#include "engine/core/error.h"
#include "engine/learn/feature_scores.h"
#include "engine/learn/k_means.h"
#include "engine/learn/principal_axes.h"

// What columns say by themselves: each about an outcome, and all of them about groups of rows and
// few axes.
namespace impact::detail {
namespace {

AnalysisResult scored_columns(const AnalysisInput& input, const Context& context,
                              FeatureScore score, const char* name) {
  const AnalysisReader read(input);
  const LessonData data = lesson_data(read);
  FeatureScoreSpec spec{.score = score};
  spec.neighbours = static_cast<std::size_t>(read.integer("neighbours", 3));
  spec.discrete = named_columns(read, "discrete");
  if (score == FeatureScore::kChi2 && data.classes.empty()) {
    throw ArgumentError({.what = "'" + data.outcome_name + "' holds numbers, not classes",
                         .expected = "classes, or learn.f_test"});
  }
  const auto scores = feature_scores(data.features, data.outcome, data.classes.size(), spec,
                                     input.stream.child("scores"), context);
  AnalysisResult out;
  std::vector<std::string> feature;
  std::vector<double> value, p;
  std::vector<std::int64_t> rank, n;
  for (const std::size_t j : ranked(scores)) {
    out.estimates.push_back({.term = scores[j].column,
                             .estimate = scores[j].score,
                             .p_value = scores[j].p_value,
                             .n = scores[j].n,
                             .method = name,
                             .warnings = scores[j].warnings});
    feature.push_back(scores[j].column);
    value.push_back(scores[j].score);
    p.push_back(scores[j].p_value);
    n.push_back(scores[j].n);
    rank.push_back(static_cast<std::int64_t>(rank.size()) + 1);
  }
  prepend(&out.estimates.front().warnings, data.warnings);
  TableBuilder table;
  table.integers("rank", std::move(rank));
  table.texts("feature", feature);
  table.numbers("score", std::move(value));
  if (score != FeatureScore::kMutualInformation) table.numbers("p_value", std::move(p));
  table.integers("n", std::move(n));
  out.tables.push_back({name, table.build()});
  return out;
}

AnalysisResult mutual_information(const AnalysisInput& input, const Context& context) {
  return scored_columns(input, context, FeatureScore::kMutualInformation, "mutual_information");
}
AnalysisResult f_test(const AnalysisInput& input, const Context& context) {
  return scored_columns(input, context, FeatureScore::kF, "f_test");
}
AnalysisResult chi_squared(const AnalysisInput& input, const Context& context) {
  return scored_columns(input, context, FeatureScore::kChi2, "chi_squared");
}

// Rows of which every number is known.
std::vector<std::uint32_t> complete_rows(const FeatureTable& features,
                                         std::vector<std::string>* warnings) {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t row : every_row(features.rows())) {
    bool whole = true;
    for (std::size_t j = 0; j < features.size(); ++j) {
      whole = whole && (features[j].text || std::isfinite(features[j].numbers[row]));
    }
    if (whole) out.push_back(row);
  }
  const std::size_t left = features.rows() - out.size();
  if (left > 0) {
    warnings->push_back(std::to_string(left) + (left == 1 ? " row was" : " rows were") +
                        " left out because a number is missing or infinite");
  }
  return out;
}

// Mean and sd (sum of squares over n) of each column over the rows; of a constant one sd 1.
struct Units {
  std::vector<double> centre = {};
  std::vector<double> scale = {};
};

Units units_of(const FeatureTable& features, bool standardise) {
  Units out{.centre = std::vector<double>(features.size(), 0.0),
            .scale = std::vector<double>(features.size(), 1.0)};
  if (!standardise) return out;
  const auto n = static_cast<double>(features.rows());
  for (std::size_t j = 0; j < features.size(); ++j) {
    double sum = 0.0;
    for (const double x : features[j].numbers) sum += x;
    const double mean = sum / n;
    double squares = 0.0;
    for (const double x : features[j].numbers) squares += (x - mean) * (x - mean);
    out.centre[j] = mean;
    if (squares > 0.0) out.scale[j] = std::sqrt(squares / n);
  }
  return out;
}

FeatureTable in_units(const FeatureTable& features, const Units& units) {
  std::vector<Feature> out;
  for (std::size_t j = 0; j < features.size(); ++j) {
    std::vector<double> cells = features[j].numbers;
    for (double& x : cells) x = (x - units.centre[j]) / units.scale[j];
    out.push_back(number_feature(features[j].name, std::move(cells)));
  }
  return FeatureTable(std::move(out));
}

struct Clustering {
  KMeans model = {};
  std::vector<std::int32_t> label = {};
  Silhouette fit = {};
};

Clustering clustering(const AnalysisReader& read, const FeatureTable& x,
                      const std::vector<double>& weights, std::size_t clusters,
                      const Context& context) {
  const StreamKey key = read.input().stream.child("clusters");
  const auto rows = every_row(x.rows());
  Clustering out;
  out.model = fit_k_means(x.matrix(), rows,
                          {.clusters = clusters,
                           .restarts = static_cast<int>(read.integer("restarts", 10)),
                           .most_iterations = static_cast<int>(read.integer("iterations", 300))},
                          weights, key.child(std::to_string(clusters)), context);
  out.label.resize(rows.size());
  out.model.predict(x.matrix(), rows, out.label, context);
  if (out.model.clusters() > 1) {
    out.fit = silhouette(x.matrix(), rows, out.label, 5000, key.child("silhouette"), context);
  }
  return out;
}

// Numbers of clusters: one, or several to choose from.
std::vector<std::size_t> cluster_numbers(const AnalysisReader& read) {
  std::vector<std::size_t> out;
  for (const double k : read.given("clusters") ? read.list("clusters") : std::vector<double>{8}) {
    if (!(k >= 1.0 && k == std::floor(k) && k < 1e6)) {
      throw ArgumentError({.what = "'clusters' holds no number of clusters",
                           .expected = "whole numbers of 1 or more"});
    }
    out.push_back(static_cast<std::size_t>(k));
  }
  if (out.empty()) throw ArgumentError({.what = "'clusters' is empty"});
  return out;
}

AnalysisTable centres_table(const FeatureTable& x, const Clustering& found, const Units& units) {
  const KMeans& model = found.model;
  std::vector<std::int64_t> cluster;
  std::vector<double> width;
  for (std::size_t k = 0; k < model.clusters(); ++k) {
    cluster.push_back(static_cast<std::int64_t>(k) + 1);
    width.push_back(k < found.fit.of_cluster.size() ? found.fit.of_cluster[k] : std::nan(""));
  }
  TableBuilder table;
  table.integers("cluster", std::move(cluster));
  table.numbers("size", model.size);
  table.numbers("silhouette", std::move(width));
  for (std::size_t j = 0; j < x.size(); ++j) {
    std::vector<double> centre;
    for (std::size_t k = 0; k < model.clusters(); ++k) {
      centre.push_back(units.centre[j] + units.scale[j] * model.centre[k * x.size() + j]);
    }
    table.numbers("centre of " + x[j].name, std::move(centre));
  }
  return {"clusters", table.build()};
}

AnalysisResult k_means(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const FeatureTable all = feature_columns(read, "features");
  (void)all.matrix();  // Names a column of texts.
  std::vector<std::string> notes;
  const auto rows = complete_rows(all, &notes);
  const FeatureTable kept = all.take(rows);
  std::vector<double> weights;
  if (read.has("weights")) {
    const auto given = read.numbers(read.name("weights"));
    for (const std::uint32_t row : rows) weights.push_back(given[row]);
  }
  const Units units = units_of(kept, read.flag("standardise", true));
  const FeatureTable x = in_units(kept, units);
  Clustering best;
  std::vector<std::int64_t> tried;
  std::vector<double> inertia, width;
  for (const std::size_t clusters : cluster_numbers(read)) {
    Clustering next = clustering(read, x, weights, clusters, context);
    tried.push_back(static_cast<std::int64_t>(clusters));
    inertia.push_back(next.model.inertia);
    width.push_back(next.fit.mean);
    const bool first = best.model.clusters() == 0;
    if (first || next.fit.mean > best.fit.mean ||
        (std::isnan(best.fit.mean) && !std::isnan(next.fit.mean))) {
      best = std::move(next);
    }
  }
  AnalysisResult out;
  for (const auto* from : {&best.model.warnings, &best.fit.warnings}) {
    notes.insert(notes.end(), from->begin(), from->end());
  }
  const auto add = [&](const char* term, double value, std::int64_t n) {
    out.estimates.push_back({.term = term, .estimate = value, .n = n, .method = "k_means"});
  };
  add("inertia", best.model.inertia, best.model.n);
  add("silhouette", best.fit.mean, best.fit.n);
  add("clusters", static_cast<double>(best.model.clusters()), best.model.n);
  prepend(&out.estimates.front().warnings, notes);
  out.tables.push_back(centres_table(x, best, units));

  std::vector<std::int64_t> cluster;
  for (const std::int32_t label : best.label) cluster.push_back(label + 1);
  TableBuilder labels;
  add_key(read, rows, &labels);
  labels.integers("cluster", std::move(cluster));
  out.tables.push_back({"labels", labels.build()});
  TableBuilder choice;
  choice.integers("clusters", std::move(tried));
  choice.numbers("inertia", std::move(inertia));
  choice.numbers("silhouette", std::move(width));
  out.tables.push_back({"choice", choice.build()});
  return out;
}

std::string axis_name(std::size_t k) {
  std::string name = "component ";
  name += std::to_string(k + 1);
  return name;
}

AnalysisResult principal_components(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const FeatureTable all = feature_columns(read, "features");
  (void)all.matrix();  // Names a column of texts.
  std::vector<std::string> notes;
  const auto rows = complete_rows(all, &notes);
  const FeatureTable x = all.take(rows);
  std::vector<double> weights;
  if (read.has("weights")) {
    const auto given = read.numbers(read.name("weights"));
    for (const std::uint32_t row : rows) weights.push_back(given[row]);
  }
  PrincipalAxesSpec spec;
  spec.components = static_cast<std::size_t>(read.integer("components", 0));
  spec.share = read.number("share", 1.0);
  spec.standardise = read.flag("standardise", true);
  const PrincipalAxes found =
      fit_principal_axes(x.matrix(), spec, weights, input.stream.child("axes"), context);
  notes.insert(notes.end(), found.warnings.begin(), found.warnings.end());
  const std::size_t count = found.components();
  AnalysisResult out;
  std::vector<std::int64_t> component;
  std::vector<double> cumulative;
  double sum = 0.0;
  for (std::size_t k = 0; k < count; ++k) {
    out.estimates.push_back({.term = "share of variance, " + axis_name(k),
                             .estimate = found.share[k],
                             .n = found.n,
                             .method = "principal_components"});
    component.push_back(static_cast<std::int64_t>(k) + 1);
    sum += found.share[k];
    cumulative.push_back(sum);
  }
  keep_warnings(&out, "principal_components", {"no column varies"});
  prepend(&out.estimates.front().warnings, notes);
  TableBuilder axes;
  axes.texts("feature", x.names());
  axes.numbers("centre", found.centre);
  axes.numbers("scale", found.scale);
  TableBuilder scores;
  add_key(read, rows, &scores);
  const std::vector<double> score = found.scores(x.matrix(), context);
  const auto part = [](const std::vector<double>& values, std::size_t from, std::size_t n) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(from);
    return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(n));
  };
  for (std::size_t k = 0; k < count; ++k) {
    axes.numbers(axis_name(k), part(found.loading, k * found.columns, found.columns));
    scores.numbers(axis_name(k), part(score, k * rows.size(), rows.size()));
  }
  TableBuilder variance;
  variance.integers("component", std::move(component));
  variance.numbers("variance", found.variance);
  variance.numbers("share", found.share);
  variance.numbers("cumulative", std::move(cumulative));
  out.tables.push_back({"axes", axes.build()});
  out.tables.push_back({"variance", variance.build()});
  out.tables.push_back({"scores", scores.build()});
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.chi_squared",
     "How much the sums of each column differ between classes: chi-squared statistics.",
     {},
     chi_squared},
    {"learn.f_test",
     "How well each column alone goes with the outcome: F statistics of analysis of variance or "
     "of a line.",
     {},
     f_test},
    {"learn.k_means",
     "Groups of rows that lie close together (Lloyd 1982; Arthur & Vassilvitskii 2007).",
     {},
     k_means},
    {"learn.mutual_information",
     "What each column alone tells about the outcome, in nats (Kraskov, Stoegbauer & Grassberger "
     "2004; Ross 2014).",
     {},
     mutual_information},
    {"learn.principal_components",
     "Few axes that hold most of the variance of many columns (Pearson 1901).",
     {},
     principal_components},
};

}  // namespace

std::span<const AnalysisMethod> column_methods() { return kMethods; }

}  // namespace impact::detail
