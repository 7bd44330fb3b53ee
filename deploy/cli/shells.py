"""Completion for zsh and fish, from the pages that `generate` reads. Descriptions are first sentences."""

import re
from typing import NamedTuple


class Option(NamedTuple):
    short: str  # "-o" or ""
    long: str  # "--output" or ""
    argument: str  # "FORMAT", or "" for a switch
    words: list[str]  # what may follow
    files: str  # "-f", "-d" or ""
    about: str


def options_of(page, values) -> list[Option]:
    out = []
    for section, entries in page.sections.items():
        if section in ("Arguments", "Commands"):
            continue
        for entry in entries:
            names = [part.split()[0] for part in entry.name.split(",")]
            if not names[0].startswith("-"):
                continue
            offered = values(entry)
            out.append(Option(
                next((n for n in names if not n.startswith("--")), ""), next((n for n in names if n.startswith("--")), ""),
                entry.name.split()[1] if " " in entry.name else "", [] if offered.startswith("-") else offered.split(),
                offered if offered.startswith("-") else "", first_sentence(entry.text)))
    return out


def first_sentence(text: str) -> str:
    return re.split(r"[.:;]\s", text, maxsplit=1)[0].rstrip(".")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_spec(option: Option) -> str:
    """One word for _arguments; brackets and colons are its own."""
    about = re.sub(r"([\[\]:\\])", r"\\\1", option.about)
    action = ""
    if option.argument:
        then = {"-f": "_files", "-d": "_files -/"}.get(option.files, f"({' '.join(option.words)})" if option.words else "")
        action = f":{option.argument}:{then or ' '}"
    names = [name + ("=" if option.argument and name.startswith("--") else "") for name in (option.short, option.long) if name]
    if len(names) == 1:
        return quoted(f"{names[0]}[{about}]{action}")
    both = f"({option.short} {option.long})"
    return " ".join(quoted(f"{both}{name}[{about}]{action}") for name in names)


def zsh(pages: dict, values) -> str:
    commands = [name for name in pages if name != "nsobserver"]
    lines = ["#compdef nsobserver",
             "# zsh completion of nsobserver; written by deploy/cli/generate. To a folder of $fpath, as _nsobserver.",
             "_nsobserver() {", "  local -a commands=("]
    lines += [f"    {quoted(name + ':' + first_sentence(pages[name].about))}" for name in commands]
    lines += ["  )", "  if (( CURRENT == 2 )); then",
              "    [[ $words[2] == -* ]] && _arguments '--help[show help]' '--version[show the version]' && return",
              "    _describe command commands", "    return", "  fi",
              "  local command=$words[2]", "  shift words", "  (( CURRENT-- ))", "  case $command in"]
    for name in commands:
        specs = [zsh_spec(option) for option in options_of(pages[name], values)]
        lines += [f"    {name})", "      _arguments -S " + " \\\n        ".join([*specs, quoted("*: :_default")]), "      ;;"]
    return "\n".join([*lines, "  esac", "}", '_nsobserver "$@"', ""])


def fish(pages: dict, values) -> str:
    commands = [name for name in pages if name != "nsobserver"]
    lines = ["# fish completion of nsobserver; written by deploy/cli/generate. To /usr/share/fish/vendor_completions.d.",
             "complete -c nsobserver -f", "complete -c nsobserver -n __fish_use_subcommand -l help -d 'show help'",
             "complete -c nsobserver -n __fish_use_subcommand -l version -d 'show the version'"]
    lines += [f"complete -c nsobserver -n __fish_use_subcommand -a {name} -d {fish_quoted(first_sentence(pages[name].about))}"
              for name in commands]
    for name in commands:
        for option in options_of(pages[name], values):
            words = ["complete -c nsobserver -n", fish_quoted(f"__fish_seen_subcommand_from {name}")]
            words += [f"-s {option.short[1:]}"] if option.short else []
            words += [f"-l {option.long[2:]}"] if option.long else []
            if option.argument:
                words.append({"-f": "-r -F", "-d": "-x -a '(__fish_complete_directories)'"}.get(option.files, "-x"))
                words += ["-a", fish_quoted(" ".join(option.words))] if option.words else []
            lines.append(" ".join([*words, "-d", fish_quoted(option.about)]))
    return "\n".join([*lines, ""])


def fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
