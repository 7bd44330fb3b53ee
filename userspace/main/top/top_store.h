// What `nsobserver top` holds of the timeline: the newest of a window, reduced to what it shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/main/event_summary.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// How much is held at most; the oldest goes first, and the screen says so.
inline constexpr size_t kTopMaxEvents = 10'000;
inline constexpr size_t kTopMaxFindings = 4'000;
inline constexpr size_t kTopMaxContainers = 2'000;

// The owner of what nobody's container did.
inline constexpr char kTopHost[] = "host";

enum class TopRole : uint8_t {
  kOther,
  kFailure,  // something did not work, or somebody was killed
  kEntry,    // somebody came into the namespaces of `owner`
  kUnseen,   // a loss or a gap: what may be missing
};

// All text of these is fit for a terminal. Times are wall time, nanoseconds since 1970.
struct TopEvent {
  int64_t id = 0;
  int64_t wall_ns = 0;       // of the first of a run of equal events
  int64_t last_wall_ns = 0;  // of the last
  uint64_t count = 1;
  std::string owner;  // key of the container that it befell; kTopHost
  std::string label;  // its name, for people
  TopRole role = TopRole::kOther;
  EventWeight weight = EventWeight::kQuiet;
  std::string ns;    // "net:4026532846", the namespace that explains it
  std::string what;  // without the count
  // Of an entry: by whom, and into which kinds.
  std::string who;
  std::vector<std::string> kinds;
  bool by_engine = false;
};

struct TopEvidence {
  std::string claim;
  std::string source;
  std::string value;  // JSON, cut
};

struct TopFinding {
  int64_t id = 0;
  int64_t wall_ns = 0;
  std::string owner;
  std::string label;
  std::string case_id;
  std::string confidence;
  std::string summary;
  std::vector<TopEvidence> evidence;
  std::string fix;
  std::string check;
};

struct TopContainer {
  std::string owner;
  std::string label;
  std::string runtime;
  std::string id;
  std::string image;
  int64_t started_wall_ns = 0;
  int64_t died_wall_ns = 0;  // 0: alive, as far as the observer knew
  uint32_t init_pid = 0;
  std::vector<std::string> namespaces;  // "net:4026532846"
};

// nullopt: nothing that it would show, or not readable.
std::optional<TopEvent> TopEventOf(const StoredEvent& stored);
std::optional<TopFinding> TopFindingOf(const StoredFinding& stored);
TopContainer TopContainerOf(const StoredContainer& stored);

// Not thread-safe.
class TopStore {
 public:
  // By id; one that is there already is replaced by what it grew to.
  void Put(TopEvent event);
  void Put(TopFinding finding);
  // Those that are alive or died since then, the newest of them if there are too many.
  void SetContainers(const std::vector<StoredContainer>& stored, int64_t since_wall_ns);
  // Forgets what ended before.
  void Expire(int64_t since_wall_ns);
  void Clear();
  // Something older than what is held was left out.
  void NoteLeftOut(int64_t wall_ns);

  const std::map<int64_t, TopEvent>& events() const { return events_; }
  const std::map<int64_t, TopFinding>& findings() const { return findings_; }
  const std::vector<TopContainer>& containers() const { return containers_; }
  size_t containers_left_out() const { return containers_left_out_; }
  // Up to when something of the window may be missing because there was too much; 0: nothing.
  int64_t left_out_until_wall_ns() const { return left_out_until_wall_ns_; }

  TimelineRunState run;

 private:
  std::map<int64_t, TopEvent> events_;
  std::map<int64_t, TopFinding> findings_;
  std::vector<TopContainer> containers_;
  size_t containers_left_out_ = 0;
  int64_t left_out_until_wall_ns_ = 0;
};

}  // namespace nsobs
