"""What a finished run made and where it lies, for the terminal: python -m synthwire.summary."""

from __future__ import annotations

import sys
from pathlib import Path

from synthwire.errors import InputError


def summarise(run: Path) -> str:
    """Table 1 and the places of tables, figures and report of the run folder results/{name}.

    InputError when the run has no tables yet.
    """
    table = run / "tables" / "table1.md"
    if not table.is_file():
        raise InputError(f"{table}: not there yet; has the run finished?")
    places = [
        ("Tables", run / "tables"),
        ("Figures", run / "figures"),
        ("Report", run / "report.html"),
    ]
    lines = ["Table 1. " + table.read_text(encoding="utf-8").rstrip(), ""]
    lines += [f"{name + ':':9}{path}" for name, path in places if path.exists()]
    return "\n".join(lines)


def main() -> None:
    try:
        print(summarise(Path(sys.argv[1])))
    except IndexError:
        sys.exit("usage: python -m synthwire.summary results/NAME")
    except InputError as error:
        sys.exit(f"synthwire: {error}")


if __name__ == "__main__":
    main()
