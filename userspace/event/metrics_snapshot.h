// Everything that one scrape shows, taken at one moment. Built by the pipeline, rendered by an
// exporter. Counters are totals since the observer started.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/event/container.h"
#include "userspace/event/event.h"
#include "userspace/event/finding.h"

namespace nsobs {

// Whose a counter is. nullptr and !overflow: the host.
struct CounterOwner {
  ContainerRef container;
  bool overflow = false;  // the kernel map was full: counted exactly, but not by container
};

struct ConnectFailureCount {
  CounterOwner owner;
  Protocol protocol = Protocol::kTcp;
  int error = 0;
  uint64_t value = 0;
};

struct SignalCount {
  CounterOwner owner;
  int signal = 0;
  Signal::Result result = Signal::Result::kDelivered;
  uint64_t value = 0;
};

// Deliveries as the target thread takes a signal from its queue (kernel: trace_signal_deliver).
struct SignalTakenCount {
  CounterOwner owner;
  int signal = 0;
  Signal::Handler handler = Signal::Handler::kDefault;
  uint64_t value = 0;
};

struct OomKillCount {
  CounterOwner owner;
  OomKill::Reason reason = OomKill::Reason::kHost;
  uint64_t value = 0;
};

struct NamespaceChangeCount {
  CounterOwner owner;
  NamespaceChange::Operation operation = NamespaceChange::Operation::kSetns;
  NamespaceKind kind = NamespaceKind::kNet;
  uint64_t value = 0;
};

struct NamespaceFailureCount {
  CounterOwner owner;
  NamespaceChange::Operation operation = NamespaceChange::Operation::kSetns;
  int error = 0;
  uint64_t value = 0;
};

struct PacketDropCount {
  CounterOwner owner;  // whose net namespace dropped it, or who sent it
  Protocol protocol = Protocol::kTcp;
  PacketDrop::Hook hook = PacketDrop::Hook::kUnknown;
  uint64_t value = 0;
};

struct BindFailureCount {
  CounterOwner owner;
  Protocol protocol = Protocol::kTcp;
  int error = 0;
  uint64_t value = 0;
};

struct FileFailureCount {
  CounterOwner owner;
  FileFailure::Operation operation = FileFailure::Operation::kOpen;
  int error = 0;
  uint64_t value = 0;
};

struct DnsFailureCount {
  CounterOwner owner;
  Protocol protocol = Protocol::kUdp;
  DnsFailure::Outcome outcome = DnsFailure::Outcome::kNoAnswer;
  uint64_t value = 0;
};

struct DnsAnswerCount {
  CounterOwner owner;
  Protocol protocol = Protocol::kUdp;
  uint8_t rcode = 0;  // RFC 1035 4.1.1, 0..15
  uint64_t value = 0;
};

// attempts = established + failed + abandoned + in flight
struct TcpConnectCount {
  CounterOwner owner;
  uint64_t attempts = 0;
  uint64_t established = 0;
  uint64_t failed = 0;
  uint64_t abandoned = 0;
  uint64_t in_flight = 0;
};

struct LossCount {
  CounterOwner owner;
  EventKind kind = EventKind::kSignal;
  std::string cause;
  uint64_t value = 0;
};

// observed = recorded + coalesced + sum of lost, exactly, in every snapshot.
struct LedgerLine {
  EventKind kind = EventKind::kSignal;
  uint64_t observed = 0;
  uint64_t recorded = 0;
  uint64_t coalesced = 0;
  std::map<std::string, uint64_t> lost;  // by cause
};

struct ProbeState {
  std::string source;  // "signal_generate"
  std::string hook;    // "tp_btf/signal_generate"; "off" when it can't be had or is switched off
  bool attached = false;
  std::string reason;        // why it is off; "" when attached
  std::string cost;          // one line for people: what it costs bystanders
  uint32_t cpus_tried = 0;   // where the observer does deeds of its own that it has to see
  uint32_t silent_cpus = 0;  // on which it did not see the last two
};

struct ProgramCost {
  std::string program;
  uint64_t run_time_ns = 0;  // while the kernel measured
  uint64_t run_count = 0;
  uint64_t recursion_misses = 0;
  // Calls or returns that its kprobe was not there for; nullopt: it is not attached by one.
  std::optional<uint64_t> probe_misses = std::nullopt;
};

struct AgentHealth {
  std::string version;
  std::string revision;
  std::string kernel;
  double start_time_seconds = 0;  // wall clock
  double cpu_seconds = 0;         // user + system of the observer
  uint64_t resident_bytes = 0;
  uint64_t database_bytes = 0;  // with WAL
  uint64_t open_fds = 0;
  uint64_t threads = 0;
  uint64_t queue_length = 0;  // records between the ring's thread and the timeline
  uint64_t queue_capacity = 0;
  uint64_t counter_keys = 0;  // entries of the kernel's counter map
  uint64_t counter_capacity = 0;
  uint64_t context_records = 0;   // exec, exit, cgroup: read for naming, not kept
  uint64_t barrier_timeouts = 0;  // scrapes that had to show the previous consistent ledger
  uint64_t malformed_records = 0;
  double last_commit_age_seconds = 0;
  bool storage_ok = true;
};

// Of one rule of anomaly/.
struct AnomalyCount {
  std::string rule;
  uint64_t fired = 0;
  std::map<std::string, uint64_t> suppressed;  // by cause: "repeat", "container_rate", "rate"
};

struct ActiveFinding {
  std::string case_id;
  ContainerRef container;  // nullptr: the host
  Confidence confidence = Confidence::kUnknown;
};

struct InvestigationCounts {
  std::map<std::string, uint64_t> findings;  // by case
  std::vector<ActiveFinding> active;
  uint64_t snapshots_taken = 0;
  uint64_t snapshots_failed = 0;
  std::map<std::string, uint64_t> snapshots_suppressed;  // by cause
  double snapshot_seconds = 0;                           // sum over those that were taken
  uint64_t helper_restarts = 0;                          // of the process that looks
};

// Of the processes that work for the observer.
struct HelperRestartCount {
  std::string process;  // as in HelperEnd
  std::string reason;
  uint64_t value = 0;
};

// Of what a predecessor had left in the kernel when this daemon began.
struct HandoverCounts {
  uint64_t adopted = 0;
  uint64_t refused = 0;
};

// What the observer allows itself, and what it costs.
struct BudgetState {
  double limit = 0;         // CPU seconds a second; 0: none
  double processes = 0;     // the same, of the observer and all that it started, averaged
  double programs = 0;      // of the BPF programs, by samples; 0 where the kernel doesn't tell
  int level = 0;            // 0: nothing is shed
  double shed_seconds = 0;  // at a level above 0
};

// Of asking container engines.
struct EngineRequestCount {
  std::string engine;  // "docker"
  std::string result;  // "ok", "not_found", "timeout", "refused", "bad_answer"
  uint64_t value = 0;
};

struct EngineState {
  std::string engine;
  std::string socket;         // its path
  bool breaker_open = false;  // it failed too often and is left alone
};

struct EngineCounts {
  bool asked = false;  // false: nobody is to be asked
  std::vector<EngineRequestCount> requests;
  std::vector<EngineState> engines;  // that were found
};

// Of sending the timeline by OTLP.
struct OtlpCounts {
  bool on = false;                           // false: nothing is sent
  std::map<std::string, uint64_t> requests;  // by result: "ok", "unreachable", ...
  std::map<std::string, uint64_t> sent;      // acknowledged records, by kind; repeated ones count
  std::map<std::string, uint64_t> lost;      // records, by cause: "refused", "expired"
  uint64_t sent_bytes = 0;                   // of request bodies, as they went out
  uint64_t rewinds = 0;
  double lag_seconds = 0;  // since the oldest row that waits came to be; 0: nothing waits
};

struct MetricsSnapshot {
  std::vector<ContainerRef> containers;  // alive, and dead ones that a counter still names
  std::vector<ConnectFailureCount> connect_failures;
  std::vector<SignalCount> signals;
  std::vector<SignalTakenCount> signals_taken;
  std::vector<OomKillCount> oom_kills;
  std::vector<NamespaceChangeCount> namespace_changes;
  std::vector<NamespaceFailureCount> namespace_failures;
  std::vector<PacketDropCount> packet_drops;
  std::vector<BindFailureCount> bind_failures;
  std::vector<FileFailureCount> file_failures;
  std::vector<DnsFailureCount> dns_failures;
  std::vector<DnsAnswerCount> dns_answers;
  std::vector<TcpConnectCount> tcp_connects;
  std::vector<LossCount> losses;
  std::vector<LedgerLine> ledger;
  std::vector<ProbeState> probes;
  std::vector<ProgramCost> programs;
  std::vector<AnomalyCount> anomalies;
  InvestigationCounts investigations;
  EngineCounts engines;
  OtlpCounts otlp;
  std::vector<HelperRestartCount> helper_restarts;
  HandoverCounts handovers;
  BudgetState budget;
  AgentHealth health;
};

}  // namespace nsobs
