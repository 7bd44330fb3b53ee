// Takes from the command line what a running daemon is to keep: the daemon alone writes the
// timeline. One connection at a time, each bounded in bytes and in time.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "userspace/base/clock.h"
#include "userspace/base/fd.h"
#include "userspace/pipeline/control_request.h"

namespace nsobs {

// Called by the server's thread. False: no room, and nothing was taken.
struct ControlHandlers {
  std::function<bool(SnapshotRow)> store_snapshot;  // calls on_stored once, at any later time
  std::function<bool(ObservedEvent)> record_event;
  FindContainer find_container;
};

class ControlServer {
 public:
  // `clock` outlives the server. Others than `allowed_uid` are refused, whatever the file's mode.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const std::string& path,
                                                              uid_t allowed_uid, const Clock* clock,
                                                              ControlHandlers handlers);
  ~ControlServer();  // removes the socket

 private:
  ControlServer(std::string path, uid_t allowed_uid, const Clock* clock, ControlHandlers handlers);
  void Loop();
  void Serve(int connection);
  // The answer: {"ok": true, "id": n} or {"ok": false, "error": text}.
  std::string Answer(int connection);

  const std::string path_;
  const uid_t allowed_uid_;
  const Clock* const clock_;
  const ControlHandlers handlers_;
  UniqueFd listener_;
  UniqueFd stop_;  // an eventfd
  std::thread thread_;
};

}  // namespace nsobs
