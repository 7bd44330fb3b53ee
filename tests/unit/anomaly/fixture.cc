#include "tests/unit/anomaly/fixture.h"

#include <utility>

namespace nsobs {

ContainerRef MakeContainer(const std::string& name, uint32_t init_pid) {
  auto container = std::make_shared<Container>();
  container->name = name;
  container->id = name + "-id";
  container->runtime = "docker";
  container->certain = true;
  container->init = {init_pid, init_pid * 10};
  for (const NamespaceKind kind : kNamespaceKinds) {
    container->namespaces[kind].inode = init_pid * 100 + static_cast<uint32_t>(kind);
  }
  return container;
}

Process MakeProcess(uint32_t pid, uint32_t ns_pid, const std::string& comm) {
  Process process;
  process.pid = process.tid = pid;
  process.ns_pid = ns_pid;
  process.start_boot_ns = pid * 10;
  process.comm = comm;
  process.exe_args = "/bin/" + comm + " -x";
  return process;
}

ObservedEvent MakeEvent(const ContainerRef& container, const Process& process, EventDetail detail,
                        int64_t at_ns) {
  ObservedEvent out;
  // The variant's order is that of EventKind, which begins with 1.
  out.event.kind = static_cast<EventKind>(detail.index() + 1);
  out.event.boot_ns = kBoot + at_ns;
  out.event.process = process;
  out.event.detail = std::move(detail);
  out.wall_ns = out.last_wall_ns = kWall + at_ns;
  out.container = container;
  return out;
}

Signal MakeSignal(int number, Signal::Result result, const Process& sender) {
  Signal signal;
  signal.signal = number;
  signal.result = result;
  signal.sender = sender;
  return signal;
}

Anomaly RuleTest::One() {
  std::vector<Anomaly> said = Said();
  EXPECT_EQ(said.size(), 1u);
  return said.empty() ? Anomaly() : std::move(said.front());
}

}  // namespace nsobs
