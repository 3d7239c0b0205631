from podstead.fleet.redact import redacted, redactor
from podstead.provision.change import Refusal
from podstead.visit.job import Progress, Result
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Status, Trouble

SECRET = 'hunter"2\nsecond line'


def test_no_text_of_a_report_keeps_a_secret_and_nothing_else_is_touched() -> None:
    redact = redactor({SECRET, "ok"})
    assert redact
    change = ChangeRecord(
        id="engine:drop-in:content",
        title='write hunter"2',
        status=ChangeStatus.FAILED,
        diff='+env = ["T=hunter\\"2\\nsecond line"]\n+second line',
        log="second line said no",
    )
    report = HostReport(
        name="ok",
        status=Status.OK,
        changes=(change,),
        refusals=(Refusal(id="ok", title="t", reason="is ok", remedy="r"),),
        trouble=Trouble(message='cannot use hunter"2', hint=""),
    )
    done = redacted(Result(report=report), redact)
    assert isinstance(done, Result)
    text = done.model_dump_json()
    assert "hunter" not in text
    assert "second line" not in text
    assert (done.report.name, done.report.status) == ("ok", Status.OK)
    assert done.report.changes[0].id == change.id
    assert done.report.refusals[0].reason == "is ********"


def test_progress_is_clean_too() -> None:
    redact = redactor({"hunter2"})
    assert redact
    clean = Progress(host="a", doing="******** x", detail="y ********")
    assert redacted(Progress(host="a", doing="hunter2 x", detail="y hunter2"), redact) == clean


def test_without_secrets_there_is_nothing_to_do() -> None:
    assert redactor(()) is None
    assert redactor({"", "x"}) is None
