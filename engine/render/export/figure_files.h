#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace impact {

/// Draws Vega-Lite specifications (FIGURE.vl.json) as FIGURE.svg or FIGURE.png in `folder`, with
/// node and the libraries of the report; a PNG also needs a headless Chromium. `format` is "svg" or
/// "png". Nothing is loaded from a network. Throws IoError when what is needed is not on this
/// machine, DataError for a specification that can't be drawn; files drawn before stay.
void write_figures(const std::vector<std::filesystem::path>& specifications,
                   const std::string& format, const std::filesystem::path& folder);

}  // namespace impact
