#include "bindings/docs/reference_pages.h"

#include <algorithm>
#include <set>
#include <fmt/format.h>

#include "bindings/docs/reference_links.h"
#include "bindings/docs/reference_topics.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

constexpr std::size_t kWidth = 76;  // Columns of code that a page shows without scrolling.

using Functions = std::vector<const Function*>;

// A number or text as a script writes it.
std::string literal(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) {
    return text->find('"') == std::string::npos ? "\"" + *text + "\"" : "'" + *text + "'";
  }
  return "";
}

std::string in_code(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, "\\");
  }
  const char* fence = text.find('`') == std::string::npos ? "`" : "``";
  return fence + text + fence;
}

// Where the bracket that ends at `close` begins; npos when nowhere.
std::size_t opening(const std::string& call, std::size_t close) {
  int depth = 0;
  for (std::size_t at = close + 1; at-- > 0;) {
    if (call[at] == '}' || call[at] == ')') ++depth;
    if ((call[at] == '{' || call[at] == '(') && --depth == 0) return at;
  }
  return std::string::npos;
}

// A call as wide as a page: what its last braces, else parentheses, hold goes onto lines of its
// own.
std::string wrapped(const std::string& call) {
  if (call.size() <= kWidth) return call;
  std::size_t close = call.find_last_of('}');
  if (close == std::string::npos) close = call.find_last_of(')');
  if (close == std::string::npos) return call;
  const std::size_t open = opening(call, close);
  if (open == std::string::npos) return call;
  std::string out = call.substr(0, open + 1) + "\n";
  std::string line = " ";
  std::size_t from = open + 1;
  while (from < close) {
    std::size_t to = call.find(", ", from);
    to = to == std::string::npos || to > close ? close : to + 1;
    std::string part = call.substr(from, to - from);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (line.size() + 1 + part.size() > kWidth) {
      out += line + "\n";
      line = " ";
    }
    line += " " + part;
    from = to;
  }
  return out + line + "\n" + call.substr(close);
}

std::string fenced(const std::string& language, const std::string& code) {
  return "```" + language + "\n" + code + (code.ends_with('\n') ? "" : "\n") + "```\n\n";
}

// Code in a text has full stops of its own.
std::string first_sentence(const std::string& text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') quoted = !quoted;
    if (c == '{' || c == '(') ++depth;
    if (c == '}' || c == ')') --depth;
    if (c == '.' && text[at + 1] == ' ' && depth == 0 && !quoted) return text.substr(0, at + 1);
  }
  return text;
}

// "S:source", "csv", "stats.ols": what comes after the last mark.
std::string last_name(const std::string& name) {
  const std::size_t mark = name.find_last_of(".:");
  return mark == std::string::npos ? name : name.substr(mark + 1);
}

class Writer {
 public:
  explicit Writer(const Registry& registry)
      : registry_(registry), functions_(all_functions(registry)), links_(registry) {
    find_relatives();
  }

  std::vector<ReferencePage> pages() {
    std::vector<ReferencePage> out;
    out.push_back({"index.md", index()});
    for (const Topic& topic : reference_topics()) {
      if (is_empty(topic)) continue;
      file_ = topic.id + ".md";
      headings_.clear();
      out.push_back({file_, page(topic)});
    }
    return out;
  }

 private:
  [[nodiscard]] std::string prose(const std::string& text, const Function* about = nullptr) const {
    return links_.prose(text, file_, about);
  }

  std::string heading(int level, const std::string& text) {
    if (!headings_.insert(heading_slug(text)).second) {
      throw InternalError({.what = "two headings of " + file_ + " share the anchor of " + text});
    }
    return std::string(static_cast<std::size_t>(level), '#') + " " + text + "\n\n";
  }

  // Types of the topic that the registry has.
  [[nodiscard]] std::vector<const TypeDescriptor*> types_of(const Topic& topic) const {
    std::vector<const TypeDescriptor*> out;
    for (const std::string& name : topic.types) {
      if (const TypeDescriptor* type = registry_.find_type(name)) out.push_back(type);
    }
    return out;
  }

  // Functions of the topic that no type of it owns: as the topic lists them, others by name.
  [[nodiscard]] Functions free_functions(const Topic& topic) const {
    Functions out;
    for (const std::string& name : topic.functions) {
      const auto at = functions_.find(name);
      if (at != functions_.end()) out.push_back(at->second);
    }
    for (const auto& [name, function] : functions_) {
      if (topic_of(*function) != &topic || has_owner(topic, name)) continue;
      if (std::find(out.begin(), out.end(), function) == out.end()) out.push_back(function);
    }
    return out;
  }

