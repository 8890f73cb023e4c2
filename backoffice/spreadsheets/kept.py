"""Files that people fetch later: where they lie, until when, and how they are let go."""

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class KeptFile(models.Model):
    """A row with a file outside every folder that is served. The row stays when the file goes: `file` is empty then."""

    file = models.CharField(_("file"), max_length=200, blank=True)
    filename = models.CharField(_("file name"), max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size"), null=True, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(settings.MEDIA_ROOT) / self.file

    @property
    def paths(self) -> list[Path]:
        """The file, and what goes with it."""
        return [self.path]

    def has_expired(self, *, at: datetime) -> bool:
        """Whether its file is kept no longer at the instant `at`."""
        return self.expires_at is not None and self.expires_at <= at

    def is_there(self, *, at: datetime) -> bool:
        """Whether its file can be fetched at the instant `at`."""
        return bool(self.file) and not self.has_expired(at=at) and self.path.is_file()

    def choose_place(self, folder: str, suffix: str) -> None:
        """Choose a place for the file, under a name that nobody guesses."""
        self.file = f"{folder}/{timezone.now():%Y/%m}/{self.pk}-{secrets.token_hex(8)}.{suffix}"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def note_contents(self, *, days: int) -> None:
        """Note what was written: size, checksum, and that it is kept for so many days."""
        self.path.chmod(0o600)
        with self.path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.size = self.path.stat().st_size
        self.expires_at = timezone.now() + timedelta(days=days)


@transaction.atomic
def let_go(rows: models.QuerySet[Any]) -> int:
    """Delete the files of rows, once that is committed; return how many."""
    held = list(rows.exclude(file="").select_for_update().order_by("pk"))
    paths = [path for row in held for path in row.paths]
    rows.model._default_manager.filter(pk__in=[row.pk for row in held]).update(file="")
    transaction.on_commit(lambda: _delete(paths))
    return len(held)


def _delete(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
