// One line about an event, for people: the body of its log record.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nsobs {

// Of the contract's object: "web: connect_failure ECONNREFUSED tcp 127.0.0.1:5432 by nc (pid
// 3952)". Without control and invisible characters, at most 1 KiB.
std::string EventText(const nlohmann::ordered_json& event);

}  // namespace nsobs
