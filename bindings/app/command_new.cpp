#include <algorithm>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/stdlib_files.h"
#include "engine/core/atomic_folder.h"
#include "engine/core/canonical_json.h"
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

// What an editor's language server must know: the names that scripts see.
std::string editor_settings(Runtime& runtime) {
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  std::vector<std::string> known;
  for (const Function& function : runtime.registry().functions()) {
    const std::string name = function.name.substr(0, function.name.find('.'));
    if (function.name.find(':') == std::string::npos) known.push_back(name);
  }
  known.insert(known.end(), {"missing", "use"});
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const std::string& name : known) names.push_back(name);
  const nlohmann::ordered_json settings = {{"runtime.version", "Lua 5.4"},
                                           {"diagnostics.globals", std::move(names)},
                                           {"diagnostics.disable", {"lowercase-global"}}};
  return pretty_json(settings) + "\n";
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
  folder.write(".luarc.json", editor_settings(script->runtime()));
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
