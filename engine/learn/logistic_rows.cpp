#include "engine/learn/logistic_rows.h"

#include <algorithm>
#include <cmath>

#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Rows at a time: fifty columns of them fit the second-level cache, where they are read twice.
constexpr std::size_t kBlock = 256;
constexpr std::size_t kRun = 8;  // A cache line.
constexpr std::size_t kEvery = 128;
// Columns whose mean is this many sds from 0 are centred in a copy: subtracting the mean after the
// products would lose digits.
constexpr double kFarFromZero = 1e4;

using Columns = Eigen::Map<const MatrixXd, 0, Eigen::OuterStride<>>;

}  // namespace

LogisticRows::LogisticRows(const FeatureColumns& features, std::span<const std::uint32_t> used,
                           std::span<const std::int32_t> label, std::span<const double> weights,
                           const Context& context)
    : width_(features.columns) {
  const std::size_t n = used.size();
  y_.resize(n);
  if (!weights.empty()) w_.resize(n);
  bool in_place = n == label.size();
  for (std::size_t i = 0; i < n; ++i) {
    y_[i] = label[used[i]];
    if (!weights.empty()) w_[i] = weights[used[i]];
    in_place = in_place && used[i] == i;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double w = w_.empty() ? 1.0 : w_[i];
    total_ += w;
    positive_ += w * y_[i];
  }
  if (in_place) {
    x_ = features.x.data();
    stride_ = n;
  } else {
    gather(features, used, context);
  }
  standardise(context);
}

void LogisticRows::gather(const FeatureColumns& features, std::span<const std::uint32_t> used,
                          const Context& context) {
  const std::size_t n = used.size();
  own_x_.resize(n * width_);
  for_chunks(context, width_, 1, [&](std::size_t j, std::size_t) {
    const double* from = features.column(j).data();
    double* to = own_x_.data() + j * n;
    for (std::size_t i = 0; i < n; ++i) to[i] = from[used[i]];
  });
  x_ = own_x_.data();
  stride_ = n;
}

// Mean first, squares about it second; blocks in order, so that a column has its own bits.
void LogisticRows::standardise(const Context& context) {
  const std::size_t n = count();
  mean_.assign(width_, 0.0);
  sd_.assign(width_, 0.0);
  bool far = false;
  for_chunks(context, width_, 1, [&](std::size_t j, std::size_t) {
    const double* x = column(j);
    const auto blocks = [&](const auto& term) {
      double sum = 0.0;
      for (std::size_t at = 0; at < n; at += kBlock) {
        // Four lanes: sums do not wait for each other.
        double lane[4] = {};
        const std::size_t end = std::min(n, at + kBlock);
        std::size_t i = at;
        for (; i + 4 <= end; i += 4) {
          for (std::size_t k = 0; k < 4; ++k) lane[k] += term(x[i + k]);
        }
        for (; i < end; ++i) lane[0] += term(x[i]);
        sum += (lane[0] + lane[1]) + (lane[2] + lane[3]);
      }
      return sum;
    };
    const double first = x[0];
    // About the first number, so that a constant column has a spread of exactly 0.
    const double mean =
        first + blocks([first](double v) { return v - first; }) / static_cast<double>(n);
    const double squares = blocks([mean](double v) { return (v - mean) * (v - mean); });
    mean_[j] = mean;
    sd_[j] = std::all_of(x, x + n, [first](double v) { return v == first; })
                 ? 0.0
                 : std::sqrt(squares / static_cast<double>(n));
  });
  shift_ = mean_;
  for (std::size_t j = 0; j < width_; ++j) {
    if (!(sd_[j] > 0.0)) continue;
    columns_.push_back(j);
    far = far || std::abs(mean_[j]) > kFarFromZero * sd_[j];
  }
  if (!far) return;
  if (own_x_.empty()) {
    own_x_.assign(x_, x_ + n * width_);
    x_ = own_x_.data();
  }
  for_chunks(context, width_, 1, [&](std::size_t j, std::size_t) {
    double* x = own_x_.data() + j * n;
    for (std::size_t i = 0; i < n; ++i) x[i] -= mean_[j];
  });
  shift_.assign(width_, 0.0);
}

LogisticRows LogisticRows::thinned(const Context& context) const {
  LogisticRows out;
  const std::size_t groups = count() / kEvery;
  const std::size_t n = groups * kRun;
  const auto pick = [&](const double* from, double* to) {
    for (std::size_t g = 0; g < groups; ++g) {
      std::copy_n(from + g * kEvery, kRun, to + g * kRun);
    }
  };
  out.width_ = width_;
  out.stride_ = n;
  out.own_x_.resize(n * width_);
  out.y_.resize(n);
  pick(y_.data(), out.y_.data());
  if (!w_.empty()) {
    out.w_.resize(n);
    pick(w_.data(), out.w_.data());
  }
  for_chunks(context, width_, 1,
             [&](std::size_t j, std::size_t) { pick(column(j), out.own_x_.data() + j * n); });
  out.x_ = out.own_x_.data();
  out.mean_ = mean_;
  out.sd_ = sd_;
  out.shift_ = shift_;
  out.columns_ = columns_;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = out.w_.empty() ? 1.0 : out.w_[i];
    out.total_ += w;
    out.positive_ += w * out.y_[i];
  }
  return out;
}

