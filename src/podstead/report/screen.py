"""Where text goes: whole lines into files and pipes, wrapped ones onto a terminal; colour only ever repeats a word."""

from __future__ import annotations

import textwrap
from typing import Final

from rich.console import Console
from rich.text import Text

from podstead.printable import one_line, printable
from podstead.report.steps import lines
from podstead.visit.record import HostReport, Status

#: No pair of these is told apart by red and green alone; every line says the same in its first word.
STYLES: Final = {
    "ok": "cyan",
    "changed": "yellow",
    "pending": "yellow",
    "warn": "yellow",
    "fail": "bold red",
    "unknown": "magenta",
    "skipping": "dim",
    "n/a": "dim",
    "heading": "bold",
    "detail": "",
    "dim": "dim",
    "added": "cyan",
    "removed": "magenta",
}
_NARROWEST: Final = 20


class Screen:
    """A console that knows headings, results and details."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # FORCE_COLOR makes rich take a pipe for a terminal; lines of a pipe are for grep and are never cut
        self._wraps = console.file.isatty()
        self._width = max(console.width, _NARROWEST)

    def fits(self, text: str) -> bool:
        """Whether a line is shown as it is: in a file or a pipe every line is."""
        return not self._wraps or len(text) < self._width

    def heading(self, text: str) -> None:
        """``TASK [subids] *****``, as wide as the terminal and at most 80."""
        stars = "*" * max(3, min(self._width, 80) - len(text) - 2)
        self._print(Text(f"{one_line(text)} {stars}", style=STYLES["heading"]))

    def line(
        self, text: str, style: str = "", *, head: int | None = None, hang: int = 4, paste: bool = False
    ) -> None:
        """One line. Only its first ``head`` characters have the style; what is to be pasted is never wrapped."""
        escaped = printable(text).replace("\n", " ")
        rows = [escaped]
        if self._wraps and not paste and len(escaped) >= self._width:
            rows = textwrap.wrap(
                escaped,
                self._width - 1,
                subsequent_indent=" " * hang,
                break_long_words=False,
                break_on_hyphens=False,
            )
        for number, row in enumerate(rows):
            out = Text(row)
            if head is None:
                out.stylize(STYLES.get(style, style))
            elif number == 0:
                out.stylize(STYLES.get(style, style), 0, head)
            self._print(out)

    def more(self, label: str, text: str, indent: int = 4) -> None:
        """``why: ...`` below what it belongs to; nothing for nothing."""
        if text:
            self.line(f"{' ' * indent}{label}: {one_line(text)}", hang=indent + 2)

    def remedy(self, text: str, indent: int = 4) -> None:
        """``do: ...``: prose is wrapped, and each command stands on a line of its own, as it is to be pasted."""
        for row in lines("do", one_line(text)):
            self.line(f"{' ' * indent}{row.text}", hang=indent + 2, paste=row.command)

    def block(self, text: str, *, before: str = "    ") -> None:
        """Lines of a log or a diff as they are."""
        for row in printable(text).splitlines():
            self.line(f"{before}{row}", paste=True)

    def diff(self, text: str) -> None:
        """A unified diff; its signs say what is old and new, colour repeats it."""
        for row in printable(text).splitlines():
            style = "added" if row.startswith("+") else "removed" if row.startswith("-") else "dim"
            self.line(f"    {row}", style, paste=True)

    def trouble(self, host: HostReport) -> None:
        """Why a host could not be worked on."""
        name, message = one_line(host.name), one_line(host.trouble.message) if host.trouble else "not started"
        if host.status is Status.SKIPPED:
            self.line(f"skipping: [{name}] => {message}", "skipping")
        else:
            word = "UNREACHABLE!" if host.status is Status.UNREACHABLE else "FAILED!"
            self.line(f"fatal: [{name}]: {word} => {message}", "fail")
        self.remedy(host.trouble.hint if host.trouble else "")

    def blank(self) -> None:
        self._print(Text(""))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)
