#include "bindings/app/terminal_host.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "engine/core/atomic_file.h"
#include "engine/core/hash.h"

extern char** environ;

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A folder of the user: the variable's, or one below the home; made for the user alone.
fs::path user_folder(const char* name, const char* below_home) {
  const std::string root = variable(name);
  const std::string home = variable("HOME");
  if (root.empty() && home.empty()) return {};
  const fs::path folder =
      (root.empty() ? fs::path(home) / below_home : fs::path(root)) / "impactlytics";
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return {};
  fs::permissions(folder, fs::perms::owner_all, code);
  return folder;
}

fs::path project_folder() {
  std::error_code code;
  for (fs::path folder = fs::current_path(code); !folder.empty(); folder = folder.parent_path()) {
    for (const char* mark : {"study.lua", ".impact", ".luarc.json", ".git"}) {
      if (fs::exists(folder / mark, code)) return folder;
    }
    if (folder == folder.root_path()) break;
  }
  return {};
}

// The first program of the list that is there.
std::string find_program(std::initializer_list<const char*> names) {
  const std::string path = variable("PATH");
  for (const char* name : names) {
    for (std::size_t from = 0; from <= path.size();) {
      const std::size_t to = std::min(path.find(':', from), path.size());
      const fs::path candidate = fs::path(path.substr(from, to - from)) / name;
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
      from = to + 1;
    }
  }
  return "";
}

class TerminalHost : public ConsoleHost {
 public:
  explicit TerminalHost(const Options& options) : options_(options) {
    const fs::path folder = user_folder("XDG_CONFIG_HOME", ".config");
    if (!folder.empty()) file_ = folder / "prompt.json";
    if (const auto text = file_.empty() ? std::nullopt : read_file(file_)) {
      const auto kept = nlohmann::json::parse(*text, nullptr, false);
      if (kept.is_object()) settings_ = kept;
    }
  }

  Screen screen() override {
    Screen out;
    const std::string kind = variable("TERM");
    out.cursor = ::isatty(STDOUT_FILENO) != 0 && !kind.empty() && kind != "dumb";
    out.colour = out.cursor && variable("NO_COLOR").empty();
    winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      out.columns = size.ws_col;
      out.rows = std::max<int>(size.ws_row, 2);
    }
    return out;
  }

  void page(const std::string& text) override {
    std::string command = variable("PAGER");
    if (command.empty()) {
      // The words of -F, -R and -X: end on one screen, keep colours, keep the screen.
      command = find_program({"less"}).empty() ? "" : "less -FRX";
    }
    std::FILE* pager = command.empty() ? nullptr : ::popen(command.c_str(), "w");
    if (pager == nullptr) {
      std::fwrite(text.data(), 1, text.size(), stdout);
      return;
    }
    std::fwrite(text.data(), 1, text.size(), pager);
    ::pclose(pager);
  }

  bool open(const fs::path& page) override {
    std::string program = variable("BROWSER");
    if (program.empty()) program = find_program({"xdg-open", "open", "wslview"});
    if (program.empty()) return false;
    std::string path = page.string();
    char* const arguments[] = {program.data(), path.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
      ::posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
    }
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    // A group of its own: Ctrl-C at the prompt is not meant for the browser.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t child = 0;
    const int failed =
        ::posix_spawnp(&child, program.c_str(), &actions, &attributes, arguments, environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return failed == 0;
  }

  // The file may have been edited by hand: what is no text counts as unset.
  std::string setting(const std::string& name) override {
    const auto kept = settings_.find(name);
    return kept != settings_.end() && kept->is_string() ? kept->get<std::string>() : "";
  }

  void keep_setting(const std::string& name, const std::string& value) override {
    settings_[name] = value;
    if (file_.empty()) return;
    write_file_atomically(file_, settings_.dump(2) + "\n");
    std::error_code code;
    fs::permissions(file_, fs::perms::owner_read | fs::perms::owner_write, code);
  }

  fs::path cache() override { return options_.cache; }

  double clock() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
  }

  std::int64_t today() override { return std::time(nullptr) / 86400; }

 private:
  Options options_;
  fs::path file_;
  nlohmann::json settings_ = nlohmann::json::object();
};

}  // namespace

std::unique_ptr<ConsoleHost> make_terminal_host(const Options& options) {
  return std::make_unique<TerminalHost>(options);
}

fs::path history_file() {
  const fs::path folder = user_folder("XDG_STATE_HOME", ".local/state");
  if (folder.empty()) return {};
  const fs::path project = project_folder();
  const std::string name =
      project.empty() ? "elsewhere" : to_hex(sha256(project.string())).substr(0, 16);
  std::error_code code;
  fs::create_directories(folder / "history", code);
  if (code) return {};
  fs::permissions(folder / "history", fs::perms::owner_all, code);
  return folder / "history" / name;
}

}  // namespace impact::bindings