  // Whether a function stands below a type of the page.
  [[nodiscard]] bool has_owner(const Topic& topic, const std::string& name) const {
    const auto types = types_of(topic);
    return std::any_of(types.begin(), types.end(), [&](const TypeDescriptor* type) {
      return name.starts_with(type->name + ":");
    });
  }

  // Methods by name, then what every handle has, then operators.
  [[nodiscard]] Functions methods_of(const Topic& topic, const std::string& type) const {
    Functions out;
    Functions common;
    Functions operators;
    for (const auto& [name, function] : functions_) {
      if (!name.starts_with(type + ":") || topic_of(*function) != &topic) continue;
      const bool released = last_name(name) == "release";
      (function->is_operator() ? operators : released ? common : out).push_back(function);
    }
    out.insert(out.end(), common.begin(), common.end());
    out.insert(out.end(), operators.begin(), operators.end());
    return out;
  }

  [[nodiscard]] bool is_empty(const Topic& topic) const {
    return topic.id != kWordsTopic && types_of(topic).empty() && free_functions(topic).empty();
  }

  // Functions whose texts name a function, and those of the same last name elsewhere.
  void find_relatives() {
    for (const auto& [name, function] : functions_) {
      for (const auto& [other_name, other] : functions_) {
        if (name != other_name && !function->is_operator() && last_name(name) != "release" &&
            last_name(name) == last_name(other_name)) {
          relatives_[name].insert(other_name);
        }
      }
      std::string texts = function->text + " " + function->result;
      for (const Param& param : function->params) texts += " " + param.text;
      for (const Function* named : links_.mentioned(texts, function)) {
        if (named != function) relatives_[named->name].insert(name);
      }
    }
  }

  std::string summary(const Functions& functions) const {
    if (functions.size() < 2) return "";
    std::string out = "| | |\n|---|---|\n";
    for (const Function* function : functions) {
      const std::vector<std::string> calls = function->calls();
      const std::string shown =
          function->is_operator() && !calls.empty() ? calls.front() : function->name;
      out += "| [" + in_code(shown) + "](" + links_.target(function->name, file_) + ") | " +
             prose(first_sentence(function->text), function) + " |\n";
    }
    return out + "\n";
  }

  std::string param_row(const Param& param, const std::string& prefix,
                        const Function* about) const {
    std::string type = links_.type(param.variadic ? param.item_types() : param.type, file_);
    if (param.takes_list() && !param.variadic && !param.items.empty()) {
      type += " of " + links_.type(param.items, file_);
    }
    std::string fallback = literal(param.fallback);
    fallback = !fallback.empty() ? in_code(fallback) : param.optional ? "none" : "required";
    std::string text = prose(param.text, about);
    if (!param.allowed.empty()) {
      text += " One of ";
      for (std::size_t i = 0; i < param.allowed.size(); ++i) {
        text += (i == 0 ? "" : ", ") + in_code("\"" + param.allowed[i] + "\"");
      }
      text += ".";
    }
    if (param.min && param.max) {
      text += fmt::format(" From {} to {}.", *param.min, *param.max);
    } else if (param.min) {
      text += fmt::format(" At least {}.", *param.min);
    } else if (param.max) {
      text += fmt::format(" At most {}.", *param.max);
    }
    std::string row = "| " + in_code(prefix + param.name + (param.variadic ? ", ..." : "")) +
                      " | " + type + " | " + fallback + " | " + text + " |\n";
    for (const Param& field : param.fields) {
      row += param_row(field, prefix + param.name + ".", about);
    }
    return row;
  }

  std::string params(const std::vector<Param>& params, const char* first,
                     const Function* about) const {
    if (params.empty()) return "";
    std::string out =
        std::string("| ") + first + " | Type | Default | Meaning |\n|---|---|---|---|\n";
    for (const Param& param : params) out += param_row(param, "", about);
    return out + "\n";
  }

  std::string entry(const Function& function, int level) {
    std::string out =
        "<div id=\"" + function.name + "\"></div>\n\n" + heading(level, function_heading(function));
    std::string calls;
    for (const std::string& call : function.calls()) calls += wrapped(call) + "\n";
    if (!calls.empty()) out += fenced("", calls);
    out += prose(function.text, &function) + "\n\n";
    out += params(function.params, function.is_operator() ? "Operand" : "Parameter", &function);
    out += "**Returns** " + links_.type(function.returns, file_);
    if (!function.result.empty()) out += ": " + prose(function.result, &function);
    out += out.ends_with('.') ? "\n\n" : ".\n\n";
    for (const auto& [alias, name] : registry_.aliases()) {
      if (name == function.name) {
        out += "<div id=\"" + alias + "\"></div>\n\nAlso called `" + alias + "`.\n\n";
      }
    }
    if (!function.example.empty()) out += fenced("lua", function.example);
    const auto relatives = relatives_.find(function.name);
    if (relatives != relatives_.end()) {
      out += "**See also** ";
      std::string list;
      std::size_t shown = 0;
      for (const std::string& name : relatives->second) {
        if (++shown > kRelatives) break;
        list += (list.empty() ? "" : ", ") + links_.code(name, file_);
      }
      out += list + ".\n\n";
    }
    return out;
  }

