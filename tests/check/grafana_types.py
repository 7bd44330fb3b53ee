"""Holds the dashboards against Grafana's own types (npm: @grafana/schema); e2e/test_grafana_types.py runs it. It needs npm and a registry:

    tests/check/grafana_types.py       prints what does not fit; exit 1 if something does not

What tests/check/test_dashboards.py checks without them is less, but always.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["@grafana/schema@13.2.3", "typescript@7.0.2"]
TYPES = "./node_modules/@grafana/schema/dist/types/raw"
HEAD = f"""
import type {{ Dashboard }} from "{TYPES}/dashboard/x/types.gen";
import type * as logs from "{TYPES}/composable/logs/panelcfg/x/types.gen";
import type * as stat from "{TYPES}/composable/stat/panelcfg/x/types.gen";
import type * as table from "{TYPES}/composable/table/panelcfg/x/types.gen";
import type * as timeseries from "{TYPES}/composable/timeseries/panelcfg/x/types.gen";
// In JSON an enum is its value.
type Plain<T> = T extends string ? `${{T}}` : T extends number | boolean | null | undefined ? T :
    unknown extends T ? T : {{ [K in keyof T]: Plain<T[K]> }};
"""


def typescript() -> str:
    lines = [HEAD]
    for path in [*sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")), ROOT / "deploy/fleet/timeline.json"]:
        page = json.loads(path.read_text())
        lines += [f"// {path.name}", f"export const {path.stem}: Plain<Dashboard> = {json.dumps(page)};"]
        for panel in page["panels"]:
            kind, name = panel["type"], f"{path.stem}{panel['id']}"
            if kind == "row":
                continue
            lines.append(f"export const {name}o: Plain<Partial<{kind}.Options>> = {json.dumps(panel['options'])};")
            custom = panel["fieldConfig"]["defaults"].get("custom")
            if custom:
                lines.append(f"export const {name}f: Plain<{kind}.FieldConfig> = {json.dumps(custom)};")
    return "\n".join(lines)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="nsobs-grafana-") as folder:
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES], cwd=folder, check=True)
        pathlib.Path(folder, "check.ts").write_text(typescript())
        checked = subprocess.run(["npx", "tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "esnext",
                                  "--moduleResolution", "bundler", "check.ts"], cwd=folder)
    return checked.returncode


if __name__ == "__main__":
    sys.exit(main())
