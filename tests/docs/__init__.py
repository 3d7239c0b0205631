"""Pages of the documentation that are carried out."""
