// How a process or a container ended, and who had a hand in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/diagnosis/record.h"

namespace nsobs {

// A container's end as its certificate (the facts of the trigger) says it.
struct End {
  std::string signal;  // "SIGKILL"; "" it exited by itself
  int64_t exit_code = 0;
  Node signal_at, code_at;
  Node sender;  // {process, container}; may not exist
  bool killed() const { return signal == "SIGKILL" || (signal.empty() && exit_code == 137); }
};
// Of a container_end only.
std::optional<End> EndOf(const Record& record);

bool IsStopSignal(std::string_view name);
bool IsCrashSignal(std::string_view name);
bool IsShell(std::string_view comm);

// Was it asked to stop, and how did that go? From the facts of the trigger, else from its events.
struct Stop {
  Node term;         // the event's `signal` object, or the fact that tells of it
  std::string name;  // "SIGTERM"
  std::string result, disposition;
  Node killer;             // {process, container} of the SIGKILL; may not exist
  int64_t wasted_ns = -1;  // from the one to the other; -1: not known
};
std::optional<Stop> StopOf(const Record& record);

// The first process of the container, as far as the record has it: DETAIL, else the target of the
// signal, else the target of the snapshot.
Node InitOf(const Record& record);

// An OOM kill that the trigger tells of. For a container's end only one that killed its init, then:
// that of a helper hours ago is not why it ended.
struct Oom {
  Node node;  // with the fields of an event's oom_kill
  std::string reason;
  std::optional<bool> victim_is_init;
  std::string victim;  // "java (pid 812)"
  std::optional<int64_t> limit, usage;
  bool sure = true;  // false: inferred from the exit code that a shell makes of its child's end
};
std::optional<Oom> OomOf(const Record& record);

// Did somebody else than the process itself send what ended it?
bool SentByOther(const Node& sender, const Node& target_process);

}  // namespace nsobs
