#include "engine/learn/cross_products.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/parallel.h"
#include "engine/core/wide.h"
#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Columns are packed side by side in groups of kGroup, a row of a group next to the following one,
// so that a tile of products is made of neighbouring numbers whatever the registers' width.
constexpr std::size_t kGroup = 16;
// Columns on a tile's other side: kSide x kGroup sums are held in registers.
constexpr std::size_t kSide = 4;
constexpr std::size_t kPackedRows = 128;

template <std::size_t lanes>
struct Lanes {
  typedef double Numbers __attribute__((vector_size(8 * lanes)));
};

// Adds sum_r side[r][i] group[r][j] to tile (i, j), i < kSide, j < kGroup; rows of both are kGroup
// apart. Each sum takes its rows in order, so the width of the registers changes no bit.
template <std::size_t lanes>
inline void add_tile(const double* side, const double* group, std::size_t rows, double* tile) {
  using Numbers = typename Lanes<lanes>::Numbers;
  constexpr std::size_t kWide = lanes == 8 ? kGroup : 2 * lanes;  // columns of a pass
  constexpr std::size_t kParts = kWide / lanes;
  for (std::size_t from = 0; from < kGroup; from += kWide) {
    Numbers sum[kSide][kParts] = {};
    for (std::size_t r = 0; r < rows; ++r) {
      Numbers b[kParts];
      __builtin_memcpy(b, group + r * kGroup + from, sizeof(b));
      for (std::size_t i = 0; i < kSide; ++i) {
        const double a = side[r * kGroup + i];
        for (std::size_t k = 0; k < kParts; ++k) sum[i][k] += a * b[k];
      }
    }
    for (std::size_t i = 0; i < kSide; ++i) {
      double* to = tile + i * kGroup + from;
      for (std::size_t k = 0; k < kParts; ++k) {
        for (std::size_t l = 0; l < lanes; ++l) to[k * lanes + l] += sum[i][k][l];
      }
    }
  }
}

// All tiles of one block: `packed` holds groups of rows x kGroup numbers. Tiles stand group by
// group of columns j, in it side by side from the first, up to the group's own columns.
template <std::size_t lanes>
inline void add_block(const double* packed, std::size_t groups, std::size_t rows, double* tiles) {
  for (std::size_t j = 0; j < groups; ++j) {
    const double* group = packed + j * rows * kGroup;
    for (std::size_t i = 0; i < (j + 1) * kGroup; i += kSide) {
      const double* side = packed + (i / kGroup) * rows * kGroup + i % kGroup;
      add_tile<lanes>(side, group, rows, tiles);
      tiles += kSide * kGroup;
    }
  }
}

void add_narrow(const double* packed, std::size_t groups, std::size_t rows, double* tiles) {
  add_block<2>(packed, groups, rows, tiles);
}
#if IMPACT_WIDE
IMPACT_TARGET_256 void add_256(const double* packed, std::size_t groups, std::size_t rows,
                               double* tiles) {
  add_block<4>(packed, groups, rows, tiles);
}
IMPACT_TARGET_512 void add_512(const double* packed, std::size_t groups, std::size_t rows,
                               double* tiles) {
  add_block<8>(packed, groups, rows, tiles);
}
#endif

void add_products(const double* packed, std::size_t groups, std::size_t rows, double* tiles) {
#if IMPACT_WIDE
  switch (registers()) {
    case Registers::k512: return add_512(packed, groups, rows, tiles);
    case Registers::k256: return add_256(packed, groups, rows, tiles);
    case Registers::kNarrow: break;
  }
#endif
  add_narrow(packed, groups, rows, tiles);
}

// Rows of a part of the sum: at most some dozens of parts, as each holds a matrix.
std::size_t part_rows(std::size_t n) { return std::max(kChunkRows, n / 32 + 1); }

}  // namespace

