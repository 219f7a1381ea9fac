"""Write what a shell and man(1) know of the command.

`shell.py DIRECTORY NATIVE` writes completions for bash, zsh and fish and a man page for each command into DIRECTORY;
`shell.py --names` prints the names of the pages.

NATIVE is where the extension modules were built: the options are those of the program itself, which needs them.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from onlooker import __version__
from onlooker.cli import main as cli

SHELLS = {"bash": "onlooker", "zsh": "_onlooker", "fish": "onlooker.fish"}
PROGRAM = "onlooker"


class Built:
    """Finds extension modules in the directory of the build, all in one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        """The module's place, if it is one of those."""
        file = self._directory / f"{name.rpartition('.')[2]}.abi3.so"
        return spec_from_file_location(name, file) if name.startswith(f"{PROGRAM}.") and file.exists() else None


def pages() -> list[str]:
    """The file of each man page, the program's first."""
    return [f"{PROGRAM}.1", *(f"{PROGRAM}-{name}.1" for name in cli.COMMANDS)]


def _add(made: argparse.ArgumentParser, command: str) -> None:
    """The options of a command, and what goes behind them: by their own name, or by that of their value in `--help`."""
    import shtab

    from onlooker.answers.diff import KINDS
    from onlooker.answers.inventory import BY as FILES_BY
    from onlooker.answers.top import BY
    from onlooker.cli.log import LEVELS
    from onlooker.events import EVENT_GROUPS, TASK_EVENTS
    from onlooker.filters.sugar import NOISE, sets
    from onlooker.probe.attach import METHODS

    module = cli.command(command)
    module.add_arguments(made)
    values: dict[str, Iterable[str]] = {
        "--events": (*TASK_EVENTS, *EVENT_GROUPS),
        "--hide": (*sets(), NOISE),
        "--by": FILES_BY if command == "files" else tuple(BY),
        "--only": KINDS,
        "LEVEL": LEVELS,
        "METHOD": METHODS,
    }
    for action in made._actions:
        known = [values[key] for key in (*action.option_strings, str(action.metavar)) if key in values]
        if action.metavar == "FORMAT":  # its help begins with them, and not all commands have the same
            known = [str(action.help).partition(" (")[0].split(", ")]
        if known:
            action.choices = list(known[0])
        elif (
            action.metavar in ("FILE", "FILE... SQL", "PATH", "FIRST", "SECOND")
            or "--undeclared-by" in action.option_strings
        ):
            action.complete = shtab.FILE  # type: ignore[attr-defined]


def whole() -> argparse.ArgumentParser:
    """All commands as one parser: without one, the options are those of `watch`."""
    made = argparse.ArgumentParser(PROGRAM, description=cli.ABOUT, allow_abbrev=False)
    made.add_argument("-V", "--version", action="store_true", help="print the version")
    _add(made, "watch")
    commands = made.add_subparsers(dest="command")
    for name, (_, about) in cli.COMMANDS.items():
        _add(commands.add_parser(name, help=about, description=about, allow_abbrev=False), name)
    return made


# What shtab does not know: a command behind --, and the items of a list behind a comma.
BASH = """
_onlooker() {
  local at current="${COMP_WORDS[COMP_CWORD]}" before=""
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ "${COMP_WORDS[at]}" == -- ]]; then
      _onlooker_command "$((at + 1))"
      return
    fi
  done
  case "${COMP_WORDS[COMP_CWORD - 1]}" in
    -e | --events | --hide) [[ "$current" == *,* ]] && before="${current%,*}," ;;
  esac
  COMP_WORDS[COMP_CWORD]="${current#"$before"}"
  _shtab_onlooker "$@"
  COMP_WORDS[COMP_CWORD]="$current"
  [[ -z "$before" ]] || COMPREPLY=("${COMPREPLY[@]/#/$before}")
}

# $1=the first word of the command; the functions are those of bash-completion, newer and older
_onlooker_command() {
  local helper line current="${COMP_WORDS[COMP_CWORD]}" kind=-f
  for helper in _comp_command_offset _command_offset; do
    if declare -F "$helper" >/dev/null; then
      "$helper" "$1"
      return
    fi
  done
  ((COMP_CWORD == $1)) && kind=-c
  compopt -o filenames 2>/dev/null
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$kind" -- "$current")
}

complete -o bashdefault -F _onlooker onlooker
"""


