#include "userspace/enrichment/transport.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "userspace/base/status_util.h"
#include "userspace/enrichment/engine_peer.h"

namespace nsobs {
namespace {

constexpr size_t kFrameHead = 5;  // gRPC over HTTP/2: compressed or not, and the length
constexpr char kTooSlow[] = "all its answers together take too long";
constexpr int kGrpcNotFound = 5, kGrpcUnimplemented = 12;

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

// A handle of its own for each request: no connection, no state is carried to another engine.
class Transport::Request {
 public:
  Request(const EngineSocket& socket, UniqueFd file, absl::Duration deadline)
      : socket_(socket), file_(std::move(file)), curl_(curl_easy_init()) {
    Set(CURLOPT_TIMEOUT_MS,
        std::max<long>(1, static_cast<long>(absl::ToInt64Milliseconds(deadline))));
    Set(CURLOPT_ERRORBUFFER, error_);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_PROTOCOLS_STR, "http");
    // The very file that was looked at. No name is looked up.
    Set(CURLOPT_UNIX_SOCKET_PATH, absl::StrCat("/proc/self/fd/", file_.get()).c_str());
    Set(CURLOPT_OPENSOCKETFUNCTION, &Request::OpenSocket);
    Set(CURLOPT_OPENSOCKETDATA, this);
    Set(CURLOPT_PREREQFUNCTION, &Request::CheckPeer);  // connected, and nothing sent yet
    Set(CURLOPT_PREREQDATA, this);
    Set(CURLOPT_WRITEFUNCTION, &Request::TakeBody);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &Request::TakeHeader);
    Set(CURLOPT_HEADERDATA, this);
    Set(CURLOPT_USERAGENT, "nsobserver");
  }
  ~Request() { curl_easy_cleanup(curl_); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(curl_, option, value);
  }
  void AddHeader(const std::string& line) {
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
  }

  absl::Status Perform(const std::string& target) {
    Set(CURLOPT_URL, absl::StrCat("http://engine", target).c_str());
    Set(CURLOPT_HTTPHEADER, headers_.get());
    const CURLcode code = curl_easy_perform(curl_);
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &http_status_);
    if (code == CURLE_OK) return absl::OkStatus();
    if (!peer_.ok()) return peer_;
    const std::string why = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT) return absl::DeadlineExceededError(why);
    if (code == CURLE_COULDNT_CONNECT) return absl::UnavailableError("nobody listens");
    return absl::DataLossError(too_long_ ? "the answer is too long" : why);
  }

  long http_status() const { return http_status_; }
  std::string& body() { return body_; }
  int grpc_status() const { return grpc_status_; }

 private:
  static curl_socket_t OpenSocket(void* self, curlsocktype, curl_sockaddr*) {
    auto* request = static_cast<Request*>(self);
    if (request->fd_ >= 0) return CURL_SOCKET_BAD;  // one connection only
    return request->fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  }
  static int CheckPeer(void* self, char*, char*, int, int) {
    auto* request = static_cast<Request*>(self);
    request->peer_ = CheckEnginePeer(request->fd_, request->socket_);
    return request->peer_.ok() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }
  static size_t TakeBody(char* data, size_t, size_t size, void* self) {
    auto* request = static_cast<Request*>(self);
    if (request->body_.size() + size > kMaxAnswerBytes) {
      request->too_long_ = true;
      return 0;
    }
    request->body_.append(data, size);
    return size;
  }
  // Trailers come this way as well.
  static size_t TakeHeader(char* data, size_t, size_t size, void* self) {
    auto* request = static_cast<Request*>(self);
    request->header_bytes_ += size;
    if (request->header_bytes_ > kMaxHeaderBytes) {
      request->too_long_ = true;
      return 0;
    }
    absl::string_view line(data, size);
    if (absl::ConsumePrefix(&line, "grpc-status:")) {
      line = absl::StripAsciiWhitespace(line);
      std::from_chars(line.data(), line.data() + line.size(), request->grpc_status_);
    }
    return size;
  }

  const EngineSocket& socket_;
  const UniqueFd file_;
  int fd_ = -1;  // curl's, which closes it
  absl::Status peer_;
  CURL* const curl_;
  std::unique_ptr<curl_slist, SlistDeleter> headers_;
  std::string body_;
  size_t header_bytes_ = 0;
  bool too_long_ = false;
  long http_status_ = 0;
  int grpc_status_ = -1;  // -1: it didn't say
  char error_[CURL_ERROR_SIZE] = {};
};

