"""A file that podstead owns, as one look found it."""

from __future__ import annotations

from dataclasses import dataclass

from podstead.host.frames import Records


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that podstead owns as it was seen, to the byte: it may hold what is no UTF-8. None where it is missing."""

    path: str
    data: bytes | None = None

    @classmethod
    def from_records(cls, records: Records, path: str) -> OwnFile:
        """The file of this path as an observation shows it."""
        return cls(
            path, next((record.body for record in records.all("file") if record.argument == path), None)
        )

    @property
    def text(self) -> str | None:
        """The text from which the same bytes can be made; a diff for people is made by :func:`podstead.provision.change.unified_diff`."""
        return None if self.data is None else self.data.decode("utf-8", "surrogateescape")
