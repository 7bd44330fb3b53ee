#include "tests/bpf/support/dns_lab.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <optional>
#include <thread>
#include <utility>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

constexpr size_t kHeader = 12;
constexpr int kLateMs = 700;

std::string FirstLabel(const std::string& query) {
  if (query.size() <= kHeader) return "";
  return query.substr(kHeader + 1, static_cast<uint8_t>(query[kHeader]));
}

// The query with QR and the RCODE set; nullopt: nothing is said.
std::optional<std::string> AnswerTo(const std::string& query) {
  const std::string what = FirstLabel(query);
  if (what.empty() || what == "silent") return std::nullopt;
  std::string answer = query;
  answer[2] = static_cast<char>(answer[2] | 0x80);
  answer[3] = static_cast<char>(what == "servfail"  ? 2
                                : what == "refused" ? 5
                                : what == "nx"      ? 3
                                                    : 0);
  return answer;
}

void SleepMs(int ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&pause, nullptr);
}

void ServeDatagram(int fd) {
  char bytes[512];
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  auto* peer = reinterpret_cast<sockaddr*>(&from);
  const ssize_t size = recvfrom(fd, bytes, sizeof bytes, 0, peer, &from_size);
  if (size <= 0) return;
  const std::string query(bytes, static_cast<size_t>(size));
  const std::optional<std::string> answer = AnswerTo(query);
  if (!answer) return;
  const auto send_it = [fd, answer = *answer, from, from_size] {
    (void)!sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from),
                  from_size);
  };
  if (FirstLabel(query) == "late") {
    std::thread([send_it] {
      SleepMs(kLateMs);
      send_it();
    }).detach();
    return;
  }
  send_it();
  if (FirstLabel(query) == "twice") send_it();
}

// One query of a connection, with its two bytes of length before it; then until the client closes.
void ServeStream(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  std::thread([fd] {
    char bytes[512];
    const ssize_t size = recv(fd, bytes, sizeof bytes, 0);
    if (size > 2) {
      const auto answer = AnswerTo(std::string(bytes + 2, static_cast<size_t>(size - 2)));
      if (answer) {
        const std::string framed = std::string(bytes, 2) + *answer;
        (void)!send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
      }
      while (recv(fd, bytes, sizeof bytes, 0) > 0) {
      }
    }
    close(fd);
  }).detach();
}

int Bound(const std::string& address, int type) {
  const Address at = MakeAddress(address, 53);
  const int fd = socket(at.storage.ss_family, type | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, at.get(), at.size) != 0) return -1;
  if (type == SOCK_STREAM && listen(fd, 16) != 0) return -1;
  return fd;
}

int Serve(Line& line, const std::vector<std::string>& addresses) {
  std::vector<pollfd> fds = {{line.fd(), POLLIN, 0}};
  bool ready = true;
  for (const std::string& address : addresses) {
    for (int type : {SOCK_DGRAM, SOCK_STREAM}) {
      fds.push_back({Bound(address, type), POLLIN, 0});
      ready = ready && fds.back().fd >= 0;
    }
  }
  line.Send(ready);
  while (ready) {
    poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) break;
    for (size_t i = 1; i < fds.size(); ++i) {
      if ((fds[i].revents & POLLIN) == 0) continue;
      if (i % 2 == 1) ServeDatagram(fds[i].fd);
      if (i % 2 == 0) ServeStream(fds[i].fd);
    }
  }
  _exit(ready ? 0 : 1);  // threads may be late with an answer
}

bool SendQueries(int fd, const DnsAsk& ask, const Address& to) {
  std::string first = DnsQuery(0x1234, ask.name), second = DnsQuery(0x1235, ask.name, 28);
  iovec parts[2] = {{first.data(), first.size()}, {second.data(), second.size()}};
  mmsghdr messages[2] = {};
  for (int i = 0; i < 2; ++i) {
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  switch (ask.client) {
    case DnsClient::kConnected:
      return send(fd, first.data(), first.size(), 0) > 0;
    case DnsClient::kPair:
      return sendmmsg(fd, messages, 2, 0) == 2;
    case DnsClient::kUnconnected:
      return sendto(fd, first.data(), first.size(), 0, to.get(), to.size) > 0;
    case DnsClient::kMessage:
      messages[0].msg_hdr.msg_name = const_cast<sockaddr*>(to.get());
      messages[0].msg_hdr.msg_namelen = to.size;
      return sendmsg(fd, &messages[0].msg_hdr, 0) > 0;
    case DnsClient::kTcp:
      first.insert(0, {'\0', static_cast<char>(first.size())});
      return send(fd, first.data(), first.size(), MSG_NOSIGNAL) > 0;
  }
  return false;
}

}  // namespace

NameServer::NameServer(int netns_fd, const std::vector<std::string>& addresses) {
  ChildOptions options;
  options.netns_fd = netns_fd;
  child_ =
      std::make_unique<Child>(options, [addresses](Line& line) { return Serve(line, addresses); });
  child_->Go();
  EXPECT_TRUE(child_->Receive<bool>()) << "no name server";
}

NameServer::~NameServer() {
  child_->Send('x');
  child_->Wait();
}

std::string DnsQuery(uint16_t id, const std::string& name, uint16_t type) {
  std::string out = {
      static_cast<char>(id >> 8), static_cast<char>(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (size_t at = 0; at < name.size();) {
    const size_t end = std::min(name.find('.', at), name.size());
    out.push_back(static_cast<char>(end - at));
    out.append(name, at, end - at);
    at = end + 1;
  }
  out.append({0, static_cast<char>(type >> 8), static_cast<char>(type), 0, 1});
  return out;
}

const char* ClientName(DnsClient client) {
  static constexpr const char* kNames[] = {"Connected", "Pair", "Unconnected", "Message", "Tcp"};
  return kNames[static_cast<int>(client)];
}

DnsAsk MakeAsk(DnsClient client, const char* server, const char* name, int wait_ms) {
  DnsAsk out;
  out.client = client;
  strncpy(out.server, server, sizeof out.server - 1);
  strncpy(out.name, name, sizeof out.name - 1);
  out.wait_ms = wait_ms;
  return out;
}

int Ask(const DnsAsk& ask) {
  const Address to = MakeAddress(ask.server, ask.port);
  const int type = ask.client == DnsClient::kTcp ? SOCK_STREAM : SOCK_DGRAM;
  const bool connects = ask.client != DnsClient::kUnconnected && ask.client != DnsClient::kMessage;
  UniqueFd fd(socket(to.storage.ss_family, type | SOCK_CLOEXEC, 0));
  if (connects && connect(fd.get(), to.get(), to.size) != 0) return -1;
  for (int i = 0; !ask.only_connect && i < ask.times; ++i) {
    if (!SendQueries(fd.get(), ask, to)) return -1;
  }
  int answers = 0;
  const int wanted = ask.client == DnsClient::kPair ? 2 : 1;
  const int64_t end_ns = BootNowNs() + int64_t{ask.wait_ms} * 1'000'000;
  while (answers < wanted) {
    const int64_t left_ms = (end_ns - BootNowNs()) / 1'000'000;
    pollfd wait{fd.get(), POLLIN, 0};
    if (left_ms <= 0 || poll(&wait, 1, static_cast<int>(left_ms)) <= 0) break;
    char bytes[512];
    if (recv(fd.get(), bytes, sizeof bytes, 0) > 0) ++answers;
  }
  SleepMs(ask.linger_ms);
  return answers;
}

}  // namespace nsobs
