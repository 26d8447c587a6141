#include "engine/render/markdown.h"

#include <catch2/catch.hpp>

namespace impact {
namespace {

std::string html_of(const std::string& text, int top = 3) {
  Report report;
  report.methods = {{"welch", ""}};
  Anchors anchors(report);
  return markdown_html(text, top, anchors);
}

TEST_CASE("Markdown becomes HTML") {
  CHECK(html_of("a *b* **c** `d`\n\ne") ==
        "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>\n<p>e</p>\n");
  CHECK(html_of("- a\n- b") == "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
  CHECK(html_of("3. a") == "<ol start=\"3\">\n<li>a</li>\n</ol>\n");
  CHECK(html_of("> q") == "<blockquote>\n<p>q</p>\n</blockquote>\n");
  CHECK(html_of("    a < b") == "<pre><code>a &lt; b\n</code></pre>\n");
  CHECK(html_of("a\\\nb") == "<p>a<br>\nb</p>\n");
  CHECK(html_of("|a|b|\n|---|---:|\n|1|2|") ==
        "<div class=\"scroll\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">a</th>"
        "<th scope=\"col\" class=\"number\">b</th></tr>\n</thead>\n<tbody>\n<tr><td>1</td>"
        "<td class=\"number\">2</td></tr>\n</tbody>\n</table>\n</div>\n");
  CHECK(html_of("").empty());
}

TEST_CASE("headings begin where the page says and have ids") {
  CHECK(html_of("# One *two*\n\n## Three") ==
        "<h3 id=\"one-two\">One <em>two</em></h3>\n<h4 id=\"three\">Three</h4>\n");
  CHECK(html_of("###### deep", 4) == "<h6 id=\"deep\">deep</h6>\n");
}

TEST_CASE("HTML in a text is shown, not obeyed") {
  CHECK(html_of("a <b onclick=\"x\">b</b>") ==
        "<p>a &lt;b onclick=&quot;x&quot;&gt;b&lt;/b&gt;</p>\n");
  CHECK(html_of("<script>\nx()\n</script>") == "<p>&lt;script&gt;\nx()\n&lt;/script&gt;</p>\n");
  CHECK(html_of("&lt;b&gt; &amp;") == "<p>&lt;b&gt; &amp;</p>\n");
}

TEST_CASE("links lead to http, https and anchors; declarations by name") {
  CHECK(html_of("[a](https://x.org/?b=1&c=\"2\")") ==
        "<p><a href=\"https://x.org/?b=1&amp;c=&quot;2&quot;\" rel=\"noreferrer\">a</a></p>\n");
  CHECK(html_of("[a](#welch)") == "<p><a href=\"#node-welch\" rel=\"noreferrer\">a</a></p>\n");
  CHECK(html_of("[a](#data)") == "<p><a href=\"#data\" rel=\"noreferrer\">a</a></p>\n");
  for (const char* bad : {"javascript:x", "JavaScript:x", "data:text/html,x", "file:///etc/passwd",
                          "//x.org", "&#106;avascript:x", "ftp://x"}) {
    CHECK(html_of("[a](" + std::string(bad) + ")") == "<p>a</p>\n");
  }
  CHECK(html_of("![words](https://x.org/p.png)") == "<p>words</p>\n");
  CHECK(html_of("[a ![b](https://x.org/p.png)](javascript:x)") == "<p>a b</p>\n");
}

}  // namespace
}  // namespace impact
