#include "bindings/analysis_calls.h"
#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/option_values.h"
#include "bindings/sandbox.h"
#include "bindings/search_paths.h"
#include "bindings/session.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/learn/kinds/xgboost_file.h"
#include "engine/learn/missing_inputs.h"
#include "engine/learn/prepare/step.h"
#include "engine/learn/trained_model.h"
#include "engine/study/analyse_node.h"
#include "engine/table/verbs.h"

// learn.forest { ... } and its like are data until something fits them; a fitted model predicts,
// tells about itself and is saved.
namespace impact::bindings {
namespace {

Session& session(lua_State* L) { return *runtime(L).session(); }

constexpr const char* kSample =
    "local t <const> = frame { { \"id\", { 1, 2, 3, 4 } }, { \"y\", { 1, 2, 4, 7 } },\n"
    "  { \"x\", { 1, 2, 3, 4 } }, key = \"id\" }\n"
    "local model <const> = learn.fit { learner = learn.linear {}, of = t.y, features = t.x "
    "}:model()"
    "\n";

// kind, { names }, then one value a name: what was given, as data.
nlohmann::json given_options(lua_State* L, const std::string& owner) {
  std::vector<std::string> names;
  each_item(L, 2, [&](int item, lua_Integer) { names.push_back(text_at(L, item)); });
  lua_settop(L, static_cast<int>(names.size()) + 2);
  nlohmann::json options = nlohmann::json::object();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int index = static_cast<int>(i) + 3;
    if (lua_isnil(L, index)) continue;
    options[names[i]] = option_at(L, index, "'" + names[i] + "' of " + owner, true);
  }
  return options;
}

int make_learner(lua_State* L) {
  const std::string kind = text_at(L, 1);
  nlohmann::json json{{"learner", kind}, {"options", given_options(L, kind)}};
  const nlohmann::json& options = json["options"];
  if (options.contains("space") && options.contains("learner")) {
    check_search_paths(runtime(L).registry(), options["learner"], options["space"]);
  }
  push_handle(L, std::make_shared<const LearnerHandle>(LearnerHandle{std::move(json)}));
  return 1;
}

int make_step(lua_State* L) {
  const std::string kind = text_at(L, 1);
  nlohmann::json json{{"step", kind}, {"options", given_options(L, kind)}};
  // Wrong together is wrong where it stands, before any data are read.
  check_step({.kind = kind, .options = json["options"]});
  push_handle(L, std::make_shared<const StepHandle>(StepHandle{std::move(json)}));
  return 1;
}

void push_fitted(lua_State* L, std::string_view bytes, const std::string& where) {
  auto model = std::make_shared<const TrainedModel>(load_model(bytes, where));
  push_handle(L, std::make_shared<const FittedHandle>(FittedHandle{model, to_hex(sha256(bytes))}),
              bytes.size());
}

Function load_function() {
  return {.name = "learn.load",
          .params = {{.name = "path",
                      .type = "text",
                      .text = "File in the data folder, or of an earlier run by its path from "
                              "the current folder: \"runs/engagement/models/model.model\"."}},
          .returns = "FittedModel",
          .text =
              "A model from a file: one that a run or :save wrote, or XGBoost's JSON. Nothing "
              "in a file is ever executed; a file that was changed is refused.",
          .example =
              "local ok, err = pcall(learn.load, \"no such.model\")\n"
              "assert(not ok and err.kind == \"io\")",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const std::string declared = call.text("path");
            const auto bytes = read_file(session(L).use_model(declared));
            if (!bytes) throw IoError({.what = "the model can't be read", .where = declared});
            const bool foreign = bytes->starts_with("{");
            push_fitted(L, foreign ? import_xgboost(*bytes, declared).save() : *bytes, declared);
            return 1;
          }};
}

Function predict_function() {
  return {.name = "FittedModel:predict",
          .params = {{.name = "table",
                      .type = "Table",
                      .text = "Has the columns that the model learned from, in any order."}},
          .returns = "Table",
          .text =
              "The key of each row and what the model predicts for it: a number, or the class "
              "and its probability. A study declares learn.predict instead.",
          .example = std::string(kSample) +
                     "assert(math.abs(model:predict(t):rows()[1].prediction - 0.5) < 1e-12)",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const auto fitted = call.self<const FittedHandle>();
            const auto table = get_handle<const Relation>(L, call.slot("table"));
            session(L).check_reading(*table, "predict");
            Recipe recipe{.method = "learn.predict", .table = table, .model = fitted->model};
            std::vector<StudyColumn> columns;
            const std::vector<std::string> present = table->schema.names();
            const auto absent = missing_inputs(*fitted->model, present);
            if (!absent.empty()) {
              throw missing_inputs_error(*fitted->model, absent, present, table->label);
            }
            for (const ModelInput& input : fitted->model->inputs) {
              columns.push_back({.name = input.name, .expr = column(input.name), .table = table});
            }
            recipe.roles.emplace_back("features", std::move(columns));
            AnalysisResult result =
                analyse_recipe(recipe, StreamKey::root(0), session(L).context());
            if (session(L).options().interactive) {
              for (const std::string& remark : result.estimates.front().warnings) {
                runtime(L).print("careful: " + remark + "\n");
              }
            }
            push_table(L, scan_frame(session(L).backend(), std::move(result.tables[0].frame),
                                     table->key, "'predictions'"));
            return 1;
          }};
}

