// Requests as the observer encodes them.
#include <cstdio>
#include <fstream>
#include <string>

#include "userspace/snapshot/wire.h"

namespace {

nsobs::SnapshotRequest Full() {
  nsobs::SnapshotRequest request;
  request.target = {4711, 123'456'789};
  request.init_pid = 100;
  for (const nsobs::NamespaceKind kind : nsobs::kNamespaceKinds) {
    request.namespaces[kind].inode = 4026532000 + static_cast<uint32_t>(kind);
  }
  for (int i = 0; i <= static_cast<int>(nsobs::Section::kUser); ++i) {
    request.sections.push_back(static_cast<nsobs::Section>(i));
  }
  request.peers.push_back({"db", "7c75aa", {200, 1}, 4026532100});
  request.protocol = "tcp";
  request.destination = "10.88.0.7";
  request.port = 5432;
  request.path = "/run/a\xff";
  request.cgroup_paths = {{"", "/a"}, {"memory", "/b"}};
  request.bundle_config = "/run/config.json";
  return request;
}

bool Write(const std::string& folder, const char* name, const nsobs::WireRequest& request) {
  const auto bytes = nsobs::EncodeRequest(request);
  std::ofstream out(folder + "/request_fuzzer/" + name, std::ios::binary);
  if (bytes.ok()) out << *bytes;
  return bytes.ok() && out.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: make_request_seeds tests/fuzz/corpus\n", stderr);
    return 2;
  }
  const bool written = Write(argv[1], "full", {7, true, Full()}) && Write(argv[1], "least", {});
  return written ? 0 : 1;
}
