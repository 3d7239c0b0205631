"""What a host should be: the document, its layers and roles, and values that know their line."""
