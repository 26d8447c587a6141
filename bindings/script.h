#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/runtime.h"
#include "bindings/session.h"
#include "engine/study/frozen_plan.h"

namespace impact::bindings {

/// The frozen plan of a study, beside its script.
inline constexpr const char* kPlanFile = "study.plan.json";

/// What to run.
struct ScriptSource {
  std::filesystem::path file = {};  ///< A Lua file; empty: `code`.
  std::string code = {};            ///< Lua text.
  std::string code_name = "-e";     ///< What messages call it.
  /// The file is study.lua of a folder: it declares a study, and may use files of the folder above.
  bool folder = false;
  bool interactive = false;  ///< Nothing to run: the interpreter of a prompt.
};

/// One script with the interpreter and the session it runs in.
class Script {
 public:
  Script(ScriptSource source, SessionOptions session, RuntimeOptions runtime);

  [[nodiscard]] Session& session() noexcept { return session_; }
  [[nodiscard]] Runtime& runtime() noexcept { return runtime_; }
  [[nodiscard]] const ScriptSource& source() const noexcept { return source_; }

  /// Runs the script to its end and checks what it declared as a whole. Throws ScriptError, Error.
  void declare();
  /// Everything that is wrong, in one pass: by file and line. Throws Cancelled, ResourceError.
  [[nodiscard]] std::vector<ScriptError> find_errors();
  /// The study it declared. Throws ArgumentError when it declares none.
  [[nodiscard]] const Study& study();
  /// The Lua files that ran, by path inside the study's folder (or the folder above), with their
  /// text; the script itself as study.lua; none for `code`.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> files() const;
  /// The plan frozen beside the script. Throws DataError when its file is damaged.
  [[nodiscard]] std::optional<FrozenPlan> frozen_plan() const;

 private:
  void run_script();
  void check_simulation();
  ScriptSource source_;
  Session session_;
  Runtime runtime_;
};

/// "study.lua:12" of a declaration -> an error at that line.
[[nodiscard]] ScriptError located(const NodeError& error);

}  // namespace impact::bindings
