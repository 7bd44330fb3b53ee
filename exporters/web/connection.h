// One client: what it sent so far, what it has yet to take. Used by the loop's thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "exporters/web/channel.h"
#include "exporters/web/request_head.h"

namespace nsobs {

class Connection {
 public:
  enum class State {
    kReading,   // waits for the rest of a head
    kServing,   // a worker has the request; the socket is left alone
    kWriting,   // an answer is on its way
    kDraining,  // all is said; waits for the client to close, or else a reset could eat the answer
    kClosed,
  };

  // `timeout` bounds each state but kServing; a handshake is part of the first kReading.
  Connection(Channel channel, absl::Duration timeout, absl::Time now);

  State state() const { return state_; }
  int fd() const { return channel_.fd(); }
  bool wants_write() const { return channel_.wants_write(); }
  absl::Time since() const { return since_; }  // when the state began
  absl::Time deadline() const;                 // infinite while serving
  size_t pending_bytes() const { return out_.size() - sent_; }
  bool last() const { return close_; }  // no request is read after this one

  // kReading: takes what is there. A request that came whole is returned, and the state is
  // kServing. What isn't one is answered here.
  std::optional<RequestHead> Read(absl::Time now);

  // kServing: sends what can be sent at once.
  void Answer(std::string answer, absl::Time now);

  // kWriting, kDraining: the socket is ready.
  void Write(absl::Time now);
  void Drain();

  // kReading again with bytes that are there already (a client that doesn't wait for answers).
  bool has_input() const { return !in_.empty() || channel_.has_pending(); }

 private:
  void Enter(State state, absl::Time now);
  std::optional<RequestHead> TakeRequest(absl::Time now);

  Channel channel_;
  const absl::Duration timeout_;
  State state_ = State::kReading;
  absl::Time since_;
  std::string in_;
  std::string out_;
  size_t sent_ = 0;
  size_t drained_ = 0;
  int requests_ = 0;
  bool close_ = false;
};

}  // namespace nsobs
