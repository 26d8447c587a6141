#include "bindings/docs/stubs.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/number.h"

namespace impact::bindings {
namespace {

constexpr std::string_view kListOf = "list of ";
// Type of all other fields of options, so that a misspelt one is reported: servers check the values
// of fields, not whether there are such fields.
const std::string kNoOption = "no_such_option";

// "Table.head" of "Table:head": the first part of the names of its classes.
std::string class_prefix(const Function& function) {
  std::string out = function.name;
  std::replace(out.begin(), out.end(), ':', '.');
  return out;
}

std::string quoted(const std::string& word) {
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

// A type word in the editor's terms.
std::string word_of(const std::string& word) {
  if (word == "text") return "string";
  return word;
}

std::string union_of(const std::string& type) {
  std::vector<std::string> words;
  for (const std::string& word : type_words(type)) {
    words.push_back(word == "list" ? "table" : word_of(word));
  }
  return joined(words, "|");
}

std::string list_of(const std::string& items) {
  if (items == "any" || items == "list") return items == "any" ? "any[]" : "table[]";
  const std::string inside = union_of(items);
  return (inside.find('|') == std::string::npos ? inside : "(" + inside + ")") + "[]";
}

// `owner` begins the name of the class of a list with fields of its own.
std::string type_of(const Param& param, const std::string& owner) {
  std::vector<std::string> words;
  for (const std::string& word : type_words(param.type)) {
    if (word == "text" && !param.allowed.empty()) {
      for (const std::string& good : param.allowed) words.push_back(quoted(good));
    } else if (word != "list") {
      words.push_back(word_of(word));
    } else if (!param.fields.empty()) {
      words.push_back(owner + "." + param.name);
    } else if (param.keyed) {
      words.push_back("table<string|integer, " + union_of(param.item_types()) + ">");
    } else {
      words.push_back(list_of(param.item_types()));
    }
  }
  // One list stands for all arguments.
  if (param.variadic && param.type.find("list") == std::string::npos && param.type != "any") {
    words.push_back(list_of(param.item_types()));
  }
  return joined(words, "|");
}

std::string result_type(const Function& function) {
  if (function.returns.starts_with(kListOf))
    return list_of(function.returns.substr(kListOf.size()));
  return union_of(function.returns);
}

std::string default_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return format_integer(*integer);
  if (const auto* number = std::get_if<double>(&value)) return format_double(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  return "";
}

std::string bound_text(double bound) {
  const auto whole = static_cast<std::int64_t>(bound);
  return static_cast<double>(whole) == bound ? format_integer(whole) : format_double(bound);
}

// "How many. Default: 10. At least 0."
std::string text_of(const Param& param) {
  std::string out = param.text;
  const std::string fallback = default_text(param.fallback);
  if (!fallback.empty()) out += " Default: " + fallback + ".";
  if (param.min) out += " At least " + bound_text(*param.min) + ".";
  if (param.max) out += " At most " + bound_text(*param.max) + ".";
  return out;
}

template <class List>
auto sorted(const List& list) {
  std::vector<const typename List::value_type*> out;
  for (const auto& item : list) out.push_back(&item);
  std::sort(out.begin(), out.end(), [](auto* a, auto* b) { return a->name < b->name; });
  return out;
}

class Writer {
 public:
  explicit Writer(const Registry& registry) : registry_(registry) {}

  std::string write() {
    out_ = "---@meta impact\n-- Written by `impact stubs`. For editors: no script runs this.\n";
    line("\n---What an option that there is not would have to be: nothing is.");
    line("---@class " + kNoOption);
    line("---@field there_is_no_such_option true");
    sort_functions();
    for (const TypeDescriptor* type : sorted(registry_.types())) write_type(*type);
    for (const NamedValue* value : sorted(registry_.values())) write_value(*value);
    for (const auto& [name, function] : globals_) write_global(*function);
    for (const auto& [name, target] : registry_.aliases()) {
      out_ += "\n" + name + " = " + target + "\n";
    }
    return std::move(out_);
  }

 private:
  void sort_functions() {
    for (const Function& function : registry_.functions()) {
      if (function.standard) continue;
      const std::size_t colon = function.name.find(':');
      if (colon == std::string::npos) {
        globals_[function.name] = &function;
      } else {
        methods_[function.name.substr(0, colon)].push_back(&function);
      }
    }
    for (const TypeDescriptor& type : registry_.types()) {
      for (const Function& function : type.methods) methods_[type.name].push_back(&function);
    }
    for (auto& [name, list] : methods_) {
      std::sort(list.begin(), list.end(), [](auto* a, auto* b) { return a->name < b->name; });
    }
  }

  void line(const std::string& text) { out_ += text + "\n"; }

  void field(const Param& param, const std::string& owner, bool optional) {
    line("---@field " + param.name + (optional ? "? " : " ") + type_of(param, owner) + " # " +
         text_of(param));
  }

  // Classes of the lists among the parameters that have fields of their own.
  void write_lists(const std::vector<Param>& params, const std::string& owner) {
    for (const Param& param : params) {
      if (param.fields.empty()) continue;
      const std::string name = owner + "." + param.name;
      write_lists(param.fields, name);
      line("\n---@class " + name);
      for (const Param& item : param.fields) field(item, name, item.optional);
      const std::string items = union_of(param.item_types());
      line("---@field [string] " + (param.keyed ? items : kNoOption));
      if (!param.items.empty()) line("---@field [integer] " + items);
    }
  }

  void write_type(const TypeDescriptor& type) {
    const auto& methods = methods_[type.name];
    write_lists(type.fields, type.name);
    for (const Function* function : methods) write_classes(*function);
    line("\n---" + type.text);
    line("---@class " + type.name);
    for (const Param& item : type.fields) field(item, type.name, item.optional);
    if (!type.any_field.empty()) line("---@field [string] " + word_of(type.any_field));
    for (const Function& function : type.metamethods) write_operator(function);
    // A local only where methods hang on it: `missing` is also the name of a value.
    if (!methods.empty()) line("local " + type.name + " = {}");
    for (const Function* function : methods) {
      write_function(*function, type.name + ":" + std::string(function->short_name()), type.name);
    }
  }

  void write_operator(const Function& function) {
    static const std::map<std::string, std::string, std::less<>> kNames = {
        {"__add", "add"},   {"__sub", "sub"},  {"__mul", "mul"}, {"__div", "div"},
        {"__idiv", "idiv"}, {"__mod", "mod"},  {"__pow", "pow"}, {"__concat", "concat"},
        {"__bor", "bor"},   {"__bxor", "bxor"}};
    if (function.short_name() == "__unm") line("---@operator unm: " + result_type(function));
    const auto name = kNames.find(function.short_name());
    if (name == kNames.end()) return;
    line("---@operator " + name->second + "(" + type_of(function.params[1], "") +
         "): " + result_type(function));
  }

  void write_value(const NamedValue& value) {
    if (value.type != "library") {
      line("\n---" + value.text);
      line("---@type " + word_of(value.type));
      line(value.name + " = {}");
      return;
    }
    const auto first = globals_.lower_bound(value.name + ".");
    if (first == globals_.end() || !first->first.starts_with(value.name + ".")) return;
    line("\n---" + value.text);
    line("---@class " + value.name);
    line(value.name + " = {}");
  }

  // Whether other functions are its fields: ols { ... } and ols.lin { ... }.
  bool has_fields(const Function& function) const {
    const auto next = globals_.upper_bound(function.name);
    return next != globals_.end() && next->first.starts_with(function.name + ".");
  }

  void write_global(const Function& function) {
    write_classes(function);
    if (!has_fields(function)) {
      write_function(function, function.name, "");
      return;
    }
    line("\n---" + function.text);
    line("---@class " + function.name);
    for (const std::string& form : forms(function, "")) line("---@overload " + form);
    line(function.name + " = {}");
  }

  static std::vector<const Param*> positional(const Function& function) {
    std::vector<const Param*> out;
    for (const Param& param : function.params) {
      if (!param.named) out.push_back(&param);
    }
    return out;
  }
  static bool has_named(const Function& function) {
    return std::any_of(function.params.begin(), function.params.end(),
                       [](const Param& param) { return param.named; });
  }
  static bool needs_named(const Function& function) {
    return std::any_of(function.params.begin(), function.params.end(),
                       [](const Param& param) { return param.named && !param.optional; });
  }
  // Whether one table may hold all arguments, positional ones among them.
  static bool has_table_form(const Function& function) {
    const auto values = positional(function);
    if (function.parts > 1 || values.empty() || !has_named(function)) return false;
    return values[0]->variadic || !values[0]->takes_list();
  }
  static std::string options_class(const Function& function) {
    return class_prefix(function) + ".options";
  }
  static std::string table_class(const Function& function) {
    return class_prefix(function) + ".table";
  }

  void write_classes(const Function& function) {
    const std::string prefix = class_prefix(function);
    write_lists(function.params, prefix);
    if (has_named(function)) {
      line("\n---@class " + options_class(function));
      for (const Param& param : function.params) {
        if (param.named) field(param, prefix, param.optional);
      }
      line("---@field [string] " + kNoOption);
    }
    if (!has_table_form(function)) return;
    line("\n---@class " + table_class(function));
    int place = 0;
    for (const Param& param : function.params) {
      if (param.named) {
        field(param, prefix, param.optional);
      } else if (param.variadic) {
        line("---@field [integer] " + union_of(param.item_types()));
      } else {
        // By place or by name, so neither is needed.
        const std::string type = type_of(param, prefix);
        line("---@field [" + std::to_string(++place) + "]? " + type);
        field(param, prefix, true);
      }
    }
    line("---@field [string] " + kNoOption);
  }

  struct Argument {
    std::string name;
    std::string type;
    std::string text;
  };

  // Arguments of the positional form, without the first `skip`.
  static std::vector<Argument> arguments(const Function& function, std::size_t skip) {
    std::vector<Argument> out;
    const std::string prefix = class_prefix(function);
    const auto values = positional(function);
    for (std::size_t i = skip; i < values.size(); ++i) {
      const Param& param = *values[i];
      std::string type = type_of(param, prefix);
      if (param.variadic && has_named(function)) type += "|" + table_class(function);
      const bool optional = param.optional && !param.variadic;
      out.push_back(
          {param.variadic ? "..." : param.name + (optional ? "?" : ""), type, text_of(param)});
    }
    if (has_named(function) && (out.empty() || out.back().name != "...")) {
      out.push_back({needs_named(function) ? "options" : "options?", options_class(function),
                     "Options by name."});
    }
    return out;
  }

  static std::string signature(const std::vector<Argument>& list, const std::string& result) {
    std::string out;
    for (const Argument& item : list) {
      out += (out.empty() ? "" : ", ") + item.name + ": " + item.type;
    }
    return "fun(" + out + ")" + (result.empty() ? "" : ": " + result);
  }

  static std::string returned(const Function& function) {
    return function.returns == "nothing" ? "" : result_type(function);
  }

  // What a call of the first `given` pieces returns: the result, or a function of the next piece.
  static std::string after(const Function& function, int given) {
    if (given == function.parts) return returned(function);
    std::vector<Argument> next = arguments(function, static_cast<std::size_t>(given));
    if (given + 1 < function.parts) next.resize(1);
    return signature(next, after(function, given + 1));
  }

  // The forms of a call as types of functions. `self` is the class of a method, "" of none.
  static std::vector<std::string> forms(const Function& function, const std::string& self) {
    std::vector<Argument> start;
    if (!self.empty()) start.push_back({"self", self, ""});
    std::vector<std::string> out;
    const auto add = [&](const std::vector<Argument>& more, const std::string& result) {
      std::vector<Argument> all = start;
      all.insert(all.end(), more.begin(), more.end());
      out.push_back(signature(all, result));
    };
    add(arguments(function, 0), returned(function));
    if (has_table_form(function) && arguments(function, 0).back().name != "...") {
      add({{"all", table_class(function), ""}}, returned(function));
    }
    return out;
  }

  void write_function(const Function& function, const std::string& name, const std::string& self) {
    line("\n---" + function.text);
    line("---```lua");
    std::string example = function.example;
    for (std::size_t at = 0; at <= example.size();) {
      const std::size_t end = std::min(example.find('\n', at), example.size());
      line("---" + example.substr(at, end - at));
      at = end + 1;
    }
    line("---```");
    std::vector<Argument> given = arguments(function, 0);
    std::vector<std::string> more = forms(function, self);
    if (function.parts > 1) {
      given.resize(1);
    } else {
      more.erase(more.begin());
    }
    std::string list;
    for (const Argument& item : given) {
      line("---@param " + item.name + " " + item.type + " # " + item.text);
      const std::size_t mark = item.name.find('?');
      list += (list.empty() ? "" : ", ") + item.name.substr(0, mark);
    }
    const std::string result = after(function, 1);
    if (!result.empty()) {
      line("---@return " + result + (function.result.empty() ? "" : " # " + function.result));
    }
    for (const std::string& form : more) line("---@overload " + form);
    line("function " + name + "(" + list + ") end");
  }

  const Registry& registry_;
  std::map<std::string, std::vector<const Function*>> methods_;
  std::map<std::string, const Function*> globals_;
  std::string out_;
};

}  // namespace

std::string editor_stubs(const Registry& registry) { return Writer(registry).write(); }

std::string editor_settings(const std::string& folder) {
  nlohmann::ordered_json absent;
  for (const char* library : {"bit", "bit32", "debug", "ffi", "io", "jit", "os", "package"}) {
    absent[library] = "disable";
  }
  const nlohmann::ordered_json settings = {
      {"runtime.version", "Lua 5.4"},
      {"runtime.builtin", std::move(absent)},
      {"workspace.library", {folder}},
      {"workspace.checkThirdParty", false},
      // say "..." may stand on a line above its { of = gap }, and a
      // cell may be `missing` first and a number later.
      {"diagnostics.disable", {"newfield-call", "cast-local-type"}},
      {"type.checkTableShape", true},
      // Loops over lists of pairs give unions of their parts.
      {"type.weakUnionCheck", true}};
  return pretty_json(settings) + "\n";
}

}  // namespace impact::bindings
