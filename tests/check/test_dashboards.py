"""The dashboards: what Grafana needs of the JSON, checked strictly by hand.

Grafana's own types are held against it by grafana_types.py (e2e/test_grafana_types.py), which needs npm.
`tests/e2e/test_dashboards.py` and `tests/fleet/test_timeline_dashboard.py` run every query.
"""

import json
import re
import subprocess

import pytest
import yaml

import tree
from catalog import catalog, unknown_metrics

FOLDER = tree.ROOT / "deploy/grafana"
METRICS = sorted(path for path in (FOLDER / "dashboards").glob("*.json"))
LOGS = [tree.ROOT / "deploy/fleet/timeline.json"]
VARIABLE = re.compile(r"\$\{?(\w+)")
BUILT_IN = {"__rate_interval", "__range", "__data", "__url_time_range", "__auto"}
KINDS = {"row", "stat", "timeseries", "table", "logs"}
UNITS = {"short", "cps", "percentunit", "s", "bytes", "dateTimeFromNow"}
PANEL = {"id", "type", "title", "gridPos"}
DATA = PANEL | {"description", "datasource", "targets", "fieldConfig", "options"}
TARGET = {"refId", "datasource", "expr", "legendFormat"}
# How the plugin of VictoriaLogs asks for what a panel shows.
QUERY_TYPE = {"stat": "stats", "table": "stats", "timeseries": "statsRange", "logs": "instant"}
TOP = {"uid", "title", "description", "tags", "schemaVersion", "version", "editable", "graphTooltip", "timezone", "time",
       "refresh", "links", "annotations", "templating", "panels"}


@pytest.fixture(params=[*METRICS, *LOGS], ids=lambda path: path.stem)
def page(request) -> dict:
    return json.loads(request.param.read_text())


@pytest.fixture(params=METRICS, ids=lambda path: path.stem)
def page_of_metrics(request) -> dict:
    return json.loads(request.param.read_text())


def kind_of(page: dict) -> str:
    return page["templating"]["list"][0]["query"]


def with_data(page: dict) -> list[dict]:
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def test_all_are_there():
    assert [path.stem for path in METRICS] == ["agent", "container", "fleet", "node"]


def test_they_are_what_is_generated():
    result = subprocess.run([FOLDER / "generate", "--check"], capture_output=True, text=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, ""), "deploy/grafana/generate writes them"


def test_fields_are_grafanas(page):
    assert set(page) == TOP
    assert re.fullmatch(r"nsobserver-[a-z]{1,28}", page["uid"])
    assert page["schemaVersion"] >= 36, "the first with datasources as objects everywhere"
    assert page["tags"] == ["nsobserver"]
    assert set(page["time"]) == {"from", "to"}
    for panel in page["panels"]:
        assert panel["type"] in KINDS
        assert panel["title"]
        if panel["type"] == "row":
            assert set(panel) == PANEL | {"collapsed", "panels"}
            continue
        assert set(panel) - {"transformations"} == DATA
        assert set(panel["fieldConfig"]) == {"defaults", "overrides"}
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])[1:]:
            assert isinstance(step["value"], (int, float))


def test_panels_fill_the_grid_without_overlap(page):
    taken = set()
    for panel in page["panels"]:
        grid = panel["gridPos"]
        assert set(grid) == {"x", "y", "w", "h"}
        assert 0 <= grid["x"] and grid["x"] + grid["w"] <= 24
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                 for y in range(grid["y"], grid["y"] + grid["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in page["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_datasource_is_a_variable_everywhere(page):
    assert page["templating"]["list"][0]["type"] == "datasource"
    assert kind_of(page) == ("victoriametrics-logs-datasource" if page["uid"] == "nsobserver-timeline" else "prometheus")
    ours = {"type": kind_of(page), "uid": "${datasource}"}
    for panel in with_data(page):
        assert panel["datasource"] == ours
        assert all(target["datasource"] == ours for target in panel["targets"])
    assert all(variable["datasource"] == ours for variable in page["templating"]["list"][1:])


def test_targets_are_whole(page):
    for panel in with_data(page):
        assert panel["targets"]
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[:len(panel["targets"])])
        for target in panel["targets"]:
            if kind_of(page) == "prometheus":
                instant = {"instant", "format"} if panel["type"] == "table" else set()
                assert set(target) == TARGET | {"range"} | instant
                assert target["range"] != target.get("instant", False)
            else:
                assert set(target) == TARGET | {"editorMode", "queryType"} | ({"maxLines"} if panel["type"] == "logs" else set())
                assert target["queryType"] == QUERY_TYPE[panel["type"]]


def test_variables_are_defined(page):
    known = {variable["name"] for variable in page["templating"]["list"]} | BUILT_IN
    text = json.dumps(page["panels"])
    # A link to another dashboard names that one's variables on its left side only.
    assert set(VARIABLE.findall(text)) - known == set()


def test_queries_ask_for_what_there_is(page_of_metrics):
    page, records = page_of_metrics, {"up", "ALERTS"}
    for panel in with_data(page):
        for target in panel["targets"]:
            assert unknown_metrics(target["expr"], catalog(), records) == [], panel["title"]
    for variable in page["templating"]["list"][1:]:
        assert unknown_metrics(variable["query"]["query"], catalog(), records) == []


def test_columns_of_tables_are_labels_of_the_metric(page_of_metrics):
    """A column that no series has is silently empty."""
    for panel in with_data(page_of_metrics):
        names = re.findall(r"\b(nsobserver_\w+)\{?", panel["targets"][0]["expr"])
        if panel["type"] != "table" or not names or "by (" in panel["targets"][0]["expr"]:
            continue
        keep = panel["transformations"][0]["options"]["include"]["names"]
        assert set(keep) - catalog()[names[0]].labels - {"instance", "job", "Value"} == set(), panel["title"]


def test_provisioning_is_what_grafana_reads():
    source = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())
    assert source["apiVersion"] == 1
    assert source["datasources"][0]["type"] == "prometheus"
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/nsobserver.yml").read_text())
    assert provider["apiVersion"] == 1
    assert provider["providers"][0]["type"] == "file"
