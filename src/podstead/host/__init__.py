"""What a host is: what a look at it found, part by part."""
