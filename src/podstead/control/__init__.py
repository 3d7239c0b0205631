"""The machine that podstead runs on: its settings, what is wrong with it, a first project."""
