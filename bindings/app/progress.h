#pragma once

#include "engine/core/context.h"

namespace impact::bindings {

/// A line on the terminal about what runs and how far it is, once it has run for a second; nullptr
/// when the standard error output is no terminal, or when quiet. Lives as long as the program.
[[nodiscard]] ProgressSink* terminal_progress(bool quiet);
/// Removes the line.
void clear_progress();

}  // namespace impact::bindings
