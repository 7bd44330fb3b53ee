"""The figures as tables for people."""

import conditions


def show(results: dict) -> None:
    for part, printer in (("table", show_table), ("programs", show_programs), ("burst", show_burst), ("flood", show_flood),
                          ("rest", show_rest), ("look", show_look), ("scan", show_scan),
                          ("scrape", show_scrape), ("timeline", show_timeline), ("targets", show_targets)):
        if results.get(part):
            printer(results[part])
    for warning in conditions.warnings(results["conditions"]):
        print(f"NOTE: {warning}")


def show_table(table: dict) -> None:
    workloads = table["workloads"]
    subjects = list(next(iter(workloads.values())))
    for title, key, form in ((f"CPU ns per operation, {table['rounds']} rounds", "ns", ",.0f"),
                             ("ratio to nothing", "to_nothing", ".3f"),
                             ("ratio to empty programs", "to_empty", ".3f")):
        print()
        columns([[title, *workloads],
                 *([subject, *(format(workloads[w][subject][key], form) for w in workloads)]
                   for subject in subjects)])
    spreads = [(w, *cells["control"]["spread"]) for w, cells in workloads.items()]
    print("\ncontrol, lowest and highest of a round: "
          + "; ".join(f"{w} {low:.3f}-{high:.3f}" for w, low, high in spreads))


def columns(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0]),
                         *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]))


def show_programs(programs: dict) -> None:
    print("\nBPF programs by the kernel's statistics (which add some ns to each run)")
    columns([["source", "runs", "ns per run"],
             *([name, f"{p['runs']:,}", f"{p['ns_per_run']:.0f}"] for name, p in programs.items())])


def show_burst(burst: dict) -> None:
    print(f"\n{burst['count']:,} ignored signals from one CPU at {burst['sent_per_second']:,.0f} a "
          f"second: {burst['lost']} lost, {burst['unseen']} not accounted for.\n"
          f"Observer {burst['observer_ns']:.0f} ns of CPU for each, an empty ring reader "
          f"{burst['reader_ns']:.0f} ns (its ring refused {burst['reader_refused']}).")


def show_flood(flood: dict) -> None:
    print(f"\n{flood['count']:,} ignored signals at {flood['sent_per_second']:,.0f} a second for {flood['seconds']:.0f} s, the timeline on: "
          f"{flood['lost']} lost, {flood['in_rows']:,} in {flood['rows']} rows, {100 * flood['cpu_share']:.1f} % of a core.")


def show_rest(rest: dict) -> None:
    print(f"\nAt rest with {rest['count']} {rest['what']}, over {rest['seconds']} s: "
          f"{100 * rest['cpu_share']:.2f} % of a core, {rest['resident_mib']:.1f} MiB")
    many = rest["many"]
    print(f"With {many['count']:,} that were there first: {many['known']:,} of them known after "
          f"{many['start_seconds']:.1f} s ({many['start_cpu_seconds']:.2f} s of CPU), at rest "
          f"{100 * many['cpu_share']:.2f} % of a core, {many['resident_mib']:.1f} MiB")


def show_scan(scans: list[dict]) -> None:
    print("\nA look at all processes, CPU us")
    columns([["processes", "by the kernel's iterator", "the iterator alone", "by /proc"],
             *([f"{s['processes']:,}", f"{s['iterator_us']:,.0f}", f"{s['bare_us']:,.0f}", f"{s['proc_us']:,.0f}"]
               for s in scans)])


def show_scrape(scrapes: list[dict]) -> None:
    print("\nA scrape, CPU us; bare: its map read and its text written, no more")
    columns([["series", "KiB", "ours", "bare", "ms until it is there"],
             *([f"{s['series']:,}", f"{s['bytes'] / 1024:,.0f}", f"{s['cpu_us']:,.0f}", f"{s['bare_us']:,.0f}",
                f"{s['wall_ms']:.1f}"] for s in scrapes)])


def show_timeline(timeline: dict) -> None:
    print(f"\n{timeline['rows']:,} different rows of the timeline ({timeline['body_bytes']} bytes of text): "
          f"{timeline['timeline_ns']:,.0f} ns of CPU each, by SQLite alone {timeline['bare_ns']:,.0f} ns")


def show_look(look: dict) -> None:
    print(f"\n{look['count']} failures in {look['containers']} containers: from the failure to the "
          f"finding that others can read {look['median_ms']:.0f} ms (median), {look['p99_ms']:.0f} ms "
          f"(p99); the look itself {look['look_median_ms']:.1f} ms, {look['look_p99_ms']:.1f} ms")


def show_targets(targets: list[dict]) -> None:
    print("\nTargets")
    for target in targets:
        noise = ""
        if target["noise"]:
            noise = f"   (control {target['noise'][0]:.3f}-{target['noise'][1]:.3f})"
        print(f"{'pass' if target['met'] else 'MISS':<6}{target['name']}: "
              f"{target['value']:.3f}".rstrip("0").rstrip(".") + f", at most {target['limit']}{noise}")
