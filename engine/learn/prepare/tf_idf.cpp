#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "engine/core/parallel.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/step_tools.h"
#include "engine/learn/prepare/words.h"

/// `tf_idf` puts a column a word in the place of columns of texts, by the formulas of
/// scikit-learn's TfidfVectorizer: tf idf, tf how often the word is in the text,
///     idf = log((1 + n) / (1 + df)) + 1, without `smooth` log(n / df) + 1,
/// n the training texts and df those with the word; then rows are brought to length 1. Columns
/// stand in byte order of the words, "word: good", of several columns of texts "<column> word:
/// good".
///
/// of: columns; ngrams: {1, 1}, least and greatest number of words in a row that count as one,
/// joined by blanks; min_df: fewest texts a word is in, below 1 a share, 1; max_df: most, up to 1 a
/// share, 1; max_features: the words that occur most (ties in byte order), 1000, with a warning
/// where that leaves some out and nobody asked for a limit; stop_words: words that do not count;
/// min_length: characters of a word (words.h), 2; sublinear: 1 + log tf for tf; binary: 1 for tf;
/// idf: false counts only; smooth: true; norm: "l2", "l1" or "none". A missing text has no words.
/// Weights play no part, except that rows of weight 0 are no texts. Words that training texts don't
/// have do not count.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostWords = 100'000;
constexpr std::size_t kTextsInChunk = 256;

struct Counting {
  std::size_t least_words = 1;
  std::size_t most_words = 1;
  std::size_t min_length = 2;
  std::set<std::string, std::less<>> stop_words = {};
  bool sublinear = false;
  bool binary = false;
  std::size_t norm = 0;  // l2, l1, none.
};

struct Vocabulary {
  std::string column = {};
  std::string prefix = {};
  std::vector<std::string> words = {};  // In byte order.
  std::vector<double> idf = {};
};

// How often each word, or run of words, is in a text.
std::map<std::string, double> counts_of(std::string_view text, const Counting& counting) {
  std::vector<std::string> words = words_of(text, counting.min_length);
  std::erase_if(words, [&](const std::string& w) { return counting.stop_words.contains(w); });
  std::map<std::string, double> out;
  for (std::size_t begin = 0; begin < words.size(); ++begin) {
    std::string run;
    for (std::size_t size = 1; size <= counting.most_words && begin + size <= words.size();
         ++size) {
      if (size > 1) run += ' ';
      run += words[begin + size - 1];
      if (size >= counting.least_words) out[run] += 1.0;
    }
  }
  return out;
}

