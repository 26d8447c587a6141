#include <algorithm>
#include <limits>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/render/figure.h"
#include "tests/engine/render/figure_gallery.h"

using namespace impact;
using nlohmann::json;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Frame numbers(const std::string& name, std::vector<double> values) {
  std::vector<Column> columns;
  columns.push_back(Column::numbers(std::move(values)));
  return Frame({name}, std::move(columns));
}

Frame texts(const std::string& name, const std::vector<std::string>& values) {
  std::vector<Column> columns;
  columns.push_back(Column::texts(values));
  return Frame({name}, std::move(columns));
}

Figure make(const std::string& kind, const Frame& frame, gallery::Roles roles,
            json options = json::object()) {
  return make_figure(kind,
                     {.frame = frame, .roles = std::move(roles), .options = std::move(options)});
}

bool warned(const Figure& figure, const std::string& part) {
  return std::any_of(figure.warnings.begin(), figure.warnings.end(),
                     [&](const auto& warning) { return warning.find(part) != std::string::npos; });
}

const json& values(const Figure& figure) { return figure.spec["data"]["values"]; }

std::string message_of(const std::string& kind, const FigureInput& input) {
  try {
    (void)make_figure(kind, input);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  FAIL("no error");
  return "";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("rows that cannot be drawn are left out, counted and named", "[figure]") {
  const Figure figure = make("histogram", numbers("v", {1, 2, kNaN, kInf, -kInf, 0, -4, 8}),
                             {{"of", {"v"}}}, {{"x_scale", "log"}});
  CHECK(figure.rows_in == 8);
  CHECK(figure.rows_left_out == 5);
  CHECK(warned(figure, "1 row without a value of 'v' is left out"));
  CHECK(warned(figure, "2 rows with an infinite value of 'v' are left out"));
  CHECK(warned(figure, "2 rows with a value of 'v' of zero or below"));
  std::int64_t n = 0;
  for (const json& row : values(figure)) n += row["n"].get<std::int64_t>();
  CHECK(n == 3);
  CHECK(make("histogram", numbers("v", {1, 0, -4}), {{"of", {"v"}}}, {{"x_scale", "symlog"}})
            .rows_left_out == 0);
}

TEST_CASE("every kind bears a table without rows, with one row, and without a value", "[figure]") {
  for (const gallery::Case& one : gallery::cases()) {
    INFO(one.name);
    for (const std::size_t rows : {std::size_t{0}, std::size_t{1}}) {
      gallery::Case small = one;
      std::vector<Column> columns;
      for (std::size_t i = 0; i < one.input.frame.schema().size(); ++i) {
        const Column& column = one.input.frame.column(i);
        switch (column.type().kind) {
          case TypeKind::kText:
            columns.push_back(Column::texts(std::vector<std::string>(rows, "a")));
            break;
          case TypeKind::kCategory:
            columns.push_back(
                Column::categories(column.type(), std::vector<std::int32_t>(rows, 1)));
            break;
          case TypeKind::kInteger:
            columns.push_back(Column::integers(std::vector<std::int64_t>(rows, 7)));
            break;
          case TypeKind::kDate:
            columns.push_back(Column::dates(std::vector<std::int32_t>(rows, 7)));
            break;
          case TypeKind::kBoolean:
            columns.push_back(Column::booleans(std::vector<std::uint8_t>(rows, 1)));
            break;
          default: columns.push_back(Column::numbers(std::vector<double>(rows, 0.5)));
        }
      }
      small.input.frame = Frame(one.input.frame.schema().names(), std::move(columns));
      small.input.estimates.resize(std::min(rows, one.input.estimates.size()));
      const Figure figure = make_figure(small.kind, small.input);
      CHECK(!figure.words.empty());
      CHECK(figure.spec.dump().find("null,null") == std::string::npos);
      CHECK(!terminal_figure(figure, 60, 12, false).empty());
      if (rows == 0 && one.kind != "correlation" && one.kind != "spec") {
        CHECK(!figure.warnings.empty());
      }
    }
  }
}

TEST_CASE("ten thousand groups become a few and the others", "[figure]") {
  std::vector<std::string> many;
  for (int i = 0; i < 10000; ++i) {
    for (int k = 0; k <= (i < 5 ? 10 - i : 0); ++k) many.push_back("group " + std::to_string(i));
  }
  const Figure bar =
      make("bar", texts("g", many), {{"of", {"g"}}}, {{"limit", 6}, {"orientation", "horizontal"}});
  CHECK(values(bar).size() == 6);
  CHECK(warned(bar, "'g' has 10,000 groups: the 5 most frequent are shown"));
  CHECK(says(bar.spec.dump(), "other (9,995 groups)"));
  // The bar of the others stands last, however long it is.
  CHECK(bar.spec["encoding"]["y"]["sort"].back() == "other (9,995 groups)");
  CHECK(bar.spec["encoding"]["y"]["sort"].front() == "group 0");
  for (const char* kind : {"pie", "bar"}) {
    CHECK(values(make(kind, texts("g", many), {{"of", {"g"}}})).size() <= 20);
  }
}

TEST_CASE("many points are aggregated, many outliers thinned with the furthest kept", "[figure]") {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 20000; ++i) {
    x.push_back(i % 141);
    y.push_back((i * 37) % 173);
  }
  std::vector<Column> columns;
  columns.push_back(Column::numbers(x));
  columns.push_back(Column::numbers(y));
  const Frame frame({"x", "y"}, std::move(columns));
  const Figure scatter = make("scatter", frame, {{"x", {"x"}}, {"y", {"y"}}});
  CHECK(values(scatter).size() <= kMostFigureRows);
  CHECK(warned(scatter, "20,000 points would cover each other"));
  std::int64_t n = 0;
  for (const json& row : values(scatter)) n += row["n"].get<std::int64_t>();
  CHECK(n == 20000);

  std::vector<double> spread(5000, 1.0);
  for (std::size_t i = 0; i < 2500; ++i) spread[i] = 1.0 + static_cast<double>(i % 7) * 0.01;
  for (std::size_t i = 0; i < 900; ++i) spread[i] = 1000.0 + static_cast<double>(i);
  const Figure box = make("box", numbers("v", spread), {{"of", {"v"}}});
  CHECK(warned(box, "500 of 900 outliers are drawn"));
  double furthest = 0;
  for (const json& row : values(box)) furthest = std::max(furthest, row.value("value", 0.0));
  CHECK(furthest == 1899.0);
}

TEST_CASE("dates before 1900 and far ahead are places like others", "[figure]") {
  std::vector<Column> columns;
  columns.push_back(Column::dates({-50000, -40000, 0, 30000}));
  columns.push_back(Column::numbers({1, 2, 3, 4}));
  const Figure line =
      make("line", Frame({"day", "n"}, std::move(columns)), {{"x", {"day"}}, {"y", {"n"}}});
  CHECK(values(line)[0]["x"] == -50000.0 * 86400000.0);
  CHECK(values(line)[0]["at"] == "1833-02-08");
  CHECK(says(line.words, "from 1833-02-08 to 2052-02-20"));
  CHECK(line.spec["layer"][0]["encoding"]["x"]["scale"]["type"] == "utc");
}

TEST_CASE("awkward labels and names travel as data, never as syntax", "[figure]") {
  const std::vector<std::string> labels = {"</script><b>", "\"]['x", "🐱 cat", "a.b[c]", "", "\\"};
  std::vector<Column> columns;
  columns.push_back(Column::texts(labels));
  columns.push_back(Column::numbers({1, 2, 3, 4, 5, 6}));
  const Frame frame({"na.me['x']", "va\"l.ue"}, std::move(columns));
  for (const char* kind : {"bar", "box", "violin"}) {
    const bool bar = std::string(kind) == "bar";
    const Figure figure = bar ? make(kind, frame, {{"of", {"na.me['x']"}}, {"value", {"va\"l.ue"}}})
                              : make(kind, frame, {{"of", {"va\"l.ue"}}, {"by", {"na.me['x']"}}});
    CHECK(says(figure.spec.dump(), "🐱 cat"));
    CHECK_FALSE(says(figure.spec.dump(), "\"field\":\"na"));
    CHECK(says(terminal_figure(figure, 60, 12, false), "🐱"));
  }
  // The lanes of a violin are named by an expression: its list must be a list of texts.
  const Figure violin = make("violin", frame, {{"of", {"va\"l.ue"}}, {"by", {"na.me['x']"}}});
  const std::string names = violin.spec["layer"][0]["encoding"]["x"]["axis"]["labelExpr"];
  CHECK(json::parse(names.substr(0, names.rfind("[datum"))).size() == 6);
  // A label cannot command the terminal.
  const Figure bell = make("bar", texts("g", {"\x1b[31mred", "b"}), {{"of", {"g"}}});
  CHECK_FALSE(says(terminal_figure(bell, 60, 12, false), "\x1b"));
}

TEST_CASE("wrong arguments are named with a suggestion", "[figure]") {
  const Frame frame = gallery::videos(10);
  CHECK(says(message_of("histogramm", {.frame = frame}), "did you mean 'histogram'?"));
  CHECK(says(message_of("histogram", {.frame = frame, .roles = {{"off", {"views"}}}}),
             "did you mean 'of'?"));
  CHECK(says(message_of("histogram", {.frame = frame, .roles = {{"of", {"veiws"}}}}),
             "did you mean 'views'?"));
  CHECK(says(message_of("histogram", {.frame = frame}), "needs role 'of'"));
  CHECK(says(message_of("histogram", {.frame = frame, .roles = {{"of", {"status"}}}}),
             "wrong type for role 'of'"));
  const auto option = [&](json options) {
    return message_of("histogram",
                      {.frame = frame, .roles = {{"of", {"views"}}}, .options = options});
  };
  CHECK(says(option({{"bin", 3}}), "did you mean 'bins'?"));
  CHECK(says(option({{"bins", 0}}), "1 to 200"));
  CHECK(says(option({{"bins", 2.5}}), "integer"));
  CHECK(says(option({{"measure", "shares"}}), "did you mean 'share'?"));
  CHECK(says(
      message_of("bar", {.frame = frame,
                         .roles = {{"of", {"tier"}}, {"facet", {"status"}}, {"row", {"tier"}}}}),
      "not both"));
  CHECK(says(message_of("bar", {.frame = frame, .roles = {{"of", {"tier"}}}, .estimates = {{}}}),
             "coefficients"));
}

TEST_CASE("a specification of one's own may not reach outside the page", "[figure]") {
  const Frame frame = gallery::videos(10);
  const auto refused = [&](json spec) {
    return message_of("spec", {.frame = frame, .options = {{"spec", spec}}});
  };
  const json bar = {{"mark", "bar"}};
  const auto with = [&](const char* key, json value) {
    json spec = bar;
    spec[key] = value;
    return spec;
  };
  CHECK(says(refused(with("data", {{"url", "x.csv"}})), "data"));
  CHECK(says(refused({{"layer", json::array({{{"mark", "bar"}, {"data", {{"values", 1}}}}})}}),
             "leave data out"));
  CHECK(says(refused({{"mark", "image"}}), "images"));
  CHECK(says(refused({{"mark", {{"type", "image"}}}}), "images"));
  CHECK(says(refused(with("encoding", {{"href", {{"field", "x"}}}})), "href"));
  CHECK(says(refused(with("encoding", {{"url", {{"field", "x"}}}})), "url"));
  CHECK(says(refused(with("usermeta", json::object())), "usermeta"));
  // Whatever its shape, the terminal gives the words where it cannot read it.
  const json odd[] = {{{"facet", {{"field", "tier"}}}},
                      {{"mark", 3}, {"encoding", "x"}},
                      {{"concat", {{"mark", "bar"}}}},
                      {{"layer", 1}}};
  for (const json& shape : odd) {
    CHECK_FALSE(terminal_figure(make("spec", frame, {}, {{"spec", shape}}), 60, 12, false).empty());
  }
  const Figure figure = make("spec", frame, {}, {{"spec", bar}});
  CHECK(values(figure).size() == 10);
  CHECK(values(figure)[3]["views"].is_null());
  CHECK(says(message_of("spec", {.frame = gallery::videos(5001), .options = {{"spec", bar}}}),
             "at most 5,000 rows"));
}

TEST_CASE("the terminal draws every kind within its width", "[figure]") {
  for (const gallery::Case& one : gallery::cases()) {
    INFO(one.name);
    const Figure figure = make_figure(one.kind, one.input);
    for (const int columns : {1, 40, 100}) {
      const std::string text = terminal_figure(figure, columns, 16, false);
      CHECK(says(text, "\n"));
      std::size_t width = 0;
      for (const char c : text) {
        width = c == '\n' ? 0 : width + ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0);
        REQUIRE(width <= static_cast<std::size_t>(std::max(columns, 20)));
      }
    }
    const std::string coloured = terminal_figure(figure, 60, 12, true);
    CHECK(terminal_figure(figure, 60, 12, false).find('\x1b') == std::string::npos);
    if (one.name == "bar_group") CHECK(says(coloured, "\x1b[38;2;0;114;178m"));
  }
}

TEST_CASE("histogram bars of the terminal stand for their counts", "[figure]") {
  const Figure bar = make("bar", texts("g", {"a", "a", "a", "a", "b", "b"}), {{"of", {"g"}}},
                          {{"orientation", "horizontal"}});
  const std::string text = terminal_figure(bar, 42, 10, false);
  const auto blocks = [&](const std::string& start) {
    const std::size_t from = text.find(start);
    const std::string line = text.substr(from, text.find('\n', from) - from);
    std::size_t count = 0;
    for (std::size_t at = line.find("█"); at != std::string::npos; at = line.find("█", at + 1))
      ++count;
    return count;
  };
  CHECK(blocks("a ") == 40);
  CHECK(blocks("b ") == 20);
}
