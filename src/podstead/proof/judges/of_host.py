"""What is judged for the host and for none of its users, where the plan (V29) and two reports (V30) are known."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check
from podstead.proof.finding import Severity

V29: Final = Check(
    id="V29",
    title="another apply would change nothing",
    fails="the host differs from its document",
    severity=Severity.DRIFT,
    why="What another tool or a person has undone is restored only by the next apply.",
    remedy="podstead apply; the difference: podstead check --diff",
    sources=("docs/guide.md",),
)


V30: Final = Check(
    id="V30",
    title="what was proved holds after a reboot",
    fails="a reboot has undone what was proved",
    severity=Severity.DRIFT,
    why="Settings that were changed live but not for the next boot, a runroot on a disk, and a session without linger are lost.",
    remedy="podstead apply; compare with podstead verify --since and an earlier report after a reboot.",
    sources=("sysctl.d(5)", "podman#25144"),
)
