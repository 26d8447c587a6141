#include <algorithm>
#include <cctype>
#include <map>

#include "bindings/descriptor.h"

// How a call of a function is written, from its parameters: Function::calls.
namespace impact::bindings {
namespace {

// "table" of "Table:head", "S" of "Study:source".
std::string receiver(const Function& function) {
  const std::string owner = function.name.substr(0, function.name.find(':'));
  if (owner == "Study") return "S";
  std::string out;
  for (const char c : owner) {
    if (!out.empty() && std::isupper(static_cast<unsigned char>(c)) != 0) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string operator_call(const Function& function) {
  static const std::map<std::string, std::string, std::less<>> signs = {
      {"__add", "+"},   {"__sub", "-"}, {"__mul", "*"},  {"__div", "/"},
      {"__idiv", "//"}, {"__mod", "%"}, {"__pow", "^"},  {"__lt", "<"},
      {"__le", "<="},   {"__bor", "|"}, {"__bxor", "~"}, {"__concat", ".."}};
  const std::string self = receiver(function);
  const auto sign = signs.find(function.short_name());
  if (sign != signs.end()) return "left " + sign->second + " right";
  if (function.short_name() == "__unm") return "-" + self;
  if (function.short_name() == "__index") return self + ".name";
  return "tostring(" + self + ")";
}

std::string field(const Param& param) {
  std::string type;
  for (const std::string& word : type_words(param.type)) type += (type.empty() ? "" : "|") + word;
  return param.name + " = " + type;
}

std::string positional_name(const Param& param) {
  return param.variadic ? param.name + ", ..." : param.name;
}

bool takes_text(const Param& param) {
  const auto words = type_words(param.type);
  return !param.variadic && std::find(words.begin(), words.end(), "text") != words.end();
}

bool takes_list_only(const Param& param) { return param.type == "list"; }

struct Pieces {
  std::vector<const Param*> positional;
  std::string named;  // "csv = text, key = text|Column"
};

Pieces pieces_of(const Function& function) {
  Pieces out;
  for (const Param& param : function.params) {
    if (param.named) {
      out.named += (out.named.empty() ? "" : ", ") + field(param);
    } else {
      out.positional.push_back(&param);
    }
  }
  return out;
}

std::string joined(const std::vector<const Param*>& params, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < params.size(); ++i) {
    out += (i == from ? "" : ", ") + positional_name(*params[i]);
  }
  return out;
}

// The last piece: what comes after the arguments that stand apart.
std::string rest(const Pieces& pieces, std::size_t from) {
  const std::size_t left = pieces.positional.size() - std::min(from, pieces.positional.size());
  if (pieces.named.empty() && left == 1 && takes_list_only(*pieces.positional[from])) {
    return " { " + pieces.positional[from]->name + " }";
  }
  if (left == 0 && !pieces.named.empty()) return " { " + pieces.named + " }";
  const std::string values = joined(pieces.positional, from);
  if (pieces.named.empty()) return " (" + values + ")";
  return " (" + values + ", { " + pieces.named + " })";
}

// One table that holds everything is read so unless the first parameter takes a table itself.
bool has_table_call(const Pieces& pieces) {
  if (pieces.positional.empty()) return !pieces.named.empty();
  const Param& first = *pieces.positional[0];
  if (first.variadic) return !pieces.named.empty();
  return !first.takes_list();
}

}  // namespace

std::vector<std::string> Function::calls() const {
  if (is_operator()) return {operator_call(*this)};
  const std::size_t colon = name.find(':');
  const std::string start =
      colon == std::string::npos ? name : receiver(*this) + ":" + name.substr(colon + 1);
  const Pieces pieces = pieces_of(*this);
  const auto& positional = pieces.positional;
  if (parts == 2) return {start + " \"" + positional[0]->name + "\"" + rest(pieces, 1)};
  if (parts == 3) {
    return {start + " \"" + positional[0]->name + "\" (" + positional[1]->name + ")" +
            rest(pieces, 2)};
  }
  std::vector<std::string> out;
  const std::string values = joined(positional, 0);
  if (pieces.named.empty() && positional.size() == 1) {
    const Param& only = *positional[0];
    if (takes_text(only)) out.push_back(start + " \"" + only.name + "\"");
    if (only.takes_list()) out.push_back(start + " { " + positional_name(only) + " }");
    if (!takes_list_only(only)) out.push_back(start + "(" + values + ")");
    return out;
  }
  if (positional.empty() && !pieces.named.empty()) return {start + " { " + pieces.named + " }"};
  out.push_back(start + "(" + values + (pieces.named.empty() ? "" : ", { " + pieces.named + " }") +
                ")");
  if (has_table_call(pieces) && !pieces.named.empty()) {
    out.push_back(start + " { " + values + ", " + pieces.named + " }");
  }
  return out;
}

}  // namespace impact::bindings
