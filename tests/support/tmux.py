"""A terminal for full-screen programs: a tmux server of its own, whose screen is read as text."""

import pathlib
import shlex
import tempfile

from shell import run, wait_until


class Terminal:
    """A context manager. What is started in it has a shell around it that stays: `code` tells how it ended, and the
    screen shows what it left behind."""

    def __init__(self, columns: int = 80, rows: int = 24, **environment: str):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-tmux-", dir="/var/tmp"))
        self.socket = self.folder / "socket"
        self.size = (columns, rows)
        self.environment = {"TERM": "screen-256color", "LANG": "C.UTF-8", **environment}

    def __enter__(self):
        columns, rows = self.size
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "exec env PS1='shell> ' bash --norc --noprofile")
        self.tmux("set", "-g", "history-limit", "1000")
        wait_until(lambda: "shell>" in self.screen(), 20, "the shell's prompt")
        return self

    def __exit__(self, *exc_info) -> None:
        self.tmux("kill-server", check=False)
        run("rm", "-rf", self.folder)

    def tmux(self, *words, **options) -> str:
        return run("tmux", "-S", self.socket, *words, **options).stdout

    def start(self, *command) -> None:
        """Its settings of the terminal before and after are kept."""
        assigned = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environment.items())
        script = self.folder / "script"
        script.write_text(f"rm -f {self.folder}/code\nstty -g >{self.folder}/before\n"
                          f"{assigned} {shlex.join(str(word) for word in command)} 2>{self.folder}/errors\n"
                          f"code=$?\nstty -g >{self.folder}/after\necho $code >{self.folder}/code\n")
        self.keys("-l", f". {script}")
        self.keys("Enter")

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def screen(self, styled: bool = False) -> str:
        return self.tmux("capture-pane", "-p", *(["-e"] if styled else []))

    def shows(self, *parts: str, within: float = 20) -> str:
        """The screen once all the parts are on it."""
        screen = ""

        def there() -> str:
            nonlocal screen
            screen = self.screen()
            return screen if all(part in screen for part in parts) else ""
        try:
            return wait_until(there, within, f"{parts} on the screen", interval=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{screen}\n{self.errors()}") from None

    def pane(self, what: str) -> str:
        """A format of tmux: "alternate_on", "cursor_flag"."""
        return self.tmux("display-message", "-p", f"#{{{what}}}").strip()

    def child(self) -> int:
        """The pid of what runs in the shell."""
        shell = int(self.pane("pane_pid"))

        def only() -> int:
            children = pathlib.Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
            return int(children[0]) if children else 0
        return wait_until(only, 20, "the program")

    def code(self, within: float = 20) -> int:
        wait_until(lambda: (self.folder / "code").is_file() and (self.folder / "code").read_text(), within,
                   "the end of the program")
        return int((self.folder / "code").read_text())

    def errors(self) -> str:
        file = self.folder / "errors"
        return file.read_text() if file.is_file() else ""

    def check_given_back(self) -> None:
        """The main screen, the cursor and the settings are as they were."""
        assert (self.folder / "before").read_text() == (self.folder / "after").read_text()
        assert (self.pane("alternate_on"), self.pane("cursor_flag")) == ("0", "1")
        assert "shell>" in self.screen()
