"""A remedy as steps: prose that is wrapped, and commands that are each on a line of their own, to be pasted.

The catalogue and refusals write a remedy as sentences that a semicolon separates. A sentence is a command where it begins with
the name of a program, or where one follows a colon: ``as alice: podman system migrate``. A note in brackets may follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PROGRAMS: Final = (
    "apk|apparmor_parser|apt-get|authselect|cd|chcon|chgrp|chmod|chown|cp|dnf|echo|export|find(?= [/~.])|getent|getsubids|grep|groupadd|"
    "groupmod|grubby|id|install|ln|loginctl|ls|mkdir|mkfs\\.xfs|mkhomedir_helper|modprobe|mount|mv|namei|pacman|pgrep|podman|"
    "podstead|printf|rc-update|reboot|restorecon|rm|sed|semanage|setfacl|sh|ssh|ssh-keygen|sysctl|systemctl|systemd-run|tail|touch|type|"
    "update-grub|useradd|usermod|zypper"
)
_COMMAND: Final = re.compile(rf"(?P<lead>(?:.*?: )??)(?P<command>(?!install the )(?:{_PROGRAMS})(?: .*)?)")
_PROSE: Final = re.compile(
    r"(?<![\w./-])(?:after|and|another|are|before|by|each|every|for|has|if|is|it|of|on|only|or|other|that|the|them|then|this|"
    r"to|until|when|where|which|with)(?![\w./-])"
)
"""Words of a sentence. In a command they stand between quotation marks or not at all."""
_AS_USER: Final = re.compile(r"\bas (?!root\b)\S+(?: user)?(?:[,:]| and\b)", re.IGNORECASE)
_NOTE: Final = re.compile(r"(?P<command>.*[^ ]) (?P<note>\([^()'\"]*(?:\([^()]*\)[^()'\"]*)*\))")


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence, or a command as it is to be pasted."""

    text: str
    command: bool = False


def steps(remedy: str) -> tuple[Step, ...]:
    """Take a remedy apart. Nothing of it is lost but semicolons: joined again, the texts are the remedy."""
    return tuple(step for sentence in _sentences(remedy) for step in _of(sentence))


def lines(label: str, remedy: str) -> Iterator[Step]:
    """Yield the lines of a remedy below a label: prose to be wrapped, and commands, which are indented by two."""
    head = f"{label}:"
    introduced = as_user = False
    for step in steps(remedy) if remedy else ():
        if step.command:
            # "as alice: x; y" says of x alone that it is hers
            if as_user and not introduced:
                yield Step("as root:")
            elif head:
                yield Step(head)
            as_user = as_user and introduced
            yield Step(f"  {step.text}", command=True)
        else:
            as_user = bool(_AS_USER.search(step.text)) or (as_user and step.text.startswith("("))
            yield Step(f"{head} {step.text}" if head else step.text)
        introduced = not step.command and step.text.endswith(":")
        head = ""


def as_text(label: str, remedy: str) -> str:
    """The same lines as one text; empty for nothing."""
    return "\n".join(step.text for step in lines(label, remedy))


def _sentences(text: str) -> Iterator[str]:
    """Split at the semicolons that no quotation marks enclose, as a shell reads them: what a host has named must stay quoted.

    An apostrophe within or behind a word opens nothing.
    """
    start, mark = 0, ""
    for at, char in enumerate(text):
        if mark:
            mark = "" if char == mark else mark
        elif char == '"' or (char == "'" and not text[at - 1 : at].isalnum()):
            mark = char
        elif text.startswith("; ", at):
            yield text[start:at]
            start = at + 2
    yield text[start:]


def _of(sentence: str) -> Iterator[Step]:
    sentence = re.sub(r"\Athen (?:run )?(?=podstead )", "then: ", sentence)
    match = _COMMAND.fullmatch(sentence)
    note = _NOTE.fullmatch(match["command"]) if match else None
    command = note["command"] if note else match["command"] if match else ""
    if not match or _PROSE.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", command)):
        yield Step(sentence)
        return
    if match["lead"]:
        yield Step(match["lead"].rstrip())
    yield Step(command, command=True)
    if note:
        yield Step(note["note"])
