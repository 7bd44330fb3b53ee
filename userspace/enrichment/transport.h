// One request to an engine over its unix socket, with a deadline and a bound on what is read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/enrichment/engine_socket.h"

namespace nsobs {

// Not thread-safe. Nothing is kept open between two requests.
class Transport {
 public:
  static constexpr size_t kMaxAnswerBytes = 1 << 20;
  static constexpr size_t kMaxHeaderBytes = 64 << 10;

  explicit Transport(absl::Duration deadline);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // A question may take several requests (of a pod, of each namespace): all until the next call of
  // this have kQuestionDeadlines deadlines together, whoever answers them slowly. Before the first
  // call only each by itself is bounded.
  static constexpr int kQuestionDeadlines = 4;
  void StartQuestion();

  // HTTP/1.1 GET; the body of a 200. Errors, also of CallGrpc(): NOT_FOUND: the engine knows
  // nothing of it (404); DEADLINE_EXCEEDED: not done within the deadline; UNAVAILABLE: nobody
  // listens; PERMISSION_DENIED: who listens is not who should (engine_peer.h); UNIMPLEMENTED: it
  // has no such service; DATA_LOSS: anything else, such as an answer that is none or is too long.
  absl::StatusOr<std::string> Get(const EngineSocket& socket, const std::string& target);

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // Unary gRPC: `method` is "/package.Service/Method", `message` and the answer are protobuf.
  absl::StatusOr<std::string> CallGrpc(const EngineSocket& socket, const std::string& method,
                                       const std::string& message, const Headers& metadata);

 private:
  using Clock = std::chrono::steady_clock;
  class Request;

  // Of the next request; nothing is left: zero.
  absl::Duration TimeLeft() const;

  const absl::Duration deadline_;
  Clock::time_point question_end_ = Clock::time_point::max();
};

}  // namespace nsobs
