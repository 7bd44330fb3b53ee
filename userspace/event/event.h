// What the kernel side reports, decoded. Immutable once decoded; freely copied between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "userspace/event/process.h"

namespace nsobs {

// Every kind that can stand in the timeline or serve as context. Names are the JSON's.
enum class EventKind : uint8_t {
  kNamespaceChange = 1,  // 1..7 as enum nsobs_kind
  kConnectFailure = 2,
  kSignal = 3,
  kOomKill = 4,
  kCgroupChange = 5,
  kProcessExec = 6,
  kProcessExit = 7,
  kContainerStart = 8,  // made by correlation from here on
  kContainerExit = 9,
  kLoss = 10,
  kGap = 11,
  kEntry = 12,       // told by `nsobserver enter`
  kPacketDrop = 13,  // 8.. of enum nsobs_kind: see collector/kind_map.h
  kBindFailure = 14,
  kFileFailure = 15,
  kDnsFailure = 16,
};
inline constexpr size_t kEventKindEnd = 17;

// "connect_failure"
std::string_view Name(EventKind kind);
std::optional<EventKind> EventKindFromName(std::string_view name);

struct NamespaceChange {
  enum class Operation : uint8_t { kSetns = 1, kUnshare = 2, kClone = 3 };
  Operation operation = Operation::kSetns;
  int error = 0;        // 0 or a positive errno
  uint32_t flags = 0;   // CLONE_NEW* as asked for
  uint8_t changed = 0;  // bit per NamespaceKind
  NamespaceSet from;
  NamespaceSet to;         // for clone those of the child
  uint32_t child_pid = 0;  // clone only
  uint32_t child_ns_pid = 0;
  Executable executable;  // of who did it

