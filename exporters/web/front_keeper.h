// Starts the front, answers what it asks, and starts another when it ends, hangs, or when the
// configuration of the port changes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "exporters/web/front.h"
#include "exporters/web/request_head.h"
#include "exporters/web/security.h"
#include "userspace/base/fd.h"
#include "userspace/event/helper_end.h"

namespace nsobs {

// Called in threads of the keeper.
struct FrontHandlers {
  std::function<std::string(const RequestHead&, bool last)> answer;
  // Another front runs in the place of one that ended, not of one that a new configuration ended.
  HelperReplaced replaced = [](const HelperEnd&) {};
};

class FrontKeeper {
 public:
  // Returns once the front runs. `listening` stays open for those that follow. `security` outlives
  // the keeper.
  static absl::StatusOr<std::unique_ptr<FrontKeeper>> Start(const FrontOptions& options,
                                                            UniqueFd listening,
                                                            WebSecurity* security,
                                                            FrontHandlers handlers);
  ~FrontKeeper();

  // Ends the front and waits for answers under way. Idempotent.
  void Stop();

 private:
  // What answering a front tells about it.
  enum class Verdict : uint8_t { kNone, kTakesNothing, kMisbehaved };

  // One process, and the threads that answer it.
  struct Life {
    pid_t pid = -1;
    UniqueFd pidfd;
    UniqueFd control;
    std::vector<UniqueFd> channels;
    std::vector<std::thread> threads;
    std::string stamp;      // of the configuration that it read
    int signs_missing = 0;  // of life, that were asked for; of the keeper's thread
    bool has_begun = false;
    std::atomic<Verdict> verdict = Verdict::kNone;
  };

  FrontKeeper(const FrontOptions& options, UniqueFd listening, UniqueFd wake, WebSecurity* security,
              FrontHandlers handlers);
  absl::StatusOr<std::unique_ptr<Life>> Begin();
  absl::StatusOr<pid_t> Spawn(int control, const std::vector<UniqueFd>& channels) const;
  void Answer(Life* life, int channel);
  void Give(Life* life, Verdict verdict);
  static bool IsAwake(Life* life, bool whole_look);
  static std::optional<HelperEnd> Judge(Life* life, bool whole_look);
  void Run();
  void Renew(std::optional<HelperEnd> end);
  static void End(Life* life);

  const FrontOptions options_;
  const UniqueFd listening_;
  const UniqueFd wake_;
  WebSecurity* const security_;
  const FrontHandlers handlers_;
  std::unique_ptr<Life> life_;  // of the keeper's thread, once that runs; nullptr: none could begin
  std::optional<HelperEnd> missing_;  // what ended and has no successor yet; of the same thread
  absl::Duration missing_since_;      // on the monotonic clock
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace nsobs
