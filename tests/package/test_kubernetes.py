"""The manifests as kubectl's kustomize renders them: what the daemon needs is there, what it does not need is not, and what refers to
something finds it."""

import json
import pathlib
import re
import subprocess

import debian
import pytest
import yaml
from conftest import ROOT
from shell import run

KUBERNETES = ROOT / "deploy/kubernetes"
OVERLAYS = sorted(path.parent.name for path in (KUBERNETES / "overlays").glob("*/kustomization.yaml"))
UNIT = (ROOT / "deploy/systemd/nsobserver.service").read_text()


def render(folder: pathlib.Path) -> list[dict]:
    return list(yaml.safe_load_all(run(debian.kubectl(), "kustomize", folder).stdout))


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request):
    return render(KUBERNETES / "overlays" / request.param)


@pytest.fixture(scope="module")
def operator():
    return render(KUBERNETES / "overlays/prometheus-operator")


def of_kind(objects: list[dict], kind: str) -> list[dict]:
    return [one for one in objects if one["kind"] == kind]


def daemon_set(objects) -> dict:
    (found,) = of_kind(objects, "DaemonSet")
    return found


def container_of(objects) -> dict:
    (found,) = daemon_set(objects)["spec"]["template"]["spec"]["containers"]
    return found


def test_it_sees_the_node_and_no_more_than_it_has_to(overlay):
    pod = daemon_set(overlay)["spec"]["template"]["spec"]
    assert pod["hostPID"] is True
    assert not pod.get("hostNetwork") and not pod.get("hostIPC")
    assert pod["automountServiceAccountToken"] is False
    assert not [one for one in overlay if "Role" in one["kind"]], "it never talks to the API server"
    security = container_of(overlay)["securityContext"]
    assert security["privileged"] is False and security["readOnlyRootFilesystem"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_capabilities_are_those_of_the_service(overlay):
    """But for BPF and PERFMON, which older runtimes don't know and SYS_ADMIN includes. test_image.py runs with them."""
    capabilities = container_of(overlay)["securityContext"]["capabilities"]
    wanted = re.search(r"^CapabilityBoundingSet=(.*)$", UNIT, re.MULTILINE)[1].replace("CAP_", "").split()
    assert capabilities["drop"] == ["ALL"]
    assert sorted([*capabilities["add"], "BPF", "PERFMON"]) == sorted(wanted)


def test_mounts(overlay):
    pod = daemon_set(overlay)["spec"]["template"]["spec"]
    mounts = {mount["mountPath"]: mount for mount in container_of(overlay)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in mounts.values()} == set(volumes)
    writable = [path for path, mount in mounts.items() if not mount.get("readOnly")]
    assert writable == ["/var/lib/nsobserver"]
    for path in ("/sys/fs/cgroup", "/sys/kernel/tracing", "/run", "/var/lib/nsobserver"):
        assert volumes[mounts[path]["name"]]["hostPath"]["path"] == path
    for path in ("/sys/fs/cgroup", "/run"):  # what is mounted there later has to be seen
        assert mounts[path]["mountPropagation"] == "HostToContainer"


def test_every_name_is_there(overlay):
    names = {(one["kind"], one["metadata"]["name"]) for one in overlay}
    pod = daemon_set(overlay)["spec"]["template"]["spec"]
    assert ("ServiceAccount", pod["serviceAccountName"]) in names
    for volume in pod["volumes"]:
        if "configMap" in volume:
            assert ("ConfigMap", volume["configMap"]["name"]) in names
    for one in overlay:
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "nsobserver", one["metadata"]["name"]
    assert ("Namespace", "nsobserver") in names


def test_the_configuration_is_one(overlay, tmp_path):
    """The daemon itself takes it: it fails later, at a storage that can't be."""
    name = next(v["configMap"]["name"] for v in daemon_set(overlay)["spec"]["template"]["spec"]["volumes"] if "configMap" in v)
    (config,) = [one for one in of_kind(overlay, "ConfigMap") if one["metadata"]["name"] == name]
    args = container_of(overlay)["args"]
    path = tmp_path / args[args.index("--config") + 1].rpartition("/")[2]
    path.write_text(config["data"][path.name])
    said = subprocess.run([ROOT / "build/userspace/main/nsobserver", "run", "--config", path, "--storage.path", "/proc/nowhere"],
                          capture_output=True, text=True, timeout=60)
    assert said.returncode != 0 and "/proc/nowhere" in said.stderr and path.name not in said.stderr, said.stderr


def test_ports_and_probes(overlay):
    container = container_of(overlay)
    (port,) = container["ports"]
    (config,) = [one for one in of_kind(overlay, "ConfigMap") if "nsobserver.yaml" in one["data"]]
    assert yaml.safe_load(config["data"]["nsobserver.yaml"])["web"]["listen-address"] == f":{port['containerPort']}"
    for probe, path in (("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready"), ("startupProbe", "/-/ready")):
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}
    # As long as systemd would wait.
    assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 120
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert set(container["resources"]["limits"]) == {"memory"}
    (service,) = of_kind(overlay, "Service")
    assert service["spec"]["clusterIP"] == "None"
    assert [p["targetPort"] for p in service["spec"]["ports"]] == [port["name"]]


def test_selectors_match_labels(overlay):
    one = daemon_set(overlay)
    labels = one["spec"]["template"]["metadata"]["labels"]
    assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (service,) = of_kind(overlay, "Service")
    assert service["spec"]["selector"].items() <= labels.items()


def test_prometheus_finds_it_by_the_annotations():
    annotations = daemon_set(render(KUBERNETES / "overlays/plain"))["spec"]["template"]["metadata"]["annotations"]
    assert (annotations["prometheus.io/scrape"], annotations["prometheus.io/port"]) == ("true", "9917")


def test_the_service_monitor_finds_the_service(operator):
    (monitor,) = of_kind(operator, "ServiceMonitor")
    (service,) = of_kind(operator, "Service")
    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    # The job that the alerts and dashboards ask for.
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "nsobserver"
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert endpoint["honorLabels"] is True


def test_the_rules_are_those_of_prometheus(operator):
    generated = subprocess.run([KUBERNETES / "generate", "--check"], capture_output=True, text=True)
    assert (generated.returncode, generated.stdout) == (0, "")
    (rules,) = of_kind(operator, "PrometheusRule")
    groups = [group for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
              for group in yaml.safe_load(path.read_text())["groups"]]
    assert rules["spec"]["groups"] == groups and groups


def test_the_dashboards_are_all_there(operator):
    maps = {name: text for one in of_kind(operator, "ConfigMap") if one["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
            for name, text in one["data"].items()}
    files = {path.name: path.read_text() for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert maps == files and files
    for text in maps.values():
        assert json.loads(text)["title"]


def test_nodes_with_docker(tmp_path):
    """The component, as an overlay of the user's own takes it in."""
    user = KUBERNETES / "overlays/.test-docker"
    user.mkdir()
    try:
        (user / "kustomization.yaml").write_text("resources: [../plain]\ncomponents: [../../components/docker]\n")
        objects = render(user)
    finally:
        (user / "kustomization.yaml").unlink()
        user.rmdir()
    mounts = {mount["mountPath"]: mount for mount in container_of(objects)["volumeMounts"]}
    assert mounts["/var/lib/docker"]["readOnly"] and mounts["/var/lib/containers"]["readOnly"]
    volumes = {volume["name"] for volume in daemon_set(objects)["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in mounts.values()} == volumes
