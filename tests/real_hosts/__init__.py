"""podstead on real hosts: systemd, sshd, apt, sudo and Podman are the real ones. See tests/lab/README.md."""