  bool Changed(NamespaceKind kind) const { return changed >> static_cast<int>(kind) & 1; }
};
std::string_view Name(NamespaceChange::Operation operation);

enum class Protocol : uint8_t { kTcp = 1, kUdp, kUnixStream, kUnixDgram, kUnixSeqpacket, kOther };
std::string_view Name(Protocol protocol);  // "tcp", "unix_stream"

struct ConnectFailure {
  enum class Phase : uint8_t { kImmediate = 1, kLater = 2, kAbandoned = 3 };
  enum class DestinationSource : uint8_t { kNone = 0, kSocket = 1, kCaller = 2 };
  Protocol protocol = Protocol::kTcp;
  Phase phase = Phase::kImmediate;
  DestinationSource destination_source = DestinationSource::kNone;
  uint16_t family = 0;      // AF_INET, AF_INET6, AF_UNIX
  std::string destination;  // "10.0.0.7", "2001:db8::1"; "" if not known or unix
  uint16_t port = 0;
  std::string source;  // local address, "" if none was bound
  uint16_t source_port = 0;
  std::string path;  // unix: raw bytes; an abstract name begins with '@'
  int error = 0;
  uint64_t duration_ns = 0;  // 0: not known
};
std::string_view Name(ConnectFailure::Phase phase);  // "immediate", "later", "abandoned"
std::string_view Name(ConnectFailure::DestinationSource source);  // "none", "socket", "caller"
std::string_view FamilyName(uint16_t family);  // "inet", "inet6", "unix", "other"

struct Signal {
  enum class Result : uint8_t { kDelivered = 1, kIgnored, kBlocked, kPending, kOverflow };
  enum class Handler : uint8_t { kDefault = 0, kIgnore = 1, kHandler = 2 };
  int signal = 0;
  int code = 0;  // si_code
  Result result = Result::kDelivered;
  Handler handler = Handler::kDefault;  // the target's disposition when it was sent
  bool group = true;                    // to the process, not to one thread
  bool by_kernel = false;
  Process sender;  // pid 0: interrupt context
};
std::string_view Name(Signal::Result result);    // "delivered", ...
std::string_view Name(Signal::Handler handler);  // "default", "ignore", "handler"

struct OomKill {
  enum class Reason : uint8_t { kCgroup = 1, kAncestor = 2, kHost = 3 };
  Reason reason = Reason::kHost;
  Process trigger;
  CgroupKey victim_memory;  // memory cgroup of the victim
  CgroupKey limit_cgroup;   // id 0: host
  std::string cgroup_path;  // of limit_cgroup; correlation fills it in
  std::optional<uint64_t> limit_bytes;
  uint64_t usage_bytes = 0;
  uint64_t anon_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t shmem_bytes = 0;
  int oom_score_adj = 0;
};
std::string_view Name(OomKill::Reason reason);  // "cgroup", "ancestor", "host"

struct CgroupChange {
  CgroupKey cgroup;
  uint32_t level = 0;
  bool born = false;
  bool truncated = false;
  std::string path;  // from the root of its hierarchy; raw bytes
};

// A parent, or its parent, at the moment of an exec.
struct Forebear {
  ProcessKey key;
  std::string comm;  // raw bytes
  Executable executable;
};

struct ProcessExec {
  std::string args;  // words separated by spaces; raw bytes
  bool truncated = false;
  Executable executable = {};
  std::vector<Forebear> forebears = {};  // the parent first
};

struct ProcessExit {
  int exit_code = 0;
  int signal = 0;
  bool core_dumped = false;
  uint64_t lifetime_ns = 0;
};

// Made by correlation: an init of a container began or ended.
struct ContainerStart {};
struct ContainerExit {
  int exit_code = 0;
  int signal = 0;
  uint64_t lifetime_ns = 0;
  std::string cause;  // "exited", "signal", "oom"
};

// Events that did not arrive.
struct Loss {
  EventKind of = EventKind::kSignal;
  std::string cause;  // "ring_full", "budget", "state_full", "queue_full", "storage_error"
  uint64_t count = 0;
  int64_t from_wall_ns = 0;
  int64_t to_wall_ns = 0;
};

// Time in which nobody looked, or in which a part of the work was not done.
struct Gap {
  // "stopped", "crashed", "host_reboot"; of a part: "helper_ended", "helper_hung", "cpu_budget"
  std::string cause;
  int64_t from_wall_ns = 0;
  int64_t to_wall_ns = 0;
  // "all": nothing was observed. "web": page and metrics were not served; "snapshot": nothing was
  // looked into; "reading": the daemon was restarted, and what happened meanwhile waited in the
  // kernel; "detail": bulk events had less room (they are counted, and told as losses).
  std::string part = "all";
  std::string reason = "";  // for people: "web: killed by signal 9"
};

// A use of `nsobserver enter`: who went into which namespaces, told by itself when it is over. The
// target is the event's container.
struct EnterUse {
  std::string tool;     // "nsobserver enter"
  std::string command;  // words separated by spaces; raw bytes
  uint8_t kinds = 0;    // bit per NamespaceKind
  uint64_t duration_ns = 0;
  int exit_code = 0;
};

// A TCP SYN or a UDP datagram that the packet filter dropped (or rejected).
struct PacketDrop {
  enum class Hook : uint8_t { kUnknown = 0, kPrerouting, kInput, kForward, kOutput };
  Protocol protocol = Protocol::kTcp;
  Hook hook = Hook::kUnknown;
  uint16_t family = 0;
  std::string source;
  uint16_t source_port = 0;
  std::string destination;
  uint16_t port = 0;
  std::string interface;  // came in by it, or would have gone out; raw bytes
  NamespaceIdentity net;  // where it was dropped
};
std::string_view Name(PacketDrop::Hook hook);  // "unknown", "prerouting", ...

struct BindFailure {
  enum class Operation : uint8_t { kBind = 1, kListen = 2 };
  Operation operation = Operation::kBind;
  Protocol protocol = Protocol::kTcp;
  ConnectFailure::DestinationSource address_source = ConnectFailure::DestinationSource::kCaller;
  uint16_t family = 0;
  std::string address;  // "0.0.0.0" too; "" if unix or not known
  uint16_t port = 0;
  std::string path;  // unix: raw bytes; an abstract name begins with '@'
  int error = 0;
};
std::string_view Name(BindFailure::Operation operation);  // "bind", "listen"

struct FileFailure {
  enum class Operation : uint8_t { kOpen = 1, kWrite, kMkdir, kMount, kUnlink, kRename };
  enum class PathSource : uint8_t { kNone = 0, kKernel = 1, kCaller = 2 };
  Operation operation = Operation::kOpen;
  PathSource path_source = PathSource::kNone;
  std::string path;  // as the caller gave it; of a write the file's name alone; raw bytes
  bool truncated = false;
  uint64_t flags = 0;  // the call's own
  int error = 0;
};
std::string_view Name(FileFailure::Operation operation);  // "open", "write", ...
std::string_view Name(FileFailure::PathSource source);    // "none", "kernel", "caller"

// A DNS query to port 53 without an answer in time, or whose answer is that the server can't or
// won't (RFC 1035 4.1.1).
struct DnsFailure {
  enum class Outcome : uint8_t { kNoAnswer = 1, kServfail = 2, kRefused = 3 };
  Protocol protocol = Protocol::kUdp;
  Outcome outcome = Outcome::kNoAnswer;
  uint16_t family = 0;
  std::string server;  // as the program asked it
  uint16_t port = 0;
  std::string name;          // of the question, dots between labels, no last dot; raw bytes
  bool name_whole = false;   // false: cut, or not known ("")
  uint16_t type = 0;         // 1: A, 28: AAAA; 0: not known
  uint64_t duration_ns = 0;  // until the answer, or for how long there was none
  bool given_up = false;     // no answer: the socket was closed before the time was over
  NamespaceIdentity net;     // of the asking socket
};
std::string_view Name(DnsFailure::Outcome outcome);  // "no_answer", "servfail", "refused"

using EventDetail = std::variant<NamespaceChange, ConnectFailure, Signal, OomKill, CgroupChange,
                                 ProcessExec, ProcessExit, ContainerStart, ContainerExit, Loss, Gap,
                                 EnterUse, PacketDrop, BindFailure, FileFailure, DnsFailure>;

struct Event {
  EventKind kind = EventKind::kSignal;
  uint8_t epoch = 0;  // which set of kernel tallies counted it; see pipeline/ledger.h
  uint16_t cpu = 0;
  int64_t boot_ns = 0;
  // Whose event it is: the doer of a namespace change, the caller of a connect, the target of a
  // signal, the victim of an OOM kill, the init of a container. Its namespaces are the event's.
  Process process;
  EventDetail detail;
};

}  // namespace nsobs
