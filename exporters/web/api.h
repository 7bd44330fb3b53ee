// The read-only JSON API beneath the timeline page: what /api/v1/... answers. README.md beside this
// file documents every endpoint.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "exporters/web/incident.h"
#include "userspace/base/clock.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

struct ApiOptions {
  std::string storage_path;
  IncidentFacts facts;                           // but for the time
  absl::Duration time_limit = absl::Seconds(5);  // of one request
};

// Several requests at once are fine; as many connections to the database are kept as were busy at
// once.
//
// THREAT: POSIX locks of a file belong to the process, and closing any descriptor of the file drops
// them all. SQLite knows of all its connections in the process and closes none while another holds
// locks, so a second connection beside the daemon's writer is safe as long as nothing but SQLite,
// once in the process, opens and closes the database's files.
class Api {
 public:
  using Parameters = std::multimap<std::string, std::string>;
  struct Answer {
    int status = 200;
    std::string type = "application/json";
    std::string body;
    std::string file_name = "";  // "": shown and not saved
  };

  // `clock` outlives it.
  Api(ApiOptions options, RecordViews views, const Clock* clock);
  ~Api();

  // `path` begins with "/api/". Never fails: an error is an answer, one line of JSON.
  Answer Get(const std::string& path, const Parameters& parameters);

 private:
  using Reader = std::unique_ptr<TimelineReader>;
  absl::StatusOr<Reader> Take();
  void GiveBack(Reader reader);
  absl::StatusOr<Answer> Route(const std::string& path, const Parameters& parameters,
                               TimelineReader* reader);

  const ApiOptions options_;
  const RecordViews views_;
  const Clock* const clock_;
  std::mutex mutex_;  // of std, as in WorkerPool; guards the next
  std::vector<Reader> idle_;
};

}  // namespace nsobs
