"""The record of a run: one tree of values that every renderer, and the JSON document, shows.

``schema`` names the version of the document. Fields may be added within a version; none changes its meaning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from podstead.errors import Exit
from podstead.proof.finding import Finding, Verdict
from podstead.provision.change import NotApplicable, Refusal

SCHEMA: Final = "podstead.report/1"
UNPREPARED: Final = "no user is prepared for rootless Podman on this host, because its document names none"
"""The note of a host on which packages and settings alone are managed."""
Verb = Literal["apply", "check", "verify"]
"""What a run does to its hosts."""


class Status(StrEnum):
    """The status of a host: the worst of what happened on it."""

    OK = "ok"
    CHANGED = "changed"
    PENDING = "pending"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


class ChangeStatus(StrEnum):
    """``CHANGED`` is reported only after a second look no longer finds the difference."""

    CHANGED = "changed"
    PENDING = "pending"
    FAILED = "failed"
    NOT_REACHED = "not-reached"


class Record(BaseModel):
    """Frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangeRecord(Record):
    """One change of a plan and what became of it."""

    id: str
    title: str
    status: ChangeStatus
    diff: str = ""
    log: str = Field(default="", description="Last lines of what a failed change printed.")
    hint: str = ""


class Trouble(Record):
    """Why a host could not be processed: what is wrong, and what to do."""

    message: str
    hint: str = ""


class Grant(Record):
    """The ranges that a host grants to a user, as FIRST:COUNT, in order."""

    uid: int | None = Field(
        default=None, description="The user's own UID; null where the host has no such account."
    )
    uids: tuple[str, ...]
    gids: tuple[str, ...]


class Capacity(Record):
    """The room that a host has left for subordinate IDs."""

    users: int = Field(description="How many more users fit; the next one after them gets nothing.")
    count: int = Field(description="IDs per user.")
    next: int | None = Field(description="Where the next range would start.")
    last: int = Field(description="Where the window ends.")


class HostReport(Record):
    """Everything about one host."""

    name: str
    status: Status
    system: str = ""
    kernel: str = ""
    kind: Mapping[str, str] = Field(
        default_factory=dict,
        description="What may make the same change go well on one host and badly on another: system, kernel, podman, runtime, storage.",
    )
    changes: tuple[ChangeRecord, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    findings: tuple[Finding, ...] = ()
    trouble: Trouble | None = None
    notes: tuple[str, ...] = Field(
        default=(), description="What should be known about how the host was looked at."
    )
    boot_id: str = Field(default="", description="The kernel's ID of this boot (random(4)).")
    grants: Mapping[str, Grant] = Field(default_factory=dict, description="User -> ranges (verify).")
    capacity: Capacity | None = None
    connections: int = Field(default=0, description="Connections that were opened.")
    commands: int = Field(default=0, description="Commands that were executed on the host.")
    seconds: float = 0.0


class Totals(Record):
    """The recap."""

    ok: int = 0
    changed: int = 0
    pending: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0


class Report(Record):
    """One run of one verb over hosts."""

    schema_: Literal["podstead.report/1"] = Field(default=SCHEMA, alias="schema")
    verb: Verb
    version: str
    started: str = Field(description="UTC, ISO 8601.")
    seconds: float
    interrupted: bool = False
    hosts: tuple[HostReport, ...]
    fleet: tuple[Finding, ...] = Field(
        default=(), description="What can be seen only by comparing several hosts."
    )

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @property
    def totals(self) -> Totals:
        counts = dict.fromkeys((status.value for status in Status), 0)
        for host in self.hosts:
            counts[host.status.value] += 1
        return Totals(**counts)

    @property
    def changes(self) -> int:
        """How many changes were made, or are pending."""
        made = (ChangeStatus.CHANGED, ChangeStatus.PENDING)
        return sum(change.status in made for host in self.hosts for change in host.changes)

    @property
    def exit_code(self) -> Exit:
        """The exit code of the command line for this report (the worst host decides)."""
        if self.interrupted:
            return Exit.INTERRUPTED
        statuses = {host.status for host in self.hosts}
        if Status.FAILED in statuses or failed_findings(self.fleet):
            return Exit.FAILED
        if Status.UNREACHABLE in statuses:
            return Exit.UNREACHABLE
        return Exit.PENDING if Status.PENDING in statuses else Exit.GOOD

    def to_json(self) -> str:
        """The JSON document, in ASCII: whatever a host said, no terminal acts on it."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2)


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:podstead:report:1"}
    return head | Report.model_json_schema(by_alias=True)


def failed_findings(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What makes a verification fail: a failure, or something that could not be checked."""
    return tuple(finding for finding in findings if finding.verdict in (Verdict.FAIL, Verdict.COULD_NOT_LOOK))
