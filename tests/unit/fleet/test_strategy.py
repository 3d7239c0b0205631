"""Batches and budgets, as plays of Ansible have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.errors import InputError
from podstead.fleet.strategy import ORDERS, Budget, Count, Order, Size, batches, canaries, ordered, sizes
from podstead.visit.record import HostReport, Status

TEN = tuple(f"web{number}" for number in range(10))


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        ([], [10]),
        (["1"], [1] * 10),
        (["3"], [3, 3, 3, 1]),
        (["30%"], [3, 3, 3, 1]),
        (["1,5,10"], [1, 5, 4]),
        (["1", "10%", "50%"], [1, 1, 5, 3]),
        (["1%"], [1] * 10),
        (["100%"], [10]),
        (["100"], [10]),
    ],
)
def test_a_list_of_sizes_makes_batches_and_its_last_size_is_repeated(
    serial: list[str], expected: list[int]
) -> None:
    assert [len(batch) for batch in batches(TEN, sizes(serial), len(TEN))] == expected


@given(
    st.integers(0, 60),
    st.lists(st.one_of(st.integers(1, 70).map(str), st.integers(1, 100).map("{}%".format)), max_size=4),
)
def test_every_host_is_in_one_batch_in_order_and_none_is_empty(count: int, serial: list[str]) -> None:
    hosts = range(count)
    made = list(batches(hosts, sizes(serial), count))
    assert [host for batch in made for host in batch] == list(hosts)
    assert all(made)


@pytest.mark.parametrize(
    "text", ["", "0", "0%", "101%", "-1", "1.5", "ten", "1,,2", "%", "1 %", "9999999999"]
)
def test_what_is_no_size_is_an_error_with_an_example(text: str) -> None:
    with pytest.raises(
        InputError, match=r"--serial: '.*': expected a number of hosts, or a percentage such as 10%"
    ):
        sizes([text])


def test_the_order_is_that_of_the_inventory_or_of_the_names() -> None:
    names = ["b", "c", "a"]
    assert ordered(names, "inventory") == ("b", "c", "a")
    assert ordered(names, "reverse_inventory") == ("a", "c", "b")
    assert ordered(names, "sorted") == ("a", "b", "c")
    assert ordered(names, "reverse_sorted") == ("c", "b", "a")


@pytest.mark.parametrize("order", ORDERS)
def test_no_order_loses_a_host(order: Order) -> None:
    assert sorted(ordered(TEN, order)) == sorted(TEN)


def test_shuffled_hosts_come_in_another_order_now_and_then() -> None:
    assert len({ordered(TEN, "shuffle") for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("budget", "run", "batch", "size", "why"),
    [
        (Budget(), 12, 9, 10, ""),
        # whatever the budget: nothing speaks for the next batch
        (Budget(), 12, 10, 10, "no host of a batch could be done"),
        (Budget(hosts=50), 2, 1, 1, "the only host of a batch has failed"),
        (Budget(hosts=0), 0, 0, 5, ""),
        (Budget(hosts=0), 1, 0, 5, "1 host has failed, and --max-fail allows 0"),
        (Budget(hosts=2), 2, 2, 5, ""),
        (Budget(hosts=2), 3, 0, 5, "3 hosts have failed, and --max-fail allows 2"),
        # as in Ansible: the percentage has to be exceeded
        (Budget(percentage=50), 9, 2, 4, ""),
        (
            Budget(percentage=49),
            9,
            2,
            4,
            "2 of 4 hosts of a batch have failed, and --max-fail-percentage allows 49%",
        ),
        (Budget(percentage=0), 1, 0, 4, ""),
        (
            Budget(percentage=0),
            1,
            1,
            4,
            "1 of 4 hosts of a batch have failed, and --max-fail-percentage allows 0%",
        ),
        (Budget(first=True), 0, 0, 1, ""),
        (Budget(first=True), 1, 0, 1, "1 host has failed, and --any-errors-fatal allows none"),
    ],
)
def test_a_budget_says_why_the_run_has_to_stop(
    budget: Budget, run: int, batch: int, size: int, why: str
) -> None:
    assert budget.exceeded(run=run, batch=batch, size=size) == why


def test_a_host_that_fails_twice_is_counted_once_and_a_batch_begins_anew() -> None:
    count = Count(Budget(hosts=1, percentage=40))
    count.start_batch(4)
    assert count.left == 1
    bad = HostReport(name="web1", status=Status.UNREACHABLE)
    assert count.add([bad]) == ""
    assert count.add([bad.model_copy(update={"status": Status.FAILED})]) == ""
    assert count.add([HostReport(name="web2", status=Status.CHANGED)]) == ""
    assert count.left == 0
    count.start_batch(4)
    assert count.left == 0
    assert (
        count.add([HostReport(name="web3", status=Status.FAILED)])
        == "2 hosts have failed, and --max-fail allows 1"
    )
    assert Size(3).of(1) == 3


@given(
    st.none() | st.integers(0, 20),
    st.none() | st.floats(0, 100),
    st.booleans(),
    st.integers(0, 20),
    st.integers(1, 20),
)
def test_one_more_than_what_is_left_is_one_too_many(
    hosts: int | None, percentage: float | None, first: bool, run: int, size: int
) -> None:
    """What the worker is told beforehand, and what is judged afterwards, are the same rule."""
    budget = Budget(hosts=hosts, percentage=percentage, first=first)
    left = budget.left(run=run, size=size)
    if budget.exceeded(run=run, batch=0, size=size):
        assert left == 0
    elif left is None or left >= size:
        assert budget.exceeded(run=run + size - 1, batch=size - 1, size=size) == ""
    else:
        assert budget.exceeded(run=run + left, batch=left, size=size) == ""
        assert budget.exceeded(run=run + left + 1, batch=left + 1, size=size)


def test_one_host_of_each_kind_is_a_canary_and_one_that_could_not_be_looked_at_is_none() -> None:
    def host(name: str, podman: str = "", status: Status = Status.PENDING) -> HostReport:
        return HostReport(
            name=name, status=status, kind={"system": "debian 12", "podman": podman} if podman else {}
        )

    looked = [
        host("gone", status=Status.UNREACHABLE),
        host("a", "4.3.1"),
        host("b", "5.4.2", Status.FAILED),  # what a look refuses is no reason against it
        host("c", "4.3.1"),
        host("d", "4.3.1", Status.OK),
    ]
    assert canaries(looked) == {"a": 3, "b": 1}
    assert canaries([]) == {}


def test_without_a_budget_no_canary_may_fail() -> None:
    bad = HostReport(name="b", status=Status.FAILED)
    for budget, why in ((Budget(), "b, a canary, has failed"), (Budget(hosts=1), "")):
        count = Count(budget)
        count.start_batch(3)
        assert count.canary == ""
        count.add([bad])
        assert count.canary == why


def test_percentages_are_of_all_hosts_of_the_run_though_canaries_were_done_before() -> None:
    assert [len(batch) for batch in batches(TEN[1:], sizes(["50%"]), 10)] == [5, 4]
