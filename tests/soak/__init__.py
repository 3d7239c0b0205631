"""Long runs against real hosts: what several programs do to the same files at once, and files damaged in any way."""
