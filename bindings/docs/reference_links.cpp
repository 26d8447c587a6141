#include "bindings/docs/reference_links.h"

#include <cctype>

#include "bindings/docs/reference_topics.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The word at `from`: names joined by '.' or ':', perhaps with a ':' before; its length.
std::size_t word_length(std::string_view text, std::size_t from) {
  const auto starts = [&](std::size_t at) { return at < text.size() && starts_word(text[at]); };
  std::size_t at = from;
  if (text[at] == ':') ++at;
  if (!starts(at)) return 0;
  while (true) {
    while (at < text.size() && in_word(text[at])) ++at;
    if (at >= text.size() || (text[at] != '.' && text[at] != ':') || !starts(at + 1)) break;
    ++at;
  }
  return at - from;
}

// Whether an argument follows: f(x), f { x }, f "x".
bool is_called(std::string_view after) {
  if (after.starts_with("(")) return true;
  if (after.starts_with(" ")) after.remove_prefix(1);
  return after.starts_with("{") || after.starts_with("\"");
}

std::string capitalised(std::string_view word) {
  std::string out(word);
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

}  // namespace

std::string heading_slug(std::string_view heading) {
  std::string out;
  for (const char c : heading) {
    if (c == ' ') out += '-';
    if (in_word(c) || c == '-') {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>|#$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string function_heading(const Function& function) {
  if (!function.is_operator()) return "`" + function.name + "`";
  const std::vector<std::string> calls = function.calls();
  return "`" + (calls.empty() ? function.name : calls.front()) + "`: `" + function.name + "`";
}

std::string type_heading(const std::string& type) { return "Type `" + type + "`"; }

std::map<std::string, const Function*> all_functions(const Registry& registry) {
  std::map<std::string, const Function*> all;
  for (const Function& function : registry.functions()) all.emplace(function.name, &function);
  for (const TypeDescriptor& type : registry.types()) {
    for (const Function& function : type.methods) all.emplace(function.name, &function);
    for (const Function& function : type.metamethods) all.emplace(function.name, &function);
  }
  return all;
}

ReferenceLinks::ReferenceLinks(const Registry& registry) : registry_(registry) {
  for (const auto& [name, function] : all_functions(registry)) {
    const Topic* topic = topic_of(*function);
    if (topic == nullptr) {
      throw InternalError({.what = "the function '" + name + "' falls into no reference page",
                           .hint = "name it in bindings/docs/reference_topics.cpp"});
    }
    targets_.emplace(name, topic->id + ".md#" + heading_slug(function_heading(*function)));
  }
  for (const TypeDescriptor& type : registry.types()) {
    const Topic* topic = topic_of_type(type.name);
    if (topic == nullptr) {
      throw InternalError({.what = "the type '" + type.name + "' falls into no reference page",
                           .hint = "name it in bindings/docs/reference_topics.cpp"});
    }
    const std::string heading = topic->title == type.name ? topic->title : type_heading(type.name);
    targets_.emplace(type.name, topic->id + ".md#" + heading_slug(heading));
  }
  const std::string words = std::string(kWordsTopic) + ".md#";
  for (const TypeWord& word : type_words_of_lua()) {
    targets_.emplace(word.name, words + heading_slug(word.name));
  }
  for (const NamedValue& value : registry.values()) {
    targets_.emplace(value.name, topic_of(value)->id + ".md#" + heading_slug(value.name));
  }
  for (const auto& [alias, name] : registry.aliases()) targets_.emplace(alias, targets_.at(name));
}

std::string ReferenceLinks::target(const std::string& name, const std::string& page) const {
  const auto at = targets_.find(name);
  if (at == targets_.end()) return {};
  const std::size_t mark = at->second.find('#');
  return at->second.compare(0, mark, page) == 0 ? at->second.substr(mark) : at->second;
}

std::string ReferenceLinks::code(const std::string& name, const std::string& page) const {
  const std::string to = target(name, page);
  return to.empty() ? "`" + name + "`" : "[`" + name + "`](" + to + ")";
}

std::string ReferenceLinks::type(std::string_view type, const std::string& page) const {
  std::string out;
  const std::string_view list = "list of ";
  if (type.starts_with(list)) {
    const std::string to = target("list", page);
    out = (to.empty() ? std::string("list") : "[list](" + to + ")") + " of ";
    type.remove_prefix(list.size());
  }
  bool first = true;
  for (const std::string& word : type_words(type)) {
    if (!first) out += " or ";
    first = false;
    const std::string to = target(word, page);
    out += to.empty() ? escaped(word) : "[" + word + "](" + to + ")";
  }
  return out;
}

const Function* ReferenceLinks::resolve(std::string_view word, const Function* about,
                                        bool called) const {
  const std::string name(word);
  const std::size_t mark = name.find_first_of(".:");
  if (mark == std::string::npos) {
    // An ordinary word is a function only where it is called; a word_with_bars always.
    if (!called && name.find('_') == std::string::npos) return nullptr;
    if (about != nullptr) {
      const std::size_t last = about->name.find_last_of(".:");
      if (last != std::string::npos) {
        const Function* sibling = registry_.find(about->name.substr(0, last + 1) + name);
        if (sibling != nullptr) return sibling;
      }
    }
    return registry_.find(name);
  }
  if (const Function* exact = registry_.find(name)) return exact;
  const std::string method = name.substr(mark);
  if (method.find_first_of(".:", 1) != std::string::npos) return nullptr;
  if (name[mark] == '.') return nullptr;
  if (mark == 0 && about != nullptr && !about->owner().empty()) {
    const Function* own = registry_.find(std::string(about->owner()) + method);
    if (own != nullptr) return own;
  }
  // S is how a study is called, t or table a table, column or x.y a column.
  const std::string before = name.substr(0, mark);
  if (before == "S") return registry_.find("Study" + method);
  if (!before.empty()) {
    if (const Function* of = registry_.find(capitalised(before) + method)) return of;
  }
  for (const char* type : {"Column", "Table", "Study", "Analysis", "Plot"}) {
    if (const Function* of = registry_.find(type + method)) return of;
  }
  return nullptr;
}

std::vector<ReferenceLinks::Part> ReferenceLinks::parts(std::string_view text,
                                                        const Function* about) const {
  std::vector<Part> out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text[at] == '`' ? text.find('`', at + 1) : std::string_view::npos;
    if (end != std::string_view::npos) {
      const std::string_view code = text.substr(at + 1, end - at - 1);
      const std::size_t length = code.empty() ? 0 : word_length(code, 0);
      const Function* function =
          length == 0 ? nullptr : resolve(code.substr(0, length), about, true);
      out.push_back({std::string(code), true, function});
      at = end + 1;
      continue;
    }
    const bool begins =
        (starts_word(text[at]) || text[at] == ':') && (at == 0 || !in_word(text[at - 1]));
    const std::size_t length = begins ? word_length(text, at) : 0;
    if (length == 0) {
      out.push_back({std::string(text.substr(at, 1)), false, nullptr});
      ++at;
      continue;
    }
    const std::string_view word = text.substr(at, length);
    const Function* function = resolve(word, about, is_called(text.substr(at + length)));
    const bool code = function != nullptr || word.find_first_of("_:") != std::string_view::npos;
    out.push_back({std::string(word), code, function});
    at += length;
  }
  return out;
}

std::string ReferenceLinks::prose(std::string_view text, const std::string& page,
                                  const Function* about) const {
  std::string out;
  for (const Part& part : parts(text, about)) {
    if (!part.code) {
      out += escaped(part.text);
    } else if (part.function == nullptr || part.function == about) {
      out += "`" + part.text + "`";
    } else {
      out += "[`" + part.text + "`](" + target(part.function->name, page) + ")";
    }
  }
  return out;
}

std::set<const Function*> ReferenceLinks::mentioned(std::string_view text,
                                                    const Function* about) const {
  std::set<const Function*> out;
  for (const Part& part : parts(text, about)) {
    if (part.function != nullptr) out.insert(part.function);
  }
  return out;
}

}  // namespace impact::bindings