Transport::Transport(absl::Duration deadline) : deadline_(deadline) {
  curl_global_init(CURL_GLOBAL_NOTHING);  // counts; no TLS is ever spoken here
}
Transport::~Transport() { curl_global_cleanup(); }

void Transport::StartQuestion() {
  question_end_ = Clock::now() + absl::ToChronoNanoseconds(kQuestionDeadlines * deadline_);
}

absl::Duration Transport::TimeLeft() const {
  if (question_end_ == Clock::time_point::max()) return deadline_;
  const absl::Duration left = absl::FromChrono(question_end_ - Clock::now());
  return std::clamp(left, absl::ZeroDuration(), deadline_);
}

absl::StatusOr<std::string> Transport::Get(const EngineSocket& socket, const std::string& target) {
  const absl::Duration time = TimeLeft();
  if (time < absl::Milliseconds(1)) return absl::DeadlineExceededError(kTooSlow);
  NSOBS_ASSIGN_OR_RETURN(UniqueFd file, OpenEngineSocket(socket));
  Request request(socket, std::move(file), time);
  request.Set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  NSOBS_RETURN_IF_ERROR(request.Perform(target));
  if (request.http_status() == 404) return absl::NotFoundError("not known to the engine");
  if (request.http_status() != 200) {
    return absl::DataLossError(absl::StrCat("HTTP status ", request.http_status()));
  }
  return std::move(request.body());
}

absl::StatusOr<std::string> Transport::CallGrpc(const EngineSocket& socket,
                                                const std::string& method,
                                                const std::string& message,
                                                const Headers& metadata) {
  const absl::Duration time = TimeLeft();
  if (time < absl::Milliseconds(1)) return absl::DeadlineExceededError(kTooSlow);
  NSOBS_ASSIGN_OR_RETURN(UniqueFd file, OpenEngineSocket(socket));
  Request request(socket, std::move(file), time);
  const auto size = static_cast<uint32_t>(message.size());
  std::string frame = {'\0', static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8), static_cast<char>(size)};
  frame += message;
  request.Set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
  request.Set(CURLOPT_POST, 1L);
  request.Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(frame.size()));
  request.Set(CURLOPT_POSTFIELDS, frame.data());
  request.AddHeader("Content-Type: application/grpc");
  request.AddHeader("TE: trailers");
  for (const auto& [key, value] : metadata) request.AddHeader(absl::StrCat(key, ": ", value));
  NSOBS_RETURN_IF_ERROR(request.Perform(method));
  if (request.grpc_status() == kGrpcNotFound) return absl::NotFoundError("not known to the engine");
  if (request.grpc_status() == kGrpcUnimplemented)
    return absl::UnimplementedError("no such service");
  if (request.http_status() != 200 || request.grpc_status() != 0) {
    return absl::DataLossError(absl::StrCat("HTTP status ", request.http_status(), ", gRPC status ",
                                            request.grpc_status()));
  }
  const std::string& body = request.body();
  if (body.size() < kFrameHead || body[0] != '\0') return absl::DataLossError("not a gRPC message");
  uint32_t told = 0;
  for (size_t i = 1; i < kFrameHead; ++i) told = told << 8 | static_cast<uint8_t>(body[i]);
  if (told != body.size() - kFrameHead) return absl::DataLossError("not one gRPC message");
  return body.substr(kFrameHead);
}

}  // namespace nsobs
