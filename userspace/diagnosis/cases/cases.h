// Every case's function, by the families of the table: what the record says about that one cause,
// or nothing. Pure; which trigger a function is for stands in case_list.cc.
#pragma once

#include <optional>

#include "userspace/diagnosis/record.h"
#include "userspace/event/finding.h"

namespace nsobs {

using MaybeFinding = std::optional<Finding>;

// Network
MaybeFinding NetLoopback(const Record& record);
MaybeFinding NetNoRoute(const Record& record);
MaybeFinding NetNoDefaultRoute(const Record& record);  // by hand
MaybeFinding NetLinkDown(const Record& record);
MaybeFinding NetLinkDownNow(const Record& record);  // by hand
MaybeFinding NetPolicyDrop(const Record& record);
MaybeFinding NetPeerSilent(const Record& record);
MaybeFinding NetLocalOnly(const Record& record);
MaybeFinding NetPublish(const Record& record);
MaybeFinding NetDns(const Record& record);
MaybeFinding NetDnsQuery(const Record& record);  // no answer, SERVFAIL, REFUSED
MaybeFinding NetDnsNow(const Record& record);    // by hand
MaybeFinding NetPortClash(const Record& record);
MaybeFinding NetEphemeral(const Record& record);
MaybeFinding NetUnix(const Record& record);

// Files
MaybeFinding MntEmptyVolume(const Record& record);
MaybeFinding MntMissing(const Record& record);
MaybeFinding MntReadOnly(const Record& record);
MaybeFinding MntPermission(const Record& record);
MaybeFinding MntLsm(const Record& record);
MaybeFinding MntCopyUp(const Record& record);
MaybeFinding MntCopyUpNow(const Record& record);  // by hand
MaybeFinding MntPropagation(const Record& record);
MaybeFinding MntFull(const Record& record);
MaybeFinding MntFullNow(const Record& record);  // by hand

// Processes and signals
MaybeFinding PidTermIgnored(const Record& record);
MaybeFinding PidTermIgnoredNow(const Record& record);  // by hand: it would be
MaybeFinding PidShellForm(const Record& record);
MaybeFinding PidZombies(const Record& record);
MaybeFinding PidWhoKilled(const Record& record);
MaybeFinding PidCrash(const Record& record);
MaybeFinding PidStuck(const Record& record);
MaybeFinding PidInitExit(const Record& record);

// Memory
MaybeFinding OomContainer(const Record& record);
MaybeFinding OomHelper(const Record& record);
MaybeFinding OomHost(const Record& record);
MaybeFinding OomPod(const Record& record);
MaybeFinding Pressure(const Record& record);

// Identity, isolation and audit
MaybeFinding UsrMapping(const Record& record);
MaybeFinding CapMissing(const Record& record);
MaybeFinding NsEntry(const Record& record);
MaybeFinding NsSharing(const Record& record);

// The observer itself.
MaybeFinding SilentProbeFound(const Record& record);
MaybeFinding NsLeak(const Record& record);
MaybeFinding NsToolView(const Record& record);

// What is left when none of them explains it: the symptom, unknown.
MaybeFinding Symptom(const Record& record, const std::vector<std::string>& ruled_out);

}  // namespace nsobs
