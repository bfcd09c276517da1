"""The one error that users are meant to see."""


class InputError(ValueError):
    """Something that the user gave is wrong; the message is one line that says what and where.

    Scripts and the Snakefile print the message alone and exit with 1. Any other exception is a
    bug of this project and keeps its traceback.
    """

    def __init__(self, message: str):
        super().__init__(one_line(message))


def not_installed(what: str, extra: str) -> InputError:
    """The error for what one of our extras installs."""
    return InputError(f"{what} is not installed: pip install 'synthwire[{extra}]' brings it")


def one_line(text: object) -> str:
    """A text for a terminal and for a table: one line, and what no terminal should obey escaped.

    >>> one_line("a\\n b\\x1b[2J.png")
    'a b\\\\x1b[2J.png'
    """
    line = " ".join(str(text).split())
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in line
    )