def completion(shell: str) -> str:
    """The file for a shell."""
    import shtab

    made = f"{shtab.complete(whole(), shell=shell).rstrip()}\n"
    return made + BASH if shell == "bash" else made


def page(name: str) -> str:
    """The man page of a command."""
    from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]

    from onlooker.cli.parser import parser

    about = cli.COMMANDS[name][1]
    made = parser(cli.command(name), name, about)
    epilog = (made.epilog or "").splitlines()
    made.epilog = None
    examples = [line.strip() for line in epilog if line.startswith("  ")]
    notes = [line for line in epilog if line and not line.startswith("  ") and line != "examples:"]
    result = Manpage(made, _titles(about))
    result.prog = f"{PROGRAM}-{name}"
    result.date = ""
    for heading, text in (("examples", _unfilled(examples)), ("notes", "\n.PP\n".join(map(_plain, notes)))):
        if text:
            result.add_section(heading, "=", text)
    result.add_section("see also", "=", ", ".join(f"{each.removesuffix('.1')}(1)" for each in pages()))
    return str(result)


def overview() -> str:
    """The man page of the program."""
    from argparse_manpage.manpage import Manpage

    made = argparse.ArgumentParser(
        PROGRAM, usage=f"{PROGRAM} [COMMAND] [OPTIONS]", description=cli.ABOUT, add_help=False
    )
    result = Manpage(made, _titles("show what happens on this machine, live"))
    result.date = ""
    groups = (f".SS {_plain(title)}\n{_tagged(_pages_of(names))}" for title, names in cli.GROUPS.items())
    result.add_section("commands", "=", "\n".join(groups))
    result.add_section("usual options", "=", _tagged(dict(cli.USUAL)))
    result.add_section("examples", "=", _tagged(dict(cli.EXAMPLES)))
    return str(result)


def _pages_of(names: Iterable[str]) -> dict[str, str]:
    return {f"{PROGRAM}-{name}(1)": cli.COMMANDS[name][1] for name in names}


def _titles(about: str) -> dict[str, str]:
    return {"project_name": PROGRAM, "version": __version__, "description": about, "manual_title": "User Commands"}


def _plain(text: str) -> str:
    """As roff takes it: no line of it is a command."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def _tagged(rows: dict[str, str]) -> str:
    return "\n".join(f".TP\n\\fB{_plain(name)}\\fR\n{_plain(text)}" for name, text in rows.items())


def _unfilled(lines: list[str]) -> str:
    return "\n".join([".nf", *map(_plain, lines), ".fi"]) if lines else ""


def main(directory: Path, native: Path) -> None:
    """Write all files, and in shell.d what they were made of, as ninja reads it."""
    os.environ["COLUMNS"] = "80"  # whatever the builder's terminal is like
    sys.meta_path.insert(0, Built(native))
    texts = {file: completion(shell) for shell, file in SHELLS.items()}
    texts[f"{PROGRAM}.1"] = overview()
    texts |= {f"{PROGRAM}-{name}.1": page(name) for name in cli.COMMANDS}
    for name, text in texts.items():
        Path(directory, name).write_text(text, encoding="utf-8")
    loaded = (getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith(PROGRAM))
    sources = sorted({__file__, *(file for file in loaded if file and file.endswith(".py"))})
    Path(directory, "shell.d").write_text(f"{directory / SHELLS['bash']}: {' '.join(sources)}\n", encoding="utf-8")


if sys.argv[1:] == ["--names"]:
    print("\n".join(pages()))
else:
    main(*map(Path, sys.argv[1:]))
