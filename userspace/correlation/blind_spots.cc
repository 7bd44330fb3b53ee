#include "userspace/correlation/blind_spots.h"

namespace nsobs {

std::string BlindSpotsOf(std::string_view runtime, std::string_view oci_runtime) {
  if (runtime == "runsc" || oci_runtime == "runsc") {
    return "gVisor: its programs run on a kernel of their own in one process of the host, the "
           "sandbox. Their processes, signals, namespaces and file failures can't be seen; their "
           "connections only if the sandbox uses the host's network stack, and then as its own.";
  }
  if (runtime == "kata" || oci_runtime == "kata") {
    return "Kata: it runs in a virtual machine. Only the hypervisor and its helpers can be seen; "
           "processes, signals, connections and memory of what is inside can't.";
  }
  return "";
}

std::string LowLevelRuntime(std::string_view program) {
  std::string_view name = program.substr(program.rfind('/') + 1);
  for (std::string_view known : {"runsc", "kata", "crun", "runc", "youki"}) {
    if (name.find(known) != std::string_view::npos) return std::string(known);
  }
  return name.size() <= 64 ? std::string(name) : "";
}

}  // namespace nsobs
