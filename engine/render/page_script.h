#pragma once

#include <string>
#include <string_view>

namespace impact {

/// Script text that may stand inside <script>: "</script" and "<!--", which would end or confuse
/// the element, are written with a backslash (in the strings and patterns where they can stand it
/// changes nothing), and a trailing reference to a source map, which is a request, is cut.
[[nodiscard]] std::string safe_script(std::string_view script);

/// One page's scripts: the elements, and what a Content-Security-Policy must name to allow them
/// and no others ("'sha256-...' 'sha256-...'").
struct PageScripts {
  std::string elements = {};
  std::string hashes = {};
};

/// What every page needs; with charts also Vega, Vega-Lite and Vega-Embed and their licences.
[[nodiscard]] PageScripts page_scripts(bool charts);

}  // namespace impact
