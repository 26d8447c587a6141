#include "engine/learn/boosting.h"

#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/learn/boosting_shap.h"
#include "engine/learn/cross_validate.h"
#include "tests/engine/learn/boosting_reference.h"

using namespace impact;
using namespace impact::boosting;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

BoostingSpec sampled() { return {.rounds = 8, .subsample = 0.6, .colsample_bynode = 0.7}; }

// The message of what fitting throws.
std::string refusal(const BoostingSpec& spec, const std::string& outcome = "y") {
  try {
    static_cast<void>(fit(outcome, spec));
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("boosting by hand: one stump of squared error", "[learn][boosting]") {
  // Gradients p - y around the base of 2: -(sum of residuals) / (rows + lambda) is the leaf.
  const std::vector<double> x = {1, 2, 3, 4};
  const std::vector<double> y = {0, 0, 6, 6};
  const FeatureColumns features = {.x = x, .columns = 1};
  const auto model =
      fit_boosting(features, y, range(0, 4),
                   {.rounds = 1, .learning_rate = 0.5, .max_depth = 1, .base_score = 2.0}, {},
                   StreamKey::root(1));
  std::vector<double> p(4);
  model.predict(features, range(0, 4), p);
  CHECK(p[0] == Approx(2.0 - 0.5 * 4.0 / 3.0).epsilon(1e-6));
  CHECK(p[3] == Approx(2.0 + 0.5 * 8.0 / 3.0).epsilon(1e-6));
  // Gain of the split: 4^2 / 3 + 8^2 / 3 - 4^2 / 5.
  const auto columns = importance(model.trees, model.columns);
  REQUIRE(columns.size() == 1);
  CHECK(columns[0].weight == 1);
  CHECK(columns[0].gain == Approx(80.0 / 3.0 - 16.0 / 5.0).epsilon(1e-6));
  CHECK(columns[0].cover == 4.0);
}

TEST_CASE("boosting: bits depend on the key and on nothing else", "[learn][boosting]") {
  const auto first = fit("y", sampled());
  CHECK(first.json != fit("y", sampled(), peer_key().child("other")).json);
  for (const int threads : {1, 2, 3, 8}) {
    const Context context = {.threads = threads};
    const auto again = fit("y", sampled(), peer_key(), context);
    CHECK(again.json == first.json);
    std::vector<double> p(Rows::kRows);
    again.predict(rows().features(), everything(), p, context);
    CHECK(same_bits(p, predicted(first)));
  }
  // Nor on what a loss of one's own fits meanwhile, on the same thread.
  BoostingSpec own = sampled();
  const auto gradient = [](bool busy) {
    return [busy](std::span<const double> sum, std::span<const double> y, std::span<double> g,
                  std::span<double> h) {
      if (busy) static_cast<void>(fit("label", sampled(), StreamKey::root(5)));
      for (std::size_t i = 0; i < y.size(); ++i) {
        g[i] = sum[i] - y[i];
        h[i] = 1.0;
      }
    };
  };
  own.gradient = gradient(false);
  const auto alone = fit("y", own);
  own.gradient = gradient(true);
  CHECK(fit("y", own).json == alone.json);
}

TEST_CASE("boosting: the same in parallel folds", "[learn][boosting]") {
  const Folds folds = draw_folds(Rows::kRows, {.folds = 4}, StreamKey::root(3));
  BoostingSpec spec = sampled();
  const auto one = out_of_fold(
      folds, boosting_learner(rows().features(), rows().outcome.at("y"), spec), StreamKey::root(4));
  const auto two =
      out_of_fold(folds, boosting_learner(rows().features(), rows().outcome.at("y"), spec),
                  StreamKey::root(4), {.threads = 3});
  CHECK(same_bits(one.prediction, two.prediction));
  spec.patience = 3;
  spec.rounds = 50;
  const auto stopped = out_of_fold(
      folds, boosting_learner(rows().features(), rows().outcome.at("y"), spec), StreamKey::root(4));
  CHECK_FALSE(same_bits(one.prediction, stopped.prediction));
  CHECK_THROWS_AS(boosting_learner(rows().features(), rows().outcome.at("group"),
                                   {.objective = "multi:softprob", .classes = 3}),
                  ArgumentError);
}

TEST_CASE("boosting: invariances", "[learn][boosting]") {
  const BoostingSpec spec = {.rounds = 6, .tree_method = "exact"};
  const auto p = predicted(fit("y", spec));
  // Trees see the order of numbers only: powers of two keep every bit.
  Rows scaled = rows();
  for (std::size_t i = 0; i < Rows::kRows; ++i) scaled.x[i] *= 1024.0;
  std::vector<double> q(Rows::kRows);
  fit_boosting(scaled.features(), rows().outcome.at("y"), training(), spec, {}, peer_key())
      .predict(scaled.features(), everything(), q);
  CHECK(same_bits(p, q));
  // A weight of 2 is a row twice, weight 0 no row.
  std::vector<double> w(Rows::kRows, 1.0);
  auto twice = training();
  for (std::uint32_t i = 0; i < 20; ++i) {
    w[i] = 2.0;
    twice.push_back(i);
  }
  const auto weighted =
      fit_boosting(rows().features(), rows().outcome.at("y"), training(), spec, w, peer_key());
  const auto doubled =
      fit_boosting(rows().features(), rows().outcome.at("y"), twice, spec, {}, peer_key());
  const auto a = predicted(weighted);
  const auto b = predicted(doubled);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-5));
  std::vector<double> part(Rows::kRows, 1.0);
  for (std::uint32_t i = 100; i < Rows::kTrain; ++i) part[i] = 0.0;
  const auto zero =
      fit_boosting(rows().features(), rows().outcome.at("y"), training(), spec, part, peer_key());
  const auto none =
      fit_boosting(rows().features(), rows().outcome.at("y"), range(0, 100), spec, {}, peer_key());
  CHECK(zero.n == 100);
  CHECK(same_bits(predicted(zero), predicted(none)));
}

