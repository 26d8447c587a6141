#include <map>
#include <regex>
#include <set>
#include <string>
#include <catch2/catch.hpp>

#include "bindings/docs/reference_links.h"
#include "bindings/docs/reference_pages.h"
#include "bindings/docs/reference_topics.h"
#include "bindings/install.h"
#include "bindings/runtime.h"
#include "bindings/session.h"
#include "engine/core/error.h"

using namespace impact::bindings;
using Catch::Matchers::Contains;

namespace {

struct Program {
  Session session{{.out = "unused", .name = "reference"}};
  Runtime runtime{{.print = [](std::string_view) {}}};
  Program() {
    runtime.set_session(&session);
    install(runtime);
  }
  Registry& registry() { return runtime.registry(); }
};

std::map<std::string, std::string> written(const Registry& registry) {
  std::map<std::string, std::string> out;
  for (ReferencePage& page : reference_pages(registry)) out.emplace(page.file, page.text);
  return out;
}

std::string without_code(const std::string& text) {
  return std::regex_replace(text, std::regex("```[^`]*```"), "");
}

std::vector<std::string> found(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    out.push_back((*at)[1].str());
  }
  return out;
}

Function invented(const std::string& name) {
  return {.name = name, .params = {}, .returns = "nothing", .text = "Text.", .example = ""};
}

}  // namespace

TEST_CASE("every function, type and value stands on one reference page", "[docs]") {
  Program program;
  std::map<std::string, int> anchors;
  for (const auto& [file, text] : written(program.registry())) {
    for (const std::string& name : found(text, "<div id=\"([^\"]+)\">")) ++anchors[name];
  }
  std::set<std::string> names;
  for (const std::string& name : program.registry().names()) names.insert(name);
  REQUIRE(names.size() > 300);
  for (const std::string& name : names) {
    INFO(name);
    CHECK(anchors[name] == 1);
  }
  for (const auto& [name, count] : anchors) {
    INFO(name);
    CHECK(names.contains(name));
  }
}

TEST_CASE("links of the reference lead to headings that exist", "[docs]") {
  Program program;
  const auto pages = written(program.registry());
  std::map<std::string, std::set<std::string>> headings;
  for (const auto& [file, text] : pages) {
    for (const std::string& title : found(without_code(text), "(?:^|\n)#+ ([^\n]+)")) {
      INFO(file << ": " << title);
      CHECK(headings[file].insert(heading_slug(title)).second);
    }
  }
  int links = 0;
  for (const auto& [file, text] : pages) {
    for (const std::string& link : found(without_code(text), "\\]\\(([^)]+)\\)")) {
      INFO(file << ": " << link);
      ++links;
      const std::size_t mark = link.find('#');
      const std::string target = mark == 0 ? file : link.substr(0, mark);
      REQUIRE(pages.contains(target));
      if (mark != std::string::npos) {
        CHECK(headings.at(target).contains(link.substr(mark + 1)));
      }
    }
  }
  CHECK(links > 1000);
}

TEST_CASE("the same registry gives the same pages", "[docs]") {
  Program first;
  Program second;
  const auto pages = written(second.registry());
  for (const auto& [file, text] : written(first.registry())) CHECK(text == pages.at(file));
}

TEST_CASE("a function or type without a page is refused", "[docs]") {
  Program program;
  SECTION("a function") {
    program.registry().add(invented("lonely"));
    CHECK_THROWS_WITH(reference_pages(program.registry()), Contains("'lonely'"));
  }
  SECTION("a type") {
    program.registry().add(TypeDescriptor{.name = "Lonely", .text = "Text."});
    CHECK_THROWS_WITH(reference_pages(program.registry()), Contains("'Lonely'"));
  }
  SECTION("one anchor for two") {
    program.registry().add(invented("stats.power_x"));
    program.registry().add(invented("stats.power_X"));
    CHECK_THROWS_WITH(reference_pages(program.registry()), Contains("share the anchor"));
  }
}

TEST_CASE("topics name nothing that is gone", "[docs]") {
  Program program;
  std::set<std::string> listed;
  for (const Topic& topic : reference_topics()) {
    for (const std::string& name : topic.functions) {
      INFO(topic.id << ": " << name);
      CHECK(listed.insert(name).second);
      if (!name.ends_with('*')) CHECK(program.registry().find(name) != nullptr);
    }
    for (const std::string& name : topic.types) {
      INFO(topic.id << ": " << name);
      CHECK(listed.insert(name).second);
      CHECK(program.registry().find_type(name) != nullptr);
    }
  }
}

TEST_CASE("texts lead to the functions they name", "[docs]") {
  Program program;
  const ReferenceLinks links(program.registry());
  const auto* welch = program.registry().find("stats.welch");
  REQUIRE(welch != nullptr);
  CHECK(links.prose("as column:between(a, b) makes", "compare.md", welch) ==
        "as [`column:between`](column.md#columnbetween)(a, b) makes");
  CHECK(links.prose("S:source \"x\" or csv \"x\"", "study.md", nullptr) ==
        "[`S:source`](#studysource) \"x\" or [`csv`](reading.md#csv) \"x\"");
  // A word of the language is none of a script, and nothing leads to where it stands.
  CHECK(links.prose("The count of rows.", "table.md", nullptr) == "The count of rows.");
  CHECK(links.prose("See stats.welch.", "compare.md", welch) == "See `stats.welch`.");
  CHECK(links.prose("a * b | c_d <e>", "table.md", nullptr) == "a \\* b \\| `c_d` \\<e\\>");
  CHECK(links.type("Column|text", "column.md") == "[Column](#column) or [text](types.md#text)");
  CHECK(links.type("list of EstimateRow", "study.md") ==
        "[list](types.md#list) of [EstimateRow](analysis.md#type-estimaterow)");
}

TEST_CASE("code in a text does not end its first sentence", "[docs]") {
  Program program;
  const auto pages = written(program.registry());
  CHECK_THAT(pages.at("report.md"), Contains("{ ... }). |") || Contains("{ ... }) |"));
  CHECK_THAT(pages.at("compare.md"),
             Contains("| Welch's t test of two means whose variances may differ. |"));
}

TEST_CASE("a function's entry has everything its descriptor says", "[docs]") {
  Program program;
  const std::string page = written(program.registry()).at("compare.md");
  const std::size_t from = page.find("## `stats.welch`");
  const std::string entry = page.substr(from, page.find("<div", from) - from);
  CHECK_THAT(entry, Contains("```\nstats.welch {\n  of = Column"));
  CHECK_THAT(entry,
             Contains("| `conf_level` | [number](types.md#number) | `0.95` | Coverage of the "
                      "interval. From 0 to 1. |"));
  CHECK_THAT(entry, Contains("One of `\"two_sided\"`, `\"greater\"`, `\"less\"`."));
  CHECK_THAT(entry, Contains("| `of` | [Column](column.md#column) | required | "));
  CHECK_THAT(entry, Contains("**Returns** [Analysis](analysis.md#analysis)"));
  CHECK_THAT(entry, Contains("```lua\nlocal t <const> = frame {"));
}
