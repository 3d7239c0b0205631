"""`python -m tests.vm` installs the tools that the VM tier needs (root, Debian or Ubuntu)."""

from __future__ import annotations

import sys

from tests.lab.errors import LabError
from tests.vm import requirements


def main() -> int:
    """Install, and say whether that was enough."""
    try:
        requirements.install()
    except LabError as error:
        sys.stderr.write(f"vm: {error}\n")
        return 1
    reasons = requirements.missing()
    sys.stderr.write(f"vm: {'; '.join(reasons) or 'this machine can run a VM'}\n")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
