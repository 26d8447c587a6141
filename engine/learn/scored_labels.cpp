#include "engine/learn/scored_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/learn/left_out.h"
#include "engine/stats/lengths.h"

namespace impact::detail {

UsedRows used_rows(const ScoredLabels& data) {
  const std::size_t rows = data.score.size();
  if (rows >= std::numeric_limits<std::uint32_t>::max()) {
    throw ResourceError({.what = "too many rows to rank", .got = std::to_string(rows)});
  }
  if (data.label.size() != rows) {
    throw ArgumentError({.what = "scores and labels differ in length",
                         .where = "label",
                         .got = std::to_string(data.label.size()),
                         .expected = std::to_string(rows)});
  }
  require_optional_length("weights", data.weights.size(), rows);
  require_weights(data.weights);
  UsedRows used;
  for (std::size_t i = 0; i < rows; ++i) {
    if (data.label[i] > 1) {
      throw ArgumentError({.what = "a label is 1 (positive), 0 (negative) or missing (below 0)",
                           .where = fmt::format("row {}", i + 1),
                           .got = std::to_string(data.label[i])});
    }
    const double weight = data.weights.empty() ? 1.0 : data.weights[i];
    if (data.label[i] < 0 || std::isnan(weight)) {
      ++used.missing;
    } else if (std::isnan(data.score[i])) {
      ++used.unpredicted;
    } else if (weight > 0.0) {
      used.rows.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return used;
}

RankedScores rank_scores(const ScoredLabels& data) {
  UsedRows used = used_rows(data);
  RankedScores ranked;
  ranked.missing = used.missing;
  ranked.unpredicted = used.unpredicted;
  // Scores are sorted with their rows: looking them up in each comparison costs several times more.
  struct Scored {
    double score;
    std::uint32_t row;
  };
  std::vector<Scored> sorted;
  sorted.reserve(used.rows.size());
  for (const auto row : used.rows) {
    sorted.push_back({data.score[row] + 0.0, row});  // -0.0 becomes 0.0
  }
  std::sort(sorted.begin(), sorted.end(), [](const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
  ranked.rows = std::move(used.rows);
  const bool weighted = !data.weights.empty();
  // Sums do not depend on the order of rows, nor on how ties were sorted.
  ExactSum positives_to;
  ExactSum negatives_to;
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    ScoreGroup group;
    group.score = sorted[begin].score;
    for (; end < sorted.size() && sorted[end].score == group.score; ++end) {
      const auto row = sorted[end].row;
      ranked.rows[end] = row;
      ++(data.label[row] == 1 ? group.positive_rows : group.negative_rows);
    }
    ranked.positive_rows += group.positive_rows;
    ranked.negative_rows += group.negative_rows;
    if (weighted) {
      ExactSum sum[2];
      ExactSum squares[2];
      for (std::size_t i = begin; i < end; ++i) {
        const double weight = data.weights[sorted[i].row];
        const int label = data.label[sorted[i].row];
        sum[label].add(weight);
        squares[label].add(weight * weight);
      }
      positives_to.merge(sum[1]);
      negatives_to.merge(sum[0]);
      group.positives = sum[1].round();
      group.negatives = sum[0].round();
      group.positives_to = positives_to.round();
      group.negatives_to = negatives_to.round();
      group.positive_squares = squares[1].round();
      group.negative_squares = squares[0].round();
    } else {
      group.positives = group.positive_squares = static_cast<double>(group.positive_rows);
      group.negatives = group.negative_squares = static_cast<double>(group.negative_rows);
      group.positives_to = static_cast<double>(ranked.positive_rows);
      group.negatives_to = static_cast<double>(ranked.negative_rows);
    }
    ranked.groups.push_back(group);
  }
  if (!ranked.groups.empty()) {
    ranked.positives = ranked.groups.back().positives_to;
    ranked.negatives = ranked.groups.back().negatives_to;
  }
  return ranked;
}

void warn_scores(std::vector<std::string>& warnings, const RankedScores& ranked) {
  warn_unjudged(warnings, ranked.missing, ranked.unpredicted);
  if (ranked.n() == 0) {
    warnings.emplace_back("there is no row");
  } else if (!ranked.both_classes()) {
    warnings.push_back(fmt::format("all rows are {}: nothing tells the classes apart",
                                   ranked.positive_rows > 0 ? "positive" : "negative"));
  } else if (ranked.groups.size() == 1) {
    warnings.emplace_back("all rows have the same score");
  }
}

}  // namespace impact::detail
