#include "userspace/pipeline/investigator.h"

#include <sys/prctl.h>

#include <utility>

#include "userspace/base/log.h"
#include "userspace/diagnosis/diagnosis.h"
#include "userspace/event/event_json.h"
#include "userspace/pipeline/snapshot_record.h"

namespace nsobs {
namespace {

constexpr size_t kMaxWaiting = 64;
constexpr size_t kMaxDrops = 1024;
constexpr absl::Duration kIdlePeriod = absl::Seconds(1);

// An entry is an audit record, always.
constexpr char kEveryOneCounts[] = "ns-entry";

// How long somebody was in: the entry was looked into, counted and told when it happened.
bool IsEnd(const Anomaly& anomaly) { return anomaly.facts.value("ended", false); }

std::string TargetText(const Anomaly& anomaly) {
  if (anomaly.container != nullptr) return anomaly.container->name;
  return "host";
}

void AddError(const absl::Status& status, nlohmann::ordered_json* record) {
  (*record)["errors"].push_back({{"section", "snapshot"}, {"what", std::string(status.message())}});
}

}  // namespace

Investigator::Investigator(Snapshotter* snapshotter, const Correlator* correlator,
                           const Clock* clock, FindingBook* book, InvestigatorHandlers handlers)
    : snapshotter_(snapshotter),
      correlator_(correlator),
      clock_(clock),
      book_(book),
      handlers_(std::move(handlers)),
      queue_(kMaxWaiting),
      dropped_(kMaxDrops) {}

Investigator::~Investigator() { Stop(); }

void Investigator::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Investigator::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

bool Investigator::Ask(Investigation investigation) {
  if (queue_.Push(std::move(investigation))) return true;
  book_->Suppressed("queue_full");
  return false;
}

void Investigator::Drop(std::vector<PinnedFd> pins) {
  if (!pins.empty()) dropped_.Push(std::move(pins));  // else the caller's copy is closed here
}

void Investigator::Loop() {
  prctl(PR_SET_NAME, "nsobs-look");
  while (true) {
    const bool closed = queue_.closed();
    std::vector<Investigation> work = queue_.PopAll(kIdlePeriod);
    for (Investigation& one : work) {
      if (queue_.closed()) {
        book_->Suppressed("stopping");  // a stop takes no longer for what waits
        continue;
      }
      Investigate(std::move(one));
    }
    dropped_.PopAll(absl::ZeroDuration());
    if (closed && work.empty()) return;
    if (!closed && handlers_.idle) handlers_.idle();
  }
}

absl::StatusOr<nlohmann::ordered_json> Investigator::Look(const Investigation& work,
                                                          const Inventory& inventory) {
  if (snapshotter_ == nullptr) return absl::UnavailableError("snapshots are switched off");
  SnapshotRequest request =
      MakeRequest(work.anomaly, inventory, work.net == nullptr ? -1 : work.net->get());
  if (request.sections.empty()) return absl::NotFoundError("there is nothing to look at");
  return snapshotter_->Take(request);
}

void Investigator::KeepBaseline(const Investigation& work, const nlohmann::ordered_json& record,
                                SnapshotRow* row) {
  if (work.anomaly.container == nullptr) return;
  row->on_stored = [place = baselines_.Keep(*work.anomaly.container, work.anomaly.wall_ns,
                                            work.anomaly.boot_ns, record)](
                       const absl::StatusOr<int64_t>& id) { *place = id.ok() ? *id : 0; };
}

// What is otherwise than it was when the container became ready, and who came in since: in the
// record, for a diagnosis reads nothing else.
void Investigator::AddChanges(const Investigation& work, nlohmann::ordered_json* record) const {
  if (work.anomaly.container == nullptr) return;
  bool cut = false;
  nlohmann::ordered_json changes = baselines_.Compare(*work.anomaly.container, *record, &cut);
  if (!changes.is_object()) return;
  changes["entries"] = nlohmann::ordered_json::array();
  for (const auto& entry : work.entries) {
    if (entry["boot_ns"] >= changes["baseline"]["boot_ns"]) changes["entries"].push_back(entry);
  }
  if (cut) (*record)["truncated"].push_back("/changes/rows");
  (*record)["changes"] = std::move(changes);
}

void Investigator::Investigate(Investigation work) {
  const int64_t begun_ns = clock_->BootNs();
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  nlohmann::ordered_json record = MakeRecord(work.anomaly, work.before, *inventory);
  if (IsEnd(work.anomaly)) {
    StoreEnd(work, std::move(record));
    return;
  }
  if (auto sections = Look(work, *inventory); sections.ok()) {
    book_->Taken(absl::Nanoseconds(clock_->BootNs() - begun_ns));
    AddSections(*std::move(sections), &record);
  } else {
    // Who died of what is to be explained can't be looked at any more: no failure of the look.
    absl::IsNotFound(sections.status()) ? book_->Suppressed("target_gone") : book_->Failed();
    AddError(sections.status(), &record);
  }
  SnapshotRow row;
  if (work.anomaly.rule == kBaselineRule) {
    KeepBaseline(work, record, &row);
  } else {
    AddChanges(work, &record);
    row.findings = Diagnose(record);
  }
  std::erase_if(row.findings, [&](const Finding& finding) {
    const bool fresh =
        book_->Found(finding, work.anomaly.rule, work.anomaly.container, clock_->BootNs());
    return !fresh && finding.case_id != kEveryOneCounts;
  });
  Store(work, std::move(record), std::move(row));
}

void Investigator::StoreEnd(const Investigation& work, nlohmann::ordered_json record) {
  SnapshotRow row;
  row.findings = Diagnose(record);
  Store(work, std::move(record), std::move(row));
}

void Investigator::Store(const Investigation& work, nlohmann::ordered_json record,
                         SnapshotRow row) {
  row.container = work.anomaly.container;
  row.container_json = ToJson(work.anomaly.container);
  row.target = TargetText(work.anomaly);
  row.rule = work.anomaly.rule;
  row.severity = std::string(Name(work.anomaly.severity));
  row.wall_ns = work.anomaly.wall_ns;
  row.record = std::move(record);
  if (!handlers_.store(std::move(row))) book_->Suppressed("timeline_full");
}

}  // namespace nsobs
