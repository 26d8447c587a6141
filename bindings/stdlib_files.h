#pragma once

#include <span>

#include "engine/core/embedded_file.h"

namespace impact::bindings {

/// Every file of stdlib/ as it was when the program was built, sorted by name ("core/text.lua").
std::span<const EmbeddedFile> stdlib_files();

}  // namespace impact::bindings
