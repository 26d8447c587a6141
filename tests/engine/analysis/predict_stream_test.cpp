#include "engine/analysis/predict_stream.h"

#include <bit>
#include <cmath>
#include <fstream>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/learner_kind.h"
#include "engine/table/row_text.h"
#include "engine/table/verbs.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using nlohmann::json;

namespace {

struct Data {
  std::vector<double> x, y;
  std::vector<std::string> tier;
  [[nodiscard]] FeatureTable features() const {
    std::vector<const std::string*> cells;
    for (const std::string& cell : tier) cells.push_back(&cell);
    return FeatureTable({number_feature("x", x), text_feature("tier", cells)});
  }
};

Data invented(std::size_t n) {
  const char* const tiers[] = {"gold", "silver", "tin"};
  Data out;
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(StreamKey{5}, i);
    out.x.push_back(stream.uniform() * 10.0);
    out.tier.emplace_back(tiers[i % 3]);
    out.y.push_back(out.x.back() + static_cast<double>(i % 3));
  }
  return out;
}

TrainedModel boosted(const Data& data) {
  return train({"boost", {{"rounds", 10}}}, {.features = data.features(), .outcome = data.y},
               every_row(data.x.size()), "y", StreamKey{2});
}

// What predict_stream writes about a file, as CSV.
struct Written {
  std::string text;
  PredictionSummary summary;
};

Written predicted(const TrainedModel& model, const std::filesystem::path& path,
                  const PredictionSpec& spec = {}, FileFormat format = FileFormat::kCsv) {
  const auto backend = open_duckdb({});
  FileSource source;
  source.format = format;
  source.path = path;
  Written out;
  out.summary = predict_stream(model, prediction_input(backend, source, model, spec), spec, {},
                               [&](const Frame& frame) {
                                 if (out.text.empty()) out.text = csv_header(frame.schema());
                                 out.text += csv_lines(frame);
                                 return true;
                               });
  return out;
}

