"""Panels and dashboards as Grafana (10 and later, schema 39) has them, as far as ours need them."""

import json
from dataclasses import dataclass, field

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
HEIGHTS = {"stat": 4, "row": 1}
CONTAINER_PAGE = {
    "title": "This container",
    "url": "/d/nsobserver-container?var-datasource=${datasource}&var-node=${__data.fields.instance}"
           "&var-container=${__data.fields.container}&${__url_time_range}",
}


def target(query: str, legend: str = "", table: bool = False) -> dict:
    one = {"refId": "A", "datasource": DATASOURCE, "expr": query, "legendFormat": legend or "__auto"}
    return {**one, "instant": True, "range": False, "format": "table"} if table else {**one, "range": True}


def panel(kind: str, title: str, targets: list[dict], *, width: int, unit: str = "short", about: str = "",
          height: int = 8, options: dict | None = None, defaults: dict | None = None,
          transformations: list[dict] | None = None) -> dict:
    for number, one in enumerate(targets):
        one["refId"] = "ABCDEFGH"[number]
    made = {"type": kind, "title": title, "description": about, "datasource": targets[0]["datasource"], "targets": targets,
            "gridPos": {"x": 0, "y": 0, "w": width, "h": HEIGHTS.get(kind, height)},
            "fieldConfig": {"defaults": {"unit": unit, **(defaults or {})}, "overrides": []},
            "options": options or {}}
    return {**made, "transformations": transformations} if transformations else made


def stat(title: str, query: str | dict, *, unit: str = "short", bad_from: float | None = None, bad_below: float | None = None,
         about: str = "") -> dict:
    """A number, of a query or a target. Red from `bad_from` on, or below `bad_below`."""
    steps = [{"color": "green", "value": None}]
    if bad_from is not None:
        steps.append({"color": "red", "value": bad_from})
    if bad_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": bad_below}]
    return panel("stat", title, [query if isinstance(query, dict) else target(query)], width=4, unit=unit, about=about,
                 defaults={"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}},
                 options={"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                          "colorMode": "value", "graphMode": "none", "textMode": "auto", "justifyMode": "auto",
                          "orientation": "auto"})


def graph(title: str, *queries: tuple[str, str] | dict, unit: str = "short", width: int = 8, about: str = "",
          stacked: bool = False) -> dict:
    """Lines over time: (query, legend)..., or targets."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 20 if stacked else 0, "showPoints": "never",
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    targets = [query if isinstance(query, dict) else target(*query) for query in queries]
    return panel("timeseries", title, targets, width=width, unit=unit,
                 about=about, defaults={"min": 0, "custom": custom},
                 options={"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
                          "tooltip": {"mode": "multi", "sort": "desc"}})


def table(title: str, query: str | dict, *, columns: list[str], width: int = 12, about: str = "", value: str = "",
          links: bool = False, unit: str = "short", first: list[dict] | None = None) -> dict:
    """What is so now: the labels `columns` in this order, and the value under the name `value`, if it has one. `first` are
    the transformations that make a table of what the query answers, where it isn't one."""
    shown = [*columns, *(["Value"] if value else [])]
    organize = {"id": "organize", "options": {"indexByName": {name: number for number, name in enumerate(shown)},
                                             "renameByName": {"Value": value} if value else {}}}
    keep = {"id": "filterFieldsByName", "options": {"include": {"names": shown}}}
    one = query if isinstance(query, dict) else target(query, table=True)
    return panel("table", title, [one], width=width, about=about, unit=unit,
                 defaults={"links": [CONTAINER_PAGE]} if links else {}, transformations=[*(first or []), keep, organize],
                 options={"showHeader": True, "cellHeight": "sm"})


def row(title: str) -> dict:
    return {"type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": 0, "w": WIDTH, "h": 1}}


def datasource_variable(label: str = "Prometheus", kind: str = DATASOURCE["type"]) -> dict:
    return {"name": "datasource", "type": "datasource", "label": label, "query": kind, "hide": 0,
            "multi": False, "includeAll": False, "refresh": 1, "regex": "", "options": []}


def label_variable(name: str, label: str, query: str, several: bool) -> dict:
    return {"name": name, "type": "query", "label": label, "datasource": DATASOURCE,
            "query": {"query": query, "refId": name}, "refresh": 2, "regex": "", "sort": 1, "hide": 0,
            "multi": several, "includeAll": several, "options": [],
            **({"allValue": ".*"} if several else {})}


@dataclass
class Dashboard:
    uid: str
    title: str
    about: str
    variables: list[dict]
    panels: list[dict] = field(default_factory=list)
    datasource: dict = field(default_factory=datasource_variable)

    def placed(self) -> list[dict]:
        """From left to right, a new line where it does not fit."""
        x = y = line = 0
        out = []
        for number, one in enumerate(self.panels):
            grid = one["gridPos"]
            if x + grid["w"] > WIDTH:
                x, y, line = 0, y + line, 0
            out.append({"id": number + 1, **one, "gridPos": {**grid, "x": x, "y": y}})
            x, line = x + grid["w"], max(line, grid["h"])
        return out


def as_text(dashboard: Dashboard) -> str:
    head = {
        "uid": dashboard.uid, "title": dashboard.title, "description": dashboard.about, "tags": ["nsobserver"],
        "schemaVersion": 39, "version": 1, "editable": True, "graphTooltip": 1, "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"}, "refresh": "30s",
        "links": [{"type": "dashboards", "title": "nsobserver", "tags": ["nsobserver"], "asDropdown": False,
                   "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link",
                   "tooltip": "", "url": ""}],
        "annotations": {"list": []},
        "templating": {"list": [dashboard.datasource, *dashboard.variables]},
    }
    lines = [f'  {json.dumps(key)}: {json.dumps(value)},' for key, value in head.items()]
    panels = ",\n".join(f"    {json.dumps(one)}" for one in dashboard.placed())
    return "\n".join(["{", *lines, '  "panels": [', panels, "  ]", "}", ""])
