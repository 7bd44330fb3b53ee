#include "userspace/event/event.h"

#include <sys/socket.h>

#include <array>

namespace nsobs {
namespace {

constexpr std::array<std::string_view, kEventKindEnd> kKindNames = {"",
                                                                    "namespace_change",
                                                                    "connect_failure",
                                                                    "signal",
                                                                    "oom_kill",
                                                                    "cgroup_change",
                                                                    "process_exec",
                                                                    "process_exit",
                                                                    "container_start",
                                                                    "container_exit",
                                                                    "loss",
                                                                    "gap",
                                                                    "entry",
                                                                    "packet_drop",
                                                                    "bind_failure",
                                                                    "file_failure",
                                                                    "dns_failure"};

}  // namespace

std::string_view Name(EventKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::optional<EventKind> EventKindFromName(std::string_view name) {
  for (size_t i = 1; i < kEventKindEnd; ++i) {
    if (kKindNames[i] == name) return static_cast<EventKind>(i);
  }
  return std::nullopt;
}

std::string_view Name(NamespaceChange::Operation operation) {
  switch (operation) {
    case NamespaceChange::Operation::kSetns:
      return "setns";
    case NamespaceChange::Operation::kUnshare:
      return "unshare";
    case NamespaceChange::Operation::kClone:
      return "clone";
  }
  return "unknown";
}

std::string_view Name(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kUnixStream:
      return "unix_stream";
    case Protocol::kUnixDgram:
      return "unix_dgram";
    case Protocol::kUnixSeqpacket:
      return "unix_seqpacket";
    case Protocol::kOther:
      return "other";
  }
  return "other";
}

std::string_view Name(ConnectFailure::Phase phase) {
  switch (phase) {
    case ConnectFailure::Phase::kImmediate:
      return "immediate";
    case ConnectFailure::Phase::kLater:
      return "later";
    case ConnectFailure::Phase::kAbandoned:
      return "abandoned";
  }
  return "unknown";
}

std::string_view Name(ConnectFailure::DestinationSource source) {
  switch (source) {
    case ConnectFailure::DestinationSource::kNone:
      return "none";
    case ConnectFailure::DestinationSource::kSocket:
      return "socket";
    case ConnectFailure::DestinationSource::kCaller:
      return "caller";
  }
  return "none";
}

std::string_view FamilyName(uint16_t family) {
  switch (family) {
    case AF_INET:
      return "inet";
    case AF_INET6:
      return "inet6";
    case AF_UNIX:
      return "unix";
    default:
      return "other";
  }
}

std::string_view Name(Signal::Result result) {
  switch (result) {
    case Signal::Result::kDelivered:
      return "delivered";
    case Signal::Result::kIgnored:
      return "ignored";
    case Signal::Result::kBlocked:
      return "blocked";
    case Signal::Result::kPending:
      return "pending";
    case Signal::Result::kOverflow:
      return "overflow";
  }
  return "unknown";
}

std::string_view Name(Signal::Handler handler) {
  switch (handler) {
    case Signal::Handler::kDefault:
      return "default";
    case Signal::Handler::kIgnore:
      return "ignore";
    case Signal::Handler::kHandler:
      return "handler";
  }
  return "unknown";
}

std::string_view Name(OomKill::Reason reason) {
  switch (reason) {
    case OomKill::Reason::kCgroup:
      return "cgroup";
    case OomKill::Reason::kAncestor:
      return "ancestor";
    case OomKill::Reason::kHost:
      return "host";
  }
  return "unknown";
}

std::string_view Name(PacketDrop::Hook hook) {
  switch (hook) {
    case PacketDrop::Hook::kUnknown:
      return "unknown";
    case PacketDrop::Hook::kPrerouting:
      return "prerouting";
    case PacketDrop::Hook::kInput:
      return "input";
    case PacketDrop::Hook::kForward:
      return "forward";
    case PacketDrop::Hook::kOutput:
      return "output";
  }
  return "unknown";
}

std::string_view Name(BindFailure::Operation operation) {
  switch (operation) {
    case BindFailure::Operation::kBind:
      return "bind";
    case BindFailure::Operation::kListen:
      return "listen";
  }
  return "unknown";
}

std::string_view Name(FileFailure::Operation operation) {
  switch (operation) {
    case FileFailure::Operation::kOpen:
      return "open";
    case FileFailure::Operation::kWrite:
      return "write";
    case FileFailure::Operation::kMkdir:
      return "mkdir";
    case FileFailure::Operation::kMount:
      return "mount";
    case FileFailure::Operation::kUnlink:
      return "unlink";
    case FileFailure::Operation::kRename:
      return "rename";
  }
  return "unknown";
}

std::string_view Name(DnsFailure::Outcome outcome) {
  switch (outcome) {
    case DnsFailure::Outcome::kNoAnswer:
      return "no_answer";
    case DnsFailure::Outcome::kServfail:
      return "servfail";
    case DnsFailure::Outcome::kRefused:
      return "refused";
  }
  return "unknown";
}

std::string_view Name(FileFailure::PathSource source) {
  switch (source) {
    case FileFailure::PathSource::kNone:
      return "none";
    case FileFailure::PathSource::kKernel:
      return "kernel";
    case FileFailure::PathSource::kCaller:
      return "caller";
  }
  return "none";
}

}  // namespace nsobs
