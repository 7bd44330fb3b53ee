// Starts the front, answers what it asks, and starts another when it ends or when the
// configuration of the port changes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "exporters/web/front.h"
#include "exporters/web/request_head.h"
#include "exporters/web/security.h"
#include "userspace/base/fd.h"

namespace nsobs {

class FrontKeeper {
 public:
  using Answerer = std::function<std::string(const RequestHead&, bool last)>;

  // Returns once the front runs. `listening` stays open for those that follow. `security` outlives
  // the keeper; `answerer` is called in its threads.
  static absl::StatusOr<std::unique_ptr<FrontKeeper>> Start(const FrontOptions& options,
                                                            UniqueFd listening,
                                                            WebSecurity* security,
                                                            Answerer answerer);
  ~FrontKeeper();

  // Ends the front and waits for answers under way. Idempotent.
  void Stop();

 private:
  // One process, and the threads that answer it.
  struct Life {
    pid_t pid = -1;
    UniqueFd pidfd;
    UniqueFd control;
    std::vector<UniqueFd> channels;
    std::vector<std::thread> threads;
    std::string stamp;  // of the configuration that it read
  };

  FrontKeeper(const FrontOptions& options, UniqueFd listening, UniqueFd wake, WebSecurity* security,
              Answerer answerer);
  absl::StatusOr<std::unique_ptr<Life>> Begin();
  absl::StatusOr<pid_t> Spawn(int control, const std::vector<UniqueFd>& channels) const;
  void Answer(int channel);
  void Run();
  void Renew(const std::string& end);
  static void End(Life* life);

  const FrontOptions options_;
  const UniqueFd listening_;
  const UniqueFd wake_;
  WebSecurity* const security_;
  const Answerer answerer_;
  std::unique_ptr<Life> life_;  // of the keeper's thread, once that runs; nullptr: none could begin
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace nsobs
