"""Docstrings of the library as the site shows them.

They are plain text for readers of the code: sentences, `name: meaning` for parameters, Python
sessions. Here that becomes Markdown: a list of the parameters, blocks of code, nothing taken for a
link or a tag.
"""

from __future__ import annotations

import re

import griffe

SESSION = re.compile(r"^>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)
HEADING = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)
CODE = re.compile(r"(`[^`]*`)")


class Docstrings(griffe.Extension):
    """Make Markdown of every docstring that griffe finds."""

    def on_package(self, *, pkg: griffe.Module, **_) -> None:
        self._visit(pkg)

    def _visit(self, obj: griffe.Object) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value, _names_in(obj))
        for member in obj.members.values():
            if not member.is_alias:
                self._visit(member)


def _names_in(obj: griffe.Object) -> set[str]:
    """What `name: meaning` may explain: parameters, a class's attributes, a room's files."""
    if obj.is_function:
        return {parameter.name for parameter in obj.parameters}
    return set(obj.attributes) if obj.is_class else set(obj.modules)


def as_markdown(text: str, names: set[str]) -> str:
    """Markdown of one docstring; names: those that begin an item of a list."""
    parts, start = [], 0
    for session in SESSION.finditer(text):
        parts += [_sentences(text[start : session.start()], names), f"```pycon\n{session[0]}\n```"]
        start = session.end()
    return "\n".join([*parts, _sentences(text[start:], names)])


def _sentences(text: str, names: set[str]) -> str:
    text = HEADING.sub(r"\n", text)
    if names:
        one = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        item = re.compile(rf"(?:^|(?<=[.;)]\s)|(?<=\n))((?:{one})(?:, (?:{one}))*):\s")
        text = item.sub(lambda match: f"\n\n- **{match[1]}**: ", text)
        text = re.sub(r"(?<=[.;)\n])\s(?=InputError)", "\n\n", text)
    plain = [
        part if part.startswith("`") else part.replace("<", "&lt;").replace("][", "]\\[")
        for part in CODE.split(text)
    ]
    return "".join(plain)
