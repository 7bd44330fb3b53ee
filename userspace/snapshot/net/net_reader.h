// The net sections of a record, put together from the readers of this folder.
#pragma once

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {

// All of NET but `netfilter`, which comes last and by itself (netfilter.h), and the files. Sets
// context->link_names. `owner_pid`: see NameSocketOwners.
void ReadNetBase(NetContext* context, uint32_t owner_pid, SectionJson* out);

// `resolv_conf` and `hosts` below `root_fd`; what isn't there is null and empty, with a note.
void ReadNetFiles(const NetContext& context, int root_fd, const std::string& mountinfo,
                  SectionJson* out);

// PEER of event/SNAPSHOT.md, without `netfilter`.
SectionJson ReadPeerNet(NetContext* context, const PeerNamespace& peer);

// Is `destination` one of the addresses of ReadPeerNet's `peer`? ::ffff:10.0.0.1 is 10.0.0.1; what
// every namespace has (loopback, "any", link-local) is nobody's.
bool OwnsAddress(const SectionJson& peer, const std::string& destination);

// Does a veth of ReadPeerNet's `peer` end in the net namespace with this inode?
bool IsWiredTo(const SectionJson& peer, uint32_t inode);

}  // namespace nsobs
