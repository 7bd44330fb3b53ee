// bench_herd N NAME: N processes that look like the inits of N containers, each in namespaces of
// its own of six kinds and in cgroups /NAME-I of its own, at a thousandth of what a runtime would
// cost. Prints "I PID START_TICKS" of each and "ready", and ends them when its standard input
// does. The cgroups are removed then. For a line "signal N" each gets N different signals, which an
// init without handlers ignores; "done" is printed then.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace nsobs::bench {
namespace {

constexpr unsigned long kOwn = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS |
                               CLONE_NEWIPC | CLONE_NEWCGROUP | SIGCHLD;

// Those that name containers or say what they use.
std::vector<std::string> Hierarchies() {
  std::vector<std::string> out;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    char mount[4096] = {};
    if (sscanf(line.c_str(), "%*d %*d %*s %*s %4095s", mount) != 1) continue;
    const bool v2 = line.find(" - cgroup2 ") != std::string::npos;
    bool v1 = false;
    for (const char* controller : {"/memory", "/cpu", "/cpu,cpuacct", "/pids"}) {
      v1 |=
          line.find(" - cgroup ") != std::string::npos && std::string(mount).ends_with(controller);
    }
    if (v1 || v2) out.push_back(mount);
  }
  return out;
}

void Join(const std::string& cgroup, pid_t pid) {
  mkdir(cgroup.c_str(), 0755);
  std::ofstream(cgroup + "/cgroup.procs") << pid << "\n";
}

unsigned long long StartTicks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  unsigned long long ticks = 0;
  sscanf(text.substr(text.rfind(')') + 1).c_str(),
         " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
         &ticks);
  return ticks;
}

// In namespaces of its own; ends with us.
pid_t Begin() {
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, kOwn, nullptr, nullptr, nullptr, nullptr));
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "herd");
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  while (true) pause();
}

void Signal(pid_t pid, int kinds) {
  for (int signal = 1; kinds > 0 && signal <= SIGRTMAX; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP || (signal > 31 && signal < SIGRTMIN)) continue;
    kill(pid, signal);
    --kinds;
  }
}

int Main(int count, const std::string& name) {
  const std::vector<std::string> hierarchies = Hierarchies();
  std::vector<pid_t> pids;
  for (int i = 0; i < count; ++i) {
    const pid_t pid = Begin();
    if (pid < 0) {
      fprintf(stderr, "bench_herd: clone: %s\n", strerror(errno));
      break;
    }
    pids.push_back(pid);
    for (const std::string& mount : hierarchies) {
      Join(mount + "/" + name + "-" + std::to_string(i), pid);
    }
    printf("%d %d %llu\n", i, pid, StartTicks(pid));
  }
  puts("ready");
  fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    int kinds = 0;
    if (sscanf(line.c_str(), "signal %d", &kinds) != 1) continue;
    for (const pid_t pid : pids) Signal(pid, kinds);
    puts("done");
    fflush(stdout);
  }
  for (const pid_t pid : pids) kill(pid, SIGKILL);
  for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
  for (const std::string& mount : hierarchies) {
    for (int i = 0; i < count; ++i) rmdir((mount + "/" + name + "-" + std::to_string(i)).c_str());
  }
  return static_cast<int>(pids.size()) == count ? 0 : 1;
}

}  // namespace
}  // namespace nsobs::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: bench_herd N NAME\n", stderr);
    return 2;
  }
  return nsobs::bench::Main(atoi(argv[1]), argv[2]);
}