TEST_CASE("boosting keeps monotone constraints", "[learn][boosting]") {
  const auto model = fit("y", {.rounds = 30, .monotone_constraints = {{"a", 1}}});
  std::vector<double> x(4 * 50);
  for (std::size_t i = 0; i < 50; ++i) {
    x[i] = -3.0 + 0.12 * static_cast<double>(i);
    x[50 + i] = -1.5;
    x[100 + i] = 2.0;
    x[150 + i] = 0.3;
  }
  std::vector<double> p(50);
  model.predict({.x = x, .columns = 4}, range(0, 50), p);
  CHECK(p.front() < p.back());
  CHECK(std::is_sorted(p.begin(), p.end()));
}

TEST_CASE("boosting: columns at prediction are found by name", "[learn][boosting]") {
  const auto model = fit("y", {.rounds = 3});
  const auto expected = predicted(model);
  // Another order, and one column more.
  std::vector<double> x;
  for (const std::size_t j : {3, 1, 0, 2, 0}) {
    const auto column = rows().features().column(j);
    x.insert(x.end(), column.begin(), column.end());
  }
  std::vector<std::string> names = {"d", "b", "a", "c", "extra"};
  std::vector<double> out(Rows::kRows);
  model.predict({.x = x, .columns = 5, .names = names}, everything(), out);
  CHECK(same_bits(out, expected));
  names[1] = "B";
  try {
    model.predict({.x = x, .columns = 5, .names = names}, everything(), out);
    FAIL("a renamed column");
  } catch (const ArgumentError& error) {
    says(error.what(), "missing");
    says(error.info().where, "b");
    says(error.info().hint, "'B'");
  }
  names[1] = "a";
  CHECK_THROWS_AS(model.predict({.x = x, .columns = 5, .names = names}, everything(), out),
                  ArgumentError);
  CHECK_THROWS_AS(model.predict({.x = x, .columns = 5}, everything(), out), ArgumentError);
  const std::vector<std::uint32_t> beyond = {240};
  CHECK_THROWS_AS(model.predict(rows().features(), beyond, std::span(out).first(1)), ArgumentError);
}

TEST_CASE("boosting: missing, infinite and weightless rows", "[learn][boosting]") {
  auto y = rows().outcome.at("y");
  auto w = rows().w;
  Rows changed = rows();
  y[0] = kNaN;
  w[1] = kNaN;
  w[2] = 0.0;
  changed.x[3] = kInfinity;
  changed.x[4] = 1e300;
  y[5] = 1e39;
  const auto model = fit_boosting(changed.features(), y, training(), {.rounds = 2}, w, peer_key());
  CHECK(model.n == Rows::kTrain - 6);
  CHECK(warned(model, "2 rows"));
  CHECK(warned(model, "3 rows were left out: a number is infinite"));
  std::vector<double> p(Rows::kRows);
  model.predict(changed.features(), everything(), p);
  CHECK(std::isnan(p[3]));
  CHECK(std::isnan(p[4]));
  CHECK(std::isfinite(p[0]));
  w[7] = -1.0;
  CHECK_THROWS_AS(fit_boosting(changed.features(), y, training(), {.rounds = 2}, w, peer_key()),
                  ArgumentError);
  const auto nothing = fit_boosting(rows().features(), y, {}, {.rounds = 2}, {}, peer_key());
  CHECK(warned(nothing, "no row to learn from"));
  nothing.predict(rows().features(), everything(), p);
  CHECK(std::isnan(p[9]));
}

