"""What the observer said of a container, compared with what is true."""

from dataclasses import dataclass

from expect import APPEARS_WITHIN
from runtimes import Container

RIGHT, LATE, UNNAMED, WRONG, MISSING = "right", "late", "unnamed", "wrong", "missing"


@dataclass
class Verdict:
    verdict: str
    seconds: float  # from the event to the row that could be read
    why: str = ""
    excused: bool = False  # known and documented; in the table all the same


def judge(shown: dict | None, container: Container, seconds: float) -> Verdict:
    """`shown` is the "container" of a row or an element of `nsobserver containers`."""
    told = shown or {"name": "the host", "id": "", "runtime": "host"}
    expected = {"name": container.name, "runtime": container.engine.runtime, "id": container.id,
                **container.facts}
    for key in set(container.facts) - set(shown or ()):  # rows have not all that the listing has
        del expected[key]
    if container.engine.runtime == "unshare":  # has no id that people know
        del expected["id"]
    other = {key: (told.get(key), value) for key, value in expected.items() if told.get(key) != value}
    if not other:
        return Verdict(RIGHT if seconds <= APPEARS_WITHIN else LATE, seconds)
    why = ", ".join(f"{key} is {found!r} and not {value!r}" for key, (found, value) in other.items())
    return Verdict(UNNAMED if is_honest(told, container, other) else WRONG, seconds, why)


def is_honest(told: dict, container: Container, other: dict) -> bool:
    """Less than could be known, and nothing that is false."""
    if told["runtime"] == "unknown" and told["name"] == f"unknown {told['id']}":
        return True
    if other.get("name") and told["name"] != container.id and \
            not (len(told["name"]) >= 12 and container.id.startswith(told["name"])):
        return False
    return all(found in (None, "") for key, (found, _) in other.items() if key != "name")
