#include "engine/stats/row_states.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/stats/sample.h"

namespace impact::detail {

void require_clusters(SeType se, bool clusters, std::size_t rows, const char* robust) {
  if (clustered(se) && !clusters && rows > 0) {
    throw ArgumentError({.what = fmt::format("{} needs clusters", se_type_name(se)),
                         .where = "se",
                         .got = std::string(se_type_name(se)),
                         .expected = "clusters, or one of classical, HC0, HC1, HC2, HC3"});
  }
  if (!clustered(se) && clusters) {
    throw ArgumentError({.what = fmt::format("{} ignores clusters", se_type_name(se)),
                         .where = "se",
                         .got = std::string(se_type_name(se)),
                         .expected = fmt::format("{}, or no clusters", robust)});
  }
}

void warn_left_out(std::vector<std::string>& warnings, std::int64_t missing,
                   std::int64_t infinite) {
  const auto say = [&](std::int64_t count, const char* why) {
    if (count == 0) return;
    warnings.push_back(
        fmt::format("{} left out because {}", plural(count, "row was", "rows were"), why));
  };
  say(missing, "a number or a code is missing");
  say(infinite, "a number is infinite");
}

}  // namespace impact::detail
