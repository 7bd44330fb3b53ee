// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define NSOBS_DEFINE_MAPS
#include "bpf/lib/maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
