#include "engine/render/page_script.h"

#include <catch2/catch.hpp>

#include "engine/render/report_assets.h"

namespace impact {
namespace {

TEST_CASE("a script cannot end its element") {
  CHECK(safe_script("a='</script>'") == "a='<\\/script>'");
  CHECK(safe_script("a='</SCRIPT x'") == "a='<\\/SCRIPT x'");
  CHECK(safe_script("a='<!-- x'") == "a='<\\!-- x'");
  CHECK(safe_script("a<b;c='</div>'") == "a<b;c='</div>'");
  CHECK(safe_script("a='<") == "a='<");
}

TEST_CASE("a reference to a source map is cut") {
  CHECK(safe_script("a()\n//# sourceMappingURL=a.js.map\n") == "a()");
  CHECK(safe_script("a()\n//# sourceMappingURL=a.js.map") == "a()");
  CHECK(safe_script("b='\\n//# sourceMappingURL='\na()") == "b='\\n//# sourceMappingURL='\na()");
}

TEST_CASE("the embedded libraries are whole and have no line end that a page would change") {
  REQUIRE(chart_libraries().size() == 3);
  for (const EmbeddedFile& file : chart_libraries()) {
    CAPTURE(file.name);
    CHECK(file.text.size() > 50000);
    CHECK(file.text.find('\r') == std::string_view::npos);
    CHECK(file.text.find('\0') == std::string_view::npos);
  }
}

TEST_CASE("scripts are named by their hashes") {
  const PageScripts scripts = page_scripts(false);
  CHECK(scripts.elements.find("vegaEmbed") == std::string::npos);
  // 'sha256-' and 44 digits of base64, the last of which is '='.
  const auto begin = scripts.hashes.find("'sha256-");
  CHECK(scripts.hashes.substr(begin + 8 + 43, 2) == "='");
}

}  // namespace
}  // namespace impact
