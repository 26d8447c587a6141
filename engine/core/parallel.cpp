#include "engine/core/parallel.h"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

// True while this thread runs a task of a job: what it starts then runs inline.
thread_local bool t_inside_job = false;

// One call of run_tasks. Tasks are claimed in ascending order and a claimed task always runs, so
// when task f fails, every task below f has run or is running: the lowest failing number, and with
// it the exception the caller sees, is that of a serial run.
class Job {
 public:
  Job(const Context& context, std::size_t count, const std::function<void(std::size_t)>& task)
      : context_(context), count_(count), task_(task) {}

  void work() {
    t_inside_job = true;
    while (!stop_.load(std::memory_order_relaxed)) {
      // Looked at before claiming, so that a cancel after the last task changes nothing.
      const bool cancel = context_.cancel != nullptr && context_.cancel->requested();
      const std::size_t i = cancel ? next_.load() : next_.fetch_add(1);
      if (i >= count_) break;
      if (cancel) {
        fail(std::numeric_limits<std::size_t>::max(), std::make_exception_ptr(Cancelled()));
        break;
      }
      try {
        task_(i);
      } catch (...) {  // carried to the caller's thread and rethrown there, whatever it is
        fail(i, std::current_exception());
      }
    }
    t_inside_job = false;
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void fail(std::size_t number, std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    stop_.store(true, std::memory_order_relaxed);
    if (error_ && number >= failed_) return;
    failed_ = number;
    error_ = std::move(error);
  }

  const Context& context_;
  const std::size_t count_;
  const std::function<void(std::size_t)>& task_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::exception_ptr error_;
  std::size_t failed_ = 0;
};

// Threads that outlive the jobs they help with; as many as the largest request so far asked for. A
// job never waits for a helper that has not begun: its caller takes the unanswered requests back.
class Pool {
 public:
  static Pool& instance() {
    static Pool pool;
    return pool;
  }

  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    asked_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// Runs job.work() on this thread and on up to `helpers` others; returns when all have ended.
  void run(Job& job, std::size_t helpers) {
    std::size_t active = 0;
    {
      const std::scoped_lock lock(mutex_);
      grow(helpers);
      requests_.insert(requests_.end(), helpers, Request{&job, &active});
    }
    asked_.notify_all();
    job.work();
    std::unique_lock lock(mutex_);
    std::erase_if(requests_, [&](const Request& request) { return request.job == &job; });
    ended_.wait(lock, [&] { return active == 0; });
  }

 private:
  struct Request {
    Job* job;
    std::size_t* active;  // helpers at work on the job; guarded by mutex_
  };

  // New threads inherit the mask, so signals stay with the threads that were there before. A system
  // without room for another thread costs time, not results.
  void grow(std::size_t helpers) {
    if (workers_.size() >= helpers) return;
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    try {
      while (workers_.size() < helpers) workers_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      asked_.wait(lock, [&] { return closing_ || !requests_.empty(); });
      if (closing_) return;
      const Request request = requests_.front();
      requests_.pop_front();
      ++*request.active;
      lock.unlock();
      request.job->work();
      lock.lock();
      if (--*request.active == 0) ended_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable asked_;
  std::condition_variable ended_;
  std::deque<Request> requests_;
  std::vector<std::thread> workers_;
  bool closing_ = false;
};

}  // namespace

void run_tasks(const Context& context, std::size_t count,
               const std::function<void(std::size_t)>& task) {
  if (context.threads < 1) {
    throw ArgumentError({.what = "the number of threads is out of range",
                         .got = format_integer(context.threads),
                         .expected = "an integer >= 1"});
  }
  const std::size_t threads = std::min(count, static_cast<std::size_t>(context.threads));
  if (threads <= 1 || t_inside_job) {
    for (std::size_t i = 0; i < count; ++i) {
      context.check();
      task(i);
    }
    return;
  }
  Job job(context, count, task);
  Pool::instance().run(job, threads - 1);
  job.rethrow();
}

}  // namespace impact
