// Every section through the real child: nothing that a reader needs is refused by its sandbox.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <iostream>

#include "tests/snapshot/lab.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

TEST(AllSections, AreReadWithinTheSandbox) {
  const Inhabitant inhabitant(
      "printf 'nameserver 1.1.1.1\n' >$ROOT/etc/resolv.conf; >$ROOT/etc/hosts",
      [] { ListenOnUnix("/tmp/x.sock", SOCK_STREAM); });
  SnapshotRequest request = RequestFor(inhabitant, PlanSections({}));
  request.path = "/tmp/x.sock";
  const absl::StatusOr<Json> record = SharedSnapshotter().Take(request);
  ASSERT_TRUE(record.ok()) << record.status();
  for (const char* section :
       {"net", "host_net", "peer_nets", "mnt", "pid", "cgroup", "uts", "ipc", "timens", "user"})
    EXPECT_TRUE(record->contains(section) && !(*record)[section].is_null()) << section;
  EXPECT_EQ((*record)["mnt"]["path"]["type"], "socket");
  EXPECT_EQ((*record)["pid"]["process"]["pid"], inhabitant.pid());
  EXPECT_EQ((*record)["mnt"]["mounts"][0]["fstype"], "tmpfs");
  for (const Json& error : (*record)["errors"])
    EXPECT_EQ(error.dump().find("not permitted"), std::string::npos) << error;
  std::cout << "all sections: " << (*record)["took_ns"].get<double>() / 1e6 << " ms, "
            << record->dump().size() << " bytes, errors " << (*record)["errors"] << "\n";
}

}  // namespace
}  // namespace nsobs
