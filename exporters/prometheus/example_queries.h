// A PromQL query for every family, for the table of README.md: what one asks of it most often.
// Nothing in the daemon needs them; a test runs each against a real Prometheus.
#pragma once

#include <string>

#include "exporters/prometheus/catalog.h"

namespace nsobs {

// Never empty: a family without a row in the list of example_queries.cc gets the plain query of its
// type (counters: the increase by its labels; gauges: the value). Without '|', which ends a cell.
std::string ExampleQuery(const FamilyInfo& info);

}  // namespace nsobs
