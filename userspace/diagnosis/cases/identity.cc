// Denied for who one is: a root that is none, or a capability that was dropped.
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/file_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

struct Denial {
  Failure failure;
  std::string operation;
  std::string capability;  // that the kernel asks for
};

// What an operation needs besides owner and mode of files; "" nothing that is known here.
std::string CapabilityFor(const std::string& operation) {
  struct Row {
    std::string_view operation, capability;
  };
  static constexpr Row kRows[] = {
      {"mount", "sys_admin"},   {"umount", "sys_admin"},       {"setns", "sys_admin"},
      {"unshare", "sys_admin"}, {"clone", "sys_admin"},        {"mknod", "mknod"},
      {"chown", "chown"},       {"chroot", "sys_chroot"},      {"ptrace", "sys_ptrace"},
      {"settime", "sys_time"},  {"sethostname", "sys_admin"},  {"raw_socket", "net_raw"},
      {"reboot", "sys_boot"},   {"init_module", "sys_module"}, {"pivot_root", "sys_admin"}};
  for (const Row& row : kRows) {
    if (operation == row.operation) return std::string(row.capability);
  }
  return "";
}

std::optional<Denial> DeniedPort(const Record& record, const Failure& f) {
  const int64_t first = record["net"]["sysctls"]["ip_unprivileged_port_start"].number_or(1024);
  if (f.error != "EACCES" || f.port <= 0 || f.port >= first) return std::nullopt;
  return Denial{f, absl::StrCat("bind port ", f.port), "net_bind_service"};
}

std::optional<Denial> DenialOf(const Record& record) {
  const std::optional<Failure> f = record.failure();
  if (record.rule() == "bind_failure") return f ? DeniedPort(record, *f) : std::nullopt;
  if (f) {
    if (f->error != "EPERM" && f->error != "EACCES") return std::nullopt;
    const std::string operation = OperationOf(*f);
    const std::string capability = CapabilityFor(operation);
    // EACCES of a file is owner and mode; of a mount it means read-only media or a missing right.
    if (f->error == "EACCES" && capability.empty()) return std::nullopt;
    return Denial{*f, operation, capability};
  }
  return std::nullopt;
}

Node DetailNode(const Record& record) {
  return record["pid"][record["pid"]["process"].exists() ? "process" : "init"];
}

}  // namespace

MaybeFinding UsrMapping(const Record& record) {
  const std::optional<Denial> denial = DenialOf(record);
  const Node user = record["user"];
  if (!denial || !user["root_is_root"].is_false()) return std::nullopt;
  // A capability that it has not got even inside is the nearer cause.
  if (CapMissing(record)) return std::nullopt;
  const Node map = user["uid_map"];
  const std::optional<int64_t> uid = record.process()["uid"].number();
  const std::string who = uid ? absl::StrCat(" as ", UidText(map, *uid)) : "";
  const bool inside_root = uid && Inside(map, *uid) == 0;
  return Draft(record, "usr-mapping", inside_root ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " may not ", OneLine(denial->operation), " ",
                            OneLine(denial->failure.path), " (", denial->failure.error, ")", who,
                            ": root of its user namespace is not root of the host"))
      .Because("how the call ended", denial->failure.node)
      .Because("the user namespace's map", map)
      .Because("who asks", record.process()["uid"])
      .Fix(
          "let the engine do it outside (a volume, a device, a port), give files to the mapped "
          "uid, "
          "or run without a user namespace")
      .Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns user"))
      .Done();
}

MaybeFinding CapMissing(const Record& record) {
  const std::optional<Denial> denial = DenialOf(record);
  if (!denial || denial->capability.empty() || !CapabilitiesKnown(record)) return std::nullopt;
  const Node effective = DetailNode(record)["capabilities"]["effective"];
  if (HasCapability(record, denial->capability)) return std::nullopt;
  const std::string path = OneLine(denial->failure.path);
  return Draft(record, "cap-missing", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " may not ", OneLine(denial->operation),
                            path.empty() ? "" : absl::StrCat(" ", path), " (",
                            denial->failure.error, "): that needs the capability ",
                            denial->capability, ", which the process has not"))
      .Because("how the call ended", denial->failure.node)
      .Because("the capabilities that it has", effective)
      .Fix(denial->capability == "net_bind_service"
               ? std::string("a port from 1024 on, --cap-add NET_BIND_SERVICE, or --sysctl "
                             "net.ipv4.ip_unprivileged_port_start=0")
               : absl::StrCat("--cap-add ", denial->capability,
                              " (securityContext.capabilities.add), if it must do that itself"))
      .Check(absl::StrCat("nsobserver snapshot ", record.Target(), " --ns pid"))
      .Done();
}

}  // namespace nsobs
