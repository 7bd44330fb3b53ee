#include "userspace/correlation/runtimes/crun.h"

#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/raw_oci_reader.h"

namespace nsobs {

std::unique_ptr<RuntimeReader> MakeCrunReader(const RuntimeRoots& roots) {
  return MakeRawOciReader({"crun", "status", &RuntimeRoots::crun, FindCrunState}, roots);
}

}  // namespace nsobs
