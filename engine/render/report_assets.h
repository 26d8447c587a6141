#pragma once

#include <span>

#include "engine/core/embedded_file.h"

namespace impact {

/// The files of engine/render/assets, sorted by name.
[[nodiscard]] std::span<const EmbeddedFile> report_assets();
/// engine/render/export/figure_export.cjs.
[[nodiscard]] std::span<const EmbeddedFile> figure_scripts();
/// vega-embed.min.js, vega-lite.min.js, vega.min.js as their packages hold them.
[[nodiscard]] std::span<const EmbeddedFile> chart_libraries();

}  // namespace impact
