#include "userspace/main/look_now.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event_json.h"
#include "userspace/main/control_client.h"
#include "userspace/main/host_view.h"
#include "userspace/main/look.h"
#include "userspace/main/progress.h"

namespace nsobs {

absl::StatusOr<Looked> LookNow(const Config& config, const std::string& target,
                               std::vector<Section> sections, const Stages& stages) {
  const Progress progress(STDERR_FILENO, absl::StrCat("looking into ", target));
  const SystemClock clock;
  NSOBS_ASSIGN_OR_RETURN(const std::shared_ptr<const Inventory> inventory,
                         ScanThisHost(config, &clock));
  NSOBS_ASSIGN_OR_RETURN(const LiveTarget live,
                         ResolveLive(target, *inventory, config.runtimes.netns));
  NSOBS_ASSIGN_OR_RETURN(const std::unique_ptr<Snapshotter> snapshotter,
                         stages.start_snapshotter());
  NSOBS_ASSIGN_OR_RETURN(const Json taken,
                         snapshotter->Take(RequestFor(live, *inventory, std::move(sections))));
  return Looked{CompleteRecord(taken, live, *inventory, clock), ToJson(live.target.container),
                live.target.title};
}

void StoreLook(const Config& config, const Looked& looked, const Json& findings, bool baseline,
               const Console& console) {
  const Json request = {{"op", "store_snapshot"},        {"record", looked.record},
                        {"container", looked.container}, {"target", looked.title},
                        {"findings", findings},          {"baseline", baseline}};
  const absl::StatusOr<Json> answer = AskDaemon(config.storage.path, request);
  if (answer.ok()) {
    console.Complain(absl::StrCat("stored as snapshot ", Number(*answer, "id").value_or(0)));
  } else {
    console.Complain(
        absl::StrCat("not stored in the timeline: ", std::string(answer.status().message())));
  }
}

}  // namespace nsobs
