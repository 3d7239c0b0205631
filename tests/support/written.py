"""What the shell files write: records, facts, sections and names of attempts, as they stand in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from podstead.visit import script

FOLDER: Final = Path(script.__file__).parent / "scripts"
#: Functions that write under a name which they are given, and where their own text says "$1" or "$n" in its place.
_FACTS: Final = ("ps_fact", "ps_fact_each", "ps_mount")
_ATTEMPTS: Final = ("ps_try", "ps_run")


def texts() -> dict[str, str]:
    """Every shell file by its name, without comments and without what it holds of others."""
    return {name: script.own(name) for name in names()}


def names() -> list[str]:
    """Every shell file, by its path in the folder of the scripts."""
    return [str(path.relative_to(FOLDER)) for path in sorted(FOLDER.rglob("*.sh"))]


def _words(command: str, text: str) -> Iterator[str]:
    """The first argument of each call of a function, as it is written."""
    return (found[1] for found in re.finditer(rf"(?<![\w-]){command} +(\S+)", text))


def _plain(command: str, text: str) -> Iterator[str]:
    """Its first argument, which must be a word: of what is put together nobody can say whether it is in the table."""
    for word in _words(command, text):
        found = re.fullmatch(r"([a-z]+(?:[.-][a-z]+)*);?", word)
        if found:
            yield found[1]
        elif not re.fullmatch(r'"\$(1|n)";?', word):
            raise ValueError(f"{command} {word}: a name must be a word")


def records(text: str) -> frozenset[str]:
    """Keys of the records that this shell text writes."""
    return frozenset(_plain("ps_record", text))


def facts(text: str) -> frozenset[str]:
    return frozenset(name for command in _FACTS for name in _plain(command, text))


def attempts(text: str) -> frozenset[str]:
    """What is tried: arguments of the records ``rc`` and ``said``."""
    tried = {name for command in _ATTEMPTS for name in _plain(command, text)}
    # inner/view.sh leaves its exit codes in a file
    return frozenset({*tried, *_arguments("rc", text), *re.findall(r'echo "([a-z]+) \$\?" >&5', text)})


def maps(text: str) -> frozenset[str]:
    return frozenset(_plain("ps_maps", text))


def documents(text: str) -> frozenset[str]:
    """Arguments of the records ``json``."""
    return _arguments("json", text)


def told(text: str) -> frozenset[str]:
    """Containers that tell about themselves."""
    return frozenset(_plain("ps_told_of", text)) | _arguments("told", text)


def _arguments(key: str, text: str) -> frozenset[str]:
    return frozenset(re.findall(rf"ps_record {key} ([a-z]+(?:-[a-z]+)*)", text))


def sections(text: str) -> frozenset[str]:
    """Names of sections that it prints."""
    return frozenset(re.findall(r"\becho --([a-z]+)", text))
