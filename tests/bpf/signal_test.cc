// Signals: what each told record says, that each is told once, and that all are counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/child.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

void Nothing(int) {}

void Block(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void* WaitForever(void*) {
  for (;;) pause();
}

void BlockWithSecondThread(int signal) {
  pthread_t thread;
  pthread_create(&thread, nullptr, WaitForever, nullptr);
  Block(signal);
}

void Handle(int signal_number) { signal(signal_number, Nothing); }
void Ignore(int signal_number) { signal(signal_number, SIG_IGN); }
void Default(int) {}

void AllowNoneQueued(int signal_number) {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_SIGPENDING, &none);
  Block(signal_number);
}

int SendByKill(pid_t pid, int signal) { return kill(pid, signal); }
int SendToThread(pid_t pid, int signal) {
  return static_cast<int>(syscall(SYS_tgkill, pid, pid, signal));
}
int SendQueued(pid_t pid, int signal) { return sigqueue(pid, signal, {}); }

struct SignalCase {
  const char* name;
  int signal;
  void (*prepare)(int signal);          // in the target
  int (*send)(pid_t pid, int signal);   // in the sender
  std::vector<Signal::Result> results;  // one for each time it is sent
  Signal::Handler handler;
  int code;
  bool group;
};

const SignalCase kCases[] = {
    {"Handled",
     SIGUSR1,
     Handle,
     SendByKill,
     {Signal::Result::kDelivered},
     Signal::Handler::kHandler,
     SI_USER,
     true},
    {"HandledByThread",
     SIGTERM,
     Handle,
     SendToThread,
     {Signal::Result::kDelivered},
     Signal::Handler::kHandler,
     SI_TKILL,
     false},
    {"HandledQueued",
     SIGRTMIN + 3,
     Handle,
     SendQueued,
     {Signal::Result::kDelivered},
     Signal::Handler::kHandler,
     SI_QUEUE,
     true},
    {"Default",
     SIGTERM,
     Default,
     SendByKill,
     {Signal::Result::kDelivered},
     Signal::Handler::kDefault,
     SI_USER,
     true},
    {"Kill",
     SIGKILL,
     Default,
     SendByKill,
     {Signal::Result::kDelivered},
     Signal::Handler::kDefault,
     SI_USER,
     true},
    {"IgnoredTold",
     SIGHUP,
     Ignore,
     SendByKill,
     {Signal::Result::kIgnored},
     Signal::Handler::kIgnore,
     SI_USER,
     true},
    {"Ignored",
     SIGINT,
     Ignore,
     SendByKill,
     {Signal::Result::kIgnored},
     Signal::Handler::kIgnore,
     SI_USER,
     true},
    {"BlockedTwice",
     SIGUSR1,
     Block,
     SendByKill,
     {Signal::Result::kBlocked, Signal::Result::kPending},
     Signal::Handler::kDefault,
     SI_USER,
     true},
    {"ThreadBlocked",
     SIGUSR1,
     Block,
     SendToThread,
     {Signal::Result::kBlocked},
     Signal::Handler::kDefault,
     SI_TKILL,
     false},
    {"BlockedByOneOfTwo",
     SIGUSR1,
     BlockWithSecondThread,
     SendByKill,
     {Signal::Result::kPending},
     Signal::Handler::kDefault,
     SI_USER,
     true},
    {"QueueIsFull",
     SIGRTMIN + 3,
     AllowNoneQueued,
     SendQueued,
     {Signal::Result::kOverflow},
     Signal::Handler::kDefault,
     SI_QUEUE,
     true},
};

class SignalTest : public ::testing::TestWithParam<std::tuple<SignalCase, Place>> {};

// Sent by a process of the host to one in the host's or in its own namespaces.
TEST_P(SignalTest, IsToldOnceWithBothSides) {
  const auto& [c, place] = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified), sender_cgroup(Hierarchy::kMemory);
  Child target({.place = place, .cgroup = &cgroup}, [&c = c](Line& line) {
    c.prepare(c.signal);
    line.Send('r');
    line.Pause();
    return 0;
  });
  target.Go();
  ASSERT_EQ(target.Receive<char>(), 'r');
  const auto target_pid = static_cast<pid_t>(target.facts().pid);
  Child sender({.cgroup = &sender_cgroup}, [&c = c, target_pid](Line&) {
    for (size_t i = 0; i < c.results.size(); ++i) c.send(target_pid, c.signal);
    return 0;
  });
  const int64_t from = BootNowNs();
  sender.Run();
  const int64_t to = BootNowNs();

  const auto events = probes.Of(EventKind::kSignal, target.facts());
  ASSERT_EQ(events.size(), c.results.size());
  Counts expected;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto& signal = std::get<Signal>(events[i].detail);
    ExpectHeader(events[i], EventKind::kSignal, from, to);
    ExpectProcess(events[i].process, target.facts(), &cgroup);
    ExpectProcess(signal.sender, sender.facts(), &sender_cgroup);
    EXPECT_EQ(signal.signal, c.signal);
    EXPECT_EQ(signal.code, c.code);
    EXPECT_EQ(Name(signal.result), Name(c.results[i]));
    EXPECT_EQ(Name(signal.handler), Name(c.handler));
    EXPECT_EQ(signal.group, c.group);
    EXPECT_FALSE(signal.by_kernel);
    ++expected[{c.signal, static_cast<int>(c.results[i])}];
  }
  EXPECT_EQ(CountsOf(probes, CounterFamily::kSignal, cgroup, target.facts()), expected);
}

