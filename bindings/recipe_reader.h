#pragma once

#include <string>
#include <vector>
#include <nlohmann/json.hpp>

#include "bindings/declarations.h"

namespace impact::bindings {

/// Makes a Recipe of a call's arguments: columns become roles, declared nodes its nodes, a Contrast
/// a role with option "between", a formula the roles "of", "terms" and "effects", everything else
/// an option. "model" takes over the columns of the analysis that fitted it, where none are given.
class RecipeReader {
 public:
  RecipeReader(lua_State* L, std::string method) : L_(L) { recipe_.method = std::move(method); }

  /// The argument at `index`, of parameter `name`. `kind` is what its columns must hold: "number",
  /// "group" or "" for anything; "names": columns are options, by name. Throws ArgumentError.
  void read(int index, const std::string& name, const std::string& kind);
  void set_option(const std::string& name, nlohmann::json value) {
    recipe_.options[name] = std::move(value);
  }

  [[nodiscard]] Recipe take();

 private:
  void add(const std::string& role, std::vector<StudyColumn> columns, const std::string& kind,
           const std::string& place);
  void add_formula(const FormulaHandle& handle, const std::string& place);
  void add_terms(const std::string& role, const std::vector<Formula::Term>& terms,
                 const StudyColumn& owner, const std::string& place);
  void add_node(int index);
  void add_sets(int index, const std::string& name, const std::string& place);
  void take_over(const Recipe& source);
  void take_inputs();

  lua_State* L_;
  Recipe recipe_;
  std::shared_ptr<const Recipe> source_ = nullptr;  ///< What fitted the model.
};

/// "welch of views by verified": a recipe in short.
[[nodiscard]] std::string describe_recipe(const Recipe& recipe);

}  // namespace impact::bindings
