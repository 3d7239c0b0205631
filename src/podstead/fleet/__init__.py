"""Many hosts: one run over all, and what differs between them."""
