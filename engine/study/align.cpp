#include "engine/study/align.h"

#include <algorithm>

namespace impact {

std::vector<std::pair<std::size_t, std::size_t>> align(const std::vector<std::string>& a,
                                                       const std::vector<std::string>& b) {
  constexpr std::size_t kMostCells = 4'000'000;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) {
    pairs.emplace_back(head, head);
    ++head;
  }
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  const std::size_t n = a.size() - head - tail;
  const std::size_t m = b.size() - head - tail;
  if (n > 0 && m > 0 && n <= kMostCells / m) {
    // length[i][j]: of the longest common subsequence of a[head + i ...] and b[head + j ...].
    std::vector<std::size_t> length((n + 1) * (m + 1), 0);
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t j = m; j-- > 0;) {
        length[i * (m + 1) + j] =
            a[head + i] == b[head + j]
                ? length[(i + 1) * (m + 1) + j + 1] + 1
                : std::max(length[(i + 1) * (m + 1) + j], length[i * (m + 1) + j + 1]);
      }
    }
    for (std::size_t i = 0, j = 0; i < n && j < m;) {
      if (a[head + i] == b[head + j]) {
        pairs.emplace_back(head + i++, head + j++);
      } else if (length[(i + 1) * (m + 1) + j] >= length[i * (m + 1) + j + 1]) {
        ++i;
      } else {
        ++j;
      }
    }
  }
  for (std::size_t k = tail; k-- > 0;) pairs.emplace_back(a.size() - 1 - k, b.size() - 1 - k);
  return pairs;
}

}  // namespace impact
