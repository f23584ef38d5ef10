"""Says in plain words what this machine lacks, before a command fails with a long traceback.

``preflight.py interpreter`` runs on the system's Python before ``.venv`` exists, ``preflight.py libraries`` inside it.
Exit status 1 when something needed is missing. Python 3.6 can still read this file, so that it can say it is too old.
"""

import contextlib
import importlib.util
import io
import os
import shutil
import sys
import warnings

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PANGO = """\
    Debian, Ubuntu   apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
    Fedora           dnf install pango harfbuzz
    macOS            brew install pango"""


def interpreter_problem(version: tuple = sys.version_info[:2]) -> str:
    """What is wrong with this Python, or an empty text."""
    if version < OLDEST:
        newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
        way_out = f"Run: make PYTHON={newer[0]} ..." if newer else "Install a newer one: make PYTHON=python3.12 ..."
        return f"Python {version[0]}.{version[1]} is too old: 3.11 or newer is needed. {way_out}"
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        return (
            f"This Python has no {' and no '.join(missing)} module, so .venv cannot be built. "
            f"Debian and Ubuntu: apt install python{version[0]}.{version[1]}-venv"
        )
    return ""


def environment_problem() -> str:
    """Whether ``.venv`` belongs to another copy of this folder (it does after a move or a copy)."""
    spec = importlib.util.find_spec("sphinx_lib")
    if spec is None or spec.origin is None:
        return "sphinx_lib is not installed in .venv. Run: make clean, then the command again."
    if os.path.dirname(os.path.dirname(os.path.realpath(spec.origin))) != os.path.realpath(ROOT):
        return f".venv was built for another folder ({spec.origin}). Run: make clean, then the command again."
    return ""


def weasyprint_problem() -> str:
    """Imports WeasyPrint and reads why it cannot start; prints a note when it will only be slow."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            importlib.import_module("weasyprint")
        except ImportError as error:
            return f"WeasyPrint is not installed in .venv ({error}). Run: make clean, then the command again."
        except OSError as error:
            return f"PDFs need WeasyPrint, and WeasyPrint needs Pango, which is missing here:\n{PANGO}\n({error})"
    if any("HarfBuzz-Subset" in str(warning.message) for warning in caught):
        print(
            "Note: HarfBuzz's subset library is missing. PDFs come out the same, about three times slower.\n"
            "    Debian, Ubuntu: apt install libharfbuzz-subset0 (Fedora: harfbuzz, macOS: it comes with pango)"
        )
    return ""


CHECKS = {"interpreter": [interpreter_problem], "libraries": [environment_problem, weasyprint_problem]}


def main(arguments: list) -> int:
    """0 when every check of ``arguments[0]`` is content, else 1 with the problems on standard error."""
    problems = [problem for problem in (check() for check in CHECKS[arguments[0]]) if problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