TEST_CASE("boosting: one class, constant columns", "[learn][boosting]") {
  const std::vector<double> ones(Rows::kRows, 1.0);
  Rows changed = rows();
  std::fill_n(changed.x.begin() + Rows::kRows, Rows::kRows, 3.0);
  const auto model = fit_boosting(changed.features(), ones, training(),
                                  {.objective = "binary:logistic", .rounds = 50}, {}, peer_key());
  CHECK(warned(model, "one value"));
  CHECK(warned(model, "of no use: b"));
  std::vector<double> p(Rows::kRows);
  model.predict(changed.features(), everything(), p);
  CHECK(p[200] > 0.95);
}

TEST_CASE("boosting: categories and levels that training did not have", "[learn][boosting]") {
  Rows changed = rows();
  const auto column = std::span(changed.x).subspan(2 * Rows::kRows, Rows::kRows);
  for (std::size_t i = 0; i < Rows::kTrain; ++i) column[i] = column[i] == 3.0 ? 4.0 : column[i];
  column[200] = 3.0;
  column[201] = 99.0;
  column[202] = kNaN;
  for (std::size_t j : {0U, 1U, 3U}) {
    for (const std::size_t i : {200U, 201U}) {
      changed.x[j * Rows::kRows + i] = changed.x[j * Rows::kRows + 202];
    }
  }
  const BoostingSpec spec = {.rounds = 10, .categories = {"c"}, .max_cat_to_onehot = 1};
  const auto model =
      fit_boosting(changed.features(), rows().outcome.at("y"), training(), spec, {}, peer_key());
  CHECK(model.levels[2] == std::vector<std::uint32_t>{0, 1, 2, 4, 5, 6});
  for (const bool loaded : {false, true}) {
    const auto judged = loaded ? load_boosting(model.json) : model;
    std::vector<double> p(3);
    judged.predict(changed.features(), range(200, 203), p);
    CHECK(p[0] == p[2]);
    CHECK(p[1] == p[2]);
    const auto notes = judged.unseen_levels(changed.features(), range(200, 203));
    REQUIRE(notes.size() == 1);
    says(notes[0], "c: 2 rows");
  }
  column[0] = 1.5;
  CHECK_THROWS_AS(
      fit_boosting(changed.features(), rows().outcome.at("y"), training(), spec, {}, peer_key()),
      ArgumentError);
}

TEST_CASE("boosting: options out of range, unknown or at odds", "[learn][boosting]") {
  says(refusal({.objective = "reg:squareerror"}), "did you mean 'reg:squarederror'?");
  says(refusal({.objective = "reg:quantileerror"}), "no quantile loss");
  says(refusal({.objective = "rank:ndcg"}), "ranking");
  says(refusal({.tree_method = "hits"}), "did you mean 'hist'?");
  says(refusal({.booster = "gblinear"}), "gbtree, dart");
  says(refusal({.learning_rate = 0.0}), "learning_rate");
  says(refusal({.learning_rate = kNaN}), "learning_rate");
  says(refusal({.rounds = 0}), "rounds");
  says(refusal({.max_depth = 0}), "no limit");
  says(refusal({.subsample = 1.5}), "subsample");
  says(refusal({.lambda = -1.0}), "lambda");
  says(refusal({.max_bin = 1}), "max_bin");
  says(refusal({.scale_pos_weight = 2.0}), "positives");
  says(refusal({.monotone_constraints = {{"aa", 1}}}), "there is no column 'aa'");
  says(refusal({.monotone_constraints = {{"a", 2}}}), "direction");
  says(refusal({.interaction_constraints = {{"a", "q"}}}), "'q'");
  says(refusal({.tree_method = "exact", .categories = {"c"}}), "exact");
  says(refusal({.rate_drop = 0.5}), "dart");
  says(refusal({.patience = 3}), "judge");
  says(refusal({.metric = "logloss"}), "rmse");
  says(refusal({.objective = "multi:softprob"}, "group"), "classes");
  says(refusal({.objective = "multi:softprob", .classes = 2}, "group"), "0, 1, ... 1");
  says(refusal({.objective = "binary:logistic"}), "row");
  says(refusal({.objective = "count:poisson"}), "0 or more");
  says(refusal({.objective = "reg:gamma"}, "count"), "more than 0");
  const std::vector<std::uint32_t> held = range(160, 240);
  says(refusal({.booster = "dart", .validation = held, .patience = 2}), "best round");
  const std::vector<std::string> same = {"a", "a", "c", "d"};
  CHECK_THROWS_AS(fit_boosting({.x = rows().x, .columns = 4, .names = same}, rows().outcome.at("y"),
                               training(), {}, {}, peer_key()),
                  ArgumentError);
  BoostingSpec own;
  own.gradient = [](auto, auto, auto g, auto h) {
    std::fill(g.begin(), g.end(), 1.0);
    std::fill(h.begin(), h.end(), -1.0);
  };
  says(refusal(own), "derivatives");
}

