#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include "engine/core/parallel.h"
#include "engine/learn/prepare/impute_fill.h"
#include "engine/learn/prepare/step_tools.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::int64_t kMostRounds = 10000;
// Eigenvalues below this part of the largest are rounding.
constexpr double kRank = 1e-13;

// A column as a line of all columns: line[j] of column j itself is 0, the last is the intercept.
using Line = std::vector<double>;

class ChainedFill final : public NumberFill {
 public:
  std::vector<double> mean = {};
  std::vector<double> sd = {};
  std::vector<std::int32_t> order = {};  // Columns, as one round visits them.
  std::size_t rounds = 0;
  std::vector<double> lines = {};  // (columns + 1) numbers each, as they are applied.

  void fill(NumberColumns& columns, const Context& context) const override {
    const std::size_t p = mean.size();
    if (columns.empty()) return;
    for_chunks(context, columns[0].size(), kChunkRows, [&](std::size_t begin, std::size_t end) {
      std::vector<double> row(p);
      for (std::size_t i = begin; i < end; ++i) {
        bool hole = false;
        for (std::size_t j = 0; j < p; ++j) {
          const bool missing = std::isnan(columns[j][i]);
          row[j] = missing ? 0.0 : (columns[j][i] - mean[j]) / sd[j];
          hole = hole || missing;
        }
        if (!hole) continue;
        const double* line = lines.data();
        for (std::size_t step = 0; step < rounds * p; ++step, line += p + 1) {
          const auto j = static_cast<std::size_t>(order[step % p]);
          if (!std::isnan(columns[j][i])) continue;
          double value = line[p];
          for (std::size_t other = 0; other < p; ++other) value += line[other] * row[other];
          row[j] = value;
        }
        for (std::size_t j = 0; j < p; ++j) {
          if (std::isnan(columns[j][i])) columns[j][i] = mean[j] + sd[j] * row[j];
        }
      }
    });
  }

  void save(ModelFile& file) const override {
    file.header["rounds"] = rounds;
    file.blocks["mean"] = mean;
    file.blocks["sd"] = sd;
    file.blocks["order"] = order;
    file.blocks["lines"] = lines;
  }
};

// Cross products of all columns about their means, over some rows.
struct Moments {
  VectorXd mean = {};
  MatrixXd cross = {};
};

Moments moments_of(const MatrixXd& x, const std::vector<Index>& rows, const Context& context) {
  Moments out;
  out.mean = reduce_chunks<VectorXd>(
                 context, rows.size(), kChunkRows,
                 [&](std::size_t begin, std::size_t end) {
                   VectorXd sum = VectorXd::Zero(x.cols());
                   for (Index j = 0; j < x.cols(); ++j) {
                     for (std::size_t i = begin; i < end; ++i) sum[j] += x(rows[i], j);
                   }
                   return sum;
                 },
                 [](VectorXd& a, const VectorXd& b) { a += b; }) /
             static_cast<double>(rows.size());
  out.cross = reduce_chunks<MatrixXd>(
      context, rows.size(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        MatrixXd part(static_cast<Index>(end - begin), x.cols());
        for (Index j = 0; j < x.cols(); ++j) {
          for (std::size_t i = begin; i < end; ++i) {
            part(static_cast<Index>(i - begin), j) = x(rows[i], j) - out.mean[j];
          }
        }
        return MatrixXd(part.transpose() * part);
      },
      [](MatrixXd& a, const MatrixXd& b) { a += b; });
  return out;
}

// b = (Z'Z + penalty)^-1 Z'y about the means, a = mean y - mean z'b.
Line regress(const Moments& m, Index target, double penalty) {
  std::vector<Index> others;
  for (Index j = 0; j < m.cross.cols(); ++j) {
    if (j != target) others.push_back(j);
  }
  MatrixXd zz = m.cross(others, others);
  const VectorXd zy = m.cross(others, target);
  VectorXd b;
  if (penalty > 0.0) {
    zz.diagonal().array() += penalty;
    b = zz.ldlt().solve(zy);
  } else {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(zz);
    VectorXd part = eigen.eigenvectors().transpose() * zy;
    const double least = kRank * std::fmax(eigen.eigenvalues().maxCoeff(), 0.0);
    for (Index k = 0; k < part.size(); ++k) {
      part[k] = eigen.eigenvalues()[k] > least ? part[k] / eigen.eigenvalues()[k] : 0.0;
    }
    b = eigen.eigenvectors() * part;
  }
  Line line(static_cast<std::size_t>(m.cross.cols()) + 1, 0.0);
  double intercept = m.mean[target];
  for (std::size_t k = 0; k < others.size(); ++k) {
    const double slope = b[static_cast<Index>(k)];
    line[static_cast<std::size_t>(others[k])] = slope;
    intercept -= m.mean[others[k]] * slope;
  }
  line.back() = intercept;
  return line;
}

}  // namespace

