#include "deliver/maildir_workers.h"

#include <algorithm>

#include "base/thread.h"

namespace waybill::deliver {

MaildirWorkers::MaildirWorkers(FileSystem& files, const Settings& settings, std::shared_ptr<Reports> reports)
    : maildir_(files, settings.hostname, settings.maildir_mode), reports_(std::move(reports)) {}

Result<std::unique_ptr<MaildirWorkers>> MaildirWorkers::start(FileSystem& files, const Settings& settings,
                                                              std::shared_ptr<Reports> reports) {
  std::unique_ptr<MaildirWorkers> self(new MaildirWorkers(files, settings, std::move(reports)));
  while (self->threads_.size() < std::max(1U, settings.maildir_threads)) {
    auto thread = start_thread([workers = self.get()] { workers->run(); });
    if (!thread && self->threads_.empty()) return pass(thread.error());
    if (!thread) break;
    self->threads_.push_back(std::move(*thread));
  }
  return self;
}

MaildirWorkers::~MaildirWorkers() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void MaildirWorkers::submit(JobPtr job, TargetsPtr targets) {
  {
    const std::scoped_lock lock(mutex_);
    work_.push_back({std::move(job), std::move(targets)});
  }
  wake_.notify_one();
}

std::vector<JobPtr> MaildirWorkers::take_back() {
  const std::scoped_lock lock(mutex_);
  std::vector<JobPtr> out;
  for (Work& work : work_) out.push_back(std::move(work.job));
  work_.clear();
  return out;
}

void MaildirWorkers::run() {
  while (true) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !work_.empty(); });
      if (stop_) return;
      work = std::move(work_.front());
      work_.pop_front();
    }
    const mail::Delivery& delivery = *work.job->delivery;
    for (size_t n = 0; n < delivery.recipients.size(); ++n) {
      work.job->outcomes[n] =
          maildir_.deliver(work.targets->maildir, delivery, delivery.recipients[n].recipient, clock_.now());
    }
    Report report;
    report.what = Report::What::done;
    report.job = std::move(work.job);
    reports_->post(std::move(report));
  }
}

}  // namespace waybill::deliver
