#include "userspace/main/run_command.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/base/log.h"
#include "userspace/config/value_text.h"
#include "userspace/main/daemon.h"
#include "userspace/main/exit_code.h"
#include "userspace/main/next_step.h"
#include "userspace/main/progress.h"

namespace nsobs {
namespace {

// Blocked in every thread before any is started; taken by WaitForStop() alone.
sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
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

}  // namespace

int RunCommand(const Config& config, const std::optional<std::string>& config_file,
               const FlagTexts& flags) {
  mallopt(M_ARENA_MAX, 2);  // few threads that allocate: an arena for each would only cost memory
  InitLog(config.log.level);
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const SystemClock clock;
  Config running = config;
  Progress progress(STDERR_FILENO, "loading the BPF programs and looking at what runs");
  absl::StatusOr<std::unique_ptr<Daemon>> daemon = Daemon::Start(running, &clock);
  progress.Done();
  if (!daemon.ok()) {
    std::cerr << "nsobserver: " << std::string(WithSudo(daemon.status()).message()) << "\n";
    return ExitCodeOf(daemon.status());
  }
  malloc_trim(0);  // loading and the first look at the host needed it once
  HostPort address = running.web.listen_address;
  address.port = static_cast<uint16_t>((*daemon)->port());
  spdlog::info("observing; metrics on http://{}/metrics, timeline in {}", HostPortText(address),
               running.storage.path);
  while (true) {
    int taken = 0;
    sigwait(&signals, &taken);
    if (taken != SIGHUP) break;
    ReloadConfig(config_file, flags, &running, daemon->get());
  }
  spdlog::info("stopping");
  (*daemon)->Stop();
  return kExitDone;
}

}  // namespace nsobs
