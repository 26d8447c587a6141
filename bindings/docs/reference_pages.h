#pragma once

#include <string>
#include <vector>

#include "bindings/descriptor.h"

namespace impact::bindings {

/// One Markdown file.
struct ReferencePage {
  std::string file;  ///< "table.md"
  std::string text;
};

/// The reference: index.md, one page a topic (reference_topics.h) and types.md. A function's
/// heading is its name, its anchor the heading's slug on code hosts, and `<div id="name">` stands
/// before it. Links lead to other pages of the folder only. The same registry gives the same bytes.
/// Throws InternalError when a function falls into no page or two share an anchor.
[[nodiscard]] std::vector<ReferencePage> reference_pages(const Registry& registry);

}  // namespace impact::bindings
