#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/descriptor.h"

namespace impact::bindings {

/// One reference page and what stands on it.
struct Topic {
  std::string id;       ///< Name of the page's file without ".md".
  std::string section;  ///< Heading of the index below which it is listed.
  std::string title;
  std::string text;                         ///< What the page is about, one or two sentences.
  std::vector<std::string> types = {};      ///< Their methods stand here unless a topic names them.
  std::vector<std::string> functions = {};  ///< By name; "plot.*" takes every name that begins so.
};

/// A word for types that are no handles, as descriptors use it.
struct TypeWord {
  std::string name;
  std::string text;
};

/// any, boolean, integer, number, text, list, function, nothing.
[[nodiscard]] const std::vector<TypeWord>& type_words_of_lua();

/// The page of words that are no handles, as "text" and "list".
inline constexpr const char* kWordsTopic = "types";
/// The page of libraries and of what Lua itself has.
inline constexpr const char* kLuaTopic = "lua";

/// Every page in the order of the index. This list is the rule that groups functions.
[[nodiscard]] const std::vector<Topic>& reference_topics();

/// Where a function stands: the topic that lists its name, else the one with its prefix, else the
/// page of Lua for what Lua has, else the topic with its type. nullptr when there is none.
[[nodiscard]] const Topic* topic_of(const Function& function);
/// Where a value stands: the topic of its type, else the page of libraries.
[[nodiscard]] const Topic* topic_of(const NamedValue& value);
/// nullptr when no topic has the type.
[[nodiscard]] const Topic* topic_of_type(std::string_view type);

}  // namespace impact::bindings
