#pragma once

#include <memory>
#include <string>

#include "bindings/app/options.h"
#include "bindings/repl/console.h"

namespace impact::bindings {

/// The prompt's machine: the terminal, a pager, a browser, the user's folders.
[[nodiscard]] std::unique_ptr<ConsoleHost> make_terminal_host(const Options& options);

/// File with what was typed in this project before: a project is the nearest folder at or above the
/// current one with study.lua, .impact, .luarc.json or .git; elsewhere all share one file. Empty
/// where there is no home. The folder is made, for the user alone.
[[nodiscard]] std::filesystem::path history_file();

}  // namespace impact::bindings
