// Walks the events that a query means, page by page, in the order of their ids.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/timeline/container_filter.h"
#include "userspace/timeline/database.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// Between two calls of NextPage() nothing of the file is held.
class EventScan {
 public:
  // `owners` is nullptr for any container.
  static absl::StatusOr<EventScan> Make(Database* database, const EventQuery& query,
                                        const ContainerFilter* owners);

  // The next events, at least one unless the end is reached. Damaged rows are counted, not given.
  absl::StatusOr<std::vector<StoredEvent>> NextPage();
  uint64_t damaged() const { return damaged_; }

 private:
  // A statement that yields the events of one owner. Merging these by id is much less work than to
  // sort, since an index gives each in order.
  struct Source {
    Statement select;
    int64_t owner = 0;
    bool has_owner = false;
    int64_t next_id = 0;  // of the row that it stands on; 0: at its end
  };

  EventScan(Database* database, const EventQuery& query) : database_(database), query_(query) {}
  absl::Status AddSources(const ContainerFilter* owners);
  absl::Status AddSource(const std::string& index, const std::string& condition);
  absl::Status AddSource(const std::string& index, const std::string& condition, int64_t owner);
  absl::Status FindBounds();
  absl::Status EndWithWhatIsThere();
  absl::Status Rewind(Source* source);
  absl::Status Advance(Source* source);
  Source* Nearest();
  absl::Status ReadPage(std::vector<StoredEvent>* page);
  void Take(const Source& source, std::vector<StoredEvent>* page);

  Database* database_;
  EventQuery query_;
  std::string pattern_;  // of `query_.text`
  std::vector<Source> sources_;
  int64_t from_id_ = 0;  // exclusive on both sides
  int64_t to_id_ = INT64_MAX;
  uint64_t damaged_ = 0;
};

}  // namespace nsobs
