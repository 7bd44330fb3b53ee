#include "userspace/snapshot/net/nft_text.h"

#include <string_view>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

constexpr int kMaxExpressionDepth = 8;

std::string ValueText(const SectionJson& value, int depth);

std::string Dump(const SectionJson& value) {
  return value.dump(-1, ' ', false, SectionJson::error_handler_t::replace);
}

std::string Field(const SectionJson& object, const char* key, int depth = 0) {
  if (!object.is_object() || !object.contains(key)) return "";
  return ValueText(object[key], depth + 1);
}

std::string Join(const SectionJson& list, std::string_view between, int depth) {
  std::string out;
  for (const SectionJson& value : list) {
    if (!out.empty()) out += between;
    out += ValueText(value, depth + 1);
  }
  return out;
}

bool IsPair(const SectionJson& value) { return value.is_array() && value.size() == 2; }

std::string RangeText(const SectionJson& range, int depth) {
  if (!IsPair(range)) return Dump(range);
  return absl::StrCat(ValueText(range[0], depth + 1), "-", ValueText(range[1], depth + 1));
}

std::string SetText(const SectionJson& set, int depth) {
  if (!set.is_array()) return ValueText(set, depth + 1);
  std::string out;
  for (const SectionJson& element : set) {
    absl::StrAppend(&out, out.empty() ? "" : ", ");
    // In a map each element is [key, what it maps to].
    absl::StrAppend(&out, IsPair(element) ? absl::StrCat(ValueText(element[0], depth + 1), " : ",
                                                         ValueText(element[1], depth + 1))
                                          : ValueText(element, depth + 1));
  }
  return absl::StrCat("{ ", out, " }");
}

// One of the expressions of libnftables-json(5) that stand inside statements.
std::string InnerText(const std::string& name, const SectionJson& value, int depth) {
  if (name == "payload") {
    if (value.contains("protocol"))
      return absl::StrCat(Field(value, "protocol", depth), " ", Field(value, "field", depth));
    return absl::StrCat("@", Field(value, "base", depth), ",", Field(value, "offset", depth), ",",
                        Field(value, "len", depth));
  }
  if (name == "meta") {
    // These stand without the word, as nft prints them.
    const std::string key = Field(value, "key", depth);
    const bool bare = key == "iifname" || key == "oifname" || key == "iif" || key == "oif";
    return bare ? key : absl::StrCat("meta ", key);
  }
  if (name == "ct") return absl::StrCat("ct ", Field(value, "key", depth));
  if (name == "fib") {
    const std::string flags = value.contains("flags") && value["flags"].is_array()
                                  ? Join(value["flags"], " . ", depth)
                                  : Field(value, "flags", depth);
    return absl::StrCat("fib ", flags, " ", Field(value, "result", depth));
  }
  if (name == "prefix")
    return absl::StrCat(Field(value, "addr", depth), "/", Field(value, "len", depth));
  if (name == "range") return RangeText(value, depth);
  if (name == "set") return SetText(value, depth);
  if (name == "elem") return Field(value, "val", depth);
  if (name == "concat") return Join(value, " . ", depth);
  if ((name == "&" || name == "|" || name == "^" || name == "<<" || name == ">>") && IsPair(value))
    return absl::StrCat(ValueText(value[0], depth + 1), " ", name, " ",
                        ValueText(value[1], depth + 1));
  if (name == "jump" || name == "goto")
    return absl::StrCat(name, " ", Field(value, "target", depth));
  if (value.is_null()) return name;
  return Dump({{name, value}});
}

std::string ValueText(const SectionJson& value, int depth) {
  if (depth > kMaxExpressionDepth) return "...";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) return Join(value, ",", depth);
  if (value.is_object() && value.size() == 1)
    return InnerText(value.begin().key(), value.begin().value(), depth);
  return Dump(value);
}

// With numeric protocols (a name would be asked for at NSS) the common ones are named here.
std::string ProtocolText(const SectionJson& right) {
  if (right == 1) return "icmp";
  if (right == 6) return "tcp";
  if (right == 17) return "udp";
  if (right == 58) return "ipv6-icmp";
  return ValueText(right, 0);
}

std::string MatchText(const SectionJson& match) {
  const std::string left = Field(match, "left");
  const bool is_protocol = left == "meta l4proto" || left == "ip protocol";
  const SectionJson right = match.contains("right") ? match["right"] : SectionJson();
  const std::string right_text = is_protocol ? ProtocolText(right) : ValueText(right, 0);
  const std::string op = Field(match, "op");
  // "in" and "==" are silent.
  if (op == "==" || op == "in") return absl::StrCat(left, " ", right_text);
  return absl::StrCat(left, " ", op, " ", right_text);
}

// "dnat to 172.17.0.2:80", "masquerade", "redirect to :8080".
std::string NatText(const std::string& name, const SectionJson& value) {
  if (!value.is_object()) return name;
  std::string to = Field(value, "addr");
  const bool is_v6 = to.find(':') != std::string::npos;
  const std::string port = Field(value, "port");
  if (is_v6 && !port.empty()) to = absl::StrCat("[", to, "]");
  if (!port.empty()) absl::StrAppend(&to, ":", port);
  return to.empty() ? name : absl::StrCat(name, " to ", to);
}

}  // namespace

std::string NftExpressionText(const SectionJson& expression) {
  if (!expression.is_object() || expression.size() != 1) return ValueText(expression, 0);
  const std::string name = expression.begin().key();
  const SectionJson& value = expression.begin().value();
  if (name == "match" && value.is_object()) return MatchText(value);
  if (name == "counter" && value.is_object())
    return absl::StrCat("counter packets ", Field(value, "packets"), " bytes ",
                        Field(value, "bytes"));
  if (name == "dnat" || name == "snat" || name == "masquerade" || name == "redirect")
    return NatText(name, value);
  if (name == "reject")
    return value.is_object() && value.contains("type")
               ? absl::StrCat("reject with ", Field(value, "type"), " ", Field(value, "expr"))
               : "reject";
  if (name == "vmap" && value.is_object())
    return absl::StrCat(Field(value, "key"), " vmap ", Field(value, "data"));
  if (name == "mangle" && value.is_object())
    return absl::StrCat(Field(value, "key"), " set ", Field(value, "value"));
  if (name == "log") return value.is_object() ? absl::StrCat("log ", Field(value, "prefix")) : name;
  if (name == "xt" && value.is_object()) {
    const std::string to = Field(value, "to");  // we add it to nft's name
    return absl::StrCat("xt ", Field(value, "type"), " ", Field(value, "name"),
                        to.empty() ? "" : " to ", to);
  }
  return InnerText(name, value, 0);
}

}  // namespace nsobs
