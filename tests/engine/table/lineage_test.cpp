#include "engine/table/lineage.h"

#include <catch2/catch.hpp>

#include "tests/engine/table/table_fixture.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using namespace impact::testing;

namespace {

struct Leaves : Tables {
  RelationPtr t = table({"id", "x", "y", "g"}, {{i(1), i(2), i(3), s("a")}}, {"id"}, "t");
  RelationPtr u = table({"id", "x", "w"}, {{i(1), i(5), i(6)}}, {"id"}, "u");

  // "t.x t.y u.w": the leaf columns behind `expr`.
  std::string origins(const RelationPtr& relation, const ExprPtr& expr) const {
    std::set<std::string> names;
    for (const auto& [leaf, name] : origins_of(*relation, *expr)) {
      names.insert((leaf == t.get() ? "t." : leaf == u.get() ? "u." : "?.") + name);
    }
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
    return out;
  }
  std::string origins(const RelationPtr& relation, const char* name) const {
    return origins(relation, column(name));
  }
};

ExprPtr plus(const char* a, const char* b) { return call("add", {column(a), column(b)}); }

}  // namespace

TEST_CASE("a column comes from the columns it is computed from, through any verb",
          "[table][lineage]") {
  const Leaves l;
  CHECK(l.origins(l.t, "x") == "t.x");
  CHECK(l.origins(l.t, plus("x", "y")) == "t.x t.y");
  const RelationPtr derived = derive(l.t, {{"sum", plus("x", "y")}});
  CHECK(l.origins(derived, "sum") == "t.x t.y");
  CHECK(l.origins(derived, "x") == "t.x");
  CHECK(l.origins(derive(derived, {{"more", plus("sum", "id")}}), "more") == "t.id t.x t.y");
  CHECK(l.origins(rename(derived, {{"sum", "total"}}), "total") == "t.x t.y");
  // A column replaced by one of the same name.
  CHECK(l.origins(derive(l.t, {{"x", column("y")}}), "x") == "t.y");
  const RelationPtr sums =
      summarise(derived, {{"g", column("g")}}, {{"total", aggregate("sum", {column("sum")})}});
  CHECK(l.origins(sums, "total") == "t.x t.y");
  CHECK(l.origins(sums, "g") == "t.g");
}

TEST_CASE("conditions, sort keys and join keys that only choose rows do not count",
          "[table][lineage]") {
  const Leaves l;
  RelationPtr chosen = filter(l.t, call("gt", {column("y"), literal(std::int64_t{0})}));
  chosen = head(sort(chosen, {{column("g")}}), 5);
  CHECK(l.origins(chosen, "x") == "t.x");
  const RelationPtr joined = join(l.t, l.u, {.kind = JoinKind::kLeft, .on = {{"id", "id"}}});
  CHECK(l.origins(joined, "w") == "u.w");
  CHECK(l.origins(joined, "y") == "t.y");
}

TEST_CASE("a join's columns come from their side, its keys from both", "[table][lineage]") {
  const Leaves l;
  const RelationPtr joined = join(l.t, l.u, {.kind = JoinKind::kFull, .on = {{"id", "id"}}});
  CHECK(l.origins(joined, "x") == "t.x");
  CHECK(l.origins(joined, "x_right") == "u.x");
  CHECK(l.origins(joined, "id") == "t.id u.id");
  CHECK(l.origins(joined, call("add", {column("x"), column("w")})) == "t.x u.w");
}

TEST_CASE("windows count what they look at", "[table][lineage]") {
  const Leaves l;
  const RelationPtr ranked =
      derive(l.t, {{"before", window("lag", {column("x")}, {column("g")}, {{column("y")}})}});
  const std::string found = l.origins(ranked, "before");
  CHECK_THAT(found, Catch::Contains("t.x"));
}

TEST_CASE("stacked tables give the origins of every part", "[table][lineage]") {
  const Leaves l;
  const RelationPtr both = union_all({select(l.t, {{"id", column("id")}, {"v", column("x")}}),
                                      select(l.u, {{"id", column("id")}, {"v", column("w")}})});
  CHECK(l.origins(both, "v") == "t.x u.w");
}