TEST_CASE("boosting is cancelled and reported on between rounds", "[learn][boosting]") {
  struct Sink : ProgressSink {
    CancelToken token;
    double last = -1.0;
    void report(std::string_view, double fraction) override {
      CHECK(fraction >= last);
      last = fraction;
      if (fraction >= 0.5) token.request();
    }
  } sink;
  const Context context = {.cancel = &sink.token, .progress = &sink};
  CHECK_THROWS_AS(fit("y", {.rounds = 10}, peer_key(), context), Cancelled);
  CHECK(sink.last == 0.5);
}

TEST_CASE("boosting: a rounder name survives, a broken one is refused", "[learn][boosting]") {
  std::vector<std::string> names = {"a \"b\" \\ [c] <d>", "größe", "c,d", " "};
  const FeatureColumns features = {.x = rows().x, .columns = 4, .names = names};
  const auto model =
      fit_boosting(features, rows().outcome.at("y"), training(), {.rounds = 2}, {}, peer_key());
  CHECK(load_boosting(model.json).columns == names);
  names[0] = "two\nlines";
  CHECK_THROWS_AS(
      fit_boosting(features, rows().outcome.at("y"), training(), {.rounds = 2}, {}, peer_key()),
      ArgumentError);
}

TEST_CASE("boosting: contributions are those of XGBoost", "[learn][boosting]") {
  const auto peer = nlohmann::json::parse(text_of("boosting.json"));
  for (const std::string name : {"squared", "logistic"}) {
    INFO(name);
    BoostingSpec spec = {.rounds = 12};
    if (name == "logistic") {
      spec.objective = "binary:logistic";
      spec.scale_pos_weight = 2.0;
      spec.base_score = 0.3;
    }
    const auto model = fit(name == "squared" ? "y" : "label", spec);
    const auto explained = shap_model(model.trees);
    std::vector<double> phi(40 * 4);
    tree_shap(explained, rows().features(), range(0, 40), phi);
    std::vector<double> sums(Rows::kRows);
    model.sums(rows().features(), everything(), sums);
    for (std::size_t i = 0; i < 40; ++i) {
      double total = explained.expectation();
      for (std::size_t j = 0; j < 4; ++j) {
        const double ours = phi[i * 4 + j];
        CHECK(ours == Approx(peer[name]["contributions"][i][j].get<double>()).margin(1e-6));
        total += ours;
      }
      CHECK(total == Approx(sums[i]).margin(1e-5));
    }
    CHECK(explained.expectation() ==
          Approx(peer[name]["contributions"][0][4].get<double>()).margin(1e-6));
  }
}

TEST_CASE("boosting: explanations take the path of single precision", "[learn][boosting]") {
  // Doubles between two neighbouring floats, on both sides of the middle and on it.
  for (const float t : {0.1F, 1.0F, std::nextafter(1.0F, 2.0F), -3.7F, 1e-42F}) {
    const float before = std::nextafter(t, -std::numeric_limits<float>::infinity());
    const double middle = 0.5 * (static_cast<double>(before) + static_cast<double>(t));
    const BoostedTrees trees = {
        .columns = 1,
        .trees = {{.nodes = {{.threshold = t, .left = 1, .right = 2, .cover = 2.0F},
                             {.threshold = -1.0F, .cover = 1.0F},
                             {.threshold = 1.0F, .cover = 1.0F}}}}};
    const std::vector<double> x = {static_cast<double>(before), std::nextafter(middle, -kInfinity),
                                   middle, std::nextafter(middle, kInfinity),
                                   static_cast<double>(t)};
    std::vector<double> phi(x.size());
    tree_shap(shap_model(trees), {.x = x, .columns = 1}, range(0, 5), phi);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(phi[i] == (static_cast<float>(x[i]) < t ? -1.0 : 1.0));
    }
  }
}
