#include "userspace/pipeline/control_server.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <utility>

#include "userspace/base/log.h"
#include "userspace/base/mutex.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

// To hang up while something is unread would take the answer away from the other side.
void DropUnread(int connection) {
  char packet[1];
  shutdown(connection, SHUT_RD);
  while (recv(connection, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC) > 0) continue;
}

constexpr absl::Duration kReceiveTime = absl::Seconds(3);
constexpr absl::Duration kStoreTime = absl::Seconds(5);

Json Refusal(const absl::Status& status) {
  return {{"ok", false}, {"error", std::string(status.message())}};
}

absl::StatusOr<uint32_t> PeerPid(int connection, uid_t allowed_uid) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return ErrnoStatus(errno, "SO_PEERCRED");
  }
  if (peer.uid != allowed_uid) return absl::PermissionDeniedError("only root may do this");
  return static_cast<uint32_t>(peer.pid);
}

// What the timeline's thread will say of a snapshot; outlives whoever waits for it.
struct Outcome {
  Mutex mutex;
  bool done ABSL_GUARDED_BY(mutex) = false;
  absl::StatusOr<int64_t> id ABSL_GUARDED_BY(mutex) =
      absl::DeadlineExceededError("the timeline is slow; it may still be stored");

  void Set(const absl::StatusOr<int64_t>& value) {
    MutexLock lock(&mutex);
    id = value;
    done = true;
  }
  absl::StatusOr<int64_t> Await(absl::Duration most) {
    MutexLock lock(&mutex);
    mutex.AwaitWithTimeout([this] { return done; }, most);
    return id;
  }
};

absl::Status Full() { return absl::ResourceExhaustedError("the daemon has no room now"); }

struct Executor {
  const ControlHandlers& handlers;

  Json operator()(SnapshotRow row) const {
    const auto outcome = std::make_shared<Outcome>();
    row.on_stored = [outcome](const absl::StatusOr<int64_t>& id) { outcome->Set(id); };
    if (!handlers.store_snapshot(std::move(row))) return Refusal(Full());
    const absl::StatusOr<int64_t> id = outcome->Await(kStoreTime);
    if (!id.ok()) return Refusal(id.status());
    return {{"ok", true}, {"id", *id}};
  }

  Json operator()(ObservedEvent event) const {
    if (!handlers.record_event(std::move(event))) return Refusal(Full());
    return {{"ok", true}};
  }
};

}  // namespace

ControlServer::ControlServer(std::string path, uid_t allowed_uid, const Clock* clock,
                             ControlHandlers handlers)
    : path_(std::move(path)),
      allowed_uid_(allowed_uid),
      clock_(clock),
      handlers_(std::move(handlers)) {}

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& path,
                                                                    uid_t allowed_uid,
                                                                    const Clock* clock,
                                                                    ControlHandlers handlers) {
  std::unique_ptr<ControlServer> server(
      new ControlServer(path, allowed_uid, clock, std::move(handlers)));
  NSOBS_ASSIGN_OR_RETURN(server->listener_, ListenSeqpacket(path));
  server->stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  if (!server->stop_.ok()) return ErrnoStatus(errno, "eventfd");
  server->thread_ = std::thread([raw = server.get()] { raw->Loop(); });
  return server;
}

ControlServer::~ControlServer() {
  const uint64_t one = 1;
  if (stop_.ok() && write(stop_.get(), &one, sizeof(one)) < 0) {
    spdlog::error("control socket: {}", ErrnoName(errno));
  }
  if (!thread_.joinable()) return;
  thread_.join();
  unlink(path_.c_str());
}

void ControlServer::Loop() {
  prctl(PR_SET_NAME, "nsobs-control");
  while (true) {
    pollfd fds[] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    if (fds[0].revents == 0) continue;
    const UniqueFd connection(
        accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.ok()) {
      Serve(connection.get());
    } else if (errno == EMFILE || errno == ENFILE) {
      absl::SleepFor(absl::Milliseconds(100));  // it stays readable: don't spin
    }
  }
}

void ControlServer::Serve(int connection) {
  const std::string answer = Answer(connection);
  // Whoever asked may have gone; nothing is left to be done then.
  (void)SendMessage(connection, answer, Deadline::In(absl::Seconds(1)));
  DropUnread(connection);
}

std::string ControlServer::Answer(int connection) {
  const auto answer = [&]() -> Json {
    const absl::StatusOr<uint32_t> pid = PeerPid(connection, allowed_uid_);
    if (!pid.ok()) return Refusal(pid.status());
    const auto text = ReceiveMessage(connection, kMaxControlBytes, Deadline::In(kReceiveTime));
    if (!text.ok()) return Refusal(text.status());
    auto request = ParseControlRequest(
        *text, {*pid, clock_->BootNs(), clock_->WallNs(), handlers_.find_container});
    if (!request.ok()) return Refusal(request.status());
    return std::visit(Executor{handlers_}, *std::move(request));
  };
  return answer().dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nsobs