class TfIdf final : public PreparedStep {
 public:
  Counting counting = {};
  std::vector<Vocabulary> vocabularies = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "tf_idf");
    for (const Vocabulary& vocabulary : vocabularies) {
      const Feature& column = table.column(vocabulary.column, ColumnType::kText);
      table.replace(vocabulary.column, columns_of(column, vocabulary, context));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step tf_idf", .version = kVersion};
    file.header["least_words"] = counting.least_words;
    file.header["most_words"] = counting.most_words;
    file.header["min_length"] = counting.min_length;
    file.header["stop_words"] =
        std::vector<std::string>(counting.stop_words.begin(), counting.stop_words.end());
    file.header["sublinear"] = counting.sublinear;
    file.header["binary"] = counting.binary;
    file.header["norm"] = counting.norm;
    std::vector<std::string> columns, prefixes;
    std::vector<std::vector<std::string>> words;
    std::vector<double> idf;
    for (const Vocabulary& each : vocabularies) {
      columns.push_back(each.column);
      prefixes.push_back(each.prefix);
      words.push_back(each.words);
      idf.insert(idf.end(), each.idf.begin(), each.idf.end());
    }
    file.header["columns"] = columns;
    file.header["prefixes"] = prefixes;
    file.header["words"] = words;
    file.blocks["idf"] = std::move(idf);
    return file;
  }

 private:
  // Words and values of one text: places increase, so sums run in one order.
  [[nodiscard]] std::vector<std::pair<std::size_t, double>> row_of(
      const std::string& text, const Vocabulary& vocabulary) const {
    std::vector<std::pair<std::size_t, double>> row;
    for (const auto& [word, count] : counts_of(text, counting)) {
      const auto at = std::lower_bound(vocabulary.words.begin(), vocabulary.words.end(), word);
      if (at == vocabulary.words.end() || *at != word) continue;
      const auto place = static_cast<std::size_t>(at - vocabulary.words.begin());
      double tf = counting.binary ? 1.0 : count;
      if (counting.sublinear) tf = 1.0 + std::log(tf);
      row.emplace_back(place, tf * vocabulary.idf[place]);
    }
    double length = 0.0;
    for (const auto& [place, value] : row) length += counting.norm == 0 ? value * value : value;
    if (counting.norm == 0) length = std::sqrt(length);
    if (counting.norm == 2 || !(length > 0.0)) return row;
    for (auto& [place, value] : row) value /= length;
    return row;
  }

  [[nodiscard]] std::vector<Feature> columns_of(const Feature& column, const Vocabulary& vocabulary,
                                                const Context& context) const {
    // A text is cut once, however many rows have it.
    std::vector<std::vector<std::pair<std::size_t, double>>> of_level(column.levels.size());
    std::vector<std::uint8_t> used(column.levels.size(), 0);
    for (const std::int32_t code : column.codes) {
      if (code >= 0) used[static_cast<std::size_t>(code)] = 1;
    }
    for_chunks(context, of_level.size(), kTextsInChunk, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        if (used[k] != 0) of_level[k] = row_of(column.levels[k], vocabulary);
      }
    });
    std::vector<Feature> out;
    for (const std::string& word : vocabulary.words) {
      out.push_back(
          number_feature(vocabulary.prefix + word, std::vector<double>(column.codes.size(), 0.0)));
    }
    for (std::size_t i = 0; i < column.codes.size(); ++i) {
      if (column.codes[i] < 0) continue;
      for (const auto& [place, value] : of_level[static_cast<std::size_t>(column.codes[i])]) {
        out[place].numbers[i] = value;
      }
    }
    return out;
  }
};

struct Limits {
  double min_df = 1.0;
  double max_df = 1.0;
  std::size_t max_features = 1000;
  bool wanted = false;  // A limit that was asked for is no surprise.
  bool idf = true;
  bool smooth = true;
};

// What a word is to all texts.
struct Occurrence {
  double texts = 0.0;
  double times = 0.0;
};

Vocabulary learned(const Feature& column, const StepInput& input, const Counting& counting,
                   const Limits& limits, std::vector<std::string>& warnings) {
  std::vector<double> rows(column.levels.size(), 0.0);
  double n = 0.0;
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    if (!input.weights.empty() && !(input.weights[i] > 0.0)) continue;
    n += 1.0;
    if (column.codes[i] >= 0) rows[static_cast<std::size_t>(column.codes[i])] += 1.0;
  }
  std::map<std::string, Occurrence> found;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (rows[k] == 0.0) continue;
    for (const auto& [word, count] : counts_of(column.levels[k], counting)) {
      found[word].texts += rows[k];
      found[word].times += rows[k] * (counting.binary ? 1.0 : count);
    }
  }
  const double least = limits.min_df < 1.0 ? limits.min_df * n : limits.min_df;
  const double most = limits.max_df <= 1.0 ? limits.max_df * n : limits.max_df;
  std::erase_if(found, [&](const auto& each) {
    return each.second.texts < least || each.second.texts > most;
  });
  std::vector<std::pair<double, std::string>> kept;
  for (const auto& [word, occurrence] : found) kept.emplace_back(-occurrence.times, word);
  std::sort(kept.begin(), kept.end());
  if (kept.size() > limits.max_features) {
    if (!limits.wanted) {
      warnings.push_back("'" + column.name + "' has " + std::to_string(kept.size()) +
                         " words: the " + std::to_string(limits.max_features) +
                         " that occur most are kept (max_features)");
    }
    kept.resize(limits.max_features);
  }
  if (kept.empty()) warnings.push_back("'" + column.name + "' has no word that counts");
  Vocabulary out{.column = column.name};
  for (auto& [times, word] : kept) out.words.push_back(std::move(word));
  std::sort(out.words.begin(), out.words.end());
  for (const std::string& word : out.words) {
    const double texts = found[word].texts;
    out.idf.push_back(!limits.idf     ? 1.0
                      : limits.smooth ? std::log((1.0 + n) / (1.0 + texts)) + 1.0
                                      : std::log(n / texts) + 1.0);
  }
  return out;
}