Function save_function() {
  return {.name = "FittedModel:save",
          .params = {{.name = "path", .type = "text", .text = "Path inside the run folder."},
                     {.name = "format",
                      .type = "text",
                      .text = "model, or XGBoost's JSON for boosted trees.",
                      .optional = true,
                      .named = false,
                      .fallback = std::string("model"),
                      .allowed = {"model", "xgboost"}}},
          .returns = "nothing",
          .text = "Writes the model to one file: a JSON header and blocks of numbers.",
          .example = std::string(kSample) + "model:save \"y.model\"",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const TrainedModel& model = *call.self<const FittedHandle>()->model;
            const std::string bytes =
                call.text("format") == "xgboost" ? export_xgboost(model) : model.save();
            write_file_atomically(session(L).output_path(call.text("path")), bytes);
            return 0;
          }};
}

Function to_text_function(const char* name, const std::string& example,
                          std::string (*text)(const Call& call)) {
  return {.name = name,
          .params = {},
          .returns = "text",
          .text = "What it is, in short.",
          .example = example,
          .body = [text](Call& call) {
            push_text(call.state(), text(call));
            return 1;
          }};
}

// "forest { trees = 500 }": options as a script writes them.
std::string in_short(const nlohmann::json& json, const char* kind) {
  std::string out = json.at(kind).get<std::string>();
  std::string options;
  for (const auto& [name, value] : json.at("options").items()) {
    if (!options.empty()) options += ", ";
    options += name;
    options += " = ";
    options +=
        value.is_object() && value.contains("learner") ? in_short(value, "learner") : value.dump();
  }
  if (options.size() > 120) options = options.substr(0, 117) + "...";
  return out + (options.empty() ? " {}" : " { " + options + " }");
}

std::string fitted_text(const Call& call) {
  const TrainedModel& model = *call.self<const FittedHandle>()->model;
  std::string out = model.spec.kind;
  out += " of " + model.outcome + " from ";
  for (std::size_t j = 0; j < model.inputs.size() && j < 6; ++j) {
    out += (j == 0 ? "" : ", ") + model.inputs[j].name;
  }
  if (model.inputs.size() > 6) out += ", ...";
  return out;
}

}  // namespace

Function model_function() {
  return {.name = "Analysis:model",
          .params = {{.name = "name",
                      .type = "text",
                      .text = "Which of its models; may be left out where there is one.",
                      .optional = true}},
          .returns = "FittedModel",
          .text =
              "Fits now and gives the model; a study declares the analysis and hands on the "
              "declaration instead.",
          .example = std::string(kSample) + "assert(tostring(model) == \"linear of y from x\")",
          .body = [](Call& call) {
            lua_State* L = call.state();
            const AnalysisResult result = computed_analysis(call);
            const std::string wanted = call.given("name") ? call.text("name") : "";
            std::vector<std::string> names;
            for (const auto& [name, bytes] : result.models) {
              names.push_back(name);
              if (name != wanted && !(wanted.empty() && result.models.size() == 1)) continue;
              push_fitted(L, bytes, name);
              return 1;
            }
            call.fail("name", "the analysis has no such model",
                      names.empty() ? "learn.fit, learn.tune: analyses that fit a model"
                                    : list_words(names),
                      did_you_mean(wanted, names));
          }};
}

void install_learners(lua_State* L) {
  register_type(
      L, {.name = "Learner",
          .text = "A learner that is not fitted yet: learn.forest { ... }. learn.fit fits it.",
          .methods = {},
          .metamethods = {to_text_function(
              "Learner:__tostring",
              "assert(tostring(learn.linear {}) == \"linear { intercept = true }\")",
              [](const Call& call) {
                return in_short(call.self<const LearnerHandle>()->json, "learner");
              })}});
  register_type(L,
                {.name = "Step",
                 .text = "A step of preparation, for learn.pipeline: learn.scale { ... }.",
                 .methods = {},
                 .metamethods = {to_text_function(
                     "Step:__tostring", "assert(tostring(learn.select {}):sub(1, 6) == \"select\")",
                     [](const Call& call) {
                       return in_short(call.self<const StepHandle>()->json, "step");
                     })}});
  register_type(L, {.name = "FittedModel",
                    .text = "A model that was fitted, by learn.fit or read by learn.load.",
                    .methods = {predict_function(), save_function()},
                    .metamethods = {to_text_function(
                        "FittedModel:__tostring",
                        std::string(kSample) + "assert(tostring(model) == \"linear of y from x\")",
                        fitted_text)}});
  push_function(L, runtime(L).registry().add(load_function()));
  extend_private_api(L, "load_model");
  for (const auto& [name, body] :
       {std::pair<const char*, int (*)(lua_State*)>{"learner", make_learner},
        {"step", make_step}}) {
    push_private(L, body);
    extend_private_api(L, name);
  }
}

}  // namespace impact::bindings