  std::string value_entry(const NamedValue& value) {
    std::string out = "<div id=\"" + value.name + "\"></div>\n\n" +
                      heading(2, "`" + value.name + "`") + prose(value.text) + "\n\n";
    const std::string to = links_.target(value.type, file_);
    return to.empty() ? out : out + "**Is** a [" + value.type + "](" + to + ").\n\n";
  }

  std::string type_entry(const Topic& topic, const TypeDescriptor& type) {
    const bool own = topic.title == type.name;  // The page is the type's.
    std::string out = "<div id=\"" + type.name + "\"></div>\n\n";
    if (!own) out += heading(2, type_heading(type.name));
    out += prose(type.text) + "\n\n";
    if (!type.any_field.empty()) {
      out += "Every other field is " + links_.type(type.any_field, file_) + ".\n\n";
    }
    out += params(type.fields, "Field", nullptr);
    const Functions methods = methods_of(topic, type.name);
    out += summary(methods);
    for (const Function* method : methods) out += entry(*method, own ? 2 : 3);
    return out;
  }

  std::string page(const Topic& topic) {
    std::string out = heading(1, topic.title) + topic.text + "\n\n";
    const auto types = types_of(topic);
    const bool own = !types.empty() && types.front()->name == topic.title;
    if (own) out += type_entry(topic, *types.front());
    const Functions functions = free_functions(topic);
    out += summary(functions);
    for (const Function* function : functions) out += entry(*function, 2);
    for (const TypeDescriptor* type : types) {
      if (type->name != topic.title) out += type_entry(topic, *type);
    }
    if (topic.id == kWordsTopic) out += words();
    std::map<std::string, const NamedValue*> values;
    for (const NamedValue& value : registry_.values()) {
      if (registry_.find_type(value.name) != nullptr) continue;  // `missing` has its type's entry.
      if (topic_of(value) == &topic) values.emplace(value.name, &value);
    }
    for (const auto& [name, value] : values) out += value_entry(*value);
    out.erase(out.find_last_not_of('\n') + 2);
    return out;
  }

  // Words for types that are no handles.
  std::string words() {
    std::string out;
    for (const TypeWord& word : type_words_of_lua()) {
      out += heading(2, "`" + word.name + "`") + word.text + "\n\n";
    }
    return out;
  }

  // Every topic below its section, with the names that stand there.
  std::string index() {
    file_ = "index.md";
    std::string out =
        "# Reference\n\nEvery function that scripts can call, as `help(name)` shows it.\n";
    std::string pages;
    std::string section;
    for (const Topic& topic : reference_topics()) {
      if (is_empty(topic)) continue;
      if (topic.section != section) out += "\n## " + topic.section + "\n\n";
      section = topic.section;
      out += "- **[" + topic.title + "](" + topic.id + ".md)**";
      std::string names;
      Functions all = free_functions(topic);
      for (const TypeDescriptor* type : types_of(topic)) {
        for (const Function* method : methods_of(topic, type->name)) {
          const bool common = method->is_operator() || last_name(method->name) == "release";
          if (!common) all.push_back(method);
        }
      }
      for (const Function* function : all) {
        // Of the page's first type the method alone.
        const std::string owner = topic.types.empty() ? "Column" : topic.types.front();
        const bool first = function->name.starts_with(owner + ":");
        const std::string label = first ? function->name.substr(owner.size()) : function->name;
        names += (names.empty() ? "[`" : " · [`") + label + "`](" +
                 links_.target(function->name, file_) + ")";
      }
      out += (names.empty() ? "" : "\n  " + names) + "\n";
    }
    return out;
  }

  static constexpr std::size_t kRelatives = 8;

  const Registry& registry_;
  std::map<std::string, const Function*> functions_;
  ReferenceLinks links_;
  std::map<std::string, std::set<std::string>> relatives_;  // Of a function: names to look at too.
  std::string file_;                                        // The page being written.
  std::set<std::string> headings_;                          // Its anchors so far.
};

}  // namespace

std::vector<ReferencePage> reference_pages(const Registry& registry) {
  return Writer(registry).pages();
}

}  // namespace impact::bindings
