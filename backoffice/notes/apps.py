"""Notes on rows, and the mails that tell of them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotesConfig(AppConfig):
    name = "backoffice.notes"
    label = "notes"
    verbose_name = _("Notes")
