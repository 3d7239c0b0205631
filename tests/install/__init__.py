"""podstead as people install it."""
