#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/descriptor.h"

namespace impact::bindings {

/// Where every name of the reference stands, and prose turned into Markdown that leads there.
class ReferenceLinks {
 public:
  /// Throws InternalError when a function or a type falls into no topic.
  explicit ReferenceLinks(const Registry& registry);

  /// "table.md#tablehead" for "Table:head", a type or a word for types; "" when unknown. Within the
  /// file `page`, "#tablehead".
  [[nodiscard]] std::string target(const std::string& name, const std::string& page) const;
  /// `name` in code form, a link where it is known.
  [[nodiscard]] std::string code(const std::string& name, const std::string& page) const;
  /// "Column|text" as links joined by "or".
  [[nodiscard]] std::string type(std::string_view type, const std::string& page) const;
  /// A descriptor's text as Markdown. Names of functions become links: `csv "x"`, S:source,
  /// column:between, :as, and stats.x. `about` is the function whose text it is; it is not linked.
  [[nodiscard]] std::string prose(std::string_view text, const std::string& page,
                                  const Function* about) const;
  /// The functions that a text names.
  [[nodiscard]] std::set<const Function*> mentioned(std::string_view text,
                                                    const Function* about) const;

 private:
  struct Part {
    std::string text;
    bool code;
    const Function* function;
  };
  [[nodiscard]] std::vector<Part> parts(std::string_view text, const Function* about) const;
  // The function that `word` means in a text about `about`; nullptr when none. `called` says that
  // an argument follows, so that a word of the language counts too.
  [[nodiscard]] const Function* resolve(std::string_view word, const Function* about,
                                        bool called) const;

  const Registry& registry_;
  std::map<std::string, std::string, std::less<>> targets_;  // Name to "page.md#heading".
};

/// The name a code host gives a heading: lower case, spaces as '-', other signs left out.
[[nodiscard]] std::string heading_slug(std::string_view heading);
/// `text` with the signs that Markdown would take for its own escaped.
[[nodiscard]] std::string escaped(std::string_view text);
/// Heading of a function: its name, of an operator its expression too.
[[nodiscard]] std::string function_heading(const Function& function);
/// Heading of a type on a page that is not its own.
[[nodiscard]] std::string type_heading(const std::string& type);
/// Every function of the registry: free ones, methods and operators, sorted by name.
[[nodiscard]] std::map<std::string, const Function*> all_functions(const Registry& registry);

}  // namespace impact::bindings