ChainedSpec chained_spec(OptionReader& options) {
  ChainedSpec spec;
  spec.rounds = static_cast<std::size_t>(
      options.integer("rounds", static_cast<std::int64_t>(spec.rounds), 1, kMostRounds));
  spec.tolerance = options.number("tolerance", spec.tolerance, 0.0);
  spec.penalty = options.number("penalty", spec.penalty, 0.0, std::numeric_limits<double>::max());
  return spec;
}

std::unique_ptr<const NumberFill> chained_fill(const NumberColumns& columns,
                                               const ChainedSpec& spec,
                                               std::vector<std::string>& warnings,
                                               const Context& context) {
  const auto p = static_cast<Index>(columns.size());
  const auto n = static_cast<Index>(columns.empty() ? 0 : columns[0].size());
  auto out = std::make_unique<ChainedFill>();
  MatrixXd x(n, p);
  std::vector<std::vector<Index>> known(columns.size()), missing(columns.size());
  double largest = 0.0;
  for (Index j = 0; j < p; ++j) {
    const auto& column = columns[static_cast<std::size_t>(j)];
    const Standard standard = standard_of(column);
    out->mean.push_back(standard.mean);
    out->sd.push_back(standard.sd);
    for (Index i = 0; i < n; ++i) {
      const double value = column[static_cast<std::size_t>(i)];
      const bool hole = std::isnan(value);
      x(i, j) = hole ? 0.0 : (value - standard.mean) / standard.sd;
      (hole ? missing : known)[static_cast<std::size_t>(j)].push_back(i);
      largest = std::fmax(largest, std::abs(x(i, j)));
    }
  }
  out->order.resize(columns.size());
  std::iota(out->order.begin(), out->order.end(), 0);
  std::stable_sort(out->order.begin(), out->order.end(), [&](std::int32_t a, std::int32_t b) {
    return missing[static_cast<std::size_t>(a)].size() <
           missing[static_cast<std::size_t>(b)].size();
  });
  bool converged = p < 2;
  while (!converged && out->rounds < spec.rounds) {
    VectorXd change = VectorXd::Zero(n);
    for (const std::int32_t column : out->order) {
      context.check();
      const auto j = static_cast<std::size_t>(column);
      const Line line = regress(moments_of(x, known[j], context), column, spec.penalty);
      out->lines.insert(out->lines.end(), line.begin(), line.end());
      for (const Index i : missing[j]) {
        double value = line.back();
        for (Index other = 0; other < p; ++other) {
          value += line[static_cast<std::size_t>(other)] * x(i, other);
        }
        change[i] += std::abs(value - x(i, column));
        x(i, column) = value;
      }
    }
    ++out->rounds;
    converged = change.maxCoeff() < spec.tolerance * largest || change.maxCoeff() == 0.0;
  }
  if (!converged) {
    warnings.push_back("iterative imputation has not settled after " + std::to_string(spec.rounds) +
                       " rounds: more 'rounds' may help");
  }
  return out;
}

std::unique_ptr<const NumberFill> read_chained_fill(const ModelFile& file, std::size_t columns) {
  const StepFile header(file, file.version);
  const auto p = static_cast<std::int64_t>(columns);
  auto out = std::make_unique<ChainedFill>();
  const std::int64_t rounds = header.integer("rounds", 0, kMostRounds);
  out->rounds = static_cast<std::size_t>(rounds);
  out->mean = model_block<double>(file, "mean", p);
  out->sd = model_block<double>(file, "sd", p);
  out->order = model_block<std::int32_t>(file, "order", p);
  out->lines = model_block<double>(file, "lines", rounds * p * (p + 1));
  for (const std::int32_t j : out->order) {
    if (j < 0 || j >= p) header.refuse("a column of the order is none");
  }
  return out;
}

}  // namespace impact::detail
