"""From what a host should be and what it is to a plan; nothing here touches a host."""
