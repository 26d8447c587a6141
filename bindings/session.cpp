#include "bindings/session.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <system_error>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/table/lineage.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

void check_relative(const std::string& declared, const std::string& role) {
  const fs::path path(declared);
  const bool climbs =
      std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
  if (declared.empty() || path.is_absolute() || climbs ||
      declared.find('\0') != std::string::npos) {
    throw ArgumentError({.what = "'" + declared + "' is no path " + role,
                         .got = declared,
                         .expected = "a relative path without '..'",
                         .hint = "the folder is given to the program, so that the script runs "
                                 "anywhere"});
  }
}

constexpr const char* kScratchPrefix = "impact-";

// Process id of "impact-<pid>-XXXXXX".
std::optional<pid_t> scratch_owner(const std::string& name) {
  const std::string_view prefix = kScratchPrefix;
  constexpr std::size_t kSuffix = 6;
  if (!name.starts_with(prefix) || name.size() < prefix.size() + kSuffix + 2) return std::nullopt;
  const std::size_t dash = name.size() - kSuffix - 1;
  const bool random = std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dash) + 1, name.end(),
                                  [](unsigned char c) { return std::isalnum(c) != 0; });
  const std::string digits = name.substr(prefix.size(), dash - prefix.size());
  const bool number = std::all_of(digits.begin(), digits.end(),
                                  [](unsigned char c) { return std::isdigit(c) != 0; });
  const auto process = parse_integer(digits);
  if (name[dash] != '-' || !random || !number || !process || *process < 1 ||
      *process > std::numeric_limits<pid_t>::max()) {
    return std::nullopt;
  }
  return static_cast<pid_t>(*process);
}

// Removes the scratch folders of this user's processes that were killed.
void remove_dead_scratch() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(), ignored)) {
    const auto owner = scratch_owner(entry.path().filename().string());
    struct stat status = {};
    if (!owner || ::lstat(entry.path().c_str(), &status) != 0) continue;
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
    if (::kill(*owner, 0) == 0 || errno != ESRCH) continue;
    fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

Session::Session(SessionOptions options) : options_(std::move(options)) {
  context_.threads = options_.threads;
  context_.cancel = options_.cancel;
  context_.progress = options_.progress;
}

std::vector<fs::path> Session::places() const {
  std::vector<fs::path> all;
  for (const fs::path& folder : {options_.data, options_.study_folder}) {
    if (!folder.empty()) all.push_back(folder);
  }
  return all;
}

Session::~Session() {
  study_.reset();
  backend_.reset();
  std::error_code ignored;
  if (!scratch_.empty()) fs::remove_all(scratch_, ignored);
}

const fs::path& Session::scratch() {
  if (!scratch_.empty()) return scratch_;
  remove_dead_scratch();
  const std::string name = kScratchPrefix + std::to_string(::getpid()) + "-XXXXXX";
  std::string pattern = (fs::temp_directory_path() / name).string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw IoError({.what = "can't make a temporary folder",
                   .where = fs::temp_directory_path().string(),
                   .got = std::strerror(errno)});
  }
  scratch_ = pattern;
  return scratch_;
}

std::vector<fs::path> Session::found(const std::string& declared) const {
  std::error_code code;
  for (const fs::path& folder : places()) {
    if (fs::exists(folder / declared, code)) return {folder / declared};
  }
  std::vector<fs::path> below;
  if (options_.data.empty()) return below;
  for (const auto& entry : fs::directory_iterator(options_.data, code)) {
    if (entry.is_directory(code) && fs::exists(entry.path() / declared, code)) {
      below.push_back(entry.path() / declared);
    }
  }
  std::sort(below.begin(), below.end());
  return below;
}

void Session::check_input(const std::string& declared) const {
  if (options_.interactive && !declared.empty() && declared.find('\0') == std::string::npos) return;
  check_relative(declared, "to read");
}

bool Session::has_input(const std::string& declared) const {
  check_input(declared);
  return !found(declared).empty();
}

fs::path Session::find_input(const std::string& declared) const {
  check_input(declared);
  const auto all = found(declared);
  if (all.size() == 1) return all[0];
  std::string looked;
  const auto note = [&](const fs::path& path) {
    looked += (looked.empty() ? "" : ", ") + path.string();
  };
  if (all.size() > 1) {
    for (const fs::path& path : all) note(path);
    throw IoError({.what = "several data sets have a file '" + declared + "'",
                   .where = looked,
                   .hint = "name the folder of one of them with --data DIR"});
  }
  std::vector<fs::path> tried;
  for (const fs::path& folder : places()) tried.push_back(folder / declared);
  refuse_absent(declared, tried);
}

void Session::refuse_absent(const std::string& declared, const std::vector<fs::path>& tried) const {
  std::string looked;
  std::vector<std::string> names;
  for (const fs::path& path : tried) {
    looked += (looked.empty() ? "" : ", ") + path.string();
    std::error_code code;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    for (const auto& entry : fs::directory_iterator(folder, code)) {
      if (entry.is_regular_file(code)) names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  std::string hint = did_you_mean(fs::path(declared).filename().string(), names);
  if (hint.empty()) {
    hint = options_.data.empty() ? "say where the data lie with --data DIR"
                                 : "check its name, and the folder given by --data";
  }
  throw IoError({.what = "no file '" + declared + "'", .where = looked, .hint = hint});
}

fs::path Session::use_input(const std::string& declared) {
  return inputs_[declared] = find_input(declared);
}

fs::path Session::use_model(const std::string& declared) {
  check_input(declared);
  if (!found(declared).empty()) return use_input(declared);
  std::error_code code;
  const fs::path here = fs::path(declared).lexically_normal();
  if (fs::is_regular_file(here, code)) return inputs_[declared] = here;
  std::vector<fs::path> tried;
  for (const fs::path& folder : places()) tried.push_back(folder / declared);
  tried.push_back(fs::absolute(here, code));
  refuse_absent(declared, tried);
}

Study& Session::need_study() {
  if (study_ == nullptr) throw InternalError({.what = "no study was begun"});
  return *study_;
}

bool Session::may_read(const Relation& relation) const {
  return study_ == nullptr || options_.interactive || !reads_files(relation);
}

void Session::check_reading(const Relation& relation, const std::string& what) const {
  if (may_read(relation)) return;
  throw ArgumentError(
      {.what = "a study reads no data while it is declared",
       .got = what + " of " + relation.label,
       .expected = "declarations: S:table, S:check, S:filter, S:estimator, ...",
       .hint = "declare what is wanted, or look at data in a script without a study"});
}

fs::path Session::target() const {
  return options_.out.empty() ? fs::path("runs") / options_.name : options_.out;
}

AtomicFolder& Session::folder() {
  if (folder_ == nullptr) {
    folder_ = std::make_unique<AtomicFolder>(target(), kRunMarker);
  }
  return *folder_;
}

fs::path Session::output_path(const std::string& declared) {
  check_relative(declared, "to write");
  const fs::path relative = fs::path(declared).lexically_normal();
  for (const char* reserved :
       {kRunMarker, "results.json", "report.html", "report.json", "script", "assignments"}) {
    if (*relative.begin() == reserved) {
      throw ArgumentError({.what = "'" + declared + "' is written by the run itself",
                           .got = declared,
                           .hint = "choose another name"});
    }
  }
  const fs::path path = folder().path() / relative;
  fs::create_directories(path.parent_path());
  return path;
}

}  // namespace impact::bindings
