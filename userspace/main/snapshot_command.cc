#include "userspace/main/snapshot_command.h"

#include "userspace/main/json_out.h"
#include "userspace/main/look.h"
#include "userspace/main/look_now.h"
#include "userspace/main/record_page.h"

namespace nsobs {

int SnapshotCommand(const SnapshotOptions& options, const Stages& stages, const Console& console) {
  const absl::StatusOr<Looked> looked =
      LookNow(options.config, options.target, SectionsOf(options.kinds), stages);
  if (!looked.ok()) return console.Fail(looked.status());
  if (options.format == OutputFormat::kTable) {
    PrintRecord(looked->record, console);
  } else {
    JsonWriter writer(options.format, console.out);
    writer.Add(looked->record);
    writer.Finish();
  }
  console.out.flush();
  StoreLook(options.config, *looked, Json::array(), options.baseline, console);
  return kExitDone;
}

}  // namespace nsobs
