"""Damage to newuidmap and to the session that calls it (A, B)."""

from __future__ import annotations

from tests.real_hosts.damage.case import NEW, OLD, Damage, Outcome, environment, install, remove, user_manager

_NNP, _NO_NNP = user_manager("NoNewPrivileges=yes")
_GROUP, _NO_GROUP = user_manager("Group=users")
_SECCOMP, _NO_SECCOMP = user_manager("RestrictNamespaces=~user")
_BOUNDED, _UNBOUNDED = user_manager("CapabilityBoundingSet=~CAP_SETUID CAP_SETGID")
_PATH, _NO_PATH = environment("PATH=/opt/tools")
_FOREIGN, _NO_FOREIGN = environment("PATH=/opt/copies:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")

HELPERS = (
    Damage(
        name="uidmap is not installed",
        ref="B01",
        make=remove("uidmap"),
        mend=install("uidmap"),
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="not on the PATH of the session",
        ref="B02",
        # everything else is there: /bin of an old Debian is no link to /usr/bin
        make="mkdir /opt/tools; ln -s /bin/* /sbin/* /usr/bin/* /usr/sbin/* /opt/tools/ 2>/dev/null || :; "
        "rm /opt/tools/new?idmap; " + _PATH,
        mend="rm -r /opt/tools; " + _NO_PATH,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="the setuid bit is lost",
        ref="B03",
        make="chmod u-s /usr/bin/newuidmap",
        mend="chmod u+s /usr/bin/newuidmap",
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="both setuid bits are lost",
        ref="B03",
        make="chmod u-s /usr/bin/newuidmap /usr/bin/newgidmap",
        mend="chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap",
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="mounted nosuid",
        ref="B04",
        make="mount --bind /usr/bin /usr/bin && mount -o remount,bind,nosuid /usr/bin",
        mend="mount -o remount,bind,suid /usr/bin; umount -l /usr/bin",
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="no new privileges",
        ref="B05",
        make=_NNP,
        mend=_NO_NNP,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="another primary group",
        ref="B07",
        make=_GROUP,
        mend=_NO_GROUP,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="a copy without privileges comes first",
        ref="B09",
        make="mkdir /opt/copies; cp /usr/bin/newuidmap /usr/bin/newgidmap /opt/copies/; " + _FOREIGN,
        mend="rm -r /opt/copies; " + _NO_FOREIGN,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="capabilities dropped",
        ref="B06",
        make=_BOUNDED,
        mend=_UNBOUNDED,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="seccomp forbids user namespaces",
        ref="A08",
        make=_SECCOMP,
        mend=_NO_SECCOMP,
        outcome=Outcome.REFUSED,
        related=("B05",),  # before 253, systemd sets no_new_privs with any filter of a unit that has a user
        releases=OLD,
    ),
    Damage(
        name="seccomp alone forbids user namespaces",
        ref="A08",
        make=_SECCOMP,
        mend=_NO_SECCOMP,
        outcome=Outcome.LEFT,  # apply tries nothing as the user, so it cannot see it
        releases=NEW,
    ),
)
