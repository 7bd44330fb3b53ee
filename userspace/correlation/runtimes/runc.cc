#include "userspace/correlation/runtimes/runc.h"

#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/raw_oci_reader.h"

namespace nsobs {

std::unique_ptr<RuntimeReader> MakeRuncReader(const RuntimeRoots& roots) {
  return MakeRawOciReader({"runc", "state.json", &RuntimeRoots::runc, FindRuncState}, roots);
}

}  // namespace nsobs
