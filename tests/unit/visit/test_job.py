"""The job: what may be said about one, and where its defaults come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args, get_type_hints

import pytest
from pydantic import ValidationError

from podstead.control.setting_table import SETTINGS
from podstead.fleet.run import job_for
from podstead.visit.job import Job, JobOptions
from podstead.visit.record import Report, Verb

#: Fields of a job that follow from its verb, its hosts, and how it goes over many.
GIVEN = {"verb", "targets", "secrets", "fail_limit"}


def test_what_may_be_said_about_a_job_are_its_fields() -> None:
    fields = {name: field.annotation for name, field in Job.model_fields.items() if name not in GIVEN}
    texts = {name: Sequence[str] if kind == tuple[str, ...] else kind for name, kind in fields.items()}
    assert texts == get_type_hints(JobOptions)
    assert JobOptions.__required_keys__ == frozenset()


def test_every_option_comes_to_the_job() -> None:
    options: JobOptions = {
        "forks": 1,
        "connect_timeout": 2,
        "command_timeout": 3,
        "tags": ["subids"],
        "skip_tags": ["engine"],
        "start_at": "subids",
        "trace": True,
        "allow": ["a"],
        "verify_users": ["alice"],
        "probe_timeout": 5,
        "verify_checks": ["V01"],
        "as_user": True,
    }
    said = job_for("check", (), **options).model_dump(exclude=GIVEN)
    assert {
        name: list(value) if isinstance(value, tuple) else value for name, value in said.items()
    } == options


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("forks", "forks"),
        ("connect_timeout", "timeout"),
        ("command_timeout", "command_timeout"),
        ("probe_timeout", "probe_timeout"),
    ],
)
def test_a_number_has_the_default_and_the_bounds_of_its_setting(field: str, name: str) -> None:
    setting = SETTINGS[name]
    assert getattr(Job(verb="check", targets=()), field) == setting.default
    for good in (setting.low, setting.high):
        assert getattr(Job.model_validate({"verb": "check", "targets": (), field: good}), field) == good
    for bad in (setting.low - 1, setting.high + 1):
        with pytest.raises(ValidationError, match=field):
            Job.model_validate({"verb": "check", "targets": (), field: bad})


def test_every_number_among_the_settings_is_one_of_a_job_but_the_one_that_is_asked_about_before() -> None:
    numbers = {name for name, setting in SETTINGS.items() if setting.kind == "number"} - {"ask_above"}
    assert numbers == {"forks", "timeout", "command_timeout", "probe_timeout"}


def test_a_setting_that_is_no_number_has_none() -> None:
    with pytest.raises(TypeError, match="output is not a number"):
        assert SETTINGS["output"].number


def test_a_job_and_its_report_have_the_same_verbs() -> None:
    verbs = get_args(Verb)
    assert verbs == ("apply", "check", "verify")
    assert verbs == get_args(Job.model_fields["verb"].annotation)
    assert verbs == get_args(Report.model_fields["verb"].annotation)
