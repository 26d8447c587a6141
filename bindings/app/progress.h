#pragma once

#include <cstdio>
#include <string_view>

#include "engine/core/context.h"

namespace impact::bindings {

/// A line on the terminal about what runs and how far it is, once it has run for a second; nullptr
/// when the standard error output is no terminal, or when quiet. Lives as long as the program.
[[nodiscard]] ProgressSink* terminal_progress(bool quiet);
/// Removes the line.
void clear_progress();
/// Something new begins: the line is removed, and its second of silence counts from now.
void restart_progress();
/// Writes output, with the line out of its way.
void write_output(std::FILE* sink, std::string_view text);

}  // namespace impact::bindings
