#include "bindings/search_paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace impact::bindings {
namespace {

using nlohmann::json;

std::vector<std::string> words_of(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    out.push_back(path.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return out;
}

// Options of a learner or a step; none where it has no descriptor.
std::vector<std::string> options_of(const Registry& registry, const std::string& kind) {
  if (kind == "pipeline") return {"steps", "model"};
  std::vector<std::string> out;
  const Function* const made = registry.find("learn." + kind);
  if (made == nullptr) return out;
  for (const Param& param : made->params) out.push_back(param.name);
  return out;
}

const json* member(const json& at, const std::string& name) {
  const auto found = at.is_object() ? at.find(name) : at.end();
  return found == at.end() ? nullptr : &*found;
}

// As far as the options were given: what is inside of an option that was not is said by the search.
void check_path(const Registry& registry, const json& learner, const std::string& path) {
  const json* at = &learner;
  for (const std::string& word : words_of(path)) {
    const char* const what = at->contains("learner") ? "learner" : "step";
    const json* const kind = member(*at, what);
    if (kind != nullptr && kind->is_string() && word != "learner" && word != "step") {
      const auto name = kind->get<std::string>();
      const auto known = options_of(registry, name);
      if (!known.empty() && std::find(known.begin(), known.end(), word) == known.end()) {
        throw ArgumentError({.what = fmt::format("{} '{}' has no option '{}'", what, name, word),
                             .where = fmt::format("'{}' of the space", path),
                             .expected = list_words(known, known.size()),
                             .hint = did_you_mean(word, known)});
      }
      at = member(*at, "options");
      if (at != nullptr) at = member(*at, word);
    } else if (at->is_array()) {
      const bool number = !word.empty() && word.size() < 6 &&
                          word.find_first_not_of("0123456789") == std::string::npos;
      const std::size_t place = number ? std::stoul(word) : at->size();
      at = place < at->size() ? &(*at)[place] : nullptr;
    } else {
      at = member(*at, word);
    }
    if (at == nullptr) return;
  }
}

}  // namespace

void check_search_paths(const Registry& registry, const json& learner, const json& space) {
  if (!space.is_object()) return;
  for (const auto& [path, values] : space.items()) check_path(registry, learner, path);
}

}  // namespace impact::bindings
