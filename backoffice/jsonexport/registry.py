"""The exports there are, named by `settings.JSON_EXPORTS`."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from backoffice.jsonexport.declarations import Export


@cache
def all_exports() -> dict[str, Export]:
    """Return each export by its name in the address."""
    exports: list[Export] = [import_string(path) for path in settings.JSON_EXPORTS]
    return {export.name: export for export in exports}
