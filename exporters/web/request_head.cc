#include "exporters/web/request_head.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace nsobs {
namespace {

constexpr char kEnd[] = "\r\n\r\n";

std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

bool IsPlain(std::string_view line) {
  for (char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
  }
  return true;
}

absl::string_view Trim(std::string_view text) {
  return absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
}

// One of the words of a list like "gzip, deflate;q=0.5" is `want`, and not by q=0.
bool HasToken(absl::string_view list, absl::string_view want) {
  for (absl::string_view item : absl::StrSplit(list, ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(item, ';');
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts[0]), want)) continue;
    if (parts.size() < 2) return true;
    const absl::string_view q = absl::StripAsciiWhitespace(parts[1]);
    return q.find_first_not_of("qQ=0.") != absl::string_view::npos;
  }
  return false;
}

void ReadHeader(absl::string_view name, absl::string_view value, RequestHead& out) {
  if (absl::EqualsIgnoreCase(name, "connection")) {
    out.close |= HasToken(value, "close");
  } else if (absl::EqualsIgnoreCase(name, "transfer-encoding")) {
    out.has_body = true;
  } else if (absl::EqualsIgnoreCase(name, "content-length")) {
    out.has_body |= value != "0";
  } else if (absl::EqualsIgnoreCase(name, "accept-encoding")) {
    out.accepts_gzip |= HasToken(value, "gzip");
  } else if (absl::EqualsIgnoreCase(name, "authorization")) {
    out.authorization.assign(value.data(), value.size());
  } else if (absl::EqualsIgnoreCase(name, "host")) {
    out.text.append("Host: ").append(value.data(), value.size()).append("\r\n");
  }
}

}  // namespace

size_t FindHeadEnd(std::string_view bytes) {
  const size_t end = bytes.find(kEnd);
  return end == std::string_view::npos ? end : end + sizeof(kEnd) - 1;
}

std::optional<RequestHead> ReadHead(std::string_view head) {
  if (head.size() > kMaxHeadBytes) return std::nullopt;
  RequestHead out;
  const std::string_view request_line = TakeLine(head);
  const bool http10 = request_line.ends_with(" HTTP/1.0");
  if (request_line.size() > kMaxRequestLineBytes || !IsPlain(request_line) ||
      !(http10 || request_line.ends_with(" HTTP/1.1"))) {
    return std::nullopt;
  }
  out.close = http10;
  out.text.append(request_line).append("\r\n");
  for (size_t lines = 0; !head.empty(); ++lines) {
    const std::string_view line = TakeLine(head);
    if (line.empty()) break;
    const size_t colon = line.find(':');
    const bool folded = line.front() == ' ' || line.front() == '\t';
    if (lines >= kMaxHeaderLines || !IsPlain(line) || folded || colon == std::string_view::npos) {
      return std::nullopt;
    }
    ReadHeader(absl::string_view(line.data(), colon), Trim(line.substr(colon + 1)), out);
  }
  if (out.accepts_gzip) out.text.append("Accept-Encoding: gzip\r\n");
  out.text.append("\r\n");
  return out;
}

}  // namespace nsobs
