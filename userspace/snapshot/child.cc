#include "userspace/snapshot/child.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/frames.h"
#include "userspace/snapshot/named_netns.h"
#include "userspace/snapshot/net/net_reader.h"
#include "userspace/snapshot/net/netfilter.h"
#include "userspace/snapshot/process_identity.h"
#include "userspace/snapshot/safe_file.h"
#include "userspace/snapshot/section_reader.h"
#include "userspace/snapshot/wire.h"

namespace nsobs {
namespace {

constexpr const char* kProc = "/proc";

class Child {
 public:
  Child(ChildTask* task, FrameWriter* frames) : task_(*task), frames_(*frames) {}

  // Finds the target and opens what belongs to it, so that nothing can be swapped afterwards.
  absl::Status Open();
  void ReadAll();

 private:
  bool Wants(Section section) const {
    const std::vector<Section>& wanted = task_.request.sections;
    return std::find(wanted.begin(), wanted.end(), section) != wanted.end();
  }
  absl::Status OpenProcess();
  bool IsExpected(const OpenedProcess& process) const;
  void LookUpPeers();
  void ReportTarget();
  void ReadHost();
  void ReadPeers();
  void ReadFilterRulesOfPeer();
  void ReadTargetNet();
  void ReadOthers();
  void ReadFilterRules(const NetContext& base);
  bool Enter(int fd, std::string_view section);
  NetContext Context(std::string section, uint32_t inode, ReadNotes* notes) const;

