#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/docs/reference_pages.h"
#include "engine/core/atomic_folder.h"
#include "engine/core/canonical_json.h"

namespace impact::bindings {
namespace {

// A folder with this file was written by docs --pages and may be replaced by it.
constexpr const char* kMarker = ".impact-reference";

int write_pages(const Options& options, const Registry& registry) {
  AtomicFolder folder(options.pages, kMarker);
  const std::vector<ReferencePage> pages = reference_pages(registry);
  for (const ReferencePage& page : pages) folder.write(page.file, page.text);
  folder.write(kMarker, "Written by impact docs --pages, which replaces the folder.\n");
  folder.commit();
  if (!options.quiet) {
    std::printf("%zu pages; begin with %s\n", pages.size(),
                (options.pages / "index.md").string().c_str());
  }
  return kDone;
}

}  // namespace

int docs_command(const Options& options) {
  const auto script = open_script(options, {});
  const Registry& registry = script->runtime().registry();
  if (!options.pages.empty()) return write_pages(options, registry);
  std::printf("%s\n", canonical_json(registry.to_json()).c_str());
  return kDone;
}

}  // namespace impact::bindings
