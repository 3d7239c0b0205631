"""Inventories: which hosts there are, what each should be, and how each is reached."""
