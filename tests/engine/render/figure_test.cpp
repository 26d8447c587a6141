#include "engine/render/figure.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <catch2/catch.hpp>

#include "tests/engine/render/figure_gallery.h"

using namespace impact;
using nlohmann::json;

namespace {

const json& values(const Figure& figure) { return figure.spec["data"]["values"]; }

// Every field that a channel names must be one of the short names of the data.
void check_fields(const json& node) {
  if (node.is_array()) {
    for (const json& part : node) check_fields(part);
  } else if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (key == "field") {
        CHECK(value.get<std::string>().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
              std::string::npos);
      } else if (key != "values") {
        check_fields(value);
      }
    }
  }
}

}  // namespace

TEST_CASE("every kind is drawn, small enough, in words, the same on any number of threads",
          "[figure]") {
  std::set<std::string> drawn;
  for (const gallery::Case& one : gallery::cases()) {
    INFO(one.name);
    drawn.insert(one.kind);
    const Figure figure = make_figure(one.kind, one.input);
    CHECK(figure.words.size() > 20);
    CHECK(figure.words.find("unknown") == std::string::npos);
    CHECK(figure.spec["description"] == figure.words);
    CHECK(values(figure).size() > 0);
    const bool points = one.kind == "scatter" || one.kind == "spec" || one.kind == "linked" ||
                        one.kind == "shap_beeswarm";
    CHECK(values(figure).size() <= (points ? kMostPoints : kMostFigureRows + 600));
    const std::string text = figure.spec.dump();
    CHECK(text.find("\"url\"") == std::string::npos);
    if (one.kind != "spec") check_fields(figure.spec);
    for (const int threads : {2, 3, 8}) {
      CHECK(make_figure(one.kind, one.input, Context{.threads = threads}).spec.dump() == text);
    }
    if (const char* folder = std::getenv("IMPACT_GALLERY")) {
      std::ofstream(std::string(folder) + "/" + one.name + ".vl.json") << text << "\n";
      std::ofstream(std::string(folder) + "/" + one.name + ".txt")
          << terminal_figure(figure, 78, 20, false);
    }
  }
  for (const FigureKind& kind : figure_kinds()) {
    INFO(kind.name);
    CHECK(drawn.count(kind.name) == 1);
  }
}
