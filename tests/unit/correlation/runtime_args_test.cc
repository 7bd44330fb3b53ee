#include "userspace/correlation/runtime_args.h"

#include <gtest/gtest.h>

#include "userspace/correlation/engine_args.h"

namespace nsobs {
namespace {

struct Case {
  const char* args;
  const char* seen;  // "runtime id", "" if refused
};
const std::string kFull(64, 'a');
const Case kCases[] = {
    {"runc run web", "runc web"},
    {"/usr/sbin/runc --log /tmp/l run -d --bundle /b --pid-file /p web-1", "runc web-1"},
    {"crun run web", "crun web"},
    {"crun --root=/r --debug create -b /b web", "crun web"},
    {"crun run --detach web", "crun web"},
    {"runc exec web sh", ""},
    {"runc start web", ""},
    {"runc run", ""},
    {"runc run --bundle web", ""},
    {"runc run --bundle /a b web", ""},  // a path with a blank in it
    {"runc run we/b", ""},
    {"runc run ..", ""},
    {"runc --root /run/containerd/runc/k8s.io create web", ""},
    {"runc --root /var/run/docker/runtime-runc/moby create web", ""},
    {"run run web", ""},
    {"systemd-nspawn --register=no --keep-unit -M nsweb -D /srv/web /bin/sleep 1", "nspawn nsweb"},
    {"systemd-nspawn --machine=nsweb -b", "nspawn nsweb"},
    {"systemd-nspawn -D /srv/web/ /bin/sleep 1", "nspawn web"},
    {"systemd-nspawn -M a -M b", ""},
    {"systemd-nspawn -M a/b", ""},
    {"systemd-nspawn", ""},
    {"runsc-sandbox --root=/run/runsc boot --bundle=. gv-1", "runsc gv-1"},
    {"runsc-sandbox --root=/run/runsc gofer gv-1", ""},
    {"crun", ""},
    {"", ""},
};

TEST(RuntimeArgsTest, OnlyWhatMakesAContainer) {
  for (const Case& c : kCases) {
    const auto call = ParseRuntimeCall(SplitArgs(c.args));
    EXPECT_EQ(call ? call->runtime + " " + call->id : "", c.seen) << c.args;
  }
  EXPECT_FALSE(ParseRuntimeCall({"runc", "create", kFull})) << "an engine's";
}

}  // namespace
}  // namespace nsobs
