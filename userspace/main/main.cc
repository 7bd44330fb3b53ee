#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "exporters/web/front.h"
#include "userspace/correlation/host_cgroup_namespace.h"
#include "userspace/handover/keeper.h"
#include "userspace/main/dispatch.h"
#include "userspace/main/exit_code.h"
#include "userspace/main/text_width.h"
#include "userspace/snapshot/zygote.h"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!words.empty() && words[0] == nsobs::kFrontCommand) return nsobs::RunFront(words);
  if (!words.empty() && words[0] == nsobs::kZygoteCommand) return nsobs::RunZygoteCommand(words);
  if (!words.empty() && words[0] == nsobs::kKeeperCommand) return nsobs::RunKeeper(words);
  nsobs::InitTextWidth();
  // Where it must not, as an ordinary user may not, it goes without; `run` says so.
  nsobs::JoinHostCgroupNamespace("/proc").IgnoreError();
  try {
    return nsobs::Dispatch(words);
  } catch (const std::exception& error) {
    // Ours throws nothing; this is memory running out, or a bug of a library.
    std::cerr << "nsobserver: " << error.what() << std::endl;
    return nsobs::kExitUnsupported;
  }
}
