"""The host document: what a host should be. One schema for every layer (role, group, host, ``-e``).

The models hold what a person writes; they are frozen and refuse unknown keys. Names are checked against the
patterns of the tools that will read them, so nothing else can reach a host.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

MAX_ID = 2**31 - 1
"""systemd's UIDS-GIDS document: nothing above this is safe for every program."""

_LOCAL = r"[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?"
_OF_DIRECTORY = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_DOMAIN = r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}"
UserName = Annotated[
    str,
    StringConstraints(
        pattern=rf"^({_LOCAL}|{_DOMAIN}\\{_OF_DIRECTORY}\$?|{_OF_DIRECTORY}@{_DOMAIN})$",
    ),
]
"""What useradd(8) accepts on the distributions that podstead knows (Debian's NAME_REGEX and the systemd rules), and what
directory services call their accounts: ``DOMAIN\\user`` (winbind) and ``user@domain`` (sssd.conf(5), full_name_format)."""

SysctlKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+){1,6}$")]
PackageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9+._-]{0,99}$")]
VersionSpecifier = Annotated[str, StringConstraints(pattern=r"^[<>=!~0-9a-zA-Z.,* +-]*$", max_length=100)]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f\x7f:]*$", max_length=255)]
Controller = Literal["cpu", "cpuset", "io", "memory", "pids"]
HostId = Annotated[int, Field(ge=0, le=MAX_ID, strict=True)]
RoleName = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,63}|[A-Za-z0-9._~-]*(/[A-Za-z0-9._-]+)+/?)$"),
]
"""The name of a role, or the path of its folder, relative to the file that names it."""


class Model(BaseModel):
    """Frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)


class RangeSpec(Model):
    """One range of subordinate IDs, given by hand."""

    start: Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
    count: Annotated[int, Field(ge=1, le=MAX_ID, strict=True)] = 65536

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        if self.start + self.count - 1 > MAX_ID:
            raise ValueError(f"the range ends at {self.start + self.count - 1}, above {MAX_ID}")
        return self


class UserSpec(Model):
    """A user who shall run rootless Podman. ``{}`` means: the account must exist; everything else by policy."""

    create: bool = Field(default=False, strict=True, description="Create the account when it is missing.")
    uid: Annotated[int, Field(ge=1, le=MAX_ID, strict=True)] | None = Field(
        default=None, description="UID for a new account; an existing account is never renumbered."
    )
    shell: AbsolutePath = Field(default="/bin/bash", description="Login shell for a new account.")
    linger: bool | None = Field(
        default=None, strict=True, description="Overrides session.linger for this user."
    )
    subuid: RangeSpec | None = Field(default=None, description="Exactly this range of subordinate UIDs.")
    subgid: RangeSpec | None = Field(
        default=None, description="Subordinate GIDs; default: the same as subuid."
    )


class SubidsSpec(Model):
    """How subordinate IDs are handed out."""

    count: Annotated[int, Field(ge=1, le=MAX_ID, strict=True)] = Field(
        default=65536, description="IDs per user; images expect at least 65536."
    )
    allocation: Literal["sequential", "by-uid"] = Field(
        default="sequential",
        description="by-uid gives a user the same numbers on every host where the UID is the same.",
    )
    window: tuple[HostId, HostId] = Field(
        default=(524288, 1878982655),
        description="First and last ID that may be allocated (systemd's container range).",
    )

    @model_validator(mode="after")
    def _window_has_room(self) -> Self:
        first, last = self.window
        if last < first:
            raise ValueError(f"window ends ({last}) before it starts ({first})")
        if last - first + 1 < self.count:
            raise ValueError(f"window holds {last - first + 1} IDs, fewer than one range of {self.count}")
        return self


class PackageSpec(Model):
    """A package that must be installed; ``version`` in PEP 440 specifiers over the upstream version."""

    version: VersionSpecifier = ""

    @field_validator("version")
    @classmethod
    def _is_a_specifier(cls, value: str) -> str:
        try:
            SpecifierSet(value)
        except InvalidSpecifier:
            raise ValueError(f'{value!r} is not a version specifier such as ">=4.3"') from None
        return value


def _bare_is_exact(value: Any) -> Any:  # noqa: ANN401 - what pydantic hands to a before-validator
    return {"exact": value} if isinstance(value, int | str) and not isinstance(value, bool) else value


class SysctlNeed(Model):
    """What a kernel setting must satisfy: exactly one of the first four. A bare value means ``exact``."""

    at_least: Annotated[int, Field(strict=True)] | None = None
    at_most: Annotated[int, Field(strict=True)] | None = None
    covers: tuple[HostId, HostId] | None = None
    exact: (
        Annotated[int, Field(strict=True)]
        | Annotated[str, StringConstraints(pattern=r"^[!-~][ -~]*$")]
        | None
    ) = None
    if_present: bool = Field(
        default=False,
        strict=True,
        description="Not applicable, instead of an error, on a kernel without this setting.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        conditions = [
            name for name in ("at_least", "at_most", "covers", "exact") if getattr(self, name) is not None
        ]
        if len(conditions) != 1:
            raise ValueError("give exactly one of at_least, at_most, covers, exact")
        if self.covers is not None and self.covers[1] < self.covers[0]:
            raise ValueError(f"covers ends ({self.covers[1]}) before it starts ({self.covers[0]})")
        return self


class SessionSpec(Model):
    """The systemd user session that rootless containers live in."""

    linger: bool = Field(
        default=False, strict=True, description="Keep user services running without a login."
    )
    delegate: tuple[Controller, ...] = Field(
        default=(), description="cgroup controllers that user@.service delegates to users."
    )


class StorageSpec(Model):
    """Container storage of rootless users."""

    driver: Literal["overlay", "vfs", "btrfs"] | None = Field(default=None, description="Storage driver.")


Need = Annotated[SysctlNeed, BeforeValidator(_bare_is_exact)]


class HostSpec(Model):
    """A whole host document, merged and validated."""

    roles: tuple[RoleName, ...] = Field(default=(), description="Layers to start from.")
    users: dict[UserName, UserSpec] = Field(default_factory=dict)
    subids: SubidsSpec = Field(default_factory=SubidsSpec)
    packages: dict[PackageName, PackageSpec] = Field(default_factory=dict)
    sysctls: dict[SysctlKey, Need] = Field(default_factory=dict)
    session: SessionSpec = Field(default_factory=SessionSpec)
    storage: StorageSpec = Field(default_factory=StorageSpec)
    engine: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Tables and keys of containers.conf(5), written as a drop-in."
    )

    @model_validator(mode="after")
    def _no_root(self) -> Self:
        if "root" in self.users:
            raise ValueError("users.root: root's Podman is not rootless; name an ordinary user")
        return self

    @model_validator(mode="after")
    def _directories_make_their_own(self) -> Self:
        for name, user in self.users.items():
            if user.create and ("\\" in name or "@" in name):
                raise ValueError(
                    f"users.{name}.create: an account with a domain in its name is created in the directory, not on a host"
                )
        return self
