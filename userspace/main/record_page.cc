#include "userspace/main/record_page.h"

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/human_text.h"

namespace nsobs {
namespace {

std::string BytesText(const Json& object, const char* key) {
  const auto bytes = Number(object, key);
  return bytes ? HumanBytes(static_cast<uint64_t>(*bytes)) : "";
}

std::string CountText(const Json& object, const char* key) {
  const auto count = Number(object, key);
  return count ? HumanCount(static_cast<uint64_t>(*count)) : "";
}

void PrintHead(const Json& record, const Console& console, Page* page) {
  const Json& target = Child(record, "target");
  const Json& process = Child(target, "process");
  const auto pid = Number(process, "pid");
  const auto time = ParseRfc3339(Text(record, "time"));
  page->Heading(absl::StrCat("Snapshot of ", ContainerLabel(Child(target, "container")),
                             pid ? absl::StrCat(", process ", *pid) : ""));
  page->Fact("taken", time ? LocalTime(*time, console.zone) : "");
  const Json& trigger = Child(record, "trigger");
  page->Fact("because", trigger.is_object() ? Text(trigger, "summary") : "somebody asked");
}

void PrintMounts(const Json& mnt, const Console& console, Page* page) {
  if (!mnt.is_object()) return;
  page->Heading("Mounts");
  Table table({{"  MOUNT POINT", 3, 12},
               {"TYPE", 2, 6},
               {"SOURCE", 0, 10},
               {"MODE", 2, 4},
               {"FREE", 1, 8, true, true}},
              console.screen);
  for (const Json& mount : List(mnt, "mounts")) {
    bool read_only = false;
    for (const char* list : {"options", "super_options"}) {
      for (const Json& option : List(mount, list)) read_only = read_only || option == "ro";
    }
    table.AddRow({{"  " + CleanText(mount, "mount_point"), Style::kBold},
                  {CleanText(mount, "fstype")},
                  {CleanText(mount, "source")},
                  {read_only ? "ro" : "rw", read_only ? Style::kYellow : Style::kPlain},
                  {BytesText(mount, "free_bytes"), Style::kDim}});
  }
  page->Print(std::move(table));
}

void PrintProcesses(const Json& pid, const Console& console, Page* page) {
  if (!pid.is_object()) return;
  page->Heading("Processes");
  Table table({{"  PID", 3, 6},
               {"INSIDE", 3, 6, false, true},
               {"STATE", 2, 5},
               {"COMMAND", 0, 12},
               {"WAITS IN", 1, 8, true}},
              console.screen);
  for (const Json& process : List(pid, "processes")) {
    const std::string state = Text(process, "state");
    const bool bad = state == "Z" || state == "D";
    table.AddRow({{absl::StrCat("  ", Number(process, "pid").value_or(0))},
                  {absl::StrCat(Number(process, "ns_pid").value_or(0))},
                  {ForTerminal(state), bad ? Style::kYellow : Style::kPlain},
                  {CleanText(process, "comm"), Style::kBold},
                  {CleanText(process, "wait_channel"), Style::kDim}});
  }
  page->Print(std::move(table));
  page->Fact("zombies", CountText(pid, "zombies"));
}

void PrintCgroup(const Json& cgroup, Page* page) {
  if (!cgroup.is_object()) return;
  page->Heading("Limits");
  const Json& memory = Child(cgroup, "memory");
  const std::string limit = BytesText(memory, "limit_bytes");
  if (memory.is_object()) {
    page->Fact("memory", absl::StrCat(BytesText(memory, "usage_bytes"), " of ",
                                      limit.empty() ? "no limit" : limit));
    page->Fact("limit hit", CountText(memory, "limit_hits"));
    page->Fact("OOM kills", CountText(memory, "oom_kills"));
  }
  const Json& cpu = Child(cgroup, "cpu");
  const auto throttled = Number(cpu, "throttled_ns");
  if (throttled && *throttled > 0) page->Fact("throttled", HumanDuration(*throttled));
  const Json& pids = Child(cgroup, "pids");
  const std::string most = CountText(pids, "limit");
  if (pids.is_object()) {
    page->Fact("processes",
               absl::StrCat(CountText(pids, "current"), " of ", most.empty() ? "no limit" : most));
  }
}

std::string MapText(const Json& map) {
  std::string out;
  for (const Json& line : map) {
    absl::StrAppend(&out, out.empty() ? "" : ", ", Number(line, "inside").value_or(0), " is ",
                    Number(line, "outside").value_or(0), " outside (",
                    Number(line, "count").value_or(0), ")");
  }
  return out;
}

void PrintSmall(const Json& record, Page* page) {
  const Json& uts = Child(record, "uts");
  const Json& user = Child(record, "user");
  const Json& ipc = Child(record, "ipc");
  if (uts.is_null() && user.is_null() && ipc.is_null()) return;
  page->Heading("Identity");
  page->Fact("hostname", Text(uts, "hostname"));
  page->Fact("uids", MapText(List(user, "uid_map")));
  page->Fact("gids", MapText(List(user, "gid_map")));
  page->Fact("shared memory", BytesText(ipc, "shared_memory_bytes"));
}

// Since it became ready; nothing where nothing was compared.
void PrintChanges(const Json& changes, Page* page) {
  if (!changes.is_object()) return;
  page->Heading("Changed since it became ready, " + Text(Child(changes, "baseline"), "time"));
  const Json& rows = List(changes, "rows");
  if (rows.empty()) page->Text("nothing");
  for (const Json& row : rows) page->Text(Text(row, "text"));
  for (const Json& entry : List(changes, "entries")) {
    page->Fact("came in",
               absl::StrCat(Text(entry, "time"), " ", Text(Child(entry, "process"), "comm"), " ",
                            Text(Child(entry, "process"), "exe_args")));
  }
}

void PrintErrors(const Json& record, Page* page) {
  const Json& errors = List(record, "errors");
  if (!errors.empty()) page->Heading("Could not be read");
  for (const Json& error : errors) page->Fact(Text(error, "section"), Text(error, "what"));
  const Json& truncated = List(record, "truncated");
  if (!truncated.empty()) page->Heading("Cut short");
  for (const Json& list : truncated) {
    if (list.is_string()) page->Text(list.get<std::string>());
  }
}

}  // namespace

const Json& List(const Json& object, const char* key) {
  static const Json empty = Json::array();
  const Json& list = Child(object, key);
  return list.is_array() ? list : empty;
}

void PrintRecord(const Json& record, const Console& console) {
  Page page(console);
  PrintHead(record, console, &page);
  PrintNet(Child(record, "net"), console, &page);
  PrintPeers(List(record, "peer_nets"), console, &page);
  PrintMounts(Child(record, "mnt"), console, &page);
  PrintProcesses(Child(record, "pid"), console, &page);
  PrintCgroup(Child(record, "cgroup"), &page);
  PrintSmall(record, &page);
  PrintChanges(Child(record, "changes"), &page);
  PrintErrors(record, &page);
}

}  // namespace nsobs
