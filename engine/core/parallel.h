#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "engine/core/context.h"

namespace impact {

/// Rows in a chunk unless a caller has a reason: bounds depend on the data only, never on threads.
inline constexpr std::size_t kChunkRows = 4096;

/// Runs task(0) ... task(count - 1), each once, on up to context.threads threads (the caller is one
/// of them). Tasks may run in any order and must write to places of their own. The exception of
/// the lowest-numbered failing task is rethrown after all have stopped; remaining tasks are skipped
/// after a failure or a cancel. Polls context.cancel between tasks. Nested calls run inline.
void run_tasks(const Context& context, std::size_t count,
               const std::function<void(std::size_t)>& task);

/// body(begin, end) over [0, n) cut at multiples of chunk.
template <class Body>
void for_chunks(const Context& context, std::size_t n, std::size_t chunk, Body&& body) {
  const std::size_t count = (n + chunk - 1) / chunk;
  run_tasks(context, count, [&](std::size_t i) {
    body(i * chunk, std::min(n, (i + 1) * chunk));
  });
}

/// map(begin, end) -> T per chunk, then combine(T&, const T&) along a fixed binary tree over the
/// chunk numbers: ((0 1) (2 3)) ((4 5) ...). The result depends on n and chunk only. n == 0 gives T{}.
template <class T, class Map, class Combine>
[[nodiscard]] T reduce_chunks(const Context& context, std::size_t n, std::size_t chunk, Map&& map,
                              Combine&& combine) {
  const std::size_t count = (n + chunk - 1) / chunk;
  std::vector<T> parts(count);
  for_chunks(context, n, chunk,
             [&](std::size_t begin, std::size_t end) { parts[begin / chunk] = map(begin, end); });
  for (std::size_t step = 1; step < count; step *= 2) {
    for (std::size_t i = 0; i + step < count; i += 2 * step) combine(parts[i], parts[i + step]);
  }
  return count == 0 ? T{} : std::move(parts[0]);
}

}  // namespace impact
