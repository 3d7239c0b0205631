"""`python -m tests.lab`: real hosts by hand."""

import sys

from tests.lab.cli import main

sys.exit(main())
