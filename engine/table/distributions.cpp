#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "engine/core/error.h"
#include "engine/table/expr.h"

namespace impact {
namespace {

void check_count(const DistributionInfo& info, std::size_t count) {
  if (info.parameters.size() == count) return;
  throw ArgumentError(
      {.what = fmt::format("'{}' has a wrong number of parameters", info.name),
       .got = fmt::format("{}", count),
       .expected = fmt::format("{}: {}", info.parameters.size(), fmt::join(info.parameters, ", ")),
       .hint = info.text});
}

void check_labels(const std::vector<ExprPtr>& args) {
  if (args.empty() || args.size() % 2 != 0) {
    throw ArgumentError({.what = "'categorical' has labels and weights of different number",
                         .got = fmt::format("{} of both", args.size()),
                         .expected = "one weight for each label"});
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < args.size(); i += 2) {
    const auto* label = std::get_if<std::string>(&args[i]->literal);
    if (args[i]->kind != Expr::Kind::kLiteral || label == nullptr) {
      throw ArgumentError({.what = "a label of 'categorical' is not a text",
                           .where = fmt::format("label {}", i / 2 + 1),
                           .expected = "a text that is written out"});
    }
    if (!seen.insert(*label).second) {
      throw ArgumentError({.what = "a label of 'categorical' is repeated", .got = *label});
    }
  }
}

bool has_draw(const Expr& expr) {
  const auto any = [](const std::vector<ExprPtr>& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& e) { return has_draw(*e); });
  };
  return expr.kind == Expr::Kind::kDraw || any(expr.args) || any(expr.by) ||
         std::any_of(expr.order.begin(), expr.order.end(),
                     [](const SortKey& key) { return has_draw(*key.expr); });
}

}  // namespace

const std::vector<DistributionInfo>& distributions() {
  static const std::vector<DistributionInfo> all = {
      {"bernoulli", {"p"}, "True with probability p, else false."},
      {"beta", {"a", "b"}, "Beta with shapes a and b, both above 0; mean a / (a + b)."},
      {"binomial", {"n", "p"}, "Successes among n trials, each with probability p."},
      {"categorical", {}, "One of the labels, with probability proportional to its weight."},
      {"exponential", {"mean"}, "Exponential with that mean (not a rate)."},
      {"gamma", {"shape", "scale"}, "Gamma with mean shape * scale."},
      {"integer", {"low", "high"}, "A whole number from low to high, both included."},
      {"lognormal", {"mean_log", "sd_log"}, "exp of a normal with that mean and sd."},
      {"normal", {"mean", "sd"}, "Normal with that mean and standard deviation."},
      {"poisson", {"mean"}, "Poisson count with that mean."},
      {"uniform", {"low", "high"}, "Uniform from low to high."},
  };
  return all;
}

const DistributionInfo* find_distribution(std::string_view name) {
  const auto& all = distributions();
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const DistributionInfo& info) { return info.name == name; });
  return at != all.end() ? &*at : nullptr;
}

ExprPtr draw(std::string_view distribution, std::vector<ExprPtr> args, std::vector<ExprPtr> per) {
  const DistributionInfo* info = find_distribution(distribution);
  if (info == nullptr) {
    std::vector<std::string> good;
    for (const auto& entry : distributions()) good.push_back(entry.name);
    throw ArgumentError({.what = fmt::format("no distribution '{}'", distribution),
                         .got = std::string(distribution),
                         .expected = list_words(good),
                         .hint = did_you_mean(distribution, good)});
  }
  if (info->name == "categorical") {
    check_labels(args);
  } else {
    check_count(*info, args.size());
  }
  for (const auto& shared : per) {
    if (shared->kind != Expr::Kind::kColumn) {
      throw ArgumentError({.what = fmt::format("'per' of '{}' takes columns", distribution),
                           .got = "an expression",
                           .hint = "declare it as a variable of the model and name that"});
    }
  }
  auto expr = std::make_shared<Expr>();
  expr->kind = Expr::Kind::kDraw;
  expr->name = info->name;
  expr->args = std::move(args);
  expr->by = std::move(per);
  return expr;
}

void refuse_draws(const Expr& expr) {
  if (!has_draw(expr)) return;
  throw ArgumentError({.what = "a random draw is not a column of a table",
                       .hint = "random draws belong to a study's model; rows of a table are drawn "
                               "with sample"});
}

}  // namespace impact
