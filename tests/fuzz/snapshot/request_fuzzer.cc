// Any bytes in the helper's mailbox: what is taken for a request comes out the same when it is sent
// again.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "userspace/snapshot/wire.h"

namespace {

void Require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto request = nsobs::DecodeRequest(bytes);
  if (!request.ok()) return 0;
  Require(request->request.peers.size() <= nsobs::kMaxPeers);
  Require(request->request.net_fd == -1);
  for (const nsobs::Section section : request->request.sections) {
    Require(!nsobs::SectionName(section).empty());
  }
  const auto again = nsobs::EncodeRequest(*request);
  if (!again.ok()) return 0;  // too long
  const auto twice = nsobs::DecodeRequest(*again);
  Require(twice.ok() && twice->serial == request->serial &&
          twice->request.path == request->request.path &&
          twice->request.sections == request->request.sections &&
          twice->request.cgroup_paths == request->request.cgroup_paths);
  return 0;
}
