"""For helpers that a test starts as root and that then give up their rights: the interpreter and the package may live
where only root may look, so all that they may need is imported before.
"""

import pkgutil
from importlib import import_module

import onlooker
from onlooker.cli.main import COMMANDS, command
from onlooker.cli.parser import parser


def import_everything() -> None:
    """All of onlooker, but for what needs the libraries of extras that are not installed; and what the standard library
    imports only when it is used.
    """
    for module in pkgutil.walk_packages(onlooker.__path__, "onlooker."):
        if not module.name.endswith("__main__"):
            try:
                import_module(module.name)
            except ModuleNotFoundError as error:  # an extra's library
                if (error.name or "").startswith("onlooker"):
                    raise
    for name in COMMANDS:
        parser(command(name), name, name).format_help()
