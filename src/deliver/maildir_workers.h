// maildir_workers.h: threads that write to mailboxes, so that no loop ever waits for a disk.
// Thread rule: submit() and stop() on the conductor; answers come through Reports.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "deliver/connection.h"
#include "deliver/maildir.h"
#include "deliver/targets.h"

namespace waybill::deliver {

class MaildirWorkers {
 public:
  /// As many threads as `settings` wants, or as there are to be had. Errors: busy when there is none.
  [[nodiscard]] static Result<std::unique_ptr<MaildirWorkers>> start(FileSystem& files,
                                                                     const Settings& settings,
                                                                     std::shared_ptr<Reports> reports);
  /// Finishes the message that each thread is writing; the rest comes back from take_back() first.
  ~MaildirWorkers();
  /// `job` comes back as a `done` report without a connection.
  void submit(JobPtr job, TargetsPtr targets);
  /// What no thread has begun.
  [[nodiscard]] std::vector<JobPtr> take_back();

 private:
  MaildirWorkers(FileSystem& files, const Settings& settings, std::shared_ptr<Reports> reports);
  struct Work {
    JobPtr job;
    TargetsPtr targets;
  };
  void run();

  Maildir maildir_;
  SystemClock clock_;
  std::shared_ptr<Reports> reports_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> work_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace waybill::deliver
