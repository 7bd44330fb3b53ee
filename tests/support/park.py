"""Many engines at once: started and ended beside each other, each once."""

import concurrent.futures

import cgroups
from images import Images
from runtimes import Engine, engine

WORKERS = 6


def in_parallel(function, things) -> list:
    """In the order of `things`; the first exception is raised after all have ended."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(function, thing) for thing in things]
    return [future.result() for future in futures]


class Park:
    """A context manager. Engines that could not be started are in `failed` with the reason."""

    def __init__(self, images: Images, names):
        self.images, self.names = images, list(names)
        self.engines: dict[str, Engine] = {}
        self.failed: dict[str, str] = {}

    def __enter__(self):
        # Several have the same cgroup at the top: none of them can tell whether it is theirs.
        made = [engine(name, self.images).cgroups for name in self.names]
        self.cgroups = cgroups.removing(*{name for some in made for name in some})
        self.cgroups.__enter__()
        in_parallel(self.enter, self.names)
        self.engines = {name: self.engines[name] for name in self.names if name in self.engines}
        return self

    def enter(self, name: str) -> None:
        try:
            self.engines[name] = engine(name, self.images).__enter__()
        except Exception as error:  # pylint: disable=broad-except  # the others' rows count all the same
            self.failed[name] = f"{type(error).__name__}: {error}"

    def __exit__(self, *exc_info) -> None:
        try:
            in_parallel(lambda one: one.__exit__(), self.engines.values())
        finally:
            self.cgroups.__exit__(None, None, None)
