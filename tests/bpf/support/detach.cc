#include "tests/bpf/support/detach.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "userspace/base/fd.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

std::string NameOfProgram(uint32_t id) {
  const UniqueFd fd(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 ? info.name : "";
}

// The descriptor of the first link whose program `is_wanted` by its number; -1: none.
int LinkOf(const std::function<bool(uint32_t)>& is_wanted) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    const std::string text = ReadSmallFile(entry.path(), 4096).value_or("");
    const size_t at = text.find("prog_id:\t");
    if (text.find("link_type:") == std::string::npos || at == std::string::npos) continue;
    const auto id = static_cast<uint32_t>(atoi(text.c_str() + at + 9));
    if (is_wanted(id)) return atoi(entry.path().filename().c_str());
  }
  return -1;
}

bool Close(int link) {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return link >= 0 && dup3(null.get(), link, O_CLOEXEC) == link;
}

}  // namespace

bool Detach(const std::string& program) {
  const std::string name = program.substr(0, 15);  // the kernel keeps no more
  return Close(LinkOf([&](uint32_t id) { return NameOfProgram(id) == name; }));
}

bool Detach(uint32_t program_id) {
  return Close(LinkOf([&](uint32_t id) { return id == program_id; }));
}

}  // namespace nsobs