MatrixXd LogisticRows::correlations(const Context& context) const {
  const auto k = static_cast<Index>(columns_.size());
  MatrixXd sum = reduce_chunks<MatrixXd>(
      context, count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        MatrixXd part = MatrixXd::Zero(k, k);
        MatrixXd z(static_cast<Index>(kBlock), k);
        for (std::size_t at = begin; at < end; at += kBlock) {
          const std::size_t rows = std::min(kBlock, end - at);
          for (Index j = 0; j < k; ++j) {
            const std::size_t from = columns_[static_cast<std::size_t>(j)];
            const double* x = column(from) + at;
            for (std::size_t i = 0; i < rows; ++i) {
              const double root = w_.empty() ? 1.0 : std::sqrt(w_[at + i]);
              z(static_cast<Index>(i), j) = root * ((x[i] - shift_[from]) / sd_[from]);
            }
          }
          part.selfadjointView<Eigen::Lower>().rankUpdate(
              z.topRows(static_cast<Index>(rows)).transpose());
        }
        return part;
      },
      [](MatrixXd& into, const MatrixXd& from) { into += from; });
  sum /= total_;
  return sum;
}

// With c_j = b_j / sd_j: eta = b_0 - sum c_j shift_j + sum c_j x_j, and the score of a standardised
// column is (sum r x - shift sum r) / sd: columns are read as they are.
LogisticPass LogisticRows::pass(const VectorXd& b, Want want, const Context& context) const {
  VectorXd c = VectorXd::Zero(static_cast<Index>(width_));
  double intercept = b[0];
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    const std::size_t j = columns_[k];
    const double per_unit = b[static_cast<Index>(k) + 1] / sd_[j];
    c[static_cast<Index>(j)] = per_unit;
    intercept -= per_unit * shift_[j];
  }
  const auto size = static_cast<Index>(columns_.size()) + 1;
  const bool information = want == Want::kInformation;
  // Of each chunk: sums of raw columns, the sum of residuals last.
  LogisticPass sums = reduce_chunks<LogisticPass>(
      context, count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        LogisticPass part;
        part.score = VectorXd::Zero(static_cast<Index>(width_) + 1);
        if (information) part.information = MatrixXd::Zero(size, size);
        MatrixXd z(information ? static_cast<Index>(kBlock) : 0, size);
        VectorXd eta(static_cast<Index>(kBlock));
        VectorXd residual(static_cast<Index>(kBlock));
        VectorXd root(static_cast<Index>(kBlock));
        for (std::size_t at = begin; at < end; at += kBlock) {
          const auto rows = static_cast<Index>(std::min(kBlock, end - at));
          const Columns x(x_ + at, rows, static_cast<Index>(width_),
                          Eigen::OuterStride<>(static_cast<Index>(stride_)));
          eta.head(rows).noalias() = x * c;
          for (Index i = 0; i < rows; ++i) {
            const std::size_t row = at + static_cast<std::size_t>(i);
            const double w = w_.empty() ? 1.0 : w_[row];
            const double h = eta[i] + intercept;
            const double e = std::exp(-std::abs(h));
            const double likely = 1.0 / (1.0 + e);
            const double rare = e / (1.0 + e);
            const bool positive = y_[row] == 1.0;
            const double p = h >= 0.0 ? likely : rare;
            residual[i] = w * (positive ? (h >= 0.0 ? rare : likely) : -p);
            if (want != Want::kScore) {
              part.log_likelihood += w * ((positive ? h : 0.0) - std::max(h, 0.0) - std::log1p(e));
            }
            if (information) root[i] = std::sqrt(w * likely * rare);
            part.least_certain = std::min(part.least_certain, std::abs(h));
            part.separated = part.separated && positive == (h > 0.0);
          }
          part.score.head(static_cast<Index>(width_)).noalias() +=
              x.transpose() * residual.head(rows);
          part.score[static_cast<Index>(width_)] += residual.head(rows).sum();
          if (!information) continue;
          z.col(0).head(rows) = root.head(rows);
          for (Index k = 1; k < size; ++k) {
            const std::size_t j = columns_[static_cast<std::size_t>(k) - 1];
            const double shift = shift_[j];
            const double sd = sd_[j];
            const double* from = column(j) + at;
            for (Index i = 0; i < rows; ++i) z(i, k) = root[i] * ((from[i] - shift) / sd);
          }
          part.information.selfadjointView<Eigen::Lower>().rankUpdate(z.topRows(rows).transpose());
        }
        return part;
      },
      [&](LogisticPass& a, const LogisticPass& from) {
        a.log_likelihood += from.log_likelihood;
        a.score += from.score;
        if (information) a.information += from.information;
        a.least_certain = std::min(a.least_certain, from.least_certain);
        a.separated = a.separated && from.separated;
      });
  const double residuals = sums.score[static_cast<Index>(width_)];
  VectorXd score(size);
  score[0] = residuals;
  for (Index k = 1; k < size; ++k) {
    const std::size_t j = columns_[static_cast<std::size_t>(k) - 1];
    score[k] = (sums.score[static_cast<Index>(j)] - shift_[j] * residuals) / sd_[j];
  }
  sums.score = std::move(score);
  return sums;
}

}  // namespace impact::detail
