"""Work on many rows from a list, as a person does it: dialog, preview, confirmation."""

from typing import Any


def run_on_list(client: Any, url: str, data: dict[str, Any]) -> Any:
    """Answer the dialog of an action on a list, confirm its preview, and return the page of the outcome."""
    return confirm_plan(client, client.post(url, data | {"confirmed": 1}).headers["Location"])


def confirm_plan(client: Any, preview: str, **fields: Any) -> Any:
    """Confirm what the preview at an address shows, and return the page that it becomes."""
    token = client.get(preview).context["token"]
    client.post(preview.replace("/change/", "/run/"), {"token": token} | fields)
    return client.get(preview)
