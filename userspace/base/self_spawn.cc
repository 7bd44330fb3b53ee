#include "userspace/base/self_spawn.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr const char* kSelf = "/proc/self/exe";  // also when the file has been replaced

// What a process inherits.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  void Give(const GivenFd& given) {
    posix_spawn_file_actions_adddup2(&actions_, given.fd, given.as);
  }
  int Spawn(const std::vector<std::string>& words, pid_t* pid) const {
    std::vector<char*> arguments;
    arguments.push_back(const_cast<char*>("nsobserver"));
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::array<char*, 1> environment = {nullptr};
    return posix_spawn(pid, kSelf, &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

absl::StatusOr<pid_t> SpawnSelf(const std::vector<std::string>& words,
                                const std::vector<GivenFd>& given) {
  SpawnPlan plan;
  for (const GivenFd& one : given) plan.Give(one);
  pid_t pid = -1;
  const int error = plan.Spawn(words, &pid);
  if (error != 0) return ErrnoStatus(error, "starting the own program anew");
  return pid;
}

ChildEnd EndOfChild(pid_t pid) {
  siginfo_t info{};
  const int options = WEXITED | WNOHANG | WNOWAIT;
  if (waitid(P_PID, static_cast<id_t>(pid), &info, options) != 0 || info.si_pid == 0) return {};
  const bool killed = info.si_code != CLD_EXITED;
  return {true, killed, absl::StrCat(killed ? "killed by signal " : "exit code ", info.si_status)};
}

}  // namespace nsobs
