#include <algorithm>
#include <cctype>
#include <cstdio>

#include "bindings/app/host.h"
#include "bindings/docs/stubs.h"
#include "bindings/stdlib_files.h"
#include "engine/core/atomic_folder.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

constexpr std::string_view kTemplates = "templates/study/";
constexpr const char* kPlaceholder = "study-name";

std::string with_name(std::string text, const std::string& name) {
  for (std::size_t at = text.find(kPlaceholder); at != std::string::npos;
       at = text.find(kPlaceholder, at + name.size())) {
    text.replace(at, std::string_view(kPlaceholder).size(), name);
  }
  return text;
}

void check_name(const std::string& name) {
  const bool plain = !name.empty() && std::isalnum(static_cast<unsigned char>(name[0])) != 0 &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
                     });
  if (plain) return;
  throw ArgumentError({.what = "a study's name has letters, digits, '_', '-' and '.'",
                       .got = "'" + name + "'",
                       .expected = "a name such as caption-length",
                       .hint = "the folder is made where you stand; change there first"});
}

}  // namespace

int new_command(const Options& options) {
  const std::string name = options.path.string();
  check_name(name);
  std::error_code code;
  if (std::filesystem::exists(std::filesystem::symlink_status(name, code))) {
    throw ArgumentError({.what = "'" + name + "' is there already",
                         .got = name,
                         .hint = "choose another name; nothing was changed"});
  }
  const auto script = open_script(options, {});
  AtomicFolder folder(name, "study.lua");
  for (const EmbeddedFile& file : stdlib_files()) {
    if (!file.name.starts_with(kTemplates)) continue;
    folder.write(file.name.substr(kTemplates.size()), with_name(std::string(file.text), name));
  }
  folder.write(std::string(kStubsFolder) + "/" + kStubsFile,
               editor_stubs(script->runtime().registry()));
  folder.write(".luarc.json", editor_settings(kStubsFolder));
  folder.commit();
  if (!options.quiet) {
    std::printf(
        "%s: a study that runs: impact run %s\n"
        "  study.lua     the declarations; change them\n"
        "  measures.lua  functions of its own, tested by: impact run %s/test.lua\n"
        "  impact diagnose %s tells how often it would find what it looks for\n",
        name.c_str(), name.c_str(), name.c_str(), name.c_str());
  }
  return kDone;
}

}  // namespace impact::bindings
