#include "exporters/web/http_service.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "exporters/web/api.h"
#include "exporters/web/host_check.h"
#include "exporters/web/page_asset.h"

namespace nsobs {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

// A request that is in memory already, and an answer that stays there.
class MemoryStream : public httplib::Stream {
 public:
  explicit MemoryStream(const std::string& in) : in_(in) {}

  bool is_readable() const override { return at_ < in_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    const size_t n = std::min(size, in_.size() - at_);
    memcpy(to, in_.data() + at_, n);
    at_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string TakeOutput() { return std::move(out_); }

 private:
  const std::string& in_;
  size_t at_ = 0;
  std::string out_;
};

std::string LandingPage(const std::string& version) {
  const std::string safe = absl::StrReplaceAll(
      version, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
      "<title>nsobserver</title></head>\n<body>\n<h1>nsobserver ",
      safe,
      "</h1>\n<p>Observes what goes wrong between Linux namespaces, by container.</p>\n<ul>\n"
      "<li><a href=\"/metrics\">Metrics</a></li>\n"
      "<li><a href=\"/-/healthy\">Health</a></li>\n"
      "<li><a href=\"/-/ready\">Readiness</a></li>\n</ul>\n",
      PageHtml().empty()
          ? "<p>The timeline page is not in this build: it was made without npm.</p>\n"
          : "",
      "</body>\n</html>\n");
}

void AddStrictHeaders(httplib::Response& response) {
  if (!response.has_header("Content-Security-Policy")) {
    response.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
  response.set_header("Cross-Origin-Resource-Policy", "same-origin");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cache-Control", "no-store");
}

}  // namespace

// Uses of httplib::Server its request handling only: its listener shares the port with whoever asks
// for it (SO_REUSEPORT), and gives each connection a thread for as long as the client likes.
class HttpService::Router : private httplib::Server {
 public:
  Router(const WebOptions& options, WebHandlers handlers)
      : landing_(LandingPage(options.version)),
        local_names_only_(ListensOnLoopback(options.listen_address)),
        handlers_(std::move(handlers)) {
    set_keep_alive_max_count(kMaxRequestsPerConnection);
    set_keep_alive_timeout(std::max<int64_t>(1, absl::ToInt64Seconds(options.timeout)));
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Route(request, response);
      return HandlerResponse::Handled;
    });
    set_post_routing_handler(
        [](const httplib::Request&, httplib::Response& response) { AddStrictHeaders(response); });
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
          response.status = 500;
          response.set_content("internal error\n", kText);
        });
  }

  std::string Answer(const RequestHead& head, bool last) {
    MemoryStream stream(head.text);
    bool closed = false;
    process_request(stream, last, closed, [&](httplib::Request& request) {
      // Read by Route(): the library has no other way to pass it.
      if (head.has_body) request.set_header("Content-Length", "1");
    });
    return stream.TakeOutput();
  }

 private:
  void Route(const httplib::Request& request, httplib::Response& response) {
    response.status = 200;
    const bool head = request.method == "HEAD";
    if (request.has_header("Content-Length")) {
      Fail(413, "no request body is accepted\n", response);
    } else if (request.method != "GET" && !head) {
      response.set_header("Allow", "GET, HEAD");
      Fail(405, "GET and HEAD only\n", response);
    } else if (request.path == "/metrics") {
      // A look at the headers is not a scrape: that would take the last values of the dead.
      if (!head) response.set_content(handlers_.metrics(), kMetricsText);
      if (head) response.set_header("Content-Type", kMetricsText);
    } else if (request.path == "/-/healthy") {
      response.set_content("healthy\n", kText);
    } else if (request.path == "/-/ready") {
      Ready(response);
    } else if (handlers_.api != nullptr && !IsForUs(request)) {
      Fail(421, "this port answers to localhost and to addresses only\n", response);
    } else if (handlers_.api != nullptr && request.path.starts_with("/api/")) {
      Put(handlers_.api->Get(request.path, request.params), head, response);
    } else if (request.path == "/" && handlers_.api != nullptr && !PageHtml().empty()) {
      response.set_header("Content-Security-Policy", std::string(PagePolicy()));
      response.set_content(PageHtml().data(), PageHtml().size(), kHtml);
    } else if (request.path == "/") {
      response.set_content(landing_, kHtml);
    } else {
      Fail(404, "no such page\n", response);
    }
  }

  void Ready(httplib::Response& response) {
    std::string why_not;
    if (handlers_.ready(&why_not)) {
      response.set_content("ready\n", kText);
    } else {
      Fail(503, absl::StrCat("not ready: ", why_not, "\n"), response);
    }
  }

  // THREAT: DNS rebinding. A page of a stranger whose name came to mean 127.0.0.1 would be allowed
  // to read what this port says, for the browser takes both for one site; the name gives it away.
  bool IsForUs(const httplib::Request& request) const {
    if (!local_names_only_) return true;
    return request.get_header_value_count("Host") == 1 &&
           IsAddressOrLocalhost(request.get_header_value("Host"));
  }

  static void Put(Api::Answer answer, bool head, httplib::Response& response) {
    response.status = answer.status;
    if (!answer.file_name.empty()) {
      response.set_header("Content-Disposition",
                          absl::StrCat("attachment; filename=\"", answer.file_name, "\""));
    }
    if (head) {
      response.set_header("Content-Type", answer.type);
    } else {
      response.set_content(answer.body, answer.type);
    }
  }

  static void Fail(int status, const std::string& why, httplib::Response& response) {
    response.status = status;
    response.set_content(why, kText);
  }

  const std::string landing_;
  const bool local_names_only_;
  const WebHandlers handlers_;
};

HttpService::HttpService(const WebOptions& options, WebHandlers handlers, WebSecurity* security)
    : security_(security), router_(std::make_unique<Router>(options, std::move(handlers))) {}
HttpService::~HttpService() = default;

std::string HttpService::Answer(const RequestHead& head, bool last) {
  // Before anything else is looked at, whatever is asked for.
  switch (security_->Judge(head.authorization)) {
    case Verdict::kYes:
      break;
    case Verdict::kNo:
      return BareAnswer(401, "Unauthorized", last, "WWW-Authenticate: Basic\r\n");
    case Verdict::kBusy:
      return BareAnswer(503, "Service Unavailable", last, "Retry-After: 1\r\n");
  }
  try {
    std::string answer = router_->Answer(head, last);
    if (!answer.empty()) return answer;
  } catch (...) {  // third-party code ends here
  }
  return BareAnswer(500, "Internal Server Error");
}

std::string BareAnswer(int status, const char* reason, bool last, const char* headers) {
  return absl::StrCat("HTTP/1.1 ", status, " ", reason, "\r\n", headers,
                      last ? "Connection: close\r\n" : "", "Content-Length: 0\r\n\r\n");
}

}  // namespace nsobs
