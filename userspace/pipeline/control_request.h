// What the command line asks a running daemon to keep. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "userspace/event/observed_event.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {

inline constexpr char kControlSocket[] = "control.sock";  // in the storage directory
inline constexpr size_t kMaxControlBytes = 4 << 20;

// The live object of what the command line saw, so that both mean one row; nullptr: not known.
using FindContainer =
    std::function<ContainerRef(const std::string& runtime, const std::string& id)>;

struct ControlContext {
  uint32_t peer_pid = 0;  // as the kernel says
  int64_t boot_ns = 0;
  int64_t wall_ns = 0;
  FindContainer find_container;
};

using ControlRequest = std::variant<SnapshotRow, ObservedEvent>;

// {"op": "store_snapshot", "record": RECORD, "container": CONTAINER or null, "target": text,
//  "findings": [FINDING...], "baseline": bool}
// {"op": "record_entry", "container": .., "command": text, "kinds": ["net"..], "duration_ns",
//  "exit_code", "process": {"comm", "uid", "login_uid", "start_boot_ns"}, "namespaces": {"net"..}}
// INVALID_ARGUMENT says what is wrong.
absl::StatusOr<ControlRequest> ParseControlRequest(std::string_view text,
                                                   const ControlContext& context);

}  // namespace nsobs