StepResult prepare(const nlohmann::json& json, const StepInput& input, const Context& context) {
  OptionReader options("tf_idf", json);
  const auto chosen = chosen_columns(options, input.features, ColumnType::kText);
  auto step = std::make_shared<TfIdf>();
  Counting& counting = step->counting;
  const auto ngrams = options.numbers("ngrams");
  if (!ngrams.empty()) {
    const bool good = ngrams.size() == 2 && ngrams[0] >= 1.0 && ngrams[0] <= ngrams[1] &&
                      ngrams[1] <= 100.0 && std::trunc(ngrams[0]) == ngrams[0] &&
                      std::trunc(ngrams[1]) == ngrams[1];
    if (!good)
      options.fail("ngrams", "is no range of lengths", "two whole numbers, such as {1, 2}");
    counting.least_words = static_cast<std::size_t>(ngrams[0]);
    counting.most_words = static_cast<std::size_t>(ngrams[1]);
  }
  for (const std::string& given : options.texts("stop_words")) {
    for (std::string& word : words_of(given, 1)) counting.stop_words.insert(std::move(word));
  }
  counting.min_length = static_cast<std::size_t>(options.integer("min_length", 2, 1, 1000));
  counting.sublinear = options.flag("sublinear", false);
  counting.binary = options.flag("binary", false);
  counting.norm = options.place("norm", "l2", {"l2", "l1", "none"});
  const Limits limits{.min_df = options.number("min_df", 1.0, 0.0),
                      .max_df = options.number("max_df", 1.0, 0.0),
                      .max_features = static_cast<std::size_t>(
                          options.integer("max_features", 1000, 1, kMostWords)),
                      .wanted = options.given("max_features"),
                      .idf = options.flag("idf", true),
                      .smooth = options.flag("smooth", true)};
  options.done();
  StepResult result{.step = step};
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("tf_idf", ColumnType::kText));
  for (const std::size_t j : chosen) {
    context.check();
    Vocabulary vocabulary = learned(input.features[j], input, counting, limits, result.warnings);
    if (chosen.size() > 1) vocabulary.prefix = vocabulary.column + " ";
    vocabulary.prefix += "word: ";
    step->vocabularies.push_back(std::move(vocabulary));
  }
  return result;
}

std::shared_ptr<const PreparedStep> read(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<TfIdf>();
  const auto whole = [&](const char* name, std::int64_t least, std::int64_t most) {
    return static_cast<std::size_t>(header.integer(name, least, most));
  };
  step->counting.least_words = whole("least_words", 1, 100);
  step->counting.most_words = whole("most_words", 1, 100);
  step->counting.min_length = whole("min_length", 1, 1000);
  for (std::string& word : header.texts("stop_words")) {
    step->counting.stop_words.insert(std::move(word));
  }
  step->counting.sublinear = header.flag("sublinear");
  step->counting.binary = header.flag("binary");
  step->counting.norm = whole("norm", 0, 2);
  const auto columns = header.texts("columns");
  const auto prefixes = header.texts("prefixes");
  const auto words = header.text_lists("words");
  if (prefixes.size() != columns.size() || words.size() != columns.size()) {
    header.refuse("a column lacks its words");
  }
  const auto& idf = model_block<double>(file, "idf");
  std::size_t at = 0;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (words[k].size() > idf.size() - at) header.refuse("a word lacks its idf");
    if (std::adjacent_find(words[k].begin(), words[k].end(), std::greater_equal<>()) !=
        words[k].end()) {
      header.refuse("words do not increase");
    }
    const auto begin = idf.begin() + static_cast<std::ptrdiff_t>(at);
    step->vocabularies.push_back(
        {.column = columns[k],
         .prefix = prefixes[k],
         .words = words[k],
         .idf = {begin, begin + static_cast<std::ptrdiff_t>(words[k].size())}});
    at += words[k].size();
  }
  if (at != idf.size()) header.refuse("idf are left over");
  return step;
}

}  // namespace

std::span<const StepKind> tf_idf_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "tf_idf",
        .words = "counts words of texts, weighted by how rare they are",
        .prepare = prepare,
        .read = read}}};
  return kKinds;
}

}  // namespace impact::detail
