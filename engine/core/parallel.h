#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/core/context.h"

namespace impact {

/// Rows in a chunk unless a caller has a reason: bounds depend on the data only, never on threads.
inline constexpr std::size_t kChunkRows = 4096;

/// Runs task(0) ... task(count - 1), each once, on up to context.threads threads (the caller is one
/// of them). Tasks may run in any order and must write to places of their own. After a failure or a
/// cancel the remaining tasks are skipped; once all that had begun have ended, the exception of the
/// lowest-numbered failing task is rethrown, which is the one a serial run would have thrown, else
/// Cancelled. context.cancel is polled between tasks. Calls from inside a task run inline. Any
/// thread may call; helper threads are kept for later calls and receive no signals.
void run_tasks(const Context& context, std::size_t count,
               const std::function<void(std::size_t)>& task);

/// Number of chunks of `chunk` >= 1 rows that cover n rows.
[[nodiscard]] constexpr std::size_t chunk_count(std::size_t n, std::size_t chunk) {
  return n / chunk + (n % chunk == 0 ? 0 : 1);
}

/// body(begin, end) over [0, n) cut at multiples of chunk (>= 1). Errors as run_tasks.
template <class Body>
void for_chunks(const Context& context, std::size_t n, std::size_t chunk, Body&& body) {
  run_tasks(context, chunk_count(n, chunk), [&](std::size_t i) {
    const std::size_t begin = i * chunk;
    body(begin, begin + std::min(chunk, n - begin));
  });
}

/// map(begin, end) -> T per chunk, then combine(T&, const T&) along a fixed binary tree over the
/// chunk numbers: ((0 1) (2 3)) ((4 5) ...). The result depends on n and chunk only, never on
/// threads. n == 0 gives T{}. Errors as run_tasks.
template <class T, class Map, class Combine>
[[nodiscard]] T reduce_chunks(const Context& context, std::size_t n, std::size_t chunk, Map&& map,
                              Combine&& combine) {
  static_assert(!std::is_same_v<T, bool>, "neighbouring bits of vector<bool> share a byte");
  const std::size_t count = chunk_count(n, chunk);
  std::vector<T> parts(count);
  for_chunks(context, n, chunk,
             [&](std::size_t begin, std::size_t end) { parts[begin / chunk] = map(begin, end); });
  for (std::size_t step = 1; step < count; step *= 2) {
    for (std::size_t i = 0; i + step < count; i += 2 * step) combine(parts[i], parts[i + step]);
  }
  return count == 0 ? T{} : std::move(parts[0]);
}

}  // namespace impact
