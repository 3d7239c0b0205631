"""``python -m podstead`` is the command line."""

from podstead.cli.main import main

main()
