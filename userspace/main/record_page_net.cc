#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/record_page.h"

namespace nsobs {
namespace {

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

std::string NumberText(const Json& object, const char* key) {
  const auto number = Number(object, key);
  return number ? absl::StrCat(*number) : "-";
}

// "0.0.0.0:80", "[::1]:80", a path.
std::string ListenText(const Json& listener) {
  if (const std::string path = CleanText(listener, "path"); !path.empty()) return path;
  const std::string address = CleanText(listener, "address");
  const bool v6 = address.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address, v6 ? "]" : "", ":", NumberText(listener, "port"));
}

std::string ListenProcess(const Json& listener) {
  const Json& process = Child(listener, "process");
  if (process.is_null()) return "-";
  const auto inside = Number(process, "ns_pid");
  const auto pid = Number(process, "pid");
  std::string text = absl::StrCat(CleanText(process, "comm"), "[", pid.value_or(0), "]");
  if (inside && inside != pid) absl::StrAppend(&text, " (", *inside, " inside)");
  return text;
}

void PrintListeners(const Json& net, const Console& console, Page* page) {
  page->Heading("Listens");
  Table table({{"  PROTOCOL", 2, 10}, {"ADDRESS", 3, 12}, {"PROCESS", 1, 12}, {"UID", 2, 3}},
              console.screen);
  for (const Json& listener : List(net, "listeners")) {
    table.AddRow({{"  " + CleanText(listener, "protocol")},
                  {ListenText(listener), Style::kBold},
                  {ListenProcess(listener)},
                  {NumberText(listener, "uid"), Style::kDim}});
  }
  if (table.pending_rows() == 0) page->Text("nothing", 2, Style::kDim);
  page->Print(std::move(table));
}

std::string AddressesOf(const Json& net, const std::string& link) {
  std::string out;
  for (const Json& address : List(net, "addresses")) {
    if (Text(address, "link") != link) continue;
    absl::StrAppend(&out, out.empty() ? "" : " ", CleanText(address, "address"), "/",
                    NumberText(address, "prefix"));
  }
  return OrDash(out);
}

void PrintLinks(const Json& net, const Console& console, Page* page) {
  page->Heading("Links");
  Table table({{"  NAME", 3, 6},
               {"KIND", 2, 4},
               {"STATE", 2, 7},
               {"ADDRESSES", 0, 15},
               {"MASTER", 1, 6, true}},
              console.screen);
  for (const Json& link : List(net, "links")) {
    const bool up = Flag(link, "up");
    const std::string state = !up ? "down" : Flag(link, "carrier") ? "up" : "no carrier";
    table.AddRow({{"  " + CleanText(link, "name"), Style::kBold},
                  {OrDash(CleanText(link, "kind"))},
                  {state, state == "up" ? Style::kGreen : Style::kYellow},
                  {AddressesOf(net, Text(link, "name"))},
                  {OrDash(CleanText(link, "master"))}});
  }
  page->Print(std::move(table));
}

void PrintRoutes(const Json& net, const Console& console, Page* page) {
  constexpr int64_t kLocalTable = 255;
  page->Heading("Routes");
  Table table({{"  DESTINATION", 3, 10},
               {"GATEWAY", 2, 8},
               {"LINK", 2, 5},
               {"TYPE", 1, 7, true},
               {"TABLE", 1, 5, true}},
              console.screen);
  for (const Json& route : List(net, "routes")) {
    if (Number(route, "table") == kLocalTable) continue;  // one for each address: says nothing new
    table.AddRow({{"  " + CleanText(route, "destination"), Style::kBold},
                  {OrDash(CleanText(route, "gateway"))},
                  {OrDash(CleanText(route, "link"))},
                  {OrDash(CleanText(route, "type"))},
                  {NumberText(route, "table"), Style::kDim}});
  }
  if (table.pending_rows() == 0) page->Text("none", 2, Style::kYellow);
  page->Print(std::move(table));
}

std::string Joined(const Json& list) {
  std::string out;
  for (const Json& word : list) {
    if (!word.is_string()) continue;
    absl::StrAppend(&out, out.empty() ? "" : " ", word.get<std::string>());
  }
  return out;
}

void PrintResolver(const Json& net, Page* page) {
  const Json& resolver = Child(net, "resolv_conf");
  if (resolver.is_null()) return;
  page->Heading("Resolver");
  page->Fact("file", Text(resolver, "path"));
  page->Fact("nameservers", Joined(List(resolver, "nameservers")));
  page->Fact("search", Joined(List(resolver, "search")));
  page->Fact("options", Joined(List(resolver, "options")));
  for (const Json& host : List(net, "hosts")) {
    page->Fact("hosts", absl::StrCat(Text(host, "address"), " ", Joined(List(host, "names"))));
  }
}

// "inet guard in (input)": a chain may be named otherwise than what it hangs on.
std::string ChainText(const Json& rule) {
  const std::string hook = CleanText(rule, "hook");
  const std::string chain = CleanText(rule, "chain");
  const bool said = hook.empty() || absl::EqualsIgnoreCase(hook, chain);
  return absl::StrCat(CleanText(rule, "family"), " ", CleanText(rule, "table"), " ", chain,
                      said ? "" : absl::StrCat(" (", hook, ")"));
}

void PrintRules(const Json& net, std::string_view heading, const Console& console, Page* page) {
  const Json& netfilter = Child(net, "netfilter");
  if (netfilter.is_null()) return;
  page->Heading(heading);
  Table table({{"  WHERE", 2, 16}, {"RULE", 0, 20}, {"PACKETS", 1, 7, true, true}}, console.screen);
  for (const Json& rule : List(netfilter, "rules")) {
    const std::string verdict = Text(rule, "verdict");
    const bool stops = verdict == "drop" || verdict == "reject";
    table.AddRow({{"  " + ChainText(rule)},
                  {CleanText(rule, "text"), stops ? Style::kRed : Style::kPlain},
                  {NumberText(rule, "packets"), Style::kDim}});
  }
  const bool none = table.pending_rows() == 0;
  if (none) page->Text(Flag(netfilter, "available") ? "no rules" : "can't be read", 2, Style::kDim);
  page->Print(std::move(table));
}

}  // namespace

void PrintNet(const Json& net, const Console& console, Page* page) {
  if (!net.is_object()) return;
  PrintListeners(net, console, page);
  PrintLinks(net, console, page);
  PrintRoutes(net, console, page);
  PrintResolver(net, page);
  PrintRules(net, "Packet filter", console, page);
}

void PrintPeers(const Json& peers, const Console& console, Page* page) {
  for (const Json& peer : peers) {
    PrintRules(peer, absl::StrCat("Packet filter of ", OrDash(CleanText(peer, "owner"))), console,
               page);
  }
}

}  // namespace nsobs
