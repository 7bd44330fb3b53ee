// Moves the bytes of all connections in one thread. No client holds more than its place among
// `max_connections`, and that not for longer than a timeout; when places run out, whoever has been
// slow for longest gives way to the next one.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "exporters/web/connection.h"
#include "exporters/web/security.h"
#include "exporters/web/worker_pool.h"

namespace nsobs {

// A request that reads the database, and may take seconds.
bool IsForApi(const RequestHead& head);

class ConnectionLoop {
 public:
  struct Limits {
    size_t max_connections = 64;
    absl::Duration timeout = absl::Seconds(5);
    size_t workers = 4;
    // For what reads the database and may take seconds, so that scrapes don't wait for it.
    size_t slow_workers = 2;
    // Answers that clients have yet to take, together.
    size_t max_pending_bytes = size_t{16} << 20;
  };
  // Whether the request is for the slow workers.
  using IsSlow = std::function<bool(const RequestHead&)>;
  // Called in the workers' threads.
  using Answerer = std::function<std::string(const RequestHead&, bool last)>;

  // `wake` is an eventfd, non-blocking. `security` outlives the loop.
  ConnectionLoop(UniqueFd listening, UniqueFd wake, const Limits& limits, WebSecurity* security,
                 Answerer answerer, IsSlow is_slow);
  ~ConnectionLoop();

  // Closes all connections, waits for the workers. Idempotent, from one thread.
  void Stop();

 private:
  using Connections = std::map<uint64_t, Connection>;  // ids ascend: oldest first
  struct Polled {
    std::vector<pollfd> fds;
    std::vector<uint64_t> ids;  // of the connections, behind the two fixed ones
    absl::Duration timeout;
  };

  void Run();
  Polled PreparePoll(absl::Time now) const;
  void OnReady(uint64_t id, absl::Time now);
  void ReadFrom(uint64_t id, Connection& connection, absl::Time now);
  void Submit(uint64_t id, RequestHead head, bool last);
  void TakeAnswers(absl::Time now);
  void Accept(absl::Time now);
  Connections::iterator Slowest();
  bool MayAccept(absl::Time now) const;
  void DropExpired(absl::Time now);
  void DropClosed();
  void LimitPending();
  void Wake();

  const Limits limits_;
  WebSecurity* const security_;
  const Answerer answerer_;
  const IsSlow is_slow_;
  UniqueFd listening_;
  const UniqueFd wake_;
  Connections connections_;
  uint64_t next_id_ = 0;
  absl::Time accept_after_ = absl::InfinitePast();  // file descriptors ran out

  std::mutex mutex_;  // of std, as in WorkerPool; guards the next
  std::vector<std::pair<uint64_t, std::string>> answers_;

  std::atomic<bool> stop_ = false;
  WorkerPool workers_;
  WorkerPool slow_workers_;
  std::thread thread_;
};

}  // namespace nsobs