TEST_CASE("pivots spread origins over the new columns", "[table][lineage]") {
  const Leaves l;
  const RelationPtr longer = pivot_longer(l.t, {.columns = {"x", "y"}});
  CHECK(l.origins(longer, "value") == "t.x t.y");
  CHECK(l.origins(longer, "name").empty());
  CHECK(l.origins(longer, "g") == "t.g");
  const RelationPtr narrow =
      select(l.t, {{"id", column("id")}, {"g", column("g")}, {"y", column("y")}});
  const RelationPtr wider =
      pivot_wider(narrow, {.names_from = "g", .values_from = "y", .names = {"a"}});
  CHECK(l.origins(wider, "a") == "t.g t.y");
  CHECK(l.origins(wider, "id") == "t.id");
}

TEST_CASE("SQL text never hides where a column comes from", "[table][lineage]") {
  const Leaves l;
  const auto from = [&](const std::string& text, const char* name) {
    INFO(text);
    const RelationPtr made = query(l.backend, text, {{"t", l.t}, {"u", l.u}});
    return l.origins(made, name);
  };
  const auto reports = [&](const std::string& text, const char* name, const char* origin) {
    const std::string found = " " + from(text, name) + " ";
    INFO(text << " gives" << found);
    CHECK(found.find(std::string(" ") + origin + " ") != std::string::npos);
  };
  reports("select x + 1 as new from t", "new", "t.x");
  reports("select X + 1 as new from t", "new", "t.x");
  reports("select \"x\" as new from t", "new", "t.x");
  reports("select * from t", "y", "t.y");
  reports("from t", "y", "t.y");
  reports("select columns('.') from t", "y", "t.y");
  reports("select sum(w) as new from u", "new", "u.w");
  reports("with c as (select y as z from t) select z * 2 as new from c", "new", "t.y");
  CHECK(from("select w as new from u", "new") == "u.w");
  // x stands inside another word only.
  CHECK(from("select y as xx from t", "xx") == "t.y");
  const RelationPtr some = derive(l.t, {{"new", sql_expr("x * 2")}});
  CHECK(l.origins(some, "new") == "t.x");
}

TEST_CASE("a file anywhere in the tree is seen", "[table][lineage]") {
  const Leaves l;
  const test::TempDir dir;
  FileSource file;
  file.path = dir.file("a.csv", "id,v\n1,2\n");
  file.declared_path = "a.csv";
  const RelationPtr read = scan_file(l.backend, file, {"id"}, "'a'");
  CHECK_FALSE(reads_files(*derive(l.t, {{"z", plus("x", "y")}})));
  CHECK(reads_files(*read));
  CHECK(reads_files(*join(l.t, read, {.kind = JoinKind::kInner, .on = {{"id", "id"}}})));
}

TEST_CASE("a replaced leaf is replaced wherever it stands, the rest is kept", "[table][lineage]") {
  Leaves l;
  const RelationPtr other =
      l.table({"id", "x", "y", "g"}, {{i(1), i(20), i(30), s("b")}}, {"id"}, "t");
  const RelationPtr doubled = derive(l.t, {{"sum", plus("x", "y")}});
  const RelationPtr joined = join(doubled, l.u, {.kind = JoinKind::kInner, .on = {{"id", "id"}}});
  std::map<const Relation*, RelationPtr> others{{l.t.get(), other}};
  const RelationPtr seen = replace_relations(joined, &others);
  CHECK(seen->schema == joined->schema);
  CHECK(seen->key == joined->key);
  CHECK(l.text(select(seen, {{"sum", column("sum")}, {"w", column("w")}})) == "sum,w|50,6");
  CHECK(l.text(select(joined, {{"sum", column("sum")}, {"w", column("w")}})) == "sum,w|5,6");
  CHECK(seen->inputs[1] == l.u);
  CHECK(replace_relations(l.u, &others) == l.u);
  CHECK(replace_relations(doubled, &others) == seen->inputs[0]);
}

TEST_CASE("promises about a replaced table are checked anew", "[table][lineage]") {
  Leaves l;
  const RelationPtr keyed = with_key(l.t, {"id"});
  CHECK_NOTHROW(l.backend->count_rows(keyed, l.context));
  const RelationPtr twice =
      l.table({"id", "x", "y", "g"}, {{i(1), i(2), i(3), s("a")}, {i(1), i(2), i(3), s("b")}});
  std::map<const Relation*, RelationPtr> others{{l.t.get(), twice}};
  const RelationPtr seen = replace_relations(keyed, &others);
  CHECK_THROWS_AS(l.backend->count_rows(seen, l.context), DataError);
}
