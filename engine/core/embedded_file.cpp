#include "engine/core/embedded_file.h"

#include <algorithm>

namespace impact {

const EmbeddedFile* find_embedded(std::span<const EmbeddedFile> files,
                                  std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(files, name, {}, &EmbeddedFile::name);
  return found != files.end() && found->name == name ? &*found : nullptr;
}

}  // namespace impact
