"""Profiles: how files of one make are understood, saved under a name for the next such file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import User
from backoffice.changes.refusals import Refusal, lacks, refuse_if, require
from backoffice.spreadsheets.mapping import without_reasons
from backoffice.spreadsheets.models import ImportJob, ImportProfile
from backoffice.spreadsheets.registry import get_resource
from backoffice.spreadsheets.services.files import Request, resource_asked
from backoffice.spreadsheets.services.rules import can_check, can_import, can_work_on

NAME_LENGTH = 80
TERMS = ("mapping", "constants", "replaced", "options")


@dataclass(frozen=True)
class HeaderChanges:
    """How the columns of a file differ from those that a profile was saved with."""

    missing: list[str]
    new: list[str]

    @property
    def sentence(self) -> str:
        """What differs, in words; nothing if nothing does."""
        told = (
            (self.missing, ngettext("The file has no column %s.", "The file has no columns %s.", len(self.missing))),
            (self.new, ngettext("The column %s is new.", "The columns %s are new.", len(self.new))),
        )
        return " ".join(words % ", ".join(f"“{name}”" for name in names) for names, words in told if names)


def can_save_profile(job: ImportJob, user: User | None, profile: ImportProfile | None = None) -> Refusal | None:
    """Whether what an import understood may be saved, as a new profile or as the next version of `profile`."""
    return (
        can_work_on(job, user)
        or can_import(job.resource, user)
        or refuse_if(job.checked_at is None, _("Check the file first: what is saved is how it was understood."))
        or (can_change_profile(profile, user) if profile else can_add_profile(user))
    )


def can_add_profile(user: User | None) -> Refusal | None:
    """Whether `user` may save new profiles."""
    return lacks(user, "spreadsheets.add_importprofile", _("Your role does not allow saving profiles. Ask a manager."))


def can_change_profile(profile: ImportProfile, user: User | None) -> Refusal | None:
    """Whether `user` may change a profile: its owner may, and who may change all of them."""
    if user is not None and profile.owner_id == user.pk:
        return can_add_profile(user)
    sentence = _("This profile is a colleague's. Save yours under another name, or ask them.")
    return lacks(user, "spreadsheets.change_importprofile", sentence)


def can_take_over(profile: ImportProfile, user: User | None) -> Refusal | None:
    """Whether a profile may become `user`'s own: files from its folder are imported in the name of its owner."""
    mine = user is not None and profile.owner_id == user.pk
    return refuse_if(mine, _("It is yours already.")) or can_import(profile.resource, user)


@transaction.atomic
def take_over_profile(*, profile: ImportProfile, actor: User) -> None:
    """Make a profile the `actor`'s own; nobody is made the owner by others."""
    profile = ImportProfile.objects.select_for_update().get(pk=profile.pk)
    require(can_take_over(profile, actor))
    profile.owner = actor
    profile.save(update_fields=["owner"])


@transaction.atomic
def save_profile(*, job: ImportJob, actor: User, name: str) -> ImportProfile:
    """Save how an import was understood under `name`; where there is a profile of that name, as its next version.

    Raises RefusedError, and ValidationError for an empty name.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise ValidationError(_("Give the profile a name of up to 80 characters, such as “Price list of Miller”."))
    known = ImportProfile.objects.called(name, resource=job.resource).select_for_update().first()
    require(can_save_profile(job, actor, known))
    profile = known or ImportProfile(resource=job.resource, name=name, owner=actor)
    for term in TERMS:
        setattr(profile, term, getattr(job, term))
    profile.headers = without_reasons(job.detected["headers"])
    profile.save()
    ImportJob.objects.filter(pk=job.pk).update(profile=profile)
    return profile


def find_profile(name: str, *, resource: str) -> ImportProfile:
    """Return the profile called `name`. Raises ValidationError with the names there are."""
    profile: ImportProfile | None = ImportProfile.objects.called(name, resource=resource).first()
    if profile is None:
        known = ", ".join(ImportProfile.objects.filter(resource=resource).values_list("name", flat=True))
        message = _("There is no profile “%(name)s” for %(kind)s. There are: %(known)s.")
        kind = get_resource(resource).title
        raise ValidationError(message % {"name": name, "kind": kind, "known": known or _("none")})
    return profile


@transaction.atomic
def choose_profile(*, job: ImportJob, profile: ImportProfile, actor: User | None) -> ImportJob:
    """Have an import that waits understood as `profile` says, when it is checked next. Raises RefusedError."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    require(can_check(job, actor))
    require(refuse_if(profile.resource != job.resource, _("This profile is for another kind of spreadsheet.")))
    job.profile, job.options = profile, profile.options
    job.save(update_fields=["profile", "options"])
    return job


def terms_of(understood: ImportProfile | ImportJob, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `check_import` takes to understand a file as another was: what was left out then stays out.

    The `options` are those of the file to come; which columns there are follows from its key.
    """
    columns = resource_asked(understood.resource, options).columns
    mapped = {name: understood.mapping.get(name, "") for name in columns if name not in understood.constants}
    return {"mapped": mapped, "constants": understood.constants, "replaced": understood.replaced}


def with_profile(request: Request, profile: ImportProfile) -> Request:
    """Return the request as `profile` says, but for what it asks for itself."""
    options = profile.options | {name: value for name, value in request.options.items() if value}
    terms = terms_of(profile, options)
    mapped = {field: header for field, header in terms["mapped"].items() if field not in request.constants}
    constants = {field: value for field, value in terms["constants"].items() if field not in request.mapped}
    return replace(
        request,
        mapped=mapped | dict(request.mapped),
        constants=constants | dict(request.constants),
        replaced=terms["replaced"] | dict(request.replaced),
        options=options,
    )


def header_changes(profile: ImportProfile, headers: Sequence[str]) -> HeaderChanges:
    """Return how the columns of a file differ from those of a profile."""
    return HeaderChanges(
        missing=[header for header in profile.headers if header and header not in headers],
        new=[header for header in without_reasons(headers) if header and header not in profile.headers],
    )


def is_understood_otherwise(job: ImportJob, profile: ImportProfile) -> bool:
    """Tell whether an import was understood in another way than its profile says by now."""
    return any(getattr(job, term) != getattr(profile, term) for term in TERMS)
