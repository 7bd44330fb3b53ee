"""The timeline page in Debian's Chromium, over what a real daemon recorded of real containers' failures."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import many
import story
from namespaces import inodes
from observer import BINARY, Observer
from shell import run, wait_until

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TOOLS = ROOT / "build" / "page-tests"
PAGE_WORK = ROOT / "build/exporters/web/page/work"
SHOTS = ROOT / "exporters/web/screenshots"
QUESTIONS = ["trouble", "happened", "namespaces", "evidence", "changed", "entered"]
WAYS = ["zoom_and_pan", "click_a_mark", "filters", "search", "keyboard", "deep_link", "hostile", "themes", "phone"]
MANY = 100_000
SMALL = 300 * 1024


@pytest.fixture(scope="session")
def browser():
    """The driver of the browser, fetched again only when its lock file changes."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    lock = HERE / "browser/package-lock.json"
    installed = TOOLS / "installed-lock.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "browser" / name, TOOLS)
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=TOOLS, timeout=300)
        shutil.copy(lock, installed)
    for walk in (HERE / "browser").glob("*.mjs"):
        shutil.copy(walk, TOOLS)
    return TOOLS / "walk.mjs"


@pytest.fixture(scope="session")
def shots(tmp_path_factory):
    """Screenshots go to a folder of the test's, or into the tree if that is asked for."""
    if os.environ.get("NSOBS_UPDATE_SCREENSHOTS"):
        SHOTS.mkdir(exist_ok=True)
        return SHOTS
    return tmp_path_factory.mktemp("screenshots")


