#include "exporters/web/connection_loop.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>

#include "absl/time/clock.h"

namespace nsobs {
namespace {

// A connection that is younger is not yet slow, so it keeps its place.
constexpr absl::Duration kFair = absl::Milliseconds(100);
constexpr absl::Duration kPauseWithoutFds = absl::Milliseconds(100);
constexpr int kAcceptsAtOnce = 16;
constexpr size_t kFixedFds = 2;

using State = Connection::State;

// Of the monotonic clock: a timeout has nothing to do with what day it is.
absl::Time Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return absl::TimeFromTimespec(t);
}

short EventsOf(State state) {
  switch (state) {
    case State::kReading:
    case State::kDraining:
      return POLLIN;
    case State::kWriting:
      return POLLOUT;
    case State::kServing:
    case State::kClosed:
      return 0;
  }
  return 0;
}

// A client that waits for a worker is not the slow one.
bool MayGiveWay(const Connection& connection) { return connection.state() != State::kServing; }

}  // namespace

bool IsForApi(const RequestHead& head) {
  const std::string_view line(head.text.data(), std::min(head.text.find('\r'), head.text.size()));
  return line.find(" /api/") != std::string_view::npos;
}

ConnectionLoop::ConnectionLoop(UniqueFd listening, UniqueFd wake, const Limits& limits,
                               WebSecurity* security, Answerer answerer, IsSlow is_slow)
    : limits_(limits),
      security_(security),
      answerer_(std::move(answerer)),
      is_slow_(std::move(is_slow)),
      listening_(std::move(listening)),
      wake_(std::move(wake)),
      workers_(limits.workers),
      slow_workers_(limits.slow_workers),
      thread_(&ConnectionLoop::Run, this) {}

ConnectionLoop::~ConnectionLoop() { Stop(); }

void ConnectionLoop::Stop() {
  stop_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
  workers_.Stop();
  slow_workers_.Stop();
}

void ConnectionLoop::Wake() { eventfd_write(wake_.get(), 1); }

void ConnectionLoop::Run() {
  while (!stop_) {
    Polled polled = PreparePoll(Now());
    // Rounded up, so that a deadline has passed when it returns.
    const int wait_ms =
        static_cast<int>(absl::ToInt64Milliseconds(std::min(polled.timeout, absl::Hours(1))) + 1);
    if (poll(polled.fds.data(), polled.fds.size(), wait_ms) < 0 && errno != EINTR) {
      absl::SleepFor(kPauseWithoutFds);  // no memory: again, but not at once
    }
    const absl::Time now = Now();
    if (polled.fds[0].revents != 0) TakeAnswers(now);
    for (size_t i = 0; i < polled.ids.size(); ++i) {
      if (polled.fds[i + kFixedFds].revents != 0) OnReady(polled.ids[i], now);
    }
    if (polled.fds[1].revents != 0) Accept(now);
    DropExpired(now);
    DropClosed();
  }
  connections_.clear();
  listening_.reset();  // and with it those that were not accepted yet
}

ConnectionLoop::Polled ConnectionLoop::PreparePoll(absl::Time now) const {
  Polled polled;
  absl::Time until = absl::InfiniteFuture();
  const bool accept = MayAccept(now);
  if (!accept) until = now + kFair;
  polled.fds.push_back({wake_.get(), POLLIN, 0});
  polled.fds.push_back({accept ? listening_.get() : -1, POLLIN, 0});
  for (const auto& [id, connection] : connections_) {
    short events = EventsOf(connection.state());
    if (events == POLLIN && connection.wants_write()) events = POLLOUT;
    // Left out and not asked with 0: poll() would report each hang-up again and again.
    if (events == 0) continue;
    polled.fds.push_back({connection.fd(), events, 0});
    polled.ids.push_back(id);
    until = std::min(until, connection.deadline());
  }
  polled.timeout = std::max(absl::ZeroDuration(), until - now);
  return polled;
}

void ConnectionLoop::OnReady(uint64_t id, absl::Time now) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  Connection& connection = it->second;
  switch (connection.state()) {
    case State::kReading:
      ReadFrom(id, connection, now);
      break;
    case State::kWriting:
      connection.Write(now);
      if (connection.state() == State::kReading && connection.has_input()) {
        ReadFrom(id, connection, now);
      }
      break;
    case State::kDraining:
      connection.Drain();
      break;
    case State::kServing:
    case State::kClosed:
      break;
  }
}

void ConnectionLoop::ReadFrom(uint64_t id, Connection& connection, absl::Time now) {
  std::optional<RequestHead> head = connection.Read(now);
  if (head) Submit(id, std::move(*head), connection.last());
}

void ConnectionLoop::Submit(uint64_t id, RequestHead head, bool last) {
  WorkerPool& workers = is_slow_(head) ? slow_workers_ : workers_;
  workers.Submit([this, id, head = std::move(head), last] {
    std::string answer = answerer_(head, last);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      answers_.emplace_back(id, std::move(answer));
    }
    Wake();
  });
}

void ConnectionLoop::TakeAnswers(absl::Time now) {
  eventfd_t ignored;
  eventfd_read(wake_.get(), &ignored);
  std::vector<std::pair<uint64_t, std::string>> answers;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    answers.swap(answers_);
  }
  for (auto& [id, answer] : answers) {
    const auto it = connections_.find(id);
    if (it == connections_.end()) continue;
    it->second.Answer(std::move(answer), now);
    if (it->second.state() == State::kReading) ReadFrom(id, it->second, now);
    LimitPending();
  }
}

void ConnectionLoop::LimitPending() {
  size_t pending = 0;
  // Newest first: what is over the limit has waited for longest.
  for (auto it = connections_.rbegin(); it != connections_.rend();) {
    pending += it->second.pending_bytes();
    const bool over = pending > limits_.max_pending_bytes && it->second.state() == State::kWriting;
    if (over) {
      it = std::make_reverse_iterator(connections_.erase(std::next(it).base()));
    } else {
      ++it;
    }
  }
}

ConnectionLoop::Connections::iterator ConnectionLoop::Slowest() {
  auto slowest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it) {
    if (!MayGiveWay(it->second)) continue;
    if (slowest == connections_.end() || it->second.since() < slowest->second.since()) slowest = it;
  }
  return slowest;
}

bool ConnectionLoop::MayAccept(absl::Time now) const {
  if (now < accept_after_) return false;
  if (connections_.size() < limits_.max_connections) return true;
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& entry) {
    return MayGiveWay(entry.second) && now - entry.second.since() >= kFair;
  });
}

void ConnectionLoop::Accept(absl::Time now) {
  for (int i = 0; i < kAcceptsAtOnce && MayAccept(now); ++i) {
    UniqueFd fd(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.ok()) {
      const bool none_left = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
      if (none_left) accept_after_ = now + kPauseWithoutFds;
      return;
    }
    if (connections_.size() >= limits_.max_connections) connections_.erase(Slowest());
    const uint64_t id = next_id_++;
    Channel channel(std::move(fd), security_->Current()->context.get());
    const auto it = connections_.try_emplace(id, std::move(channel), limits_.timeout, now).first;
    ReadFrom(id, it->second, now);  // most requests come with the connection
  }
}

void ConnectionLoop::DropExpired(absl::Time now) {
  std::erase_if(connections_, [&](const auto& entry) { return entry.second.deadline() <= now; });
}

void ConnectionLoop::DropClosed() {
  std::erase_if(connections_,
                [](const auto& entry) { return entry.second.state() == State::kClosed; });
}

}  // namespace nsobs
