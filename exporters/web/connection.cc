#include "exporters/web/connection.h"

#include <algorithm>

#include "exporters/web/http_service.h"

namespace nsobs {
namespace {

constexpr size_t kReadBytes = 4096;
constexpr size_t kMaxDrainBytes = 1 << 20;
constexpr absl::Duration kMaxDrainTime = absl::Seconds(1);

}  // namespace

Connection::Connection(Channel channel, absl::Duration timeout, absl::Time now)
    : channel_(std::move(channel)), timeout_(timeout), since_(now) {}

void Connection::Enter(State state, absl::Time now) {
  state_ = state;
  since_ = now;
}

absl::Time Connection::deadline() const {
  switch (state_) {
    case State::kReading:
    case State::kWriting:
      return since_ + timeout_;
    case State::kDraining:
      return since_ + std::min(timeout_, kMaxDrainTime);
    case State::kServing:
    case State::kClosed:
      return absl::InfiniteFuture();
  }
  return absl::InfiniteFuture();
}

std::optional<RequestHead> Connection::Read(absl::Time now) {
  char buffer[kReadBytes];
  while (FindHeadEnd(in_) == std::string::npos && in_.size() <= kMaxHeadBytes) {
    const ssize_t n = channel_.Receive(buffer, sizeof(buffer));
    if (n == 0) {
      state_ = State::kClosed;
      return std::nullopt;
    }
    if (n < 0) break;
    if (in_.empty()) since_ = now;  // the silence before a request is not the request's time
    in_.append(buffer, static_cast<size_t>(n));
  }
  return TakeRequest(now);
}

std::optional<RequestHead> Connection::TakeRequest(absl::Time now) {
  const size_t end = FindHeadEnd(in_);
  if (end == std::string::npos && in_.size() <= kMaxHeadBytes) return std::nullopt;
  std::optional<RequestHead> head;
  if (end != std::string::npos && end <= kMaxHeadBytes) {
    head = ReadHead(std::string_view(in_).substr(0, end));
    in_.erase(0, end);
  }
  ++requests_;
  close_ = !head || head->close || head->has_body || requests_ >= kMaxRequestsPerConnection;
  Enter(State::kServing, now);
  if (!head) {
    const bool large = end == std::string::npos || end > kMaxHeadBytes;
    Answer(
        large ? BareAnswer(431, "Request Header Fields Too Large") : BareAnswer(400, "Bad Request"),
        now);
  }
  return head;
}

void Connection::Answer(std::string answer, absl::Time now) {
  out_ = std::move(answer);
  sent_ = 0;
  Enter(State::kWriting, now);
  Write(now);
}

void Connection::Write(absl::Time now) {
  while (sent_ < out_.size()) {
    const ssize_t n = channel_.Send(out_.data() + sent_, out_.size() - sent_);
    if (n == 0) state_ = State::kClosed;
    if (n <= 0) return;
    sent_ += static_cast<size_t>(n);
  }
  out_ = std::string();  // gives the memory back
  sent_ = 0;
  if (close_) {
    channel_.EndSending();
    Enter(State::kDraining, now);
  } else {
    Enter(State::kReading, now);
  }
}

void Connection::Drain() {
  char buffer[kReadBytes];
  ssize_t n;
  while ((n = channel_.Receive(buffer, sizeof(buffer))) > 0) {
    drained_ += static_cast<size_t>(n);
    if (drained_ > kMaxDrainBytes) n = 0;
    if (n == 0) break;
  }
  if (n == 0) state_ = State::kClosed;
}

}  // namespace nsobs