def walk(browser, name: str, timeout: float = 150, **facts) -> str:
    done = subprocess.run(["node", str(browser), name, json.dumps(facts)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout, check=False)
    assert done.returncode == 0, f"{name}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def told(images):
    with story.told(images) as (observer, lab, containers):
        yield observer, containers


@pytest.fixture(scope="session")
def facts(told, shots):
    observer, containers = told
    return {"url": observer.url, "shots": str(shots), "path": story.HOSTILE_PATH,
            "inodes": {"shop": inodes(containers["shop"].pid)["net"]}}


def get(url: str, method: str = "GET", **headers):
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_the_types():
    """What esbuild takes without looking, tsc looks at."""
    run("node", "node_modules/typescript/bin/tsc", "--noEmit", cwd=PAGE_WORK, timeout=240)


@pytest.mark.parametrize("question", QUESTIONS)
def test_question(browser, told, facts, question):
    if question == "entered":
        run("nsenter", "-t", told[1]["shop"].pid, "-n", "true")
    walk(browser, question, **facts)


@pytest.mark.parametrize("way", WAYS)
def test_way(browser, facts, way):
    walk(browser, way, **facts)


def test_live(browser, told, facts):
    """A container breaks while somebody looks: it shows without a hand."""
    observer, containers = told
    process = subprocess.Popen(["node", str(browser), "live", json.dumps(facts)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout.readline().strip() == "READY", process.stderr.read()
        containers["queue"].exec("/bin/nc", "127.0.0.1", "4999")
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, f"{out}\n{errors}"
    finally:
        process.kill()
        process.wait()


def test_export_by_hand_and_without_the_daemon(browser, told, facts, tmp_path):
    observer, _ = told
    walk(browser, "export_by_hand", folder=str(tmp_path), **facts)
    walk(browser, "exported", file=str(tmp_path / "incident.html"), **facts)
    by_command = tmp_path / "command.html"
    told_where = observer.cli("export", by_command)
    assert told_where.returncode == 0, told_where.stderr
    assert by_command.stat().st_mode & 0o777 == 0o600, "it tells what runs here"
    walk(browser, "exported", file=str(by_command), **facts)
    page = by_command.read_text()
    assert page.count("</script>") == 2, "a container can't end the data's element"


def test_export_as_json(told):
    observer, containers = told
    whole = json.loads(observer.cli("export", "-o", "json", "-").stdout)
    assert whole["format"] == "nsobserver-incident" and whole["truncated"] == []
    shop = json.loads(observer.cli("export", "-o", "json", "--container", "shop", "-").stdout)
    assert {f["container"]["name"] for f in shop["findings"]} == {"shop"}
    assert 0 < len(shop["events"]) < len(whole["events"])
    _, _, body = get(f"{observer.url}/api/v1/export?format=json&container=shop")
    assert {e["id"] for e in json.loads(body)["events"]} >= {e["id"] for e in shop["events"]}
    wrong = observer.cli("export", "-o", "yaml", "-")
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1


def test_policy(told):
    observer, _ = told
    status, headers, page = get(observer.url + "/")
    policy = headers["Content-Security-Policy"]
    assert status == 200 and b"<title>nsobserver</title>" in page
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert "frame-ancestors 'none'" in policy and policy.count("'sha256-") == 2
    assert headers["X-Content-Type-Options"] == "nosniff" and "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path, why", [
    ("events?since=yesterday", "since"), ("events?limit=0", "limit"), ("events?limit=100000", "limit"),
    ("events?kind=coffee", "kind"), ("events?ns=4026", "ns"), ("events?nonsense=1", "nonsense"),
    ("events?since=2&until=1", "since"), ("events?q=" + "x" * 300, "q"), ("marks?after=-1", "after"),
    ("events?limit=1&limit=2", "twice"), ("diff?from=1", "to"), ("diff?from=x&to=1", "from"),
    ("export?format=pdf", "format"), ("findings?order=random", "order"), ("status?x=1", "unknown"),
])
def test_bad_query(told, path, why):
    observer, _ = told
    status, _, body = get(f"{observer.url}/api/v1/{path}")
    assert status == 400 and why in json.loads(body)["error"] and b"\n" not in body


def test_not_there(told):
    observer, _ = told
    for path in ("events/999999999", "findings/999999999", "snapshots/999999999", "nothing", "events/x",
                 "events?container=nobody"):
        status, _, body = get(f"{observer.url}/api/v1/{path}")
        assert status == 404 and json.loads(body)["error"], path
    assert get(f"{observer.url}/api/v1/events", method="POST")[0] == 405
    assert get(f"{observer.url}/api/v1/events", method="HEAD")[0] == 200


def test_another_name_for_this_port(told):
    """DNS rebinding: a stranger's page whose name came to mean 127.0.0.1 reads nothing."""
    observer, _ = told
    for host in ("evil.example", "evil.example:9917", "127.0.0.1.evil.example", "localhost.evil.example"):
        for path in ("/", "/api/v1/events"):
            assert get(observer.url + path, Host=host)[0] == 421, host
    for host in ("localhost:9917", "127.0.0.1:80", "[::1]:9917", "x.localhost"):
        assert get(f"{observer.url}/api/v1/status", Host=host)[0] == 200, host
    assert get(f"{observer.url}/metrics", Host="evil.example")[0] == 200, "scrapes go by any name"


def test_pages(told):
    """Page after page gives what the command line gives, in either order, and marks are the same events."""
    observer, _ = told
    before = observer.events()
    newest = before[-1]["id"]
    for order, cursor in (("newest", "before"), ("oldest", "after")):
        ids, at = [], ""
        while True:
            query = f"limit=7&order={order}" + (f"&{cursor}={at}" if at else "")
            page = json.loads(get(f"{observer.url}/api/v1/events?{query}")[2])
            ids += [e["id"] for e in page["events"] if e["id"] <= newest]
            at = page["next"]
            if at is None:
                break
        assert sorted(ids) == [e["id"] for e in before] and len(set(ids)) == len(ids), order
    marks = json.loads(get(f"{observer.url}/api/v1/marks")[2])
    kinds = {i: marks["kinds"][k] for i, k in zip(marks["id"], marks["kind"])}
    assert {e["id"]: e["kind"] for e in before} == {i: k for i, k in kinds.items() if i <= newest}


def test_a_stop_leaves_the_database_whole():
    """The API's connections are closed before the writer's: the log is put away."""
    with Observer() as own:
        assert get(f"{own.url}/api/v1/status")[0] == 200
        code, _ = own.stop()
        assert code == 0 and not (own.storage / "timeline.db-wal").exists()


@pytest.fixture(scope="session")
def crowded(told, tmp_path_factory):
    """A timeline of MANY events."""
    folder = tmp_path_factory.mktemp("many")
    folder.chmod(0o700)
    many.write(told[0].storage, folder, MANY)
    return folder


@pytest.mark.measuring
def test_many_events(browser, crowded, shots):
    with Observer(storage=crowded) as observer:
        print(walk(browser, "frames", url=observer.url, shots=str(shots), events=MANY, timeout=300))
        print(walk(browser, "first_paint", url=observer.url, timeout=300))


@pytest.mark.measuring
def test_scrapes_do_not_wait_for_the_api(crowded):
    """Searches that take seconds hold the API's threads, and /metrics answers all the same."""
    with Observer(storage=crowded) as observer:
        searches = [subprocess.Popen(["curl", "-s", "-o", "/dev/null", f"{observer.url}/api/v1/export?format=json"])
                    for _ in range(12)]
        try:
            slowest = 0.0
            while any(s.poll() is None for s in searches):
                begin = time.monotonic()
                observer.scrape()
                slowest = max(slowest, time.monotonic() - begin)
            assert slowest < 1.5, slowest
        finally:
            for search in searches:
                search.wait(60)


def test_screenshots_are_small():
    for shot in SHOTS.glob("*.png"):
        assert shot.stat().st_size < SMALL, shot.name


def test_the_binary_has_the_page():
    assert b"nsobserver-incident" in pathlib.Path(BINARY).read_bytes()
    wait_until(lambda: (PAGE_WORK / "dist/index.html").stat().st_size > 0, 1, "the page")
