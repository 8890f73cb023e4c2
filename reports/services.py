"""Writes about report runs: asking for one, producing its file, and letting go of old files."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.changes.refusals import NOT_ALLOWED, Refusal, refuse_if, require
from backoffice.spreadsheets.kept import let_go
from reports.catalogue import REPORTS, get_report
from reports.catalogue.base import Question, Report
from reports.catalogue.parameters import in_sentences
from reports.execution import Reading
from reports.files import write_report
from reports.formats import as_plain, words_of
from reports.kept import keeping
from reports.models import Format, ReportRun, ReportSchedule
from reports.periods import local_today

Given = Mapping[str, Any]


def can_run_report(report: Report, user: Any) -> Refusal | None:
    """Return why `user` may not run the report; the desk itself (None) may run any."""
    if user is None or user.has_perms(report.permissions):
        return None
    sentence = _("You may not run the report “%(title)s”. Ask an administrator for a role that may.")
    return Refusal(sentence % {"title": report.title}, code=NOT_ALLOWED)


def can_open_run(run: ReportRun, user: Any) -> Refusal | None:
    """Return why `user` may not open the file of the run now: the report must be permitted, and so must the run.

    A run belongs to whoever asked for it, and to the recipients of its schedule.
    """
    others = run.requested_by_id != user.pk and not user.has_perm("reports.download_any_reportrun")
    if others and user.email not in run.recipients:
        sentence = _("Somebody else ran this report. Run it yourself, or ask a manager for the file.")
        return Refusal(sentence, code=NOT_ALLOWED)
    if run.report not in REPORTS:
        return Refusal(_("This report is not in the catalogue any more, so nobody can be permitted to open its files."))
    return can_run_report(REPORTS[run.report], user)


def ask(report: Report, given: Given, *, today: date) -> Question:
    """Return the question that the parameters mean on the local day `today`.

    Raises ValidationError with a sentence for each parameter that is unknown or wrong.
    """
    form = report.parameters.asked(given)
    if not form.is_valid():
        raise ValidationError(in_sentences(form))
    return Question(values=form.cleaned_data, period=form.resolve(today))


@transaction.atomic
def request_run(
    *,
    report: str,
    given: Given,
    file_format: str,
    actor: Any = None,
    label: str = "",
    now: datetime | None = None,
    schedule: ReportSchedule | None = None,
    intended_for: datetime | None = None,
) -> ReportRun:
    """Return a queued run of `report`; its dates are fixed now, relative to `intended_for` when a schedule asks.

    Raises ValidationError when report, format or a parameter is wrong, RefusedError when `actor` may not run it.
    """
    declared = get_report(report)
    _refuse_format(file_format)
    require(can_run_report(declared, actor))
    today = local_today(intended_for or now or timezone.now())
    question = ask(declared, given, today=today)
    return ReportRun.objects.create(
        report=report,
        format=file_format,
        parameters={name: as_plain(value) for name, value in question.values.items()},
        resolved=question.period.as_parameters(),
        requested_by=actor,
        requested_label=label or (str(actor) if actor else ""),
        schedule=schedule,
        intended_for=intended_for,
    )


@transaction.atomic
def request_scheduled_run(*, schedule: ReportSchedule, intended_for: datetime) -> ReportRun:
    """Return the one run of the schedule for `intended_for`: the same however often it is asked for.

    Raises RefusedError when its owner is gone, or may not run the report any more.
    """
    schedule = ReportSchedule.objects.select_for_update().get(pk=schedule.pk)
    require(_can_run_plan(schedule))
    existing: ReportRun | None = schedule.runs.filter(intended_for=intended_for).first()
    return existing or request_run(
        report=schedule.report,
        given=schedule.parameters,
        file_format=schedule.format,
        actor=schedule.owner,
        label=schedule.title,
        schedule=schedule,
        intended_for=intended_for,
    )


def _can_run_plan(schedule: ReportSchedule) -> Refusal | None:
    """Whether there is somebody with whose rights it runs; those that the code declares run with the desk's own."""
    here = schedule.declared_in_code or (schedule.owner is not None and schedule.owner.is_active)
    return refuse_if(not here, _("Its owner is no longer here."))


@transaction.atomic
def produce_run(*, run: ReportRun, row_limit: int | None = None) -> ReportRun:
    """Read the report, write its file and note what came out; a run that succeeded stays as it is.

    Whoever asked must still be allowed to run it. Raises TooManyRowsError beyond `row_limit`, before a file exists.
    """
    run = ReportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state == ReportRun.State.SUCCEEDED:
        return run
    report, started = get_report(run.report), timezone.now()
    require(can_run_report(report, run.requested_by))
    run.choose_place("reports", run.format)
    with keeping(run.rows_path, report) as keep:
        reading = Reading(report, question_of(run), row_limit=row_limit, keep=keep)
        run.as_of, run.filename = reading.as_of, filename(run, local_today(reading.as_of))
        write_report(run, reading)
    run.note_contents(days=settings.REPORT_KEEP_DAYS)
    run.row_count, run.totals = reading.row_count, {name: as_plain(total) for name, total in reading.totals.items()}
    run.first_rows = words_of(run.columns, reading.first_rows)
    run.state, run.error = ReportRun.State.SUCCEEDED, ""
    run.duration = timezone.now() - started
    run.save()
    return run


def run_report(*, row_limit: int | None = None, **asked: Any) -> ReportRun:
    """Ask for a run (see `request_run`) and produce it at once, in one transaction."""
    with transaction.atomic():
        return produce_run(run=request_run(**asked), row_limit=row_limit)


@transaction.atomic
def fail_run(*, run: ReportRun, error: str) -> None:
    """Note why there is no file; a run that succeeded stays as it is."""
    unfinished = ReportRun.objects.filter(pk=run.pk).exclude(state=ReportRun.State.SUCCEEDED)
    unfinished.update(state=ReportRun.State.FAILED, error=error)


def expire_runs(*, at: datetime) -> int:
    """Delete the files that are kept no longer; their runs stay, with figures and checksum. Return how many."""
    return let_go(ReportRun.objects.outdated(at=at))


def limit_time(*, seconds: float) -> None:
    """Let the statements of the open transaction take so long at most: a page is not the place to wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])


def question_of(run: ReportRun) -> Question:
    """Return what the run asks, with the dates that were fixed when it was asked for."""
    given = {name: value for name, value in run.parameters.items() if value not in {None, ""}}
    question = ask(get_report(run.report), given, today=local_today())
    return Question(values=question.values, period=run.period)


def filename(run: ReportRun, day: date) -> str:
    """Return the name under which people get the file: the report, and its dates or the day of its figures."""
    first, last = run.resolved["from"], run.resolved["to"]
    if first and last:
        dates = first if first == last else f"{first}_{last}"
    elif first or last:
        dates = f"from-{first}" if first else f"to-{last}"
    else:
        dates = day.isoformat()
    return f"{run.report}_{dates}.{run.format}"


def _refuse_format(file_format: str) -> None:
    if file_format not in Format.values:
        raise ValidationError(
            _("There is no format “%(format)s”. Choose one of: %(known)s."),
            params={"format": file_format, "known": ", ".join(Format.values)},
        )
