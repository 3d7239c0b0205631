"""Kernel settings: what is live, what a boot will bring, and who wins."""

from __future__ import annotations

import pytest

from podstead.document.spec import HostSpec, SysctlNeed
from podstead.host import sysctl_values
from podstead.host.sysctls import DROP_IN
from podstead.provision import sysctls as sysctls_plan
from podstead.provision.change import MISSING_FILE, Outcome, SetSysctl, WriteFile, checksum
from tests.model_host import ModelHost, spec_of

USERNS = "user.max_user_namespaces"
PORT = "net.ipv4.ip_unprivileged_port_start"
PING = "net.ipv4.ping_group_range"
HEADER = "# Written by podstead; changes made here are overwritten.\n"


def host(live: dict[str, str] | None = None, files: dict[str, str] | None = None) -> ModelHost:
    return ModelHost(
        live={USERNS: "60000", PORT: "1024", PING: "1 0", **(live or {})}, files=dict(files or {})
    )


def spec(**needs: object) -> HostSpec:
    return spec_of(
        users={},
        sysctls={
            {"userns": USERNS, "port": PORT, "ping": PING}.get(key, key): need for key, need in needs.items()
        },
    )


def other(key: str, need: object) -> HostSpec:
    return spec_of(users={}, sysctls={key: need})


def planned(one: ModelHost, wanted: HostSpec, *allowed: str) -> Outcome:
    return sysctls_plan.plan(wanted, one.state().sysctls, container=one.container, allowed=frozenset(allowed))


def live_changes(outcome: Outcome) -> dict[str, str]:
    return {
        step.key: step.value
        for change in outcome.changes
        for step in change.steps
        if isinstance(step, SetSysctl)
    }


def drop_in(outcome: Outcome) -> str | None:
    return next(
        (step.content for change in outcome.changes for step in change.steps if isinstance(step, WriteFile)),
        None,
    )


def settled(one: ModelHost, wanted: HostSpec) -> None:
    one.apply(planned(one, wanted).changes)
    assert planned(one, wanted) == Outcome()


@pytest.mark.parametrize(
    ("need", "value", "expected"),
    [
        ({"at_least": 28633}, "28633", True),
        ({"at_least": 28633}, "28632", False),
        ({"at_most": 80}, "80", True),
        ({"at_most": 80}, "81", False),
        ({"at_most": 0}, "-1", True),
        ({"covers": (0, 2000000)}, "0\t2147483647", True),
        ({"covers": (0, 2000000)}, "1 2000000", False),
        ({"covers": (0, 2000000)}, "0 1999999", False),
        ({"covers": (0, 2000000)}, "0", False),
        ({"exact": "a  b"}, "a\tb", True),
        ({"exact": 1}, "1", True),
        ({"exact": 1}, "01", False),
        ({"at_least": 1}, "", False),
        ({"at_least": 1}, "many", False),
        ({"at_least": 1}, "²", False),
    ],
)
def test_a_value_meets_a_need(need: dict[str, object], value: str, expected: bool) -> None:
    assert expected is sysctl_values.meets(SysctlNeed.model_validate(need), value)


def test_a_host_that_is_good_enough_is_left_alone() -> None:
    one = host(
        {PORT: "80", PING: "0 2147483647"},
        {"/usr/lib/sysctl.d/50-default.conf": f"{PORT} = 80\n-{PING} = 0 2147483647\n"},
    )
    one.threads_max = 120000
    assert (
        planned(one, spec(userns={"at_least": 28633}, port={"at_most": 80}, ping={"covers": [0, 2000000]}))
        == Outcome()
    )


def test_a_low_value_is_raised_now_and_for_the_next_boot() -> None:
    one = host({USERNS: "0"}, {"/usr/lib/sysctl.d/10-vendor.conf": f"{USERNS}=0\n"})
    outcome = planned(one, spec(userns={"at_least": 28633}))
    assert live_changes(outcome) == {USERNS: "28633"}
    assert f"{HEADER}{USERNS} = 28633\n" == drop_in(outcome)
    assert ["sysctls:drop-in:content", f"sysctls:{USERNS}:live"] == [change.id for change in outcome.changes]
    settled(one, spec(userns={"at_least": 28633}))


