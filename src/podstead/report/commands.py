"""The commands that remedies name, completed with what the run was about, so that they can be pasted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from podstead.proof.finding import Finding
from podstead.visit.record import Report

_QUOTED: Final = r"""(?:'[^']*'|"[^"]*"|[^\s;'"(])+"""
_COMMAND: Final = re.compile(
    rf"(?P<lead>^|; |: |\b[Rr]un |\bthen )podstead (?P<verb>apply|check|verify)"
    rf"(?P<options>(?: --?[a-z]{_QUOTED}(?: (?!-){_QUOTED})?)*)(?=$|[.,;)]| \()"
)
"""A command as the catalogue and refusals write it: at the start of a sentence, and with options only."""


@dataclass(frozen=True, slots=True)
class Commands:
    """What each verb needs to mean the hosts and users of this run: options and pattern, quoted for a shell.

    ``missing`` names options of this run that may hold secrets and are therefore not repeated.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def command(self, verb: str) -> str:
        """The command for a verb, without the options in ``missing``."""
        return " ".join(filter(None, ("podstead", verb, self.words.get(verb, ""))))

    @property
    def note(self) -> str:
        """What a person has to add, or nothing."""
        return f"with {self.missing} as in this run" if self.missing else ""

    def completed(self, remedy: str) -> str:
        """The same remedy; each command in it that chooses no hosts means those of this run."""
        return _COMMAND.sub(self._complete, remedy)

    def _complete(self, match: re.Match[str]) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"{match['lead']}{self.command(match['verb'])}{match['options']}{note}"

    def of_report(self, report: Report) -> Report:
        """The same report with every remedy and hint in it completed."""
        hosts = tuple(
            host.model_copy(
                update={
                    "changes": tuple(
                        change.model_copy(update={"hint": self.completed(change.hint)})
                        for change in host.changes
                    ),
                    "refusals": tuple(
                        replace(refusal, remedy=self.completed(refusal.remedy)) for refusal in host.refusals
                    ),
                    "findings": self._findings(host.findings),
                    "trouble": host.trouble
                    and host.trouble.model_copy(update={"hint": self.completed(host.trouble.hint)}),
                }
            )
            for host in report.hosts
        )
        return report.model_copy(update={"hosts": hosts, "fleet": self._findings(report.fleet)})

    def _findings(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(replace(finding, remedy=self.completed(finding.remedy)) for finding in findings)
