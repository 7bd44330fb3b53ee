#include "exporters/otlp/http_sender.h"

#include <curl/curl.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kShownBytes = 200;
constexpr absl::Duration kMaxRetryAfter = absl::Minutes(10);

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, SlistDeleter>;

void Append(const std::string& line, HeaderList* list) {
  list->reset(curl_slist_append(list->release(), line.c_str()));
}

bool IsTls(CURLcode code) {
  for (const CURLcode tls :
       {CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
        CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED}) {
    if (code == tls) return true;
  }
  return false;
}

OtlpResult ResultOf(CURLcode code) {
  if (code == CURLE_OPERATION_TIMEDOUT) return OtlpResult::kTimeout;
  if (IsTls(code)) return OtlpResult::kTls;
  if (code == CURLE_WRITE_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL)
    return OtlpResult::kBadAnswer;
  return OtlpResult::kUnreachable;
}

OtlpResult ResultOfStatus(long status) {
  if (status == 200) return OtlpResult::kOk;
  if (status == 429) return OtlpResult::kBusy;
  if (status == 413) return OtlpResult::kTooLarge;
  if (status >= 400 && status < 500) return OtlpResult::kRefused;
  if (status >= 500 && status < 600) return OtlpResult::kServerError;
  // VictoriaLogs answers 200, others 202 or 204: all of 2xx says that it was taken.
  return status >= 200 && status < 300 ? OtlpResult::kOk : OtlpResult::kBadAnswer;
}

// Lines "Name: value"; blank ones and those that begin with # are skipped.
absl::Status AddHeadersOf(const std::string& file, HeaderList* list) {
  NSOBS_ASSIGN_OR_RETURN(const std::string text,
                         ReadSmallFile(file, HttpSender::kMaxHeaderFileBytes));
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t colon = line.find(':');
    const bool clean = std::all_of(line.begin(), line.end(), [](char c) {
      return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
    });
    if (colon == 0 || colon == absl::string_view::npos || !clean ||
        line.substr(0, colon).find(' ') != absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ":", number, ": is no header as in \"Name: value\""));
    }
    Append(std::string(line), list);
  }
  return absl::OkStatus();
}

}  // namespace

const char* Name(OtlpResult result) {
  switch (result) {
    case OtlpResult::kOk:
      return "ok";
    case OtlpResult::kUnreachable:
      return "unreachable";
    case OtlpResult::kTimeout:
      return "timeout";
    case OtlpResult::kTls:
      return "tls";
    case OtlpResult::kBusy:
      return "busy";
    case OtlpResult::kTooLarge:
      return "too_large";
    case OtlpResult::kRefused:
      return "refused";
    case OtlpResult::kServerError:
      return "server_error";
    case OtlpResult::kBadAnswer:
      return "bad_answer";
    case OtlpResult::kConfig:
      break;
  }
  return "config";
}

std::string OtlpUrl(const std::string& endpoint) {
  const size_t host = endpoint.find("://");
  const size_t slash = host == std::string::npos ? host : endpoint.find('/', host + 3);
  if (slash == std::string::npos) return endpoint + "/v1/logs";
  return slash + 1 == endpoint.size() ? endpoint + "v1/logs" : endpoint;
}

class HttpSender::Impl {
 public:
  Impl(const OtlpOptions& options, const std::string& version, const std::atomic<bool>* stop)
      : options_(options), stop_(stop), curl_(curl_easy_init()) {
    Set(CURLOPT_URL, OtlpUrl(options.endpoint).c_str());
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options.timeout)));
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    Set(CURLOPT_USERAGENT, absl::StrCat("nsobserver/", version).c_str());
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    if (!options.ca_file.empty()) Set(CURLOPT_CAINFO, options.ca_file.c_str());
    if (!options.cert_file.empty()) Set(CURLOPT_SSLCERT, options.cert_file.c_str());
    if (!options.key_file.empty()) Set(CURLOPT_SSLKEY, options.key_file.c_str());
    Set(CURLOPT_ERRORBUFFER, error_);
    Set(CURLOPT_WRITEFUNCTION, &Impl::TakeBody);
    Set(CURLOPT_WRITEDATA, &post_);
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, &Impl::ShallStop);
    Set(CURLOPT_XFERINFODATA, this);
  }
  ~Impl() { curl_easy_cleanup(curl_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  OtlpPost Post(const std::string& body, bool gzip) {
    post_ = OtlpPost();
    HeaderList headers;
    Append("Content-Type: application/x-protobuf", &headers);
    Append("Expect:", &headers);  // no round trip of its own for a large body
    if (gzip) Append("Content-Encoding: gzip", &headers);
    if (!options_.headers_file.empty()) {
      if (absl::Status status = AddHeadersOf(options_.headers_file, &headers); !status.ok()) {
        post_.result = OtlpResult::kConfig;
        post_.message = std::string(status.message());
        return std::move(post_);
      }
    }
    Set(CURLOPT_HTTPHEADER, headers.get());
    Set(CURLOPT_POSTFIELDS, body.data());
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    error_[0] = '\0';
    const CURLcode code = curl_easy_perform(curl_);
    Set(CURLOPT_HTTPHEADER, nullptr);
    Judge(code);
    return std::move(post_);
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(curl_, option, value);
  }

  void Judge(CURLcode code) {
    long connects = 0, status = 0;
    curl_easy_getinfo(curl_, CURLINFO_NUM_CONNECTS, &connects);
    post_.new_connection = connects > 0;
    if (code != CURLE_OK) {
      post_.result = ResultOf(code);
      post_.message = ForLabel(error_[0] != '\0' ? error_ : curl_easy_strerror(code), kShownBytes);
      return;
    }
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    char* type = nullptr;
    curl_easy_getinfo(curl_, CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) post_.content_type = type;
    curl_off_t after = 0;
    curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &after);
    post_.retry_after = std::min(absl::Seconds(std::max<curl_off_t>(after, 0)), kMaxRetryAfter);
    post_.result = ResultOfStatus(status);
    if (post_.result != OtlpResult::kOk) {
      post_.message = absl::StrCat("HTTP ", status, " ", ForLabel(post_.body, kShownBytes));
    }
  }

  static size_t TakeBody(char* data, size_t one, size_t size, void* to) {
    auto* post = static_cast<OtlpPost*>(to);
    if (post->body.size() + size * one > kMaxAnswerBytes) return 0;
    post->body.append(data, size * one);
    return size * one;
  }

  static int ShallStop(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return *static_cast<Impl*>(self)->stop_ ? 1 : 0;
  }

  const OtlpOptions options_;
  const std::atomic<bool>* const stop_;
  CURL* const curl_;
  OtlpPost post_;
  char error_[CURL_ERROR_SIZE] = {};
};

HttpSender::HttpSender(const OtlpOptions& options, const std::string& version,
                       const std::atomic<bool>* stop)
    : impl_(std::make_unique<Impl>(options, version, stop)) {}
HttpSender::~HttpSender() = default;

OtlpPost HttpSender::Post(const std::string& body, bool gzip) { return impl_->Post(body, gzip); }

}  // namespace nsobs