def test_a_value_that_is_better_than_asked_for_is_never_lowered() -> None:
    one = host(
        {USERNS: "500000", PORT: "0"}, {"/etc/sysctl.d/10-mine.conf": f"{USERNS} = 500000\n{PORT}=0\n"}
    )
    assert planned(one, spec(userns={"at_least": 28633}, port={"at_most": 80})) == Outcome()


def test_a_good_live_value_that_no_file_brings_back_is_kept_for_the_next_boot() -> None:
    one = host({"kernel.keys.maxkeys": "99999"})
    outcome = planned(one, other("kernel.keys.maxkeys", {"at_least": 20000}))
    assert live_changes(outcome) == {}
    assert f"{HEADER}kernel.keys.maxkeys = 99999\n" == drop_in(outcome)


def test_the_kernels_own_default_needs_no_file() -> None:
    one = host({USERNS: "60000"})
    one.threads_max = 120000
    assert planned(one, spec(userns={"at_least": 60000})) == Outcome()
    assert f"{HEADER}{USERNS} = 60001\n" == drop_in(planned(one, spec(userns={"at_least": 60001})))


def test_a_range_is_widened_not_replaced() -> None:
    one = host({PING: "100 200"}, {"/usr/lib/sysctl.d/10-vendor.conf": f"{PING} = 100 200\n"})
    wanted = spec(ping={"covers": [150, 300]})
    outcome = planned(one, wanted)
    assert live_changes(outcome) == {PING: "100 300"}
    assert f"{HEADER}{PING} = 100 300\n" == drop_in(outcome)
    settled(one, wanted)


def test_a_live_range_is_never_made_narrower() -> None:
    one = host({PING: "5 3000000"})
    wanted = spec(ping={"covers": [0, 2000000]})
    assert live_changes(planned(one, wanted)) == {PING: "0 3000000"}
    settled(one, wanted)


def test_the_empty_range_of_the_kernel_is_not_widened_but_replaced() -> None:
    one = host({PING: "1 0"})
    assert live_changes(planned(one, spec(ping={"covers": [0, 2000000]}))) == {PING: "0 2000000"}


def test_exact_is_written_as_it_is() -> None:
    one = host({"kernel.core_pattern": "core"})
    wanted = other("kernel.core_pattern", "|/bin/false %p")
    assert live_changes(planned(one, wanted)) == {"kernel.core_pattern": "|/bin/false %p"}
    settled(one, wanted)


def test_a_later_file_wins_at_boot_and_is_named_with_its_line() -> None:
    one = host({USERNS: "0"}, {"/etc/sysctl.d/zz-cis.conf": f"# hardening\n{USERNS} = 0\n"})
    outcome = planned(one, spec(userns={"at_least": 28633}))
    (refusal,) = outcome.refusals
    assert f"sysctls:{USERNS}:boot" == refusal.id
    assert f"/etc/sysctl.d/zz-cis.conf:2 sets {USERNS} = 0, and it is read after {DROP_IN}" == refusal.reason
    assert outcome.changes == ()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/sysctl.d/99-ipv6-frag-escape.conf", "someone has decided that"),
        ("/etc/sysctl.d/97-nsp-rhel-oem.conf", "someone has decided that"),
        ("/run/sysctl.d/10-now.conf", "someone has decided that"),
        ("/etc/sysctl.d/zz-cis.conf", f"it is read after {DROP_IN}"),
        ("/usr/lib/sysctl.d/zz-vendor.conf", f"it is read after {DROP_IN}"),
    ],
)
def test_what_somebody_has_decided_is_not_undone_until_it_is_allowed_by_name(path: str, why: str) -> None:
    """A published stop-gap against a container escape is user.max_user_namespaces = 0."""
    one = host({USERNS: "0"}, {path: f"{USERNS} = 0\n"})
    wanted = spec(userns={"at_least": 28633})
    outcome = planned(one, wanted)
    (refusal,) = outcome.refusals
    assert (outcome.changes, refusal.allow) == ((), True)
    assert f"{path}:1 sets {USERNS} = 0, and {why}" == refusal.reason
    assert f"podstead apply --allow sysctls:{USERNS}:boot" in refusal.remedy
    allowed = planned(one, wanted, refusal.id)
    assert (live_changes(allowed), allowed.refusals) == ({USERNS: "28633"}, ())
    assert [(absent.id, absent.reason) for absent in allowed.not_applicable] == [
        (refusal.id, f"allowed: {refusal.reason}")
    ]
    assert f"{HEADER}{USERNS} = 28633\n" == drop_in(allowed)


