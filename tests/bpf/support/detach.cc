#include "tests/bpf/support/detach.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

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

// The descriptor of the link that holds the program, whose name is cut at 15 bytes; -1: none.
int LinkOf(const std::string& program) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    const std::string text = ReadSmallFile(entry.path(), 4096).value_or("");
    const size_t at = text.find("prog_id:\t");
    if (text.find("link_type:") == std::string::npos || at == std::string::npos) continue;
    const auto id = static_cast<uint32_t>(atoi(text.c_str() + at + 9));
    if (NameOfProgram(id) == program.substr(0, 15)) return atoi(entry.path().filename().c_str());
  }
  return -1;
}

}  // namespace

bool Detach(const std::string& program) {
  const int link = LinkOf(program);
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return link >= 0 && dup3(null.get(), link, O_CLOEXEC) == link;
}

}  // namespace nsobs
