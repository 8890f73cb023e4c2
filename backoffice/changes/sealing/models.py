"""The chain of seals."""

import hashlib
import json
from datetime import UTC
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.changes.triggers import APPEND_ONLY

NO_HASH = "0" * 64


class SealedColumns(models.Model):
    """The columns that seals speak of, in their order; a table that gets another later has a new list."""

    columns = ArrayField(models.TextField(), verbose_name=_("columns"), unique=True)

    class Meta:
        verbose_name = _("sealed columns")
        verbose_name_plural = _("sealed columns")
        default_permissions = ()
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return ", ".join(self.columns)


class Seal(models.Model):
    """What the versions of one model after one number, up to another, were when they were sealed.

    The newest seal of a range counts: retention leaves fewer rows in a range, and a new seal that says so.
    """

    class Kind(models.TextChoices):
        SEALED = "sealed", _("Sealed")
        PRUNED = "pruned", _("Pruned")

    number = models.BigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.SEALED)
    label = models.CharField(_("model"), max_length=100)
    sealed_columns = models.ForeignKey(SealedColumns, on_delete=models.PROTECT, related_name="+")
    after = models.BigIntegerField(_("after"))
    upto = models.BigIntegerField(_("up to"))
    rows = models.BigIntegerField(_("rows"))
    digest = models.CharField(_("hash of the rows"), max_length=64)
    previous = models.CharField(_("hash before"), max_length=64, unique=True)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["number"]
        default_permissions = ()
        indexes = [models.Index(fields=["label", "upto", "-number"], name="changes_seal_range")]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"

    def linked_hash(self) -> str:
        """Return the hash that the seal must have: of all that it says, and of the seal before it."""
        told: list[Any] = [self.number, self.at.astimezone(UTC).isoformat(), self.kind, self.label]
        told += [self.sealed_columns.columns, self.after, self.upto, self.rows, self.digest, self.previous]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


class SealMark(models.Model):
    """The newest versions at a moment, and a transaction that began to write after it.

    Once every older transaction has ended, no version up to these numbers can appear any more.
    """

    xid = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    ids = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.xid} {self.at}"