def test_a_decision_that_podstead_overrode_before_is_seen_too() -> None:
    files = {DROP_IN: f"{HEADER}{USERNS} = 28633\n", "/etc/sysctl.d/50-a.conf": f"{USERNS} = 0\n"}
    outcome = planned(host(files=files), spec(userns={"at_least": 28633}))
    assert ([one.id for one in outcome.refusals], outcome.changes) == ([f"sysctls:{USERNS}:boot"], ())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("28633     # NAMESPACE upper bound", "28633"),
        ("0x6fd9 ; hex", "28633"),
        ("067731", "28633"),
        ("28633# glued", None),
        ('"28633"', None),
        ("many", None),
        ("", None),
    ],
)
def test_a_number_is_read_as_the_kernel_reads_it(text: str, read: str | None) -> None:
    assert sysctl_values.kernel_reads(USERNS, SysctlNeed(at_least=1), text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [("0 2000000     # ping", "0 2000000"), ("0", None), ("0 # all", None), ("0 2147483647", "0 2147483647")],
)
def test_a_range_is_read_as_the_kernel_reads_it(text: str, read: str | None) -> None:
    assert sysctl_values.kernel_reads(PING, SysctlNeed(covers=(0, 1)), text) == read


def test_a_text_is_the_whole_line() -> None:
    assert (
        sysctl_values.kernel_reads("kernel.core_pattern", SysctlNeed(exact="core"), "core # x") == "core # x"
    )


def test_comments_behind_values_are_good_enough_and_noted() -> None:
    files = {
        "/etc/sysctl.d/userns.conf": f"{USERNS} = 28633     # upper bound\n{PORT} = 80  # ports\n{PING} = 0 2000000 # ping\n"
    }
    one = host({PORT: "80", PING: "0 2000000"}, files)
    wanted = spec(userns={"at_least": 28633}, port={"at_most": 80}, ping={"covers": [0, 2000000]})
    assert planned(one, wanted) == Outcome()
    assert sysctls_plan.notes(wanted, one.state().sysctls)[0] == (
        "/etc/sysctl.d/userns.conf:2: the kernel reads 80 and ignores the rest of the line; put the comment "
        "on a line of its own"
    )


def test_a_line_that_the_kernel_refuses_has_no_effect() -> None:
    files = {"/etc/sysctl.d/10-a.conf": f"{PORT} = 80\n", "/etc/sysctl.d/zz.conf": f'{PORT} = "1024"\n'}
    assert planned(host({PORT: "80"}, files), spec(port={"at_most": 80})) == Outcome()


def test_a_bad_value_with_a_comment_is_still_bad() -> None:
    one = host({USERNS: "0"}, {"/etc/sysctl.d/60-stig.conf": f"{USERNS} = 0 # STIG\n"})
    assert [refusal.id for refusal in planned(one, spec(userns={"at_least": 1})).refusals] == [
        f"sysctls:{USERNS}:boot"
    ]


def test_a_later_file_that_is_good_enough_needs_nothing_from_podstead() -> None:
    one = host(files={"/etc/sysctl.d/zz-mine.conf": f"{USERNS} = 30000\n"})
    assert planned(one, spec(userns={"at_least": 28633})) == Outcome()


