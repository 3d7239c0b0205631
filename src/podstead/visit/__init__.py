"""One host from look to report."""
