// runsc (gVisor) by itself: <root>/<id>_sandbox:<sandbox id>.state.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "userspace/correlation/runtimes/reader.h"

namespace nsobs {

// `roots` outlives the reader and may grow.
std::unique_ptr<RuntimeReader> MakeRunscReader(const RuntimeRoots& roots);

// What a state file says; nullopt for what is none. Pure.
std::optional<RuntimeRecord> ParseRunscState(std::string_view text);

}  // namespace nsobs