def test_of_two_later_files_the_last_one_counts() -> None:
    files = {"/etc/sysctl.d/zz-a.conf": f"{USERNS} = 0\n", "/run/sysctl.d/zz-b.conf": f"{USERNS} = 30000\n"}
    assert planned(host(files=files), spec(userns={"at_least": 28633})) == Outcome()


def test_the_last_line_of_a_file_counts() -> None:
    files = {"/etc/sysctl.d/zz-a.conf": f"{USERNS} = 30000\n{USERNS} = 1\n"}
    (refusal,) = planned(host(files=files), spec(userns={"at_least": 28633})).refusals
    assert refusal.reason.startswith("/etc/sysctl.d/zz-a.conf:2 sets")


def test_a_file_in_etc_hides_one_of_the_same_name_in_usr() -> None:
    files = {
        "/usr/lib/sysctl.d/zz-vendor.conf": f"{USERNS} = 0\n",
        "/etc/sysctl.d/zz-vendor.conf": "# nothing\n",
    }
    outcome = planned(host(files=files), spec(userns={"at_least": 28633}))
    assert outcome.refusals == ()
    assert f"{HEADER}{USERNS} = 60000\n" == drop_in(outcome)


def test_names_are_sorted_whatever_their_folder() -> None:
    files = {
        "/etc/sysctl.d/10-a.conf": f"{USERNS} = 30000\n",
        "/usr/lib/sysctl.d/20-b.conf": f"{USERNS} = 5\n",
    }
    assert f"{HEADER}{USERNS} = 28633\n" == drop_in(
        planned(host(files=files), spec(userns={"at_least": 28633}))
    )


def test_keys_with_slashes_and_a_minus_are_understood() -> None:
    files = {"/etc/sysctl.d/zz-a.conf": f"-{USERNS.replace('.', '/')}=3\n"}
    (refusal,) = planned(host(files=files), spec(userns={"at_least": 28633})).refusals
    assert refusal.reason.startswith(f"/etc/sysctl.d/zz-a.conf:1 sets {USERNS} = 3")


def test_comments_are_no_assignments() -> None:
    files = {"/etc/sysctl.d/zz-a.conf": f"#{USERNS}=3\n;{USERNS}=3\n"}
    assert planned(host(files=files), spec(userns={"at_least": 28633})).refusals == ()


def test_systemd_does_not_read_sysctl_conf() -> None:
    one = host(files={"/etc/sysctl.conf": f"{USERNS} = 0\n"})
    assert planned(one, spec(userns={"at_least": 28633})).refusals == ()


def test_systemd_reads_sysctl_conf_through_a_link_after_our_file() -> None:
    one = host(
        files={"/etc/sysctl.conf": f"{USERNS} = 0\n", "/etc/sysctl.d/99-sysctl.conf": f"{USERNS} = 0\n"}
    )
    one.links.add("/etc/sysctl.d/99-sysctl.conf")
    (refusal,) = planned(one, spec(userns={"at_least": 28633})).refusals
    assert refusal.reason.startswith("/etc/sysctl.d/99-sysctl.conf:1 sets")


def test_without_systemd_sysctl_conf_is_read_last() -> None:
    one = host(
        files={"/etc/sysctl.conf": f"{USERNS} = 0\n", "/etc/sysctl.d/zz-a.conf": f"{USERNS} = 99999\n"}
    )
    one.systemd = False
    (refusal,) = planned(one, spec(userns={"at_least": 28633})).refusals
    assert refusal.reason.startswith("/etc/sysctl.conf:1 sets")


@pytest.mark.parametrize(
    ("container", "where"),
    [
        (True, "a container: its outer host must set it"),
        (False, "read-only, or root lacks a capability here"),
    ],
)
def test_a_read_only_setting_is_refused_with_what_the_outer_host_must_do(container: bool, where: str) -> None:
    one = host({USERNS: "0"})
    one.container = container
    one.read_only.add(USERNS)
    outcome = planned(one, spec(userns={"at_least": 28633}))
    (refusal,) = outcome.refusals
    assert live_changes(outcome) == {}
    assert f"/proc/sys/user/max_user_namespaces cannot be written ({where})" == refusal.reason
    assert f"set {USERNS} = 28633 on the outer host, or at boot" == refusal.remedy


