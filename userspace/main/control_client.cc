#include "userspace/main/control_client.h"

#include "absl/strings/str_cat.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"
#include "userspace/pipeline/control_request.h"

namespace nsobs {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr size_t kMaxAnswerBytes = 64 << 10;

}  // namespace

absl::StatusOr<Json> AskDaemon(const std::string& storage_path, const Json& request) {
  const std::string text = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kMaxControlBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(text.size(), " bytes are too many"));
  }
  const auto connection = ConnectSeqpacket(absl::StrCat(storage_path, "/", kControlSocket));
  if (absl::IsNotFound(connection.status())) {
    return absl::NotFoundError(absl::StrCat("no daemon runs with the storage path ", storage_path,
                                            " (nsobserver run starts one)"));
  }
  if (!connection.ok()) return connection.status();
  const Deadline deadline = Deadline::In(kPatience);
  // A daemon that refuses at once hangs up while this is still being sent; its reason counts.
  const absl::Status sent = SendMessage(connection->get(), text, deadline);
  const auto answer = ReceiveMessage(connection->get(), kMaxAnswerBytes, deadline);
  if (!answer.ok()) return sent.ok() ? answer.status() : sent;
  Json json = Json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (Flag(json, "ok")) return json;
  return absl::UnavailableError(absl::StrCat("the daemon says: ", Text(json, "error")));
}

}  // namespace nsobs
