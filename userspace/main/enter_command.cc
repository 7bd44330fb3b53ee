#include "userspace/main/enter_command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event_json.h"
#include "userspace/main/control_client.h"
#include "userspace/main/host_view.h"
#include "userspace/main/open_namespaces.h"
#include "userspace/main/target_files.h"

namespace nsobs {
namespace {

constexpr int kCannotRun = 126;
constexpr int kNotFound = 127;
constexpr int kSignalled = 128;

// What the child does between fork and exec.
struct Plan {
  OpenNamespaces open;
  NameFiles names;
  bool dns = false;
  bool user_first = false;  // without root its capabilities are what opens the others
};

std::vector<NamespaceKind> WithUser(std::vector<NamespaceKind> kinds) {
  const auto user = std::find(kinds.begin(), kinds.end(), NamespaceKind::kUser);
  if (user == kinds.end()) kinds.push_back(NamespaceKind::kUser);
  return kinds;
}

absl::StatusOr<Plan> MakePlan(const EnterOptions& options, LiveTarget& live) {
  Plan plan;
  plan.dns = options.dns;
  plan.user_first = geteuid() != 0;
  NSOBS_ASSIGN_OR_RETURN(
      plan.open,
      OpenForEntry(live, plan.user_first ? WithUser(options.kinds) : options.kinds, options.dns));
  if (!options.dns) return plan;
  if (!plan.open.root.ok()) {
    return absl::NotFoundError(
        absl::StrCat("--dns: no process lives in ", live.target.title, ", so it has no files"));
  }
  NSOBS_ASSIGN_OR_RETURN(plan.names, ReadNameFiles(plan.open.root.get()));
  return plan;
}

absl::Status JoinKind(const Plan& plan, NamespaceKind wanted) {
  for (const auto& [kind, fd] : plan.open.fds) {
    if (kind == wanted) NSOBS_RETURN_IF_ERROR(Join(kind, fd.get()));
  }
  return absl::OkStatus();
}

// Inside, uid 0 is who has the capabilities; outside it stays who it was.
absl::Status BecomeRootInside() {
  (void)setgroups(0, nullptr);  // not permitted everywhere, and not needed
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) {
    return ErrnoStatus(errno, "becoming root inside");
  }
  return absl::OkStatus();
}

bool Has(const Plan& plan, NamespaceKind wanted) {
  return std::any_of(plan.open.fds.begin(), plan.open.fds.end(),
                     [&](const auto& entry) { return entry.first == wanted; });
}

absl::Status EnterAll(const Plan& plan) {
  const bool user = Has(plan, NamespaceKind::kUser);
  // Before the network and the user namespace: it is the host's files that are covered.
  if (user && plan.user_first) {
    NSOBS_RETURN_IF_ERROR(JoinKind(plan, NamespaceKind::kUser));
    NSOBS_RETURN_IF_ERROR(BecomeRootInside());
  }
  if (plan.dns) NSOBS_RETURN_IF_ERROR(OverlayNameFiles(plan.names));
  for (const NamespaceKind kind :
       {NamespaceKind::kCgroup, NamespaceKind::kIpc, NamespaceKind::kUts, NamespaceKind::kNet,
        NamespaceKind::kTime, NamespaceKind::kPid, NamespaceKind::kMnt}) {
    NSOBS_RETURN_IF_ERROR(JoinKind(plan, kind));
  }
  if (!user || plan.user_first) return absl::OkStatus();
  NSOBS_RETURN_IF_ERROR(JoinKind(plan, NamespaceKind::kUser));
  return BecomeRootInside();
}

void Say(const std::string& text) {
  const std::string line = absl::StrCat("nsobserver: ", ForTerminal(text), "\n");
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody reads: nothing to do
}

[[noreturn]] void Exec(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  const int error = errno;
  Say(absl::StrCat(command[0], ": ", strerror(error)));
  _exit(error == ENOENT ? kNotFound : kCannotRun);
}

// As if the command had been started by the shell.
void RestoreSignals() {
  for (const int number : {SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGHUP, SIGCHLD}) {
    signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int CodeOf(int status) {
  return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

int AwaitChild(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kCannotRun;
  }
  return CodeOf(status);
}

// A pid namespace is one for children: whoever joins it stays where it is.
[[noreturn]] void RunInside(const Plan& plan, const std::vector<std::string>& command, int failed) {
  if (const absl::Status status = EnterAll(plan); !status.ok()) {
    Say(std::string(status.message()));
    if (write(failed, "!", 1) < 0) _exit(kExitUnsupported);  // the parent sees the code at least
    _exit(ExitCodeOf(status));
  }
  if (Has(plan, NamespaceKind::kPid)) {
    const pid_t child = fork();
    if (child < 0) _exit(kCannotRun);
    if (child > 0) _exit(AwaitChild(child));
  }
  RestoreSignals();
  Exec(command);
}

struct Outcome {
  int code = 0;
  bool entered = false;
};

absl::StatusOr<Outcome> Run(const Plan& plan, const std::vector<std::string>& command) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoStatus(errno, "pipe");
  const UniqueFd failed_in(ends[0]), failed_out(ends[1]);
  // Ctrl-C is meant for the command; what it does with it decides.
  const auto interrupt = signal(SIGINT, SIG_IGN);
  const auto quit = signal(SIGQUIT, SIG_IGN);
  const pid_t child = fork();
  if (child == 0) RunInside(plan, command, failed_out.get());
  const int fork_error = errno;
  const int code = child > 0 ? AwaitChild(child) : 0;
  signal(SIGINT, interrupt);
  signal(SIGQUIT, quit);
  if (child < 0) return ErrnoStatus(fork_error, "fork");
  char mark = 0;
  return Outcome{code, read(failed_in.get(), &mark, 1) != 1};
}

Json OwnProcess() {
  Json process = {{"comm", "nsobserver"}, {"uid", getuid()}, {"login_uid", nullptr}};
  const auto self = LiveProcess(static_cast<uint32_t>(getpid()));
  if (self.ok()) process["start_boot_ns"] = self->start_boot_ns;
  const auto login = ReadSmallFile("/proc/self/loginuid", 64);
  const uint32_t uid = login.ok() ? static_cast<uint32_t>(strtoul(login->c_str(), nullptr, 10)) : 0;
  if (login.ok() && uid != UINT32_MAX) process["login_uid"] = uid;
  return process;
}

void Record(const EnterOptions& options, const LiveTarget& live, const Plan& plan, int64_t took_ns,
            int code, const Console& console) {
  Json kinds = Json::array();
  for (const auto& [kind, fd] : plan.open.fds) kinds.push_back(Name(kind));
  const Json request = {{"op", "record_entry"},
                        {"container", ToJson(live.target.container)},
                        {"command", ToUtf8(absl::StrJoin(options.command, " "))},
                        {"kinds", std::move(kinds)},
                        {"duration_ns", took_ns},
                        {"exit_code", code},
                        {"process", OwnProcess()},
                        {"namespaces", ToJson(live.target.namespaces)}};
  const absl::StatusOr<Json> answer = AskDaemon(options.config.storage.path, request);
  if (answer.ok()) return;
  console.Complain(
      absl::StrCat("this entry is not in the timeline: ", std::string(answer.status().message())));
}

// Whoever is not root sees hardly any container.
absl::Status SeenAsAnybody(const absl::Status& status) {
  if (!absl::IsNotFound(status) || geteuid() == 0) return status;
  return absl::NotFoundError(
      absl::StrCat(std::string(status.message()), "; without root few are seen (try sudo)"));
}

}  // namespace

int EnterCommand(const EnterOptions& options, const Console& console) {
  const SystemClock clock;
  const auto inventory = ScanForEntry(options.config, &clock);
  if (!inventory.ok()) return console.Fail(inventory.status());
  absl::StatusOr<LiveTarget> live =
      ResolveLive(options.target, **inventory, options.config.runtimes.netns);
  if (!live.ok()) return console.Fail(SeenAsAnybody(live.status()));
  const absl::StatusOr<Plan> plan = MakePlan(options, *live);
  if (!plan.ok()) return console.Fail(plan.status());
  console.out.flush();
  const int64_t begun = clock.BootNs();
  const absl::StatusOr<Outcome> outcome = Run(*plan, options.command);
  if (!outcome.ok()) return console.Fail(outcome.status());
  if (outcome->entered) {
    Record(options, *live, *plan, clock.BootNs() - begun, outcome->code, console);
  }
  return outcome->code;
}

}  // namespace nsobs
