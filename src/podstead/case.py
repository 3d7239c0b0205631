"""One user on one host as the judges see it, and how a finding is put into words."""

from __future__ import annotations

from dataclasses import dataclass

from podstead.causes import cause_of
from podstead.checks import CHECKS
from podstead.evidence import Evidence
from podstead.finding import Finding, Verdict
from podstead.parts.accounts import Account
from podstead.ranges import IdMap, IdRange
from podstead.spec import HostSpec
from podstead.state import HostState


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One user on one host: what was wanted, granted and found."""

    user: str
    account: Account
    spec: HostSpec
    state: HostState
    subuids: tuple[IdRange, ...]
    subgids: tuple[IdRange, ...]
    evidence: Evidence

    @property
    def uid_map(self) -> IdMap:
        return IdMap.expected(self.account.uid, self.subuids)

    @property
    def gid_map(self) -> IdMap:
        return IdMap.expected(self.account.gid, self.subgids)

    @property
    def granted(self) -> bool:
        return bool(self.subuids and self.subgids)

    def finding(self, check: str, verdict: Verdict, **texts: str) -> Finding:
        known = CHECKS[check]
        if verdict in (Verdict.FAIL, Verdict.WARN):
            texts.setdefault("remedy", known.remedy)
        return Finding(
            check=check, title=known.title, severity=known.severity, verdict=verdict, user=self.user, **texts
        )

    def passed(self, check: str, found: str = "", expected: str = "") -> Finding:
        return self.finding(check, Verdict.PASS, found=found, expected=expected)

    def failed(self, check: str, *, expected: str, found: str, cause: str = "", remedy: str = "") -> Finding:
        """A failure; cause and remedy come from what was said where the caller knows none."""
        known = cause_of(found)
        texts = {
            "cause": cause or (known.cause if known else ""),
            "remedy": remedy or (known.remedy if known else ""),
        }
        return self.finding(
            check,
            Verdict.FAIL,
            expected=expected,
            found=found,
            **{key: text for key, text in texts.items() if text},
        )

    def blind(self, check: str, why: str) -> Finding:
        if self.evidence.who and not self.evidence.complete:
            why = f"the probe was cut short ({why})"
        return self.finding(check, Verdict.COULD_NOT_LOOK, cause=why)

    def absent(self, check: str, why: str) -> Finding:
        return self.finding(check, Verdict.NOT_APPLICABLE, cause=why)
