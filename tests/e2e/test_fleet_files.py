"""What deploy/fleet tells others: a host's configuration is run as it stands, and names of fields are those that are sent."""

import re
import ssl

import pytest
import yaml
from certificates import make_certificates
from namespaces import net_namespace
from observer import ROOT, Observer
from otlp import Receiver
from shell import run, wait_until

FLEET = ROOT / "deploy/fleet"
# Only of containers that are pods: no Kubernetes runs here.
OF_PODS = {"k8s.pod.name", "k8s.namespace.name"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """What arrives from a daemon that runs with deploy/fleet/nsobserver.yaml; only the places of files and server are this test's."""
    folder = tmp_path_factory.mktemp("fleet")
    make_certificates(folder)
    (folder / "headers").write_text("Authorization: Bearer of-the-fleet\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    text = (FLEET / "nsobserver.yaml").read_text()
    with Receiver(tls=context) as receiver:
        for theirs, ours in {"https://logs.example.net/insert/opentelemetry/v1/logs": receiver.url,
                             "/etc/nsobserver/otlp-headers": folder / "headers", "/etc/nsobserver/fleet-ca.pem": folder / "ca.pem",
                             "/etc/nsobserver/host.pem": folder / "client.pem", "/etc/nsobserver/host.key": folder / "client.key"}.items():
            assert theirs in text
            text = text.replace(theirs, str(ours))
        (folder / "nsobserver.yaml").write_text(text)
        with Observer("--config", str(folder / "nsobserver.yaml")) as observer, net_namespace() as name:
            run("ip", "netns", "exec", name, "/bin/busybox", "nc", "127.0.0.1", "9", check=False)
            wait_until(lambda: any(r.attributes.get("container.name") == f"netns {name}" for r in receiver.records()), 30, "the records")
            assert observer.process.poll() is None
        assert receiver.requests[-1]["Authorization"] == "Bearer of-the-fleet"
        yield receiver.records()


def names(records) -> tuple[set[str], set[str]]:
    """(of the resource, of the records)"""
    return ({name for record in records for name in record.resource}, {name for record in records for name in record.attributes})


def test_the_configuration_is_taken_as_it_stands(sent):
    resource = sent[0].resource
    assert (resource["k8s.cluster.name"], resource["deployment.environment.name"]) == ("prod", "production")


def test_columns_of_clickhouse_are_sent(sent):
    resource, attributes = names(sent)
    text = (FLEET / "clickhouse.sql").read_text()
    assert set(re.findall(r"ResourceAttributes\['([^']+)'\]", text)) - resource == set()
    asked = set(re.findall(r"LogAttributes\['([^']+)'\]", text))
    assert len(asked) > 4 and asked - attributes == OF_PODS
    source = (ROOT / "exporters/otlp/attributes.cc").read_text()
    assert all(f'"{name}"' in source for name in OF_PODS)


def test_labels_of_loki_are_of_the_resource(sent):
    resource, _ = names(sent)
    limits = yaml.safe_load((FLEET / "loki.yaml").read_text())["limits_config"]
    asked = {name for one in limits["otlp_config"]["resource_attributes"]["attributes_config"] for name in one["attributes"]}
    assert len(asked) > 3 and asked - resource == set()
    assert max(len(r.attributes) + len(r.resource) for r in sent) <= limits["max_structured_metadata_entries_count"]


def test_the_collector_takes_what_is_sent():
    """It listens where nsobserver.yaml sends, and to requests as large as they come (exporters/otlp/README.md: about 1 MiB)."""
    http = yaml.safe_load((FLEET / "collector.yaml").read_text())["receivers"]["otlp"]["protocols"]["http"]
    assert http["endpoint"].endswith(":4318")
    assert http["max_request_body_size"] >= 2 << 20


def test_the_query_of_the_readme_asks_for_what_is_sent(sent):
    _, attributes = names(sent)
    (query,) = re.findall(r"^    _time:1h .*(?:\n      .*)+", (FLEET / "README.md").read_text(), re.MULTILINE)
    asked = set(re.findall(r'"([a-z_.]+)"', query))
    assert len(asked) > 3 and asked - attributes == set()
