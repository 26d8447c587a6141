#include "engine/study/sentence.h"

#include <cmath>
#include <string_view>
#include <vector>

#include "engine/analysis/words.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr double kAlpha = 0.05;

const std::vector<std::string>& fields() {
  static const std::vector<std::string> all = {"estimate", "size", "std_error", "statistic",
                                               "df",       "p",    "low",       "high",
                                               "interval", "n",    "term"};
  return all;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t end = text.find(at); end != std::string_view::npos; end = text.find(at)) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

std::string field_text(const std::string& name, bool share, const Estimate& row) {
  const auto number = [share](double value) {
    return share ? readable_share(value) : readable_number(value);
  };
  if (name == "estimate") return number(row.estimate);
  if (name == "size") return number(std::abs(row.estimate));
  if (name == "std_error") return number(row.std_error);
  if (name == "statistic") return readable_number(row.statistic);
  if (name == "df") return readable_number(row.df);
  if (name == "p") return readable_p(row.p_value);
  if (name == "low") return number(row.conf_low);
  if (name == "high") return number(row.conf_high);
  if (name == "interval") {
    if (std::isnan(row.conf_low)) return "no interval";
    return number(row.conf_low) + " to " + number(row.conf_high);
  }
  if (name == "n") return readable_number(static_cast<double>(row.n));
  return row.term;
}

// What stands in one pair of braces.
std::string filled(const std::string& inside, const Estimate& row) {
  const auto choices = split(inside, '|');
  if (choices.size() > 1) {
    if (choices.size() != 3) {
      throw ArgumentError({.what = "a choice of words needs three",
                           .got = "{" + inside + "}",
                           .expected = "{more|fewer|about as many}: above, below, undecided"});
    }
    return choices[static_cast<std::size_t>(direction_of(row))];
  }
  const auto parts = split(inside, ':');
  bool known = parts.size() == 1 || (parts.size() == 2 && parts[1] == "share");
  bool named = false;
  for (const std::string& name : fields()) named = named || name == parts[0];
  known = known && named;
  if (!known) {
    throw ArgumentError({.what = "a sentence has no number of this name",
                         .got = "{" + inside + "}",
                         .expected = list_words(fields()) + ", or {more|fewer|about as many}",
                         .hint = did_you_mean(parts[0], fields())});
  }
  return field_text(parts[0], parts.size() == 2, row);
}

}  // namespace

Direction direction_of(const Estimate& row) {
  const bool interval = !std::isnan(row.conf_low) && !std::isnan(row.conf_high);
  if (std::isnan(row.estimate)) return Direction::kUndecided;
  if (interval ? row.conf_low > row.null_value
               : row.estimate > row.null_value && row.p_value < kAlpha) {
    return Direction::kAbove;
  }
  if (interval ? row.conf_high < row.null_value
               : row.estimate < row.null_value && row.p_value < kAlpha) {
    return Direction::kBelow;
  }
  return Direction::kUndecided;
}

std::string write_sentence(const std::string& text, const Estimate& row) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool twice = at + 1 < text.size() && text[at + 1] == c;
    if ((c == '{' || c == '}') && twice) {
      out += c;
      ++at;
    } else if (c == '{') {
      const std::size_t end = text.find('}', at);
      if (end == std::string::npos) {
        throw ArgumentError({.what = "a brace of the sentence is not closed",
                             .got = text.substr(at),
                             .hint = "write {{ for a brace itself"});
      }
      out += filled(text.substr(at + 1, end - at - 1), row);
      at = end;
    } else if (c == '}') {
      throw ArgumentError({.what = "a brace of the sentence is not opened",
                           .got = text.substr(0, at + 1),
                           .hint = "write }} for a brace itself"});
    } else {
      out += c;
    }
  }
  return out;
}

void check_sentence(const std::string& text) { (void)write_sentence(text, Estimate{}); }

std::string plain_sentence(const std::string& about, const Estimate& row) {
  std::string out =
      about + (row.term.empty() ? "" : ", " + row.term) + ": " + readable_number(row.estimate);
  std::string more;
  if (!std::isnan(row.conf_low)) {
    more = readable_number(row.conf_low) + " to " + readable_number(row.conf_high);
  }
  if (!std::isnan(row.p_value)) more += (more.empty() ? "" : "; ") + readable_p(row.p_value);
  return out + (more.empty() ? "" : " (" + more + ")") + ".";
}

}  // namespace impact
