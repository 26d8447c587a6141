#include <cstdio>

#include "bindings/app/host.h"
#include "bindings/docs/stubs.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

constexpr const char* kSettings = ".luarc.json";

void make_folder(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (!code) return;
  throw IoError({.what = "can't make the folder '" + folder.string() + "'", .got = code.message()});
}

}  // namespace

int stubs_command(const Options& options) {
  const bool here = options.path.empty();
  const std::filesystem::path folder = here ? std::filesystem::path(kStubsFolder) : options.path;
  const auto script = open_script(options, {});
  make_folder(folder);
  const std::filesystem::path file = folder / kStubsFile;
  write_file_atomically(file, editor_stubs(script->runtime().registry()));
  if (!options.quiet) {
    std::printf("%s: names, types and texts of everything scripts see\n", file.string().c_str());
  }
  // Settings that are there belong to the user.
  std::error_code code;
  if (!here || std::filesystem::exists(std::filesystem::symlink_status(kSettings, code))) {
    return kDone;
  }
  write_file_atomically(kSettings, editor_settings(kStubsFolder));
  if (!options.quiet) std::printf("%s: settings of lua-language-server\n", kSettings);
  return kDone;
}

}  // namespace impact::bindings
