// The typed view of a snapshot record (event/SNAPSHOT.md) that the cases ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/diagnosis/node.h"

namespace nsobs {

// A connect failure, or a bind that failed: what was wanted and how it ended.
struct Failure {
  Node node;  // the event's own fields
  std::string protocol;
  std::string destination;
  std::string source;
  std::string path;
  std::string error;  // "ECONNREFUSED"
  int64_t port = 0;
  int64_t duration_ns = 0;
  std::string outcome;  // of a DNS query: "no_answer", "servfail", "refused"

  bool is_unix() const { return protocol.starts_with("unix"); }
  bool is_tcp() const { return protocol == "tcp"; }
  // "10.0.0.7:5432", "[::1]:80"
  std::string Destination() const;
};

struct Listener {
  Node node;
  std::string protocol;
  std::string family;
  std::string address;
  int64_t port = 0;

  std::string At() const;  // "0.0.0.0:5432"
};

// A net namespace of the record, with the name of who lives there.
struct NetView {
  Node node;
  std::string owner;  // "the host", "db"
  bool is_host = false;

  std::vector<Listener> Listeners() const;
};

class Record {
 public:
  using Json = Node::Json;

  // `json` must outlive it.
  explicit Record(const Json& json) : root_(json) {}

  Node root() const { return root_; }
  Node operator[](std::string_view section) const { return root_[section]; }

  Node trigger() const { return root_["trigger"]; }
  bool by_hand() const { return !trigger().is_object(); }
  std::string rule() const { return trigger()["rule"].text(); }
  bool is_info() const { return trigger()["severity"].Is("info"); }
  Node facts() const { return trigger()["facts"]; }

  // The trigger's newest event of that kind; a place that does not exist if there is none.
  Node LastEvent(std::string_view kind) const;
  // Those of the trigger, then those before it.
  std::vector<Node> Events(std::string_view kind) const;
  // Of the trigger's connect_failure, or from the facts of the trigger.
  std::optional<Failure> failure() const;
  // Serials (ids, once stored) of the trigger's events.
  std::vector<uint64_t> TriggerSerials() const;

  Node container() const { return root_["target"]["container"]; }
  Node process() const { return root_["target"]["process"]; }
  // It ended before it was looked at. Another one may have been looked at in its place.
  bool ProcessEnded() const;
  // "web (podman)", "the host".
  std::string Who() const;
  // What the command line takes as TARGET, quoted for a shell where it must be.
  std::string Target() const;
  std::string runtime() const { return container()["runtime"].text(); }

  // The list is there and nothing was cut from it: only then absence means absence.
  bool IsWhole(const Node& list) const;
  bool SharesHost(std::string_view kind) const;

  NetView own_net() const { return {root_["net"], Who(), false}; }
  // Those of the host and of other containers, without the target's own.
  std::vector<NetView> OtherNets() const;

 private:
  Node root_;
};

}  // namespace nsobs
