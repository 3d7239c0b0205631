"""Damage to /etc/subuid and /etc/subgid (C)."""

from __future__ import annotations

from tests.real_hosts.damage.case import D11, D12, D13, FORKY, LINES, Damage, Outcome, environment

_BOTH = "for f in /etc/subuid /etc/subgid; do {}; done"
_MOVE = "systemctl stop user@1001; mv /home/{0} /home/{1}; sed -i s#/home/{0}#/home/{1}# /etc/passwd; systemctl start user@1001; "
_SSS = "cp /etc/nsswitch.conf /root/nsswitch.sound; echo 'subid: sss' >>/etc/nsswitch.conf; "
_NO_SSS = "mv /root/nsswitch.sound /etc/nsswitch.conf; "
_MODULE = "d=$(dirname /usr/lib/*/libc.so.6); "
_USER, _NO_USER = environment("USER=bob")


def _lines(text: str) -> str:
    return _BOTH.format(f"printf '{text}\\n' >$f")


RANGES = (
    Damage(name="no line", ref="C01", make=_BOTH.format(": >$f"), mend=LINES, outcome=Outcome.REPAIRED),
    Damage(name="one side", ref="C02", make=": >/etc/subgid", mend=LINES, outcome=Outcome.REPAIRED),
    Damage(
        name="no files", ref="C03", make="rm /etc/subuid /etc/subgid", mend=LINES, outcome=Outcome.REPAIRED
    ),
    Damage(
        name="useradd hands out nothing",
        ref="C04",
        # the release may not name the setting at all
        make="sed -i.sound /SUB_UID_COUNT/d /etc/login.defs; echo SUB_UID_COUNT 0 >>/etc/login.defs; "
        + _BOTH.format(": >$f"),
        mend="mv /etc/login.defs.sound /etc/login.defs; " + LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="USER names somebody else",
        ref="C05",
        make=_USER,
        mend=_NO_USER,
        outcome=Outcome.LEFT,
        related=("B10",),
    ),
    Damage(
        name="the same range by name and number",
        ref="C06",
        make=_lines("alice:524288:65536\\n1001:524288:65536"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="the same line twice",
        ref="C07",
        make=_lines("alice:524288:65536\\nalice:524288:65536"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="own ranges overlap",
        ref="C08",
        make=_lines("alice:524288:65536\\nalice:524388:65536"),
        mend=LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="own ID inside",
        ref="C09",
        make=_lines("alice:524288:65536\\nalice:1001:1"),
        mend=LINES,
        outcome=Outcome.REFUSED,
        related=("C11",),
    ),
    Damage(
        name="overlap with another owner",
        ref="C10",
        make=_BOTH.format("echo bob:524388:65536 >>$f"),
        mend=LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="a range where accounts are",
        ref="C11",
        make=_lines("alice:10000:65536"),
        mend=LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="beyond the last ID",
        ref="C12",
        make=_lines("alice:4294901760:65536"),
        mend=LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="above 2^31, as FreeIPA has it",
        ref="C12",
        make=_lines("alice:2147483648:65536"),
        mend=LINES,
        outcome=Outcome.HARMLESS,
    ),
    Damage(
        name="too small",
        ref="C13",
        make=_lines("alice:524288:1000"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
        releases=(D12, D13, FORKY),
        elsewhere="mended with a second range, which its Podman does not stand (J02)",
    ),
    Damage(
        name="a blank at the end",
        ref="C15",
        make=_lines("alice:524288:65536 "),
        mend=LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="lines of Windows",
        ref="C15",
        make=_lines("alice:524288:65536\\r"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="a fourth field",
        ref="C15",
        make=_lines("alice:524288:65536:note"),
        mend=LINES,
        outcome=Outcome.REFUSED,
        related=("C01",),
    ),
    Damage(
        name="two lines glued together",
        ref="C15",
        make=_lines("alice:524288:65536bob:589824:65536"),
        mend=LINES,
        outcome=Outcome.REFUSED,
        related=("C01",),
    ),
    Damage(
        name="symbolic links",
        ref="C32",
        make="mkdir /persist; for f in subuid subgid; do mv /etc/$f /persist/; ln -s /persist/$f /etc/$f; done",
        mend="rm -r /persist /etc/subuid /etc/subgid; " + LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="no newline at the end",
        ref="C33",
        make=_BOTH.format("printf alice:524288:65536 >$f"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
        warns=True,
        releases=(D11, D12, D13),
        elsewhere="shadow 4.20 refuses the whole file",
    ),
    Damage(
        name="no newline at the end, shadow 4.20",
        ref="C33",
        make=_BOTH.format("printf alice:524288:65536 >$f"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
        releases=(FORKY,),
        elsewhere="older releases read the line",
    ),
    Damage(
        name="not readable for users",
        ref="C16",
        make="chmod 0600 /etc/subuid",
        mend=LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="too many ranges for one map",
        ref="C18",
        make=_BOTH.format(
            "i=0; : >$f; while [ $i -lt 400 ]; do echo alice:$((524288 + i * 400)):200 >>$f; i=$((i + 1)); done"
        ),
        mend=LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="the name is spelled otherwise",
        ref="C19",
        make=_lines("ALICE@example.com:524288:65536"),
        mend=LINES,
        outcome=Outcome.REPAIRED,
        related=("C23",),
        still_warns=("C23",),  # the line of the other name is nobody's now, and not podstead's to remove
    ),
    Damage(
        name="an account was renamed",
        ref="C22",
        make=_MOVE.format("alice", "former") + _lines("former:524288:65536"),
        mend=_MOVE.format("former", "alice") + LINES,
        outcome=Outcome.REPAIRED,
        related=("C23",),
        still_warns=("C23",),  # the line of the other name is nobody's now, and not podstead's to remove
    ),
    Damage(
        name="a directory that has no range",
        ref="C20",
        make=_MODULE + "cp /srv/libsubid_sss.so $d/; " + _SSS,
        mend=_MODULE + "rm $d/libsubid_sss.so; " + _NO_SSS,
        outcome=Outcome.REFUSED,
        releases=(D12, D13, FORKY),
        elsewhere="shadow 4.8 knows no other source than the files",
    ),
    Damage(
        name="the module of the directory is missing",
        ref="C21",
        make=_SSS,
        mend=_NO_SSS,
        outcome=Outcome.LEFT,
        warns=True,
        releases=(D12, D13, FORKY),
        elsewhere="shadow 4.8 knows no other source than the files",
    ),
    Damage(
        name="a range of an account that is gone",
        ref="C23",
        make=_BOTH.format("echo ghost:900000:65536 >>$f"),
        mend=LINES,
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="a lock of a dead process",
        ref="C24",
        make="printf 4194300 >/etc/subuid.lock",
        mend="rm -f /etc/subuid.lock",
        outcome=Outcome.REPAIRED,
        warns=True,
    ),
    Damage(
        name="a lock of nobody",
        ref="C24",
        make=": >/etc/subgid.lock",
        mend="rm -f /etc/subgid.lock",
        outcome=Outcome.REFUSED,
        warns=True,
    ),
    Damage(
        name="one ID too many",
        ref="C25",
        make=_lines("alice:524288:65537"),
        mend=LINES,
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="two rules of allocation",
        ref="C26",
        make="echo SUB_UID_DETERMINISTIC yes >>/etc/login.defs",
        mend="sed -i /DETERMINISTIC/d /etc/login.defs",
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="an account inside the range",
        ref="C27",
        make="useradd -M -u 530000 -g users inside",
        mend="userdel inside; " + LINES,
        outcome=Outcome.REFUSED,
        related=("C11",),
    ),
    Damage(
        name="a group inside the range",
        ref="C27",
        make="groupadd -g 530000 inside",
        mend="groupdel inside",
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="ten thousand lines by name",
        ref="C29",
        make=_BOTH.format(
            'awk \'BEGIN { print "alice:524288:65536"; for (i = 0; i < 10000; i++) printf "u%d:%d:65536\\n", i, 600000064 + i * 65536 }\' >$f'
        ),
        mend=LINES,
        outcome=Outcome.LEFT,
        related=("C23",),
        warns=True,
        releases=(D12, D13, FORKY),
        elsewhere="not tried",
    ),
)
