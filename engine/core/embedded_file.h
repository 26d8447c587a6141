#pragma once

#include <span>
#include <string_view>

namespace impact {

/// A file compiled into the program, byte for byte.
struct EmbeddedFile {
  std::string_view name;  ///< path below the embedded folder, with '/'
  std::string_view text;  ///< the bytes; lives as long as the program
};

/// The file called `name` in `files`, which are sorted by name; nullptr where there is none.
/// Thread-safe.
const EmbeddedFile* find_embedded(std::span<const EmbeddedFile> files,
                                  std::string_view name) noexcept;

}  // namespace impact