std::string message(const TrainedModel& model, const std::filesystem::path& path,
                    const PredictionSpec& spec = {}, FileFormat format = FileFormat::kCsv) {
  try {
    (void)predicted(model, path, spec, format);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("rows that come a chunk at a time get the bits of predict", "[predict_stream]") {
  const impact::test::TempDir folder;
  const Data data = invented(20000);
  const TrainedModel model = boosted(data);
  Frame frame({"x", "tier"}, {Column::numbers(data.x), Column::texts(data.tier)});
  put(folder.path() / "rows.csv", csv_header(frame.schema()) + csv_lines(frame));
  const auto said = model.predict(data.features());
  std::string expected = "prediction\n";
  for (const double value : said) expected += format_value(Value{value}) + "\n";
  const Written found = predicted(model, folder.path() / "rows.csv");
  CHECK(found.text == expected);
  CHECK(found.summary.rows == 20000);
  CHECK(found.summary.drift.empty());
  CHECK(prediction_remarks(found.summary).empty());
}

TEST_CASE("a row is predicted the same whatever rows are beside it", "[predict_stream]") {
  std::vector<double> a, b, y, two;
  for (std::size_t i = 0; i < 300; ++i) {
    Stream stream(StreamKey{8}, i);
    a.push_back(stream.normal());
    b.push_back(stream.normal());
    y.push_back(a.back() - 2.0 * b.back() + stream.normal());
    two.push_back(y.back() > 0.0 ? 1.0 : 0.0);
  }
  const FeatureTable features({number_feature("a", a), number_feature("b", b)});
  const std::vector<std::string> classes{"no", "yes"};
  for (const detail::LearnerKind& kind : detail::learner_kinds()) {
    for (const bool numbers : {true, false}) {
      if (!(numbers ? kind.numbers : kind.classes)) continue;
      INFO(kind.name << (numbers ? " of numbers" : " of classes"));
      Lesson lesson{.features = features, .outcome = numbers ? y : two};
      if (!numbers) lesson.classes = classes;
      std::optional<TrainedModel> model;
      try {
        model = train({std::string(kind.name), json::object()}, lesson, every_row(300), "y",
                      StreamKey{1});
      } catch (const ArgumentError&) {
        continue;  // Needs a learner inside, whose rows are its own.
      }
      const auto whole = model->predict(features);
      for (const std::size_t from : {std::size_t{0}, std::size_t{1}, std::size_t{97}}) {
        std::vector<std::uint32_t> rows;
        for (std::size_t i = from; i < from + 1 + from; ++i) {
          rows.push_back(static_cast<std::uint32_t>(i));
        }
        const auto part = model->predict(features.take(rows));
        for (std::size_t i = 0; i < part.size(); ++i) {
          CHECK(std::bit_cast<std::uint64_t>(part[i]) ==
                std::bit_cast<std::uint64_t>(whole[from + i]));
        }
      }
    }
  }
}

TEST_CASE("the model says how a file is read", "[predict_stream]") {
  const impact::test::TempDir folder;
  const TrainedModel model = boosted(invented(300));
  const auto file = folder.path() / "rows.csv";
  // Numbers that look like integers first, a column that is empty at the top, another order.
  put(file, "tier,id,x\ngold,007,\nsilver,008,3\ntin,009,3.5\n");
  const Written found = predicted(model, file, {.keep = {"id"}, .keep_spelling = true});
  CHECK(found.text.starts_with("id,prediction\n007,"));
  CHECK(found.summary.rows == 3);
  CHECK(predicted(model, file, {.keep_all = true, .keep_spelling = true})
            .text.starts_with("tier,id,x,prediction\ngold,007,,"));
  put(file, "tier,x\n");
  CHECK(predicted(model, file).text == "prediction\n");
  put(file, "tier,X\ngold,1\n");
  CHECK_THAT(message(model, file), Catch::Contains("missing: x") &&
                                       Catch::Contains("did you mean 'X'?") &&
                                       Catch::Contains("rows.csv"));
  put(file, "tier,x\ngold,1\ngold,many\n");
  CHECK_THAT(message(model, file),
             Catch::Contains("'x'") && Catch::Contains("many") && Catch::Contains("rows.csv"));
  put(file, "tier,x,prediction\ngold,1,2\n");
  CHECK_THAT(message(model, file, {.keep = {"prediction"}}), Catch::Contains("prediction"));
  CHECK_THAT(message(model, file, {.keep = {"teir"}}), Catch::Contains("did you mean 'tier'?"));
  CHECK_THAT(message(model, file, {.quantiles = {0.5}}), Catch::Contains("knows no quantiles"));
  CHECK_THAT(message(model, file, {.quantiles = {1.5}}), Catch::Contains("no such quantile"));
  CHECK_THAT(message(model, file, {.threshold = 0.3}), Catch::Contains("two classes"));
  put(folder.path() / "rows.jsonl", "{\"x\":null,\"tier\":\"gold\"}\n{\"x\":2,\"tier\":\"tin\"}\n");
  CHECK(predicted(model, folder.path() / "rows.jsonl", {}, FileFormat::kJsonLines).summary.rows ==
        2);
}

TEST_CASE("types of Parquet are its own", "[predict_stream]") {
  const impact::test::TempDir folder;
  const TrainedModel model = boosted(invented(300));
  const auto backend = open_duckdb({});
  const auto file = folder.path() / "rows.parquet";
  Frame frame({"x", "tier"}, {Column::texts({"1", "2"}), Column::texts({"gold", "tin"})});
  WriteOptions how;
  how.format = FileFormat::kParquet;
  backend->write(scan_frame(backend, frame, {}, "rows"), file, how, {});
  CHECK_THAT(message(model, file, {}, FileFormat::kParquet),
             Catch::Contains("'x' is of another type") && Catch::Contains("rows.parquet"));
}

TEST_CASE("what differs from training is counted", "[predict_stream]") {
  const impact::test::TempDir folder;
  const Data data = invented(300);
  const TrainedModel model = load_model(boosted(data).save(), "test");
  CHECK(model.inputs[1].levels == std::vector<std::string>{"gold", "silver", "tin"});
  CHECK(model.inputs[0].low == *std::min_element(data.x.begin(), data.x.end()));
  const auto file = folder.path() / "rows.csv";
  put(file, "x,tier\n1,gold\n-4,wood\n50,wood\n2,brass\n3,\n");
  const PredictionSummary found = predicted(model, file).summary;
  REQUIRE(found.drift.size() == 2);
  CHECK(found.drift[0].outside_rows == 2);
  CHECK(found.drift[0].least == -4.0);
  CHECK(found.drift[0].most == 50.0);
  CHECK(found.drift[1].unseen_rows == 3);
  CHECK(found.drift[1].unseen == std::vector<std::string>{"brass", "wood"});
  CHECK(prediction_remarks(found).size() == 2);
  // Of a table in memory the same.
  const std::vector<std::string> tiers{"gold", "wood", "wood", "brass"};
  std::vector<const std::string*> cells;
  for (const std::string& tier : tiers) cells.push_back(&tier);
  const auto drift = input_drift(
      model, FeatureTable({text_feature("tier", cells), number_feature("x", {1, -4, 50, 2})}));
  CHECK(drift[0].outside_rows == 2);
  CHECK(drift[1].unseen_rows == 3);
  CHECK(prediction_remarks({.rows = 4, .drift = drift}) == prediction_remarks(found));
  CHECK(prediction_remarks({.rows = 1, .drift = input_drift(model, data.features())}).empty());
  put(file, "x,tie\n1,gold\n");
  CHECK_THROWS_WITH(predicted(model, file), Catch::Contains("are missing: tier") &&
                                                Catch::Contains("did you mean 'tie'") &&
                                                Catch::Contains("in training: x, tier"));
  // A linear model has no answer where a number is missing or infinite.
  const FeatureTable x({number_feature("x", data.x)});
  const TrainedModel line = train({"linear", json::object()}, {.features = x, .outcome = data.y},
                                  every_row(300), "y", StreamKey{1});
  put(file, "x\n1\n\"\"\nnan\ninf\n2\n");
  const Written said = predicted(line, file);
  CHECK(said.summary.rows == 5);
  CHECK(said.summary.without_prediction == 3);
  CHECK_THAT(prediction_remarks(said.summary).at(0), Catch::Contains("3 rows of 5"));
}

TEST_CASE("texts that do not repeat are not kept in the model", "[predict_stream]") {
  std::vector<std::string> texts;
  std::vector<const std::string*> cells;
  std::vector<double> y;
  for (std::size_t i = 0; i < 60; ++i) texts.push_back("biography " + std::to_string(i));
  for (std::size_t i = 0; i < 60; ++i) {
    cells.push_back(&texts[i]);
    y.push_back(static_cast<double>(i));
  }
  const TrainedModel model =
      train({"baseline", json::object()},
            {.features = FeatureTable({text_feature("bio", cells)}), .outcome = y}, every_row(60),
            "y", StreamKey{1});
  CHECK(model.inputs[0].levels.empty());
  CHECK(model.save().find("biography") == std::string::npos);
}
