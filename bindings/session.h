#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/atomic_folder.h"
#include "engine/core/context.h"
#include "engine/study/study.h"
#include "engine/table/backend.h"

namespace impact::bindings {

struct SessionOptions {
  std::filesystem::path data = {};           ///< --data or IMPACT_DATA; empty: none given.
  std::filesystem::path study_folder = ".";  ///< Where the script lies.
  std::filesystem::path out = {};  ///< Run folder; empty: `runs/<name>` under the current folder.
  std::string name = "script";     ///< Name of the run when the script declares no study.
  int threads = 1;
  std::uint64_t memory = 0;  ///< Bytes for the table engine; 0 = its default.
  const CancelToken* cancel = nullptr;
  ProgressSink* progress = nullptr;
  std::map<std::string, std::string> settings = {};  ///< --set name=value.
  /// Somebody sits at a prompt: any file may be read, and data while a study is declared.
  bool interactive = false;
};

/// What the bindings of one program run share: the table engine (opened at first use), the folders
/// a script may read and the run folder it writes to. One thread.
class Session {
 public:
  explicit Session(SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const SessionOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Context& context() const noexcept { return context_; }
  [[nodiscard]] const std::shared_ptr<Backend>& backend();

  /// The file a script names: in the data folder, else in the script's folder, else in the one data
  /// set (a folder of the data folder) that has it. Throws IoError that lists where it looked,
  /// ArgumentError for absolute paths and paths that climb.
  [[nodiscard]] std::filesystem::path find_input(const std::string& declared) const;
  [[nodiscard]] bool has_input(const std::string& declared) const;
  /// The same as find_input, and kept in inputs().
  [[nodiscard]] std::filesystem::path use_input(const std::string& declared);
  /// A model: a file as of use_input, else that of an earlier run by its path from the current
  /// folder, where runs are written: "runs/engagement/models/model.model".
  [[nodiscard]] std::filesystem::path use_model(const std::string& declared);
  /// Files that were read, by the name the script gives them.
  [[nodiscard]] const std::map<std::string, std::filesystem::path>& inputs() const noexcept {
    return inputs_;
  }
  /// Private folder for generated inputs, `impact-<pid>-...` among the temporary files; removed at
  /// the end. Making it removes those that killed processes of the same user left.
  [[nodiscard]] const std::filesystem::path& scratch();
  /// Checks a path that a script wants to write inside the run folder; throws ArgumentError.
  [[nodiscard]] std::filesystem::path output_path(const std::string& declared);
  /// The run folder being gathered; made at first use, kept by commit() on it.
  [[nodiscard]] AtomicFolder& folder();
  [[nodiscard]] bool has_folder() const noexcept { return folder_ != nullptr; }
  /// The study being declared; nullptr before begin_study().
  [[nodiscard]] Study* study() noexcept { return study_.get(); }
  /// The same; throws InternalError when there is none.
  [[nodiscard]] Study& need_study();
  void begin_study() { study_ = std::make_unique<Study>(); }
  /// Throws ArgumentError when a study is being declared and the relation reads a file: what needs
  /// the data is declared, and computed afterwards. `what` is the call, for the message.
  void check_reading(const Relation& relation, const std::string& what) const;
  /// Whether the relation's rows may be read now: no study is being declared, or no file is read.
  [[nodiscard]] bool may_read(const Relation& relation) const;
  /// Where the run folder will stand.
  [[nodiscard]] std::filesystem::path target() const;
  /// Name for `runs/<name>`, once a study is declared.
  void set_name(const std::string& name) { options_.name = name; }

 private:
  // Throws ArgumentError for a path that a script may not name.
  void check_input(const std::string& declared) const;
  // Data and script folders, without empty ones.
  [[nodiscard]] std::vector<std::filesystem::path> places() const;
  // Where the file lies; several paths when more than one data set has it.
  [[nodiscard]] std::vector<std::filesystem::path> found(const std::string& declared) const;
  // Throws IoError with the paths that are no file, and a suggestion from their folders.
  [[noreturn]] void refuse_absent(const std::string& declared,
                                  const std::vector<std::filesystem::path>& looked) const;

  SessionOptions options_;
  Context context_;
  std::filesystem::path scratch_;
  std::map<std::string, std::filesystem::path> inputs_;
  std::unique_ptr<AtomicFolder> folder_;
  std::shared_ptr<Backend> backend_;
  std::unique_ptr<Study> study_;
};

/// Marker of run folders.
inline constexpr const char* kRunMarker = "study.lock";

}  // namespace impact::bindings
