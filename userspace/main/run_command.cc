#include "userspace/main/run_command.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/base/log.h"
#include "userspace/base/service_manager.h"
#include "userspace/base/startup_code.h"
#include "userspace/config/value_text.h"
#include "userspace/correlation/host_cgroup_namespace.h"
#include "userspace/main/daemon.h"
#include "userspace/main/exit_code.h"
#include "userspace/main/next_step.h"
#include "userspace/main/progress.h"

namespace nsobs {
namespace {

// Blocked in every thread before any is started; taken by Serve() alone.
sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGUSR2, SIGHUP}) sigaddset(&set, signal);
  return set;
}

void ReloadConfig(const std::optional<std::string>& file, const FlagTexts& flags, Config* running,
                  Daemon* daemon) {
  absl::StatusOr<Config> loaded = LoadConfig(file, flags);
  if (!loaded.ok()) {
    spdlog::error("reload: {} (nothing changed)", std::string(loaded.status().message()));
    return;
  }
  Reload plan = PlanReload(*running, *loaded);
  for (const std::string& path : plan.changed) spdlog::info("reload: {} changed", path);
  for (const std::string& path : plan.needs_restart) {
    spdlog::warn("reload: {} needs a restart to change", path);
  }
  *running = std::move(plan.config);
  daemon->Apply(*running);
  spdlog::info("reload: done");
}

// Tells the service manager's watchdog that we live: only while the threads turn that never have a
// reason to stand still, so that one that hangs is ended and started anew.
class LifeSign {
 public:
  LifeSign(ServiceManager* manager, const Daemon* daemon) : manager_(manager), daemon_(daemon) {}

  void Give() {
    const Pipeline::Turns now = daemon_->turns();
    if (now.ring == last_.ring || now.pipeline == last_.pipeline) return;
    last_ = now;
    manager_->KeepAlive();
  }

 private:
  ServiceManager* const manager_;
  const Daemon* const daemon_;
  Pipeline::Turns last_;
};

// The next signal; 0 when `patience` is over. Zero patience waits for ever.
int NextSignal(const sigset_t& signals, absl::Duration patience) {
  const timespec timeout = absl::ToTimespec(patience);
  const int taken =
      sigtimedwait(&signals, nullptr, patience == absl::ZeroDuration() ? nullptr : &timeout);
  return taken > 0 ? taken : 0;  // also after EINTR
}

// Until SIGTERM, SIGINT or SIGUSR2; which.
int Serve(const sigset_t& signals, ServiceManager* manager, Daemon* daemon,
          absl::FunctionRef<void()> reload) {
  LifeSign life(manager, daemon);
  // Four times as often as needed: a busy host delays us, too.
  const absl::Duration patience = manager->watchdog() / 4;
  while (true) {
    const int taken = NextSignal(signals, patience);
    if (taken == SIGTERM || taken == SIGINT || taken == SIGUSR2) return taken;
    if (taken == SIGHUP) reload();
    if (patience != absl::ZeroDuration()) life.Give();
  }
}

}  // namespace

int RunCommand(const Config& config, const std::optional<std::string>& config_file,
               const FlagTexts& flags) {
  mallopt(M_ARENA_MAX, 2);  // few threads that allocate: an arena for each would only cost memory
  InitLog(config.log.level);
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const absl::Status joined = JoinHostCgroupNamespace("/proc");
  if (!joined.ok() && geteuid() == 0) {  // who isn't root is told that soon
    spdlog::warn("containers may go without a name: {}", std::string(joined.message()));
  }
  ServiceManager manager = ServiceManager::FromEnvironment();
  const SystemClock clock;
  Config running = config;
  Progress progress(STDERR_FILENO, "loading the BPF programs and looking at what runs");
  absl::StatusOr<std::unique_ptr<Daemon>> daemon = Daemon::Start(running, &clock, &manager);
  progress.Done();
  if (!daemon.ok()) {
    std::cerr << "nsobserver: " << std::string(WithSudo(daemon.status()).message()) << "\n";
    return ExitCodeOf(daemon.status());
  }
  malloc_trim(0);  // loading and the first look at the host needed it once
  if (absl::Status status = ReleaseStartupCode(); !status.ok()) {
    spdlog::debug("code of the start stays in memory: {}", std::string(status.message()));
  }
  HostPort address = running.web.listen_address;
  address.port = static_cast<uint16_t>((*daemon)->port());
  spdlog::info("observing; metrics on http://{}/metrics, timeline in {}", HostPortText(address),
               running.storage.path);
  const std::string status = absl::StrCat("observing; metrics on ", HostPortText(address));
  manager.Ready(status);
  const int last = Serve(signals, &manager, daemon->get(), [&] {
    manager.Reloading();
    ReloadConfig(config_file, flags, &running, daemon->get());
    manager.Ready(status);
  });
  manager.Stopping();
  spdlog::info("stopping");
  (*daemon)->Stop(last == SIGUSR2 ? Daemon::Next::kSuccessor : Daemon::Next::kNobody);
  return kExitDone;
}

}  // namespace nsobs
