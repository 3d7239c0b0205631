"""Values of kernel settings as the kernel reads them, and whether they are good enough."""

from __future__ import annotations

import re

from podstead.document.spec import SysctlNeed

#: Settings that are two numbers; every other numeric one is a single number.
_PAIRS = frozenset({"net.ipv4.ping_group_range", "net.ipv4.ip_local_port_range"})
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})")


def kernel_reads(key: str, need: SysctlNeed, text: str) -> str | None:
    """What the kernel makes of the text after ``key =``; None where it refuses it, so that the line has no effect.

    A text setting takes the whole line. A number is read up to the first blank (base 0: 0x is hexadecimal, a leading 0
    octal), and once there are as many numbers as the setting has, the rest of the line is passed over, a comment as well
    as anything else (``do_proc_dointvec`` and ``proc_get_long`` in kernel/sysctl.c). systemd-sysctl and sysctl(8) hand
    over all that stands behind the equals sign.
    """
    if isinstance(need.exact, str) and not _NUMBER.fullmatch(need.exact):
        return " ".join(text.split())
    wanted = 2 if key in _PAIRS else 1
    fields = text.split()[:wanted]
    if len(fields) < wanted or not all(_NUMBER.fullmatch(field) for field in fields):
        return None
    return " ".join(str(_number(field)) for field in fields)


def _number(field: str) -> int:
    digits = field.removeprefix("-")
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") else 10
    return -int(digits, base) if field.startswith("-") else int(digits, base)


def meets(need: SysctlNeed, value: str) -> bool:
    """Whether a value as the kernel prints it is good enough. Never raises: a value that makes no sense is not."""
    if need.exact is not None:
        return " ".join(str(need.exact).split()) == " ".join(value.split())
    fields = value.split()
    if not fields or not all(re.fullmatch(r"-?[0-9]{1,20}", field) for field in fields):
        return False
    numbers = [int(field) for field in fields]
    if need.covers is not None:
        return len(numbers) == 2 and numbers[0] <= need.covers[0] and numbers[1] >= need.covers[1]
    if need.at_least is not None:
        return numbers[0] >= need.at_least
    return need.at_most is not None and numbers[0] <= need.at_most


def wanted_text(need: SysctlNeed, current: str | None = None) -> str:
    """The value to write. A range is widened to cover the present one too, so nobody loses what they had."""
    if need.covers is not None:
        low, high = need.covers
        present = [int(field) for field in (current or "").split() if re.fullmatch("[0-9]{1,10}", field)]
        if len(present) == 2 and present[0] <= present[1]:
            low, high = min(low, present[0]), max(high, present[1])
        return f"{low} {high}"
    for value in (need.at_least, need.at_most, need.exact):
        if value is not None:
            return " ".join(str(value).split())
    raise AssertionError("the model demands one of four")
