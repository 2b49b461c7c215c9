// recorder.h: who is told what happens in a rehearsal, as it happens: a Journal keeps everything, a Summary
// only what a picture of hours needs. Called on the engine's one thread, times counted from the start of the
// run.
#pragma once

#include "rehearse/journal.h"

namespace waybill::rehearse {

class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void connect(Journal::Connect) {}
  virtual void taken(Journal::Taken) {}
  virtual void arrival(Journal::Arrival) {}
  virtual void attempt(Journal::Attempt) {}
  virtual void report(Journal::Sent) {}
  virtual void lookup(Journal::Lookup) {}
  virtual void depth(Journal::Depth) {}
  /// Only in a run that may leave such stretches out.
  virtual void calm(const Journal::Calm&) {}
};

/// Everything, for expectations: memory grows with the run.
class JournalRecorder final : public Recorder {
 public:
  /// `journal` outlives it.
  explicit JournalRecorder(Journal& journal) : journal_(journal) {}
  void connect(Journal::Connect one) override { journal_.connects.push_back(std::move(one)); }
  void taken(Journal::Taken one) override { journal_.taken.push_back(std::move(one)); }
  void arrival(Journal::Arrival one) override { journal_.arrivals.push_back(std::move(one)); }
  void attempt(Journal::Attempt one) override { journal_.attempts.push_back(std::move(one)); }
  void report(Journal::Sent one) override { journal_.reports.push_back(std::move(one)); }
  void lookup(Journal::Lookup one) override { journal_.lookups.push_back(std::move(one)); }
  void depth(Journal::Depth one) override { journal_.depths.push_back(one); }

 private:
  Journal& journal_;
};

/// Tells two of them.
class TwoRecorders final : public Recorder {
 public:
  TwoRecorders(Recorder& one, Recorder& two) : one_(one), two_(two) {}
  void connect(Journal::Connect what) override { one_.connect(what), two_.connect(std::move(what)); }
  void taken(Journal::Taken what) override { one_.taken(what), two_.taken(std::move(what)); }
  void arrival(Journal::Arrival what) override { one_.arrival(what), two_.arrival(std::move(what)); }
  void attempt(Journal::Attempt what) override { one_.attempt(what), two_.attempt(std::move(what)); }
  void report(Journal::Sent what) override { one_.report(what), two_.report(std::move(what)); }
  void lookup(Journal::Lookup what) override { one_.lookup(what), two_.lookup(std::move(what)); }
  void depth(Journal::Depth what) override { one_.depth(what), two_.depth(what); }
  void calm(const Journal::Calm& what) override { one_.calm(what), two_.calm(what); }

 private:
  Recorder& one_;
  Recorder& two_;
};

}  // namespace waybill::rehearse
