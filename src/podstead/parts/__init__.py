"""One file per kind of thing: its state, its parser, its plan."""