  ChildTask& task_;
  FrameWriter& frames_;
  Target target_;
  std::optional<OpenedProcess> process_;
  UniqueFd net_, root_, host_root_;
  uint32_t net_inode_ = 0, host_inode_ = 0;
  std::vector<KnownNetns> known_peers_;  // as they are, not as they are said to be
  UniqueFd asked_net_;                   // of the peer that owns request.destination, if one does
  size_t asked_row_ = 0;                 // of it in `peer_nets`
  ReadNotes target_notes_;
};

// A namespace that differs from what was expected, where both are known, is another container's.
bool Child::IsExpected(const OpenedProcess& process) const {
  bool compared = false;
  for (const NamespaceKind kind : {NamespaceKind::kNet, NamespaceKind::kPid, NamespaceKind::kMnt}) {
    const uint32_t expected = task_.request.namespaces[kind].inode;
    if (expected == 0) continue;
    if (process.NamespaceInode(kind) != expected) return false;
    compared = true;
  }
  return compared;
}

// The process that was meant, else the init of its container if that is in the same namespaces.
absl::Status Child::OpenProcess() {
  const SnapshotRequest& request = task_.request;
  absl::StatusOr<OpenedProcess> process = OpenedProcess::Open(kProc, request.target);
  absl::Status gone = process.status();
  if (process.ok() && !process->Alive())
    gone = absl::NotFoundError(absl::StrCat("process ", request.target.pid, " has ended"));
  if (gone.ok()) {
    process_ = std::move(*process);
    target_.pid = request.target.pid;
    return absl::OkStatus();
  }
  if (request.init_pid == 0) return gone;
  process = OpenedProcess::Open(kProc, {request.init_pid, 0});
  if (!process.ok() || !process->Alive() || !IsExpected(*process)) return gone;
  process_ = std::move(*process);
  target_.pid = request.init_pid;
  target_notes_.Error("target",
                      absl::StrCat(std::string(gone.message()), "; the init of its container, ",
                                   request.init_pid, ", was looked at instead"));
  return absl::OkStatus();
}

absl::Status Child::Open() {
  target_.request = &task_.request;
  target_.deadline = task_.deadline;
  NSOBS_RETURN_IF_ERROR(CheckProcfs(kProc));
  host_root_ = UniqueFd(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  UniqueFd own(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  host_inode_ = InodeOf(own.get());
  if (task_.request.target.pid != 0 || task_.request.init_pid != 0) {
    const absl::Status status = OpenProcess();
    if (!status.ok() && !task_.net_fd.ok()) return status;
    if (!status.ok()) target_notes_.Error("target", std::string(status.message()));
  }
  if (process_.has_value()) {
    absl::StatusOr<UniqueFd> root = process_->OpenRoot();
    if (root.ok()) root_ = std::move(*root);
    target_.root_fd = root_.get();
    absl::StatusOr<UniqueFd> net = process_->OpenNamespace(NamespaceKind::kNet, 0);
    if (net.ok()) net_ = std::move(*net);
  }
  if (!net_.ok()) net_ = std::move(task_.net_fd);
  net_inode_ = InodeOf(net_.get());
  if (!process_.has_value() && !net_.ok()) return absl::NotFoundError("there is no target");
  return absl::OkStatus();
}

void Child::LookUpPeers() {
  for (const PeerNamespace& peer : task_.request.peers) {
    const absl::StatusOr<OpenedProcess> process = OpenedProcess::Open(kProc, peer.process);
    const uint32_t inode = process.ok() ? process->NamespaceInode(NamespaceKind::kNet) : 0;
    if (inode != 0) known_peers_.push_back({peer.process.pid, inode});
  }
}

void Child::ReportTarget() {
  SectionJson value;
  value["pid"] = target_.pid == 0 ? SectionJson(nullptr) : SectionJson(target_.pid);
  value["alive"] = process_.has_value();
  SectionJson inodes = SectionJson::object();
  for (const NamespaceKind kind : kNamespaceKinds) {
    uint32_t inode = process_.has_value() ? process_->NamespaceInode(kind) : 0;
    if (kind == NamespaceKind::kNet && inode == 0) inode = net_inode_;
    if (inode != 0) inodes[std::string(Name(kind))] = inode;
    const uint32_t expected = task_.request.namespaces[kind].inode;
    if (expected != 0 && inode != 0 && expected != inode)
      target_notes_.Error("target", absl::StrCat(std::string(Name(kind)), " namespace is ", inode,
                                                 " by now, expected ", expected));
  }
  value["namespaces"] = std::move(inodes);
  frames_.Section("target", value, target_notes_);
}

NetContext Child::Context(std::string section, uint32_t inode, ReadNotes* notes) const {
  NetContext context;
  context.target = &target_;
  context.section = std::move(section);
  context.inode = inode;
  context.notes = notes;
  context.known.push_back({task_.helper_pid, host_inode_});
  if (target_.pid != 0) context.known.push_back({target_.pid, net_inode_});
  context.known.insert(context.known.end(), known_peers_.begin(), known_peers_.end());
  return context;
}

// The packet filter stands by itself: libnftables may end the process.
void Child::ReadFilterRules(const NetContext& base) {
  ReadNotes notes;
  NetContext context = base;
  context.notes = &notes;
  const SectionJson value = {{"netfilter", ReadNetfilter(context)}};
  frames_.Section(context.section, value, notes);
}

// Nobody else's rules are listed than the ones that a packet to the destination meets.
void Child::ReadFilterRulesOfPeer() {
  if (!asked_net_.ok()) return;
  ReadNotes notes;
  if (absl::Now() >= target_.deadline) {
    notes.Error("peer_nets", "netfilter: no time was left for it");
    return frames_.Section("peer_nets", SectionJson::array(), notes);
  }
  if (!Enter(asked_net_.get(), "peer_nets")) return;
  const uint32_t inode = InodeOf(asked_net_.get());
  NetContext context = Context("peer_nets", inode, &notes);
  context.row = absl::StrCat("/", asked_row_);
  SectionJson row = {{"inode", inode}, {"netfilter", ReadNetfilter(context)}};
  SectionJson rows = SectionJson::array();
  rows.push_back(std::move(row));
  frames_.Section("peer_nets", rows, notes);
}

void Child::ReadHost() {
  if (!Wants(Section::kHostNet) || host_inode_ == net_inode_) return;  // `net` is the host's then
  ReadNotes notes;
  NetContext context = Context("host_net", host_inode_, &notes);
  SectionJson value;
  ReadNetBase(&context, task_.helper_pid, &value);
  ReadNetFiles(context, host_root_.get(), "/proc/self/mountinfo", &value);
  frames_.Section("host_net", value, notes);
  ReadFilterRules(context);
}

bool Child::Enter(int fd, std::string_view section) {
  if (setns(fd, CLONE_NEWNET) == 0) return true;
  ReadNotes notes;
  notes.Error(std::string(section), absl::StrCat("setns: ", ErrnoName(errno)));
  frames_.Section(section, section == "net" ? SectionJson::object() : SectionJson::array(), notes);
  return false;
}

absl::StatusOr<UniqueFd> OpenNetOf(const PeerNamespace& peer, int host_root) {
  const absl::StatusOr<OpenedProcess> process = OpenedProcess::Open(kProc, peer.process);
  absl::StatusOr<UniqueFd> net = process.ok()
                                     ? process->OpenNamespace(NamespaceKind::kNet, peer.inode)
                                     : absl::StatusOr<UniqueFd>(process.status());
  if (net.ok()) return net;
  absl::StatusOr<UniqueFd> named = OpenNamedNetns(peer.inode, host_root, "/proc/self/mountinfo");
  return named.ok() ? std::move(named) : std::move(net);
}

void Child::ReadPeers() {
  if (!Wants(Section::kPeerNets)) return;
  ReadNotes notes;
  SectionJson peers = SectionJson::array();
  for (const PeerNamespace& peer : task_.request.peers) {
    if (absl::Now() >= target_.deadline) {
      notes.Truncated("/peer_nets");
      break;
    }
    absl::StatusOr<UniqueFd> net = OpenNetOf(peer, host_root_.get());
    if (!net.ok()) {
      notes.Error("peer_nets", absl::StrCat(peer.owner, ": ", std::string(net.status().message())));
      continue;
    }
    if (!Enter(net->get(), "peer_nets")) continue;
    NetContext context = Context("peer_nets", InodeOf(net->get()), &notes);
    context.row = absl::StrCat("/", peers.size());
    peers.push_back(ReadPeerNet(&context, peer));
    if (!OwnsAddress(peers.back(), task_.request.destination)) continue;
    // Engines beside each other give out the same addresses.
    const bool wired = IsWiredTo(peers.back(), net_inode_);
    if (asked_net_.ok() && !wired) continue;
    asked_net_ = std::move(*net);
    asked_row_ = peers.size() - 1;
  }
  frames_.Section("peer_nets", peers, notes);
}

void Child::ReadTargetNet() {
  if (!Wants(Section::kNet) || !net_.ok()) return;
  ReadNotes notes;
  NetContext context = Context("net", net_inode_, &notes);
  SectionJson value;
  ReadNetBase(&context, target_.pid, &value);
  frames_.Section("net", value, notes);
  ReadFilterRules(context);
}

// What touches the container's files comes last: a filesystem that hangs loses nothing else.
void Child::ReadOthers() {
  struct Reader {
    Section section;
    void (*read)(const Target&, SectionJson*, ReadNotes*);
  };
  for (const Reader& reader : {Reader{Section::kPid, ReadPid}, Reader{Section::kUser, ReadUser},
                               Reader{Section::kCgroup, ReadCgroup}, Reader{Section::kUts, ReadUts},
                               Reader{Section::kIpc, ReadIpc}, Reader{Section::kTime, ReadTimens},
                               Reader{Section::kNet, ReadNet}, Reader{Section::kMnt, ReadMnt}}) {
    if (!Wants(reader.section)) continue;
    ReadNotes notes;
    SectionJson value = SectionJson::object();
    reader.read(target_, &value, &notes);
    frames_.Section(SectionName(reader.section), value, notes);
  }
}

void Child::ReadAll() {
  ReportTarget();
  LookUpPeers();
  ReadHost();
  ReadPeers();
  // The readers of the other sections see the target's net namespace, too.
  if (net_.ok() && !Enter(net_.get(), "net")) net_.reset();
  ReadTargetNet();
  if (process_.has_value()) ReadOthers();
  ReadFilterRulesOfPeer();  // last: whatever that peer has set up costs nothing of the above
  if (process_.has_value() && !process_->Alive()) {
    ReadNotes notes;
    notes.Error("target", absl::StrCat("process ", target_.pid, " ended while it was looked at"));
    frames_.Section("target", {{"alive", false}}, notes);
  }
  frames_.End();
}

}  // namespace

void ReadNet(const Target& target, SectionJson* out, ReadNotes* notes) {
  NetContext context;
  context.target = &target;
  context.notes = notes;
  ReadNetFiles(context, target.root_fd,
               absl::StrCat(target.proc_root, "/", target.pid, "/mountinfo"), out);
}

int RunChild(ChildTask task, const SyscallFilter& filter) {
  FrameWriter frames(task.out.get());
  Child child(&task, &frames);
  absl::Status status = LimitResources();
  if (status.ok()) status = child.Open();
  if (status.ok()) status = filter.Apply();
  if (!status.ok()) {
    frames.Status(status);
    return 1;
  }
  child.ReadAll();
  return 0;
}

}  // namespace nsobs
