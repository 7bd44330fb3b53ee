#include "userspace/base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>

#include "userspace/base/status_util.h"

namespace nsobs {

absl::Status GiveUpPrivileges(std::span<const unsigned> kept,
                              const std::function<absl::Status()>& while_capable) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus(errno, "no_new_privs");
  // The bounding set first, as that takes CAP_SETPCAP. With no new privileges and no exec it is a
  // second lock only, so it may fail.
  capng_clear(CAPNG_SELECT_ALL);
  capng_apply(CAPNG_SELECT_BOUNDS);
  capng_get_caps_process();
  NSOBS_RETURN_IF_ERROR(while_capable());
  capng_clear(CAPNG_SELECT_ALL);
  for (const unsigned capability : kept) {
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                 capability);
  }
  if (capng_apply(static_cast<capng_select_t>(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT)) != 0) {
    return absl::InternalError("capabilities can't be dropped");
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return ErrnoStatus(errno, "dumpable");
  return absl::OkStatus();
}

}  // namespace nsobs
