#include "userspace/handover/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "userspace/base/self_spawn.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"
#include "userspace/handover/keeper_process.h"

namespace nsobs {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);  // of one process with the other
constexpr int kEndMs = 1000;
constexpr int kAboveAll = 16;  // of the numbers that the child finds them as

absl::Status AwaitHolds(int line) {
  pollfd waiting = {line, POLLIN, 0};
  char word = 0;
  if (poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) != 1 ||
      recv(line, &word, 1, MSG_DONTWAIT) != 1 || word != kKeeperHolds) {
    return absl::UnavailableError("it did not begin");
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> High(const UniqueFd& fd) {
  UniqueFd high(fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveAll));
  if (!high.ok()) return ErrnoStatus(errno, "a descriptor for the keeper");
  return high;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Keeper>> Keeper::Start(const std::string& path,
                                                      absl::Duration patience,
                                                      const FdBundle& bundle) {
  NSOBS_ASSIGN_OR_RETURN(const UniqueFd listening, ListenSeqpacket(path));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  UniqueFd ours(ends[0]), theirs(ends[1]);
  NSOBS_ASSIGN_OR_RETURN(const UniqueFd line, High(theirs));
  NSOBS_ASSIGN_OR_RETURN(const UniqueFd socket, High(listening));
  theirs.reset();
  const std::vector<std::string> words = {kKeeperCommand, path,
                                          absl::StrCat(absl::ToInt64Milliseconds(patience))};
  NSOBS_ASSIGN_OR_RETURN(const pid_t child, SpawnSelf(words, {{line.get(), kKeeperLine},
                                                              {socket.get(), kKeeperListening}}));
  std::unique_ptr<Keeper> keeper(new Keeper(child, std::move(ours)));
  absl::Status status = SendBundle(keeper->line_.get(), bundle, Deadline::In(kPatience));
  if (status.ok()) status = AwaitHolds(keeper->line_.get());
  if (!status.ok()) keeper->End();
  if (!status.ok()) return Annotate(status, "the keeper");
  return keeper;
}

absl::StatusOr<Keeper::Left> Keeper::TakeLeft(const std::string& path) {
  NSOBS_ASSIGN_OR_RETURN(UniqueFd line, ConnectSeqpacket(path));
  NSOBS_ASSIGN_OR_RETURN(FdBundle bundle, ReceiveBundle(line.get(), Deadline::In(kPatience)));
  return Left{std::move(bundle), std::unique_ptr<Keeper>(new Keeper(0, std::move(line)))};
}

Keeper::~Keeper() {
  line_.reset();
  if (child_ > 0) waitpid(child_, nullptr, WNOHANG);
}

void Keeper::End() {
  if (!line_.ok()) return;
  (void)!send(line_.get(), &kKeeperEnd, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  pollfd gone = {line_.get(), POLLIN, 0};  // its end is the end of the line
  poll(&gone, 1, kEndMs);
  line_.reset();
  for (int waited_ms = 0; child_ > 0 && waited_ms < kEndMs; waited_ms += 5) {
    if (waitpid(child_, nullptr, WNOHANG) != 0) return;
    usleep(5000);
  }
}

}  // namespace nsobs
