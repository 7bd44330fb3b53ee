// systemd-nspawn, as far as systemd-machined knows of it: /run/systemd/machines/<name>.
#pragma once

#include <memory>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow. Answers only queries of runtime "nspawn".
std::unique_ptr<RuntimeReader> MakeNspawnReader(const RuntimeRoots& roots);

}  // namespace nsobs
