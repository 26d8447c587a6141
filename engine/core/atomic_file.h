#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace impact {

/// All bytes of a file; nullopt when it is not there or can't be read.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path);

/// Writes a file that appears whole or not at all: beside the target, flushed to disk, then
/// renamed. A link in the place of the target is refused. Throws IoError and leaves what was there.
void write_file_atomically(const std::filesystem::path& target, std::string_view bytes);

}  // namespace impact
