#include "engine/render/export/figure_files.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/render/report_assets.h"

extern char** environ;

namespace impact {
namespace {

namespace fs = std::filesystem;

// What the script says when something is not on this machine.
constexpr int kLacking = 3;

// A private folder that goes away with its files.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "impact-figures-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw IoError({.what = "no folder for temporary files", .where = name});
    }
    folder_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

// Ends with node's exit code; its standard error goes to a file.
int run_node(std::vector<std::string> words, const fs::path& said) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, said.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int code = posix_spawnp(&child, "node", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) {
    throw IoError({.what = "figures outside the page need node, which is not on this machine",
                   .hint = "the specifications in plots/ are drawn by any Vega-Lite viewer too"});
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

void write_figures(const std::vector<fs::path>& specifications, const std::string& format,
                   const fs::path& folder) {
  const Scratch scratch;
  for (const EmbeddedFile& file : chart_libraries()) {
    write_file_atomically(scratch.folder() / std::string(file.name), file.text);
  }
  const fs::path script = scratch.folder() / "figure_export.cjs";
  write_file_atomically(script, figure_scripts()[0].text);
  std::vector<std::string> words{"node", script.string(), scratch.folder().string(), format,
                                 folder.string()};
  for (const fs::path& path : specifications) words.push_back(path.string());
  const fs::path said = scratch.folder() / "said";
  const int code = run_node(std::move(words), said);
  if (code == 0) return;
  std::string why = read_file(said).value_or("");
  while (!why.empty() && why.back() == '\n') why.pop_back();
  if (code == kLacking) throw IoError({.what = why});
  throw DataError({.what = "a figure can't be drawn", .got = why});
}

}  // namespace impact
