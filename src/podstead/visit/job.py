"""What the worker process is asked to do, and what it answers: the typed messages between the two processes."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer

from podstead.document.spec import HostSpec
from podstead.inventory.connection import Connection
from podstead.visit.record import HostReport


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


class Job(Message):
    """One run over hosts."""

    verb: Literal["apply", "check", "verify"]
    targets: tuple[Target, ...]
    forks: int = Field(default=20, ge=1, le=500)
    connect_timeout: int = Field(default=10, ge=1, le=3600, description="Seconds.")
    command_timeout: int = Field(
        default=1800, ge=1, le=86400, description="Seconds for one command on a host."
    )
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    start_at: str = Field(
        default="", description="A part or the id of a change; what comes before it is left."
    )
    trace: bool = Field(default=False, description="Say on standard error what the connections do.")
    allow: tuple[str, ...] = ()
    verify_users: tuple[str, ...] = ()
    probe_timeout: int = Field(default=120, ge=5, le=3600, description="Seconds for the probe of one user.")
    verify_checks: tuple[str, ...] = ()
    secrets: tuple[str, ...] = Field(default=(), repr=False, description="Texts that no report may hold.")
    as_user: bool = False


class Progress(Message):
    """A host has come to something new."""

    kind: Literal["progress"] = "progress"
    host: str
    doing: str


class Result(Message):
    """A host is done."""

    kind: Literal["result"] = "result"
    report: HostReport
