#pragma once

#include <string>
#include <string_view>

#include "engine/render/anchors.h"

namespace impact {

/// CommonMark with tables as HTML: paragraphs, emphasis, code, lists, quotes, tables, headings and
/// links to http(s) addresses and to "#name", where a name is an id of the page or a declaration.
/// HTML in the text is shown, not obeyed; other links and images leave their words. A heading "#"
/// becomes <h`top`>, deeper ones go below it, down to <h6>.
[[nodiscard]] std::string markdown_html(std::string_view text, int top, Anchors& anchors);

}  // namespace impact
