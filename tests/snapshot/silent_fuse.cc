#include "tests/snapshot/silent_fuse.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace nsobs {
namespace {

// Answers the first request, FUSE_INIT, so that others are sent at all; reads those and is silent.
[[noreturn]] void Serve(int device) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char> buffer(1 << 20);
  while (true) {
    if (read(device, buffer.data(), buffer.size()) < static_cast<ssize_t>(sizeof(fuse_in_header)))
      _exit(1);
    fuse_in_header request;
    std::memcpy(&request, buffer.data(), sizeof request);
    if (request.opcode != FUSE_INIT) continue;
    struct {
      fuse_out_header header;
      fuse_init_out body;
    } answer{};
    answer.header.len = sizeof answer;
    answer.header.unique = request.unique;
    answer.body.major = FUSE_KERNEL_VERSION;
    answer.body.minor = 31;
    answer.body.max_write = 4096;
    if (write(device, &answer, sizeof answer) != sizeof answer) _exit(1);
  }
}

}  // namespace

bool MountDeafFuse(int device, const char* path) {
  const std::string options =
      "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  return mount("silent", path, "fuse.silent", 0, options.c_str()) == 0;
}

SilentFuse::SilentFuse() {
  char folder[] = "/tmp/nsobs-fuse-XXXXXX";
  path_ = mkdtemp(folder);
  const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  EXPECT_GE(device, 0);
  EXPECT_TRUE(MountDeafFuse(device, folder)) << strerror(errno);
  server_ = fork();
  if (server_ == 0) Serve(device);
  close(device);
}

SilentFuse::~SilentFuse() {
  umount2(path_.c_str(), MNT_DETACH);
  kill(server_, SIGKILL);  // the last user of the device: the kernel ends all requests
  waitpid(server_, nullptr, 0);
  rmdir(path_.c_str());
}

}  // namespace nsobs
