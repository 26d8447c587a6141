#include "bindings/script.h"

#include <algorithm>

#include "bindings/install.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/study/design_of.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

RuntimeOptions with_folders(RuntimeOptions options, const ScriptSource& source) {
  if (source.interactive) options.script_folder = ".";
  if (source.file.empty()) return options;
  options.script_folder = source.file.has_parent_path() ? source.file.parent_path() : fs::path(".");
  if (source.folder) options.project_folder = options.script_folder / "..";
  return options;
}

bool starts_with(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

void check_settings(const Session& session, const Study* study) {
  std::vector<std::string> known;
  if (study != nullptr) {
    for (const Node& node : study->nodes) {
      if (std::holds_alternative<ParameterNode>(node.body)) known.push_back(node.name);
    }
  }
  for (const auto& [name, value] : session.options().settings) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw ArgumentError({.what = "--set names no parameter of the script: '" + name + "'",
                         .got = name,
                         .expected = known.empty() ? "" : list_words(known),
                         .hint = did_you_mean(name, known)});
  }
}

}  // namespace

ScriptError located(const NodeError& error) {
  const std::string& at = error.at();
  const std::size_t colon = at.rfind(':');
  const auto line = colon == std::string::npos ? std::nullopt : parse_integer(at.substr(colon + 1));
  if (!line) return {error.kind(), error.info(), "", 0, {}};
  return {error.kind(), error.info(), at.substr(0, colon), static_cast<int>(*line), {}};
}

Script::Script(ScriptSource source, SessionOptions session, RuntimeOptions runtime)
    : source_(std::move(source)),
      session_(std::move(session)),
      runtime_(with_folders(std::move(runtime), source_)) {
  runtime_.set_session(&session_);
  install(runtime_);
}

void Script::run_script() {
  if (source_.folder || runtime_.gathering()) runtime_.limit_steps(kDeclaringSteps);
  if (source_.file.empty()) {
    runtime_.run_text(source_.code, source_.code_name, 1);
  } else {
    runtime_.run_file(source_.file, 1);
  }
  finish_declaring(runtime_);
}

void Script::declare() {
  run_script();
  check_settings(session_, session_.study());
  if (session_.study() == nullptr) return;
  const auto mistakes = find_mistakes(*session_.study());
  if (!mistakes.empty()) throw located(mistakes.front());
}

std::vector<ScriptError> Script::find_errors() {
  runtime_.gather_errors();
  try {
    run_script();
    check_settings(session_, session_.study());
  } catch (const Cancelled&) {
    throw;
  } catch (const ResourceError&) {
    throw;
  } catch (const ScriptError& error) {
    runtime_.keep_error(error);
  } catch (const Error& error) {
    runtime_.keep_error({error.kind(), error.info(), "", 0, {}});
  }
  if (session_.study() != nullptr) {
    for (const NodeError& error : find_mistakes(*session_.study())) {
      runtime_.keep_error(located(error));
    }
    if (runtime_.gathered().empty()) check_simulation();
  }
  return runtime_.gathered();
}

// The first simulation of a declared model finds what declaring it can't.
void Script::check_simulation() {
  const Study& study = *session_.study();
  const bool models = std::any_of(study.nodes.begin(), study.nodes.end(), [](const Node& node) {
    return std::holds_alternative<ModelNode>(node.body);
  });
  const bool answers = std::any_of(study.nodes.begin(), study.nodes.end(), [](const Node& node) {
    return std::holds_alternative<EstimatorNode>(node.body);
  });
  if (!models || !answers) return;
  try {
    check_design(design_of(study).design);
  } catch (const NodeError& error) {
    runtime_.keep_error(located(error));
  } catch (const Error& error) {
    runtime_.keep_error({error.kind(), error.info(), "", 0, {}});
  }
}

const Study& Script::study() {
  if (session_.study() != nullptr) return *session_.study();
  throw ArgumentError({.what = "the script declares no study",
                       .where = source_.file.string(),
                       .expected = "local S <const> = study \"name\" { ... } and, at the end, "
                                   "return S"});
}

std::vector<std::pair<std::string, std::string>> Script::files() const {
  std::vector<std::pair<std::string, std::string>> out;
  if (source_.file.empty()) return out;
  const fs::path study = runtime_.options().script_folder.lexically_normal();
  for (const auto& [path, text] : runtime_.files()) {
    const fs::path normal = path.lexically_normal();
    fs::path name;
    if (path == source_.file) {
      name = "study.lua";  // Whatever it is called here: a rerun must know which file to run.
    } else if (study == "." ? normal.begin()->string() != ".." : starts_with(normal, study)) {
      name = normal.lexically_relative(study);
    } else {
      name = normal.lexically_relative((study / "..").lexically_normal());
    }
    out.emplace_back(name.generic_string(), text);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<FrozenPlan> Script::frozen_plan() const {
  if (!source_.folder) return std::nullopt;
  const fs::path path = runtime_.options().script_folder / kPlanFile;
  std::error_code code;
  if (!fs::exists(path, code)) return std::nullopt;
  const auto text = read_file(path);
  if (!text) throw IoError({.what = "can't read the frozen plan", .where = path.string()});
  return read_frozen_plan(*text, path.string());
}

}  // namespace impact::bindings
