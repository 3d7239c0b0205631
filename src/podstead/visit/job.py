"""What the worker process is asked to do, and what it answers: the typed messages between the two processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer

from podstead.control.setting_table import SETTINGS
from podstead.document.spec import HostSpec
from podstead.inventory.connection import Connection
from podstead.visit.record import HostReport, Verb


class Message(BaseModel):
    """Frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(Message):
    """One host: how to reach it and what it should be."""

    name: str
    connection: Connection
    spec: HostSpec

    @field_serializer("connection", when_used="json")
    def _with_passwords(self, connection: Connection) -> dict[str, object]:
        """As the worker reads it: on its standard input, the only place where a password is written out."""
        return {
            field.name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for field in fields(connection)
            for value in (getattr(connection, field.name),)
        }


def _setting(name: str, description: str | None = None) -> Any:  # noqa: ANN401 - as pydantic's Field
    """A field with the default and the bounds of a setting."""
    setting = SETTINGS[name]
    return Field(default=setting.number, ge=setting.low, le=setting.high, description=description)


class Job(Message):
    """One run over hosts."""

    verb: Verb
    targets: tuple[Target, ...]
    forks: int = _setting("forks")
    connect_timeout: int = _setting("timeout", "Seconds.")
    command_timeout: int = _setting("command_timeout", "Seconds for one command on a host.")
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    start_at: str = Field(
        default="", description="A part or the id of a change; what comes before it is left."
    )
    trace: bool = Field(default=False, description="Say on standard error what the connections do.")
    allow: tuple[str, ...] = ()
    verify_users: tuple[str, ...] = ()
    probe_timeout: int = _setting("probe_timeout", "Seconds for the probe of one user.")
    verify_checks: tuple[str, ...] = ()
    secrets: tuple[str, ...] = Field(default=(), repr=False, description="Texts that no report may hold.")
    as_user: bool = False
    fail_limit: int | None = Field(
        default=None, ge=0, description="When more hosts than this have failed, no other host is started."
    )


class JobOptions(TypedDict, total=False):
    """What may be said about a job beside its verb and its hosts: fields of :class:`Job`."""

    forks: int
    connect_timeout: int
    command_timeout: int
    tags: Sequence[str]
    skip_tags: Sequence[str]
    start_at: str
    trace: bool
    allow: Sequence[str]
    verify_users: Sequence[str]
    probe_timeout: int
    verify_checks: Sequence[str]
    as_user: bool


class Progress(Message):
    """A host has come to something new."""

    kind: Literal["progress"] = "progress"
    host: str
    doing: str
    detail: str = ""
    """What a long step is at, such as the package that is being installed; in the words of the host."""


class Result(Message):
    """A host is done."""

    kind: Literal["result"] = "result"
    report: HostReport