MatrixXd cross_products(const MatrixXd& x, std::span<const Index> columns,
                        std::span<const double> v, const Context& context) {
  const auto n = static_cast<std::size_t>(x.rows());
  const std::size_t m = columns.size();
  const std::size_t groups = chunk_count(m, kGroup);
  const std::size_t size = groups * (groups + 1) / 2 * kGroup * kGroup;
  const std::vector<double> tiles = reduce_chunks<std::vector<double>>(
      context, n, part_rows(n),
      [&](std::size_t begin, std::size_t end) {
        std::vector<double> part(size, 0.0);
        std::vector<double> packed(groups * kGroup * kPackedRows);
        std::vector<double> root(kPackedRows, 1.0);
        for (std::size_t at = begin; at < end; at += kPackedRows) {
          context.check();
          const std::size_t rows = std::min(kPackedRows, end - at);
          std::fill(packed.begin(), packed.end(), 0.0);
          for (std::size_t r = 0; r < rows && !v.empty(); ++r) root[r] = std::sqrt(v[at + r]);
          for (std::size_t k = 0; k < m; ++k) {
            const double* from = x.col(columns[k]).data() + at;
            double* to = packed.data() + (k / kGroup) * rows * kGroup + k % kGroup;
            if (v.empty()) {
              for (std::size_t r = 0; r < rows; ++r) to[r * kGroup] = from[r];
            } else {
              for (std::size_t r = 0; r < rows; ++r) to[r * kGroup] = root[r] * from[r];
            }
          }
          add_products(packed.data(), groups, rows, part.data());
        }
        return part;
      },
      [](std::vector<double>& a, const std::vector<double>& b) {
        for (std::size_t k = 0; k < a.size(); ++k) a[k] += b[k];
      });
  MatrixXd result = MatrixXd::Zero(static_cast<Index>(m), static_cast<Index>(m));
  if (tiles.empty()) return result;
  const double* tile = tiles.data();
  for (std::size_t j = 0; j < groups; ++j) {
    for (std::size_t i = 0; i < (j + 1) * kGroup; i += kSide) {
      for (std::size_t a = 0; a < kSide; ++a) {
        for (std::size_t b = 0; b < kGroup; ++b) {
          const std::size_t row = i + a;
          const std::size_t column = j * kGroup + b;
          if (row > column || column >= m) continue;
          const auto r = static_cast<Index>(row);
          const auto c = static_cast<Index>(column);
          result(r, c) = result(c, r) = tile[a * kGroup + b];
        }
      }
      tile += kSide * kGroup;
    }
  }
  return result;
}

MatrixXd cross_products(const MatrixXd& x, std::span<const Index> left,
                        std::span<const Index> right, std::span<const double> v,
                        const Context& context) {
  MatrixXd result(static_cast<Index>(left.size()), static_cast<Index>(right.size()));
  const auto n = static_cast<std::size_t>(x.rows());
  run_tasks(context, left.size(), [&](std::size_t a) {
    VectorXd scaled = x.col(left[a]);
    for (std::size_t i = 0; i < v.size(); ++i) scaled[static_cast<Index>(i)] *= v[i];
    for (std::size_t b = 0; b < right.size(); ++b) {
      result(static_cast<Index>(a), static_cast<Index>(b)) =
          dot(scaled.data(), x.col(right[b]).data(), n);
    }
  });
  return result;
}

VectorXd column_products(const MatrixXd& x, std::span<const Index> columns, const VectorXd& u,
                         const Context& context) {
  VectorXd result(static_cast<Index>(columns.size()));
  const auto n = static_cast<std::size_t>(x.rows());
  // Columns of a task: enough of them to be worth one.
  const std::size_t some = std::max<std::size_t>(1, kChunkRows / std::max<std::size_t>(n, 1));
  for_chunks(context, columns.size(), some, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      result[static_cast<Index>(k)] = dot(x.col(columns[k]).data(), u.data(), n);
    }
  });
  return result;
}

}  // namespace impact::detail