INSTANTIATE_TEST_SUITE_P(All, SignalTest,
                         ::testing::Combine(::testing::ValuesIn(kCases),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  PlaceName(std::get<1>(info.param));
                         });

// The one event that a deed on itself must have made, with the child on both sides.
Signal ExpectOwnSignal(const Child& child, const Cgroup& cgroup) {
  const auto events = Probes::Shared().Of(EventKind::kSignal, child.facts());
  EXPECT_EQ(events.size(), 1u);
  if (events.size() != 1) return {};
  const auto& signal = std::get<Signal>(events[0].detail);
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  ExpectProcess(signal.sender, child.facts(), &cgroup);
  return signal;
}

// The case pid-term-ignored: nobody told pid 1 to handle SIGTERM. From inside and from the host.
TEST(SignalToInit, TermWithoutHandlerIsIgnoredFromInside) {
  Cgroup cgroup(Hierarchy::kUnified);
  Child init({.place = Place::kOwn, .init = true, .cgroup = &cgroup},
             [](Line&) { return kill(getpid(), SIGTERM); });
  EXPECT_EQ(init.facts().ns_pid, 1u);
  init.Run();
  const Signal signal = ExpectOwnSignal(init, cgroup);
  EXPECT_EQ(Name(signal.result), "ignored");
  EXPECT_EQ(Name(signal.handler), "default");
  EXPECT_TRUE(signal.group);
  EXPECT_FALSE(signal.by_kernel);
  EXPECT_THAT(CountsOf(Probes::Shared(), CounterFamily::kSignal, cgroup, init.facts()),
              ElementsAre(Pair(std::pair(SIGTERM, 2), 1)));
}

TEST(SignalToInit, TermWithoutHandlerIsIgnoredFromTheHost) {
  Cgroup cgroup(Hierarchy::kUnified);
  Child init({.place = Place::kOwn, .init = true, .cgroup = &cgroup}, [](Line&) { return 0; });
  const Facts self = ReadOwnFacts();
  init.Kill(SIGTERM);
  const auto events = Probes::Shared().Of(EventKind::kSignal, init.facts());
  ASSERT_EQ(events.size(), 1u);
  const auto& signal = std::get<Signal>(events[0].detail);
  ExpectProcess(events[0].process, init.facts(), &cgroup);
  ExpectProcess(signal.sender, self, nullptr);
  EXPECT_EQ(events[0].process.ns_pid, 1u);
  EXPECT_EQ(Name(signal.result), "ignored");
  init.Run();
}

// Sent by two threads at once: BPF sees the leader of the process, and the thread as sender.
TEST(Signal, ThreadIsTheSender) {
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line& line) {
    Handle(SIGUSR1);
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void* arg) -> void* {
          static_cast<Line*>(arg)->Send(static_cast<uint32_t>(gettid()));
          kill(getpid(), SIGUSR1);
          return nullptr;
        },
        &line);
    return pthread_join(thread, nullptr);
  });
  child.Run();
  Facts thread = child.facts();
  thread.tid = child.Receive<uint32_t>();
  const auto events = Probes::Shared().Of(EventKind::kSignal, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  ExpectProcess(std::get<Signal>(events[0].detail).sender, thread, &cgroup);
  EXPECT_NE(thread.tid, thread.pid);
}

