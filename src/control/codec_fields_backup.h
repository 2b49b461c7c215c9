// codec_fields_backup.h: inside codec.cc only, as codec_fields.h: the values of types_backup.h.
#pragma once

#include "control/codec_archive.h"

namespace waybill::control::detail {

template <>
struct Fields<BackupStatus> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("domain", v.domain);
    a("place", v.place);
    a("why", v.why);
    a("recipients", v.recipients);
    a("unknown_recipients", v.unknown);
    a("known", v.known);
    a("refused", v.refused);
    a("takes_all", v.takes_all);
  }
};

template <>
struct Fields<RememberedRecipient> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("name", v.name);
    a("state", v.state);
    a("reply", v.reply);
    a("learnt", v.learnt);
    a("expires", v.expires);
  }
};

template <>
struct Fields<RecipientsAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("recipients", v.recipients);
    a("total", v.total);
  }
};

template <>
struct Fields<ForgetRecipientsRequest> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("name", v.name);
  }
};

template <>
struct Fields<ForgetRecipientsAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("forgotten", v.forgotten);
  }
};

}  // namespace waybill::control::detail
