"""What dashboards are made of: queries, panels, variables, rows."""

COLUMNS = 24  # of Grafana's grid
HEIGHT = 8
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
RATIO, SECONDS, BYTES, NUMBER = "percentunit", "s", "bytes", "short"
IMAGES_PER_SECOND, STEPS_PER_SECOND, NATS = "suffix: images/s", "suffix: steps/s", "suffix: nats"


def query(expression, legend="", *, instant=False, table=False):
    """What a panel asks for; `legend` names a series by its labels."""
    return {
        "expr": expression,
        "legendFormat": legend,
        "instant": instant,
        "range": not instant,
        "format": "table" if table else "time_series",
    }


def panel(kind, title, queries, description, *, unit=NUMBER, width=8, height=HEIGHT, custom=None, options=None, **more):
    """A panel without its place; `custom` and `options` are those of its kind."""
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, **one} for i, one in enumerate(queries)],
        "fieldConfig": {"defaults": {"unit": unit, "custom": custom or {}}, "overrides": []},
        "options": options or {},
        "gridPos": {"w": width, "h": height},
        **more,
    }


def lines(title, queries, description, *, log=False, stacked=False, **more):
    """Values over time."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 40 if stacked else 0, "showPoints": "auto"}
    if log:
        custom["scaleDistribution"] = {"type": "log", "log": 10}
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "none"}}
    return panel("timeseries", title, queries, description, custom=custom, options=options, **more)


def now(title, queries, description, *, name=False, **more):
    """The latest value; `name`: of the series that are there, the names."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if name else "auto",
        "colorMode": "none",
        "graphMode": "none",
    }
    return panel("stat", title, queries, description, options=options, width=4, height=4, **more)


def bars(title, queries, description, **more):
    """The latest values beside each other."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
    }
    return panel("bargauge", title, queries, description, options=options, **more)


def table(title, queries, description, *, columns, hidden=(), units=None, **more):
    """One row for each set of labels that the queries share; `columns`: what a field is called, in order."""
    organize = {
        "excludeByName": {name: True for name in ("Time", *hidden)},
        "indexByName": {name: index for index, name in enumerate(columns)},
        "renameByName": columns,
    }
    transformations = [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]
    made = panel("table", title, queries, description, transformations=transformations, **more)
    made["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
        for name, unit in (units or {}).items()
    ]
    return made


def variable(name, source, *, label=None, several=False):
    """A choice among the values of a label, `source`: label_values(SERIES, LABEL)."""
    made = {
        "name": name,
        "label": label or name,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": source,
        "query": {"query": source, "refId": f"variable-{name}"},
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
    }
    if several:
        # An empty label, as that of runs outside of studies, is matched too.
        made |= {"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}
    return made


def dashboard(uid, title, description, variables, rows):
    panels = []
    y = 0
    for name, members in rows:
        panels.append({"type": "row", "title": name, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}, "panels": []})
        y += 1
        x = row_height = 0
        for member in members:
            place = member["gridPos"]
            if x + place["w"] > COLUMNS:
                x, y, row_height = 0, y + row_height, 0
            panels.append(member | {"gridPos": {"x": x, "y": y, **place}})
            x += place["w"]
            row_height = max(row_height, place["h"])
        y += row_height
    datasource = {"name": "datasource", "label": "data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["retort"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [datasource, *variables]},
        "annotations": {"list": []},
        "links": [
            {"type": "dashboards", "tags": ["retort"], "title": "Retort", "asDropdown": True, "includeVars": False}
        ],
        "panels": [{"id": number} | one for number, one in enumerate(panels, start=1)],
    }