TEST(Signal, RaiseAndFault) {
  for (Place place : {Place::kHost, Place::kOwn}) {
    Cgroup cgroup(Hierarchy::kUnified);
    Child raising({.place = place, .cgroup = &cgroup}, [](Line&) {
      Handle(SIGUSR1);
      return raise(SIGUSR1);
    });
    raising.Run();
    const Signal raised = ExpectOwnSignal(raising, cgroup);
    EXPECT_EQ(raised.code, SI_TKILL);
    EXPECT_FALSE(raised.group);
    EXPECT_FALSE(raised.by_kernel);
    EXPECT_EQ(Name(raised.handler), "handler");

    Cgroup fault_cgroup(Hierarchy::kUnified);
    Child faulting({.place = place, .cgroup = &fault_cgroup}, [](Line&) {
      const rlimit no_core{0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      volatile uintptr_t nowhere = 8;  // kept from the compiler, which warns of it otherwise
      *reinterpret_cast<volatile int*>(nowhere) = 1;
      return 0;
    });
    faulting.Go();
    EXPECT_EQ(WTERMSIG(faulting.Wait()), SIGSEGV);
    const Signal fault = ExpectOwnSignal(faulting, fault_cgroup);
    EXPECT_EQ(fault.signal, SIGSEGV);
    EXPECT_EQ(fault.code, SEGV_MAPERR);
    EXPECT_TRUE(fault.by_kernel);
    EXPECT_EQ(Name(fault.result), "delivered");
    EXPECT_EQ(Name(fault.handler), "default");
  }
}

TEST(Signal, ChildSignalIsCountedNotTold) {
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    Handle(SIGCHLD);
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    return waitpid(pid, nullptr, 0) == pid ? 0 : 1;
  });
  child.Run();
  Probes& probes = Probes::Shared();
  EXPECT_TRUE(probes.Of(EventKind::kSignal, child.facts()).empty());
  EXPECT_THAT(CountsOf(probes, CounterFamily::kSignal, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(SIGCHLD, 1), 1)));
  EXPECT_THAT(CountsOf(probes, CounterFamily::kSignalTaken, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(SIGCHLD, 2), 1)));
}

// SIGHUP is in told_ignored_signals only.
TEST(Signal, ToldOnlyWhenIgnored) {
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    Handle(SIGHUP);
    return raise(SIGHUP);
  });
  child.Run();
  Probes& probes = Probes::Shared();
  EXPECT_TRUE(probes.Of(EventKind::kSignal, child.facts()).empty());
  EXPECT_THAT(CountsOf(probes, CounterFamily::kSignal, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(SIGHUP, 1), 1)));
}

// A fatal signal is taken as SIGKILL: the kernel makes it one for every thread as it is sent.
TEST(Signal, TakenByHandlerAndByDefault) {
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line&) {
    Handle(SIGUSR1);
    for (int i = 0; i < 3; ++i) raise(SIGUSR1);
    raise(SIGTERM);
    return 0;
  });
  child.Go();
  EXPECT_EQ(WTERMSIG(child.Wait()), SIGTERM);
  Probes& probes = Probes::Shared();
  EXPECT_EQ(probes.Of(EventKind::kSignal, child.facts()).size(), 4u);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kSignalTaken, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(SIGKILL, 0), 1), Pair(std::pair(SIGUSR1, 2), 3)));
}

TEST(Signal, ToldSetIsChangedWhileRunning) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.cgroup = &cgroup}, [](Line& line) {
    Handle(SIGUSR2);
    for (int i = 0; i < 2; ++i) {
      raise(SIGUSR2);
      line.Send('s');
      line.Pause();
    }
    return 0;
  });
  child.Go();
  child.Receive<char>();
  EXPECT_TRUE(probes.Of(EventKind::kSignal, child.facts()).empty());
  ProbeSettings settings = TestSettings();
  settings.told_signals |= uint64_t{1} << (SIGUSR2 - 1);
  probes.set().Apply(settings);
  child.Send('g');
  child.Receive<char>();
  EXPECT_EQ(probes.Of(EventKind::kSignal, child.facts()).size(), 1u);
  probes.set().Apply(TestSettings());
  child.Run();
  EXPECT_THAT(CountsOf(probes, CounterFamily::kSignal, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(SIGUSR2, 1), 2)));
}

TEST(Signal, HundredThousandAreCountedAndToldOrLost) {
  constexpr uint64_t kTimes = 100'000;
  Probes& probes = Probes::Shared();
  probes.Forget();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [](Line&) {
    Ignore(SIGTERM);
    for (uint64_t i = 0; i < kTimes; ++i) kill(getpid(), SIGTERM);
    return 0;
  });
  child.Run();
  const uint64_t told = probes.Of(EventKind::kSignal, child.facts()).size();
  const uint64_t lost = LossesOf(probes, cgroup, EventKind::kSignal, "ring_full") +
                        LossesOf(probes, cgroup, EventKind::kSignal, "budget");
  EXPECT_EQ(told + lost, kTimes);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kSignal, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(SIGTERM, 2), kTimes)));
  probes.Forget();
}

}  // namespace
}  // namespace nsobs
