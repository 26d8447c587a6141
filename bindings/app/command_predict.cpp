#include <cmath>
#include <cstdio>
#include <optional>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/app/prediction_output.h"
#include "bindings/app/progress.h"
#include "bindings/app/shell_input.h"
#include "engine/analysis/predict_stream.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/learn/kinds/xgboost_file.h"

namespace impact::bindings {
namespace {

TrainedModel read_model(const std::filesystem::path& path) {
  std::error_code code;
  const std::string name = "'" + path.string() + "'";
  if (std::filesystem::is_directory(path, code)) {
    throw IoError({.what = name + " is a folder, not a model",
                   .hint = "name a file, as models/NAME.model of a run"});
  }
  const std::optional<std::string> bytes = read_file(path);
  if (!bytes) throw IoError({.what = "can't read the model " + name});
  return load_any_model(*bytes, name);
}

PredictionSpec spec_of(const Options& options, const std::string& format) {
  PredictionSpec spec{.keep = options.key,
                      .quantiles = options.quantiles,
                      .threshold = options.threshold,
                      .keep_spelling = format == "csv"};
  spec.keep_all = options.keep.size() == 1 && options.keep[0] == "all";
  if (!spec.keep_all) spec.keep.insert(spec.keep.end(), options.keep.begin(), options.keep.end());
  return spec;
}

nlohmann::ordered_json number(double value) {
  if (std::isfinite(value)) return value;
  return nullptr;
}

nlohmann::ordered_json summary_json(const PredictionSummary& summary, const Options& options) {
  nlohmann::ordered_json drift = nlohmann::ordered_json::array();
  for (const InputDrift& column : summary.drift) {
    nlohmann::ordered_json one{{"column", column.column}};
    if (column.unseen_rows > 0) {
      one["unseen_rows"] = column.unseen_rows;
      one["unseen"] = column.unseen;
    } else {
      one["outside_rows"] = column.outside_rows;
      one["training"] = {number(column.low), number(column.high)};
      one["outside"] = {number(column.least), number(column.most)};
    }
    drift.push_back(std::move(one));
  }
  return {{"model", options.path.string()},
          {"out", options.out.string()},
          {"rows", summary.rows},
          {"without_prediction", summary.without_prediction},
          {"drift", std::move(drift)}};
}

}  // namespace

int predict_command(const Options& options) {
  Options own = options;
  if (own.out == "-") own.out.clear();
  if (own.json && own.out.empty()) {
    throw ArgumentError({.what = "--json needs a file for the predictions",
                         .hint = "add --out FILE: standard output holds one object then"});
  }
  const TrainedModel model = read_model(own.path);
  const std::string format = row_format(own.format, own.out);
  const PredictionSpec spec = spec_of(own, format);
  // Half of it is left for rows on their way, and for the model.
  Options engine = own;
  engine.memory = own.memory / 2;
  ShellTables tables(engine);
  const RelationPtr data = prediction_input(
      tables.backend(),
      tables.source(own.files.empty() ? "-" : own.files[0], own.from, own.missing), model, spec);
  const auto out = open_row_output(format, own.out, tables);
  const PredictionSummary summary = predict_stream(
      model, data, spec, tables.context(), [&](const Frame& frame) { return out->write(frame); });
  out->finish();
  clear_progress();
  if (own.json) {
    std::printf("%s\n", summary_json(summary, own).dump().c_str());
  } else if (!own.quiet) {
    if (!own.out.empty()) {
      std::fprintf(stderr, "%lld rows -> %s\n", static_cast<long long>(summary.rows),
                   own.out.c_str());
    }
    for (const std::string& remark : prediction_remarks(summary)) {
      std::fprintf(stderr, "%s\n", remark.c_str());
    }
  }
  return kDone;
}

}  // namespace impact::bindings
