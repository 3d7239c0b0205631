"""Keys with patterns (sysctl.d(5), "Setting network interface parameters" and the lines on globs above it)."""

from __future__ import annotations

import pytest

from podstead.host.sysctls import DROP_IN
from podstead.host.sysctls_boot import matches
from podstead.provision.change import Outcome
from tests.unit.provision.test_sysctls import HEADER, PORT, USERNS, host, live_changes, planned, settled, spec


@pytest.mark.parametrize(
    "pattern",
    ["user.max_*_namespaces", "user/max_user_namesp*", "user.max_[t-v]ser_*", "-user.max_*_namespac?s"],
)
@pytest.mark.parametrize("path", ["/etc/sysctl.d/10-harden.conf", "/etc/sysctl.d/zz-harden.conf"])
def test_what_somebody_has_decided_with_a_pattern_is_refused_until_it_is_allowed(
    pattern: str, path: str
) -> None:
    one = host({USERNS: "0"}, {path: f"# all of them\n{pattern} = 0\n"})
    wanted = spec(userns={"at_least": 28633})
    outcome = planned(one, wanted)
    (refusal,) = outcome.refusals
    assert (outcome.changes, refusal.allow, refusal.id) == ((), True, f"sysctls:{USERNS}:boot")
    assert refusal.reason == f"{path}:2 sets {pattern.lstrip('-')} = 0, and someone has decided that"
    assert f"to override it: podstead apply --allow {refusal.id}" in refusal.remedy
    one.apply(planned(one, wanted, refusal.id).changes)
    # a line that names the key wins over every pattern, so one time is enough; the decision is seen all the same
    assert one.files[DROP_IN] == f"{HEADER}{USERNS} = 28633\n"
    assert planned(one, wanted, refusal.id).changes == ()
    assert [each.id for each in planned(one, wanted).refusals] == [refusal.id]


def test_a_pattern_of_another_setting_says_nothing() -> None:
    files = {
        "/etc/sysctl.d/10-a.conf": "user.*.max_user_namespaces = 0\nuser* = 0\nnet.ipv4.ip_local_p* = 5\n"
    }
    assert planned(host(files=files), spec(userns={"at_least": 28633})).refusals == ()


@pytest.mark.parametrize(
    "files",
    [
        {"/etc/sysctl.d/10-a.conf": f"{USERNS} = 30000\n", "/etc/sysctl.d/20-b.conf": "user.max_* = 0\n"},
        {"/etc/sysctl.d/10-a.conf": f"user.max_* = 0\n-{USERNS} = 30000\n"},
        {"/usr/lib/sysctl.d/10-a.conf": f"{USERNS} = 30000\n", "/etc/sysctl.d/20-b.conf": "user.max_* = 0\n"},
    ],
)
def test_a_line_that_names_the_key_goes_before_every_pattern(files: dict[str, str]) -> None:
    assert planned(host(files=files), spec(userns={"at_least": 28633})) == Outcome()


@pytest.mark.parametrize("path", ["/etc/sysctl.d/05-a.conf", "/usr/lib/sysctl.d/zz-a.conf"])
def test_a_key_that_is_taken_out_of_patterns_is_not_set_by_them(path: str) -> None:
    files = {
        "/etc/sysctl.d/10-harden.conf": "user.max_*_namespaces = 0\n",
        path: f"-{USERNS.replace('.', '/')}\n",
    }
    assert planned(host(files=files), spec(userns={"at_least": 28633})).refusals == ()


def test_a_line_that_takes_a_key_out_undoes_what_was_set_before() -> None:
    """systemd-sysctl keeps one entry for each key, whichever kind the last one is."""
    files = {"/etc/sysctl.d/zz-a.conf": f"{USERNS} = 0\n-{USERNS}\n"}
    assert planned(host(files=files), spec(userns={"at_least": 28633})).refusals == ()


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ("user.max_* = 0\nuser.max_u* = 30000\n", False),
        ("user.max_u* = 30000\nuser.max_* = 0\n", True),
        ("user.max_u* = 30000\nuser.max_* = 0\nuser.max_u* = 40000\n", False),
        ("user.max_u* = 30000\nuser.max_* = 0\nuser.max_u* = 30000\n", True),
        ("user.max_* = 0\n-user.max_*\n", False),
    ],
)
def test_of_several_patterns_the_last_one_counts(lines: str, refused: bool) -> None:
    """The same line once more keeps its place (ordered_hashmap_put in src/sysctl/sysctl.c)."""
    files = {"/etc/sysctl.d/10-a.conf": lines}
    assert bool(planned(host(files=files), spec(userns={"at_least": 28633})).refusals) is refused


def test_a_pattern_of_the_vendor_is_a_default_to_be_overridden() -> None:
    one = host({USERNS: "0"}, {"/usr/lib/sysctl.d/zz-vendor.conf": "user.max_* = 0\n"})
    wanted = spec(userns={"at_least": 28633})
    assert live_changes(planned(one, wanted)) == {USERNS: "28633"}
    settled(one, wanted)


def test_a_good_value_of_a_pattern_needs_nothing_from_podstead() -> None:
    one = host({PORT: "80"}, {"/etc/sysctl.d/10-a.conf": "net.ipv4.ip_unprivileged_port_st* = 80\n"})
    assert planned(one, spec(port={"at_most": 80})) == Outcome()


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("user/max_{user,net}_n*", "user/max_net_namespaces", True),
        ("user/max_{user,net}_n*", "user/max_pid_namespaces", False),
        ("user/max_[!u]*", "user/max_user_namespaces", False),
        ("user/max_[^u]*", "user/max_user_namespaces", False),
        ("user/*", "user/max_user_namespaces", True),
        ("*", "user/max_user_namespaces", False),
        ("*" * 1000 + "{,}" * 1000, "user/max_user_namespaces", False),
        ("{a,}" * 2 + "*", "b", True),
        ("{a,}" * 60 + "*", "b", False),
    ],
)
def test_patterns_are_those_of_the_shell(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected
