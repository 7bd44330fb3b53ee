// What the command line says of records, for the page and the export: every view says the same.
#pragma once

#include "exporters/web/incident.h"

namespace nsobs {

// Clock times inside summaries are UTC: whoever reads them may be elsewhere.
RecordViews RealViews();

// Of this host and this build; the time is 0.
IncidentFacts HostIncidentFacts();

}  // namespace nsobs
