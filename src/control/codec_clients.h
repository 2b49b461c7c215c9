// codec_clients.h: inside codec.cc only: the members of what `waybill clients` asks, as in codec_fields.h.
#pragma once

#include "control/codec_archive.h"

namespace waybill::control::detail {

template <>
struct Fields<ClientExample> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("client", v.client);
    a("name", v.name);
    a("helo", v.helo);
    a("from", v.from);
    a("place", v.place);
    a("why", v.why);
    a("messages", v.messages);
    a("last", v.last);
  }
};

template <>
struct Fields<ClientTestReport> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("test", v.test);
    a("action", v.action);
    a("clients", v.clients);
    a("messages", v.messages);
    a("turned_away", v.turned_away);
    a("examples", v.examples);
  }
};

template <>
struct Fields<ClientsGroup> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("name", v.name);
    a("clients", v.clients);
    a("messages", v.messages);
    a("since", v.since);
    a("tests", v.tests);
  }
};

template <>
struct Fields<ClientsAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a("now", v.now);
    a("by", v.by);
    a("since", v.since);
    a("clients", v.clients);
    a("full", v.full);
    a("groups", v.groups);
  }
};

template <>
struct Fields<ClientVisit> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("place", v.place);
    a.required("last", v.last);
  }
};

template <>
struct Fields<ClientPlace> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("place", v.place);
    a.required("up_since", v.up_since);
    a("refused_last", v.refused_last);
  }
};

template <>
struct Fields<ClientsSeenAnswer> {
  template <class A, class V>
  static void visit(A& a, V& v) {
    a.required("now", v.now);
    a("visits", v.visits);
    a("places", v.places);
  }
};

}  // namespace waybill::control::detail
