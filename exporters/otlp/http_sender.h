// One POST after the other to an OTLP server, over one connection while it lasts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "exporters/otlp/options.h"

namespace nsobs {

enum class OtlpResult : uint8_t {
  kOk,           // 200
  kUnreachable,  // no connection, or it broke
  kTimeout,
  kTls,          // no trust, in one direction or the other
  kBusy,         // 429: it is there, and wants less
  kTooLarge,     // 413
  kRefused,      // any other 4xx
  kServerError,  // 5xx
  kBadAnswer,    // something that isn't OTLP
  kConfig,       // a file of ours can't be read
};
inline constexpr OtlpResult kOtlpResults[] = {OtlpResult::kOk,        OtlpResult::kUnreachable,
                                              OtlpResult::kTimeout,   OtlpResult::kTls,
                                              OtlpResult::kBusy,      OtlpResult::kTooLarge,
                                              OtlpResult::kRefused,   OtlpResult::kServerError,
                                              OtlpResult::kBadAnswer, OtlpResult::kConfig};
const char* Name(OtlpResult result);  // "ok", "unreachable", ...

struct OtlpPost {
  OtlpResult result = OtlpResult::kOk;
  std::string message;                                // for the log: one line, no secrets
  absl::Duration retry_after = absl::ZeroDuration();  // as the server asks
  bool new_connection = false;                        // the one before was gone
  std::string content_type;
  std::string body;  // of the answer, at most kMaxAnswerBytes
};

// Not thread-safe, but `stop` may be set by any thread: a request under way then ends within a
// second.
class HttpSender {
 public:
  static constexpr size_t kMaxAnswerBytes = 64 << 10;
  static constexpr size_t kMaxHeaderFileBytes = 64 << 10;

  // `stop` outlives the sender.
  HttpSender(const OtlpOptions& options, const std::string& version, const std::atomic<bool>* stop);
  ~HttpSender();
  HttpSender(const HttpSender&) = delete;
  HttpSender& operator=(const HttpSender&) = delete;

  // `body` is an ExportLogsServiceRequest, compressed or not. No redirect is followed, no address
  // but http and https is asked, the proxies of the environment are used.
  OtlpPost Post(const std::string& body, bool gzip);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

// The endpoint as it is posted to: "/v1/logs" is added where there is no path.
std::string OtlpUrl(const std::string& endpoint);

}  // namespace nsobs
