// Which sections explain an anomaly: one row a rule of anomaly/rules.h.
#include <string_view>

#include "userspace/snapshot/request.h"

namespace nsobs {
namespace {

struct PlanRow {
  std::string_view rule;
  std::vector<Section> sections;
};

std::vector<Section> Everything() {
  return {Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid,  Section::kCgroup,
          Section::kUts, Section::kIpc,     Section::kTime,     Section::kUser, Section::kMnt};
}

// The last connect failure among the anomaly's events; nullptr if there is none.
const ConnectFailure* LastConnect(const Anomaly& anomaly) {
  for (auto it = anomaly.events.rbegin(); it != anomaly.events.rend(); ++it)
    if (const auto* connect = std::get_if<ConnectFailure>(&it->event.detail)) return connect;
  return nullptr;
}

std::vector<Section> ForConnect(const ConnectFailure* connect) {
  const bool is_unix = connect != nullptr && (connect->protocol == Protocol::kUnixStream ||
                                              connect->protocol == Protocol::kUnixDgram ||
                                              connect->protocol == Protocol::kUnixSeqpacket);
  // Abstract names belong to the net namespace, paths to the mount namespace.
  if (is_unix && !connect->path.empty() && connect->path[0] == '@')
    return {Section::kNet, Section::kHostNet, Section::kPid, Section::kUser};
  if (is_unix) return {Section::kPid, Section::kUser, Section::kMnt};
  // EPERM may be a missing capability: the user namespace says whose.
  return {Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid, Section::kUser};
}

std::vector<PlanRow> PlanRows() {
  return {
      {"bind_failure", {Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid}},
      {"file_failure", {Section::kPid, Section::kUser, Section::kCgroup, Section::kMnt}},
      {"packet_drop", {Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid}},
      {"dns_failure", {Section::kNet, Section::kHostNet, Section::kPeerNets, Section::kPid}},
      {"term_ignored", {Section::kPid}},
      {"container_end", {}},  // nobody is left to look at
      {"crash", {Section::kPid}},
      {"sigkill_by_other", {Section::kPid}},
      {"stuck", {Section::kPid}},
      {"zombies", {Section::kPid}},
      {"oom_kill", {Section::kCgroup, Section::kPid}},
      {"pressure", {Section::kCgroup, Section::kPid}},
      {"namespace_entry", {Section::kPid, Section::kUser}},
      {"namespace_leak", {Section::kPid}},
      {"silent_probe", {}},  // it is the observer's own
  };
}

}  // namespace

std::vector<Section> PlanSections(const Anomaly& anomaly) {
  if (anomaly.rule == "connect_failure") return ForConnect(LastConnect(anomaly));
  for (PlanRow& row : PlanRows())
    if (row.rule == anomaly.rule) return row.sections;
  return Everything();  // by hand, or a rule that isn't known here
}

}  // namespace nsobs
