#include "engine/core/parallel.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <bit>
#include <csignal>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"

using impact::Context;
using impact::run_tasks;

namespace {

// Waits until `flag` is set: a test that depends on two threads meeting fails by the time limit.
void wait_for(const std::atomic<bool>& flag) {
  while (!flag.load()) std::this_thread::yield();
}

std::string message_of(const Context& context, std::size_t count,
                       const std::function<void(std::size_t)>& task) {
  try {
    run_tasks(context, count, task);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("parallel: the sum of three million doubles has the same bits on any threads") {
  constexpr std::size_t kTerms = 3'000'000;
  std::vector<double> terms(kTerms);
  impact::for_chunks({.threads = 2}, kTerms, impact::kChunkRows,
                     [&](std::size_t begin, std::size_t end) {
                       impact::Stream stream(impact::StreamKey::root(4), begin);
                       for (std::size_t i = begin; i < end; ++i) {
                         terms[i] = stream.uniform(-1.0, 1.0) * static_cast<double>(i);
                       }
                     });
  std::set<std::uint64_t> sums;
  for (const int threads : {1, 2, 3, 8}) {
    const double sum = impact::reduce_chunks<double>(
        {.threads = threads}, kTerms, impact::kChunkRows,
        [&](std::size_t begin, std::size_t end) {
          double part = 0.0;
          for (std::size_t i = begin; i < end; ++i) part += terms[i];
          return part;
        },
        [](double& into, const double& from) { into += from; });
    sums.insert(std::bit_cast<std::uint64_t>(sum));
  }
  CHECK(sums.size() == 1);
}

TEST_CASE("parallel: every task runs once") {
  for (const int threads : {1, 2, 3, 8}) {
    for (const std::size_t count : {0U, 1U, 2U, 7U, 1000U}) {
      std::vector<std::atomic<int>> runs(count);
      run_tasks({.threads = threads}, count, [&](std::size_t i) { ++runs[i]; });
      for (const auto& run : runs) CHECK(run.load() == 1);
    }
  }
}

TEST_CASE("parallel: work is shared between threads") {
  std::array<std::atomic<bool>, 2> arrived{};
  run_tasks({.threads = 2}, 2, [&](std::size_t i) {
    arrived[i] = true;
    wait_for(arrived[1 - i]);
  });
  CHECK((arrived[0] && arrived[1]));
}

TEST_CASE("chunks: bounds depend on the size only and cover it") {
  std::vector<std::pair<std::size_t, std::size_t>> bounds(3);
  impact::for_chunks({.threads = 2}, 25, 10, [&](std::size_t begin, std::size_t end) {
    bounds[begin / 10] = {begin, end};
  });
  CHECK(bounds == std::vector<std::pair<std::size_t, std::size_t>>{{0, 10}, {10, 20}, {20, 25}});
  CHECK(impact::chunk_count(0, 10) == 0);
  CHECK(impact::chunk_count(20, 10) == 2);
}

TEST_CASE("reduce: a fixed binary tree over the chunk numbers") {
  const auto tree = [](std::size_t n) {
    return impact::reduce_chunks<std::string>(
        {.threads = 3}, n, 1, [](std::size_t begin, std::size_t) { return std::to_string(begin); },
        [](std::string& into, const std::string& from) { into = "(" + into + " " + from + ")"; });
  };
  CHECK(tree(0).empty());
  CHECK(tree(1) == "0");
  CHECK(tree(5) == "(((0 1) (2 3)) 4)");
  CHECK(tree(8) == "(((0 1) (2 3)) ((4 5) (6 7)))");
}

TEST_CASE("parallel: the exception of the lowest failing task arrives, whatever its type") {
  for (int repeat = 0; repeat < 200; ++repeat) {
    for (const int threads : {1, 2, 3, 8}) {
      CHECK(message_of({.threads = threads}, 100, [](std::size_t i) {
              if (i % 10 == 3) throw std::runtime_error("task " + std::to_string(i));
            }) == "task 3");
    }
  }
  CHECK_THROWS_AS(run_tasks({.threads = 2}, 5, [](std::size_t) { throw 7; }), int);
}

TEST_CASE("parallel: a lower task that fails later still wins") {
  std::atomic<bool> failed{false};
  CHECK(message_of({.threads = 2}, 2, [&](std::size_t i) {
          if (i == 0) {
            wait_for(failed);
          } else {
            failed = true;
          }
          throw std::runtime_error("task " + std::to_string(i));
        }) == "task 0");
}

TEST_CASE("parallel: tasks after a failure are skipped") {
  std::atomic<std::size_t> runs{0};
  CHECK_THROWS(run_tasks({.threads = 2}, 1'000'000, [&](std::size_t i) {
    ++runs;
    if (i == 0) throw std::runtime_error("stop");
  }));
  CHECK(runs < 1'000'000);
}

TEST_CASE("parallel: a cancel stops between tasks, and after the last one changes nothing") {
  for (const int threads : {1, 2, 8}) {
    impact::CancelToken token;
    const Context context{.threads = threads, .cancel = &token};
    std::atomic<std::size_t> runs{0};
    CHECK_THROWS_AS(run_tasks(context, 1'000'000,
                              [&](std::size_t i) {
                                ++runs;
                                if (i == 10) token.request();
                              }),
                    impact::Cancelled);
    CHECK(runs < 1'000'000);
    runs = 0;
    CHECK_THROWS_AS(run_tasks(context, 5, [&](std::size_t) { ++runs; }), impact::Cancelled);
    CHECK(runs == 0);
    token.reset();
    CHECK_NOTHROW(run_tasks(context, 1, [&](std::size_t) { token.request(); }));
  }
}

TEST_CASE("parallel: nested calls run inline on the thread of their task") {
  std::vector<int> same(64);
  run_tasks({.threads = 4}, 8, [&](std::size_t i) {
    const auto outer = std::this_thread::get_id();
    run_tasks({.threads = 4}, 8, [&, i](std::size_t j) {
      same[8 * i + j] = std::this_thread::get_id() == outer ? 1 : 0;
    });
  });
  CHECK(same == std::vector<int>(64, 1));
  CHECK(message_of({.threads = 2}, 2, [](std::size_t) {
          run_tasks({.threads = 2}, 2, [](std::size_t) { throw std::runtime_error("inner"); });
        }) == "inner");
}

TEST_CASE("parallel: several threads may call at once") {
  std::vector<std::uint64_t> sums(4);
  std::vector<std::thread> callers;
  for (std::size_t c = 0; c < sums.size(); ++c) {
    callers.emplace_back([&, c] {
      for (std::uint64_t repeat = 0; repeat < 300; ++repeat) {
        sums[c] += impact::reduce_chunks<std::uint64_t>(
            {.threads = 3}, 100, 7, [](std::size_t begin, std::size_t end) { return end - begin; },
            [](std::uint64_t& into, const std::uint64_t& from) { into += from; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sums == std::vector<std::uint64_t>(4, 30000));
}

TEST_CASE("parallel: helper threads leave signals to the others") {
  std::mutex mutex;
  std::set<std::thread::id> open;
  std::array<std::atomic<bool>, 2> arrived{};
  run_tasks({.threads = 2}, 2, [&](std::size_t i) {
    arrived[i] = true;
    wait_for(arrived[1 - i]);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    const std::scoped_lock lock(mutex);
    if (sigismember(&mask, SIGINT) == 0) open.insert(std::this_thread::get_id());
  });
  CHECK(open == std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_CASE("parallel: no threads at all is refused") {
  CHECK_THROWS_AS(run_tasks({.threads = 0}, 1, [](std::size_t) {}), impact::ArgumentError);
}