def test_a_read_only_setting_that_is_good_is_no_problem() -> None:
    one = host({PORT: "80"})
    one.read_only.add(PORT)
    assert planned(one, spec(port={"at_most": 80})).refusals == ()


@pytest.mark.parametrize("key", ["kernel.unprivileged_userns_clone", "net.ipv4.no_such"])
def test_a_setting_that_is_wanted_if_present_is_not_applicable_elsewhere(key: str) -> None:
    outcome = planned(host(), other(key, {"exact": 1, "if_present": True}))
    assert ((), (), [f"sysctls:{key}:live"]) == (
        outcome.changes,
        outcome.refusals,
        [one.id for one in outcome.not_applicable],
    )


def test_a_setting_that_is_there_is_set_whether_or_not_it_had_to_be() -> None:
    one = host({USERNS: "0"})
    wanted = other(USERNS, {"at_least": 28633, "if_present": True})
    assert live_changes(planned(one, wanted)) == {USERNS: "28633"}
    settled(one, wanted)


def test_any_other_setting_that_does_not_exist_is_refused() -> None:
    (refusal,) = planned(host(), other("net.ipv4.no_such", 1)).refusals
    assert (
        refusal.id,
        refusal.reason,
    ) == ("sysctls:net.ipv4.no_such:live", "this kernel has no /proc/sys/net/ipv4/no_such")
    assert "'if_present: true'" in refusal.remedy


def test_our_drop_in_is_written_whole_and_only_once() -> None:
    one = host({USERNS: "1", PORT: "1024"})
    wanted = spec(userns={"at_least": 28633}, port={"at_most": 80})
    outcome = planned(one, wanted)
    (step,) = next(change.steps for change in outcome.changes if change.id == "sysctls:drop-in:content")
    assert (
        WriteFile(path=DROP_IN, content=f"{HEADER}{PORT} = 80\n{USERNS} = 28633\n", expected=MISSING_FILE)
        == step
    )
    settled(one, wanted)


def test_our_drop_in_keeps_what_an_earlier_spec_wrote() -> None:
    before = f"{HEADER}{PORT} = 80\nnet.core.somaxconn = 1024\n"
    one = host({PORT: "80"}, {DROP_IN: before})
    outcome = planned(one, spec(ping={"covers": [0, 5]}, port={"at_most": 80}))
    assert f"{HEADER}net.core.somaxconn = 1024\n{PORT} = 80\n{PING} = 0 5\n" == drop_in(outcome)
    (step,) = next(change.steps for change in outcome.changes if change.id == "sysctls:drop-in:content")
    assert isinstance(step, WriteFile)
    assert checksum(before.encode()) == step.expected


def test_a_drop_in_that_somebody_changed_is_brought_back() -> None:
    one = host({PORT: "80"}, {DROP_IN: f"{PORT} = 1024\n"})
    wanted = spec(port={"at_most": 80})
    assert f"{HEADER}{PORT} = 80\n" == drop_in(planned(one, wanted))
    settled(one, wanted)


def test_a_bad_value_of_ours_is_mended_even_where_an_earlier_file_is_good() -> None:
    files = {DROP_IN: f"{HEADER}{PORT} = 1024\n", "/etc/sysctl.d/10-a.conf": f"{PORT} = 80\n"}
    one = host({PORT: "80"}, files)
    assert f"{HEADER}{PORT} = 80\n" == drop_in(planned(one, spec(port={"at_most": 80})))


def test_the_live_diff_names_the_file_below_proc() -> None:
    (change,) = [
        one for one in planned(host(), spec(port={"at_most": 80})).changes if one.id.endswith(":live")
    ]
    path = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    assert f"--- {path}\n+++ {path}\n@@ -1 +1 @@\n-1024\n+80\n" == change.diff
