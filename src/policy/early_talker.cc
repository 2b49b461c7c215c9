#include "policy/early_talker.h"

namespace waybill::policy {

Finding judge_early_talker(Talked talked) {
  if (talked == Talked::in_turn) return {Found::pass, {}};
  return {Found::fail, "it spoke before the greeting or before the reply to EHLO"};
}

bool is_suspicious(const ClientRecord& record) {
  return record.early || record.wrong_mx || record.ptr == dns::PtrStatus::disagrees ||
         record.ptr == dns::PtrStatus::none;
}

}  // namespace waybill::policy
