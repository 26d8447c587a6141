#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>

/// Numbers of the peers by name, as the scripts in tests/reference/stats/ write them.
namespace impact::peers {

using Codes = std::vector<std::int32_t>;
using Numbers = std::vector<double>;

/// TOPIC.txt (lines "case field value") and TOPIC_data.txt (lines "name value value ...").
class NamedReference {
 public:
  explicit NamedReference(const std::string& topic)
      : path_(IMPACT_SOURCE "/tests/reference/stats/" + topic) {
    std::ifstream file(path_ + ".txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string word;
      std::string name;
      std::string text;
      if (line[0] == '#' || !(fields >> word >> name >> text)) continue;
      numbers_[{word, name}] = text == "Inf"    ? INFINITY
                               : text == "-Inf" ? -INFINITY
                                                : std::stod(text);
    }
  }

  [[nodiscard]] double number(const std::string& test, const std::string& field) const {
    const auto at = numbers_.find({test, field});
    INFO(test << " " << field);
    REQUIRE(at != numbers_.end());
    return at->second;
  }

  [[nodiscard]] Numbers data(const std::string& name) const {
    std::ifstream file(path_ + "_data.txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string word;
      fields >> word;
      if (word != name) continue;
      Numbers values;
      for (std::string text; fields >> text;) values.push_back(std::stod(text));
      return values;
    }
    FAIL("no sample " << name);
    return {};
  }

  [[nodiscard]] Codes codes(const std::string& name) const {
    const Numbers values = data(name);
    return {values.begin(), values.end()};
  }

  /// Agrees to `tolerance` of the peer's number, or of `size` where that is larger: what is a
  /// difference of numbers of that size may lie near zero.
  void check(double ours, const std::string& test, const std::string& field,
             double tolerance = 1e-9, double size = 0.0) const {
    const double theirs = number(test, field);
    INFO(test << " " << field << ": ours " << ours << ", the peer's " << theirs);
    CHECK((ours == theirs ||
           std::abs(ours - theirs) <= tolerance * std::fmax(std::abs(theirs), size)));
  }

 private:
  std::string path_;
  std::map<std::pair<std::string, std::string>, double> numbers_;
};

/// Any of the warnings holds `text`.
template <class Result>
bool warned(const Result& result, const std::string& text) {
  for (const std::string& warning : result.warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace impact::peers
