// loop_impl.h: the part of a Loop that only net/ sees: Asio's context and the frames of spawned tasks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <thread>
#include <unordered_set>

#include "net/loop.h"

namespace waybill::net {

struct Loop::Impl {
  boost::asio::io_context context{1};
  VirtualWorld* world = nullptr;     ///< then `context` is idle
  std::unordered_set<void*> frames;  ///< spawned tasks still under way; touched on the loop's thread only
};

}  // namespace waybill::net
