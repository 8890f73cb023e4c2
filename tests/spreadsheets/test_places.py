"""Places: a folder and a bucket are used alike, and an address that names none is refused in a sentence."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile

from backoffice.spreadsheets.addresses import UnusableAddress
from backoffice.spreadsheets.checks import check_addresses
from backoffice.spreadsheets.places import Changed, Place, State, export_place, place, watched_place
from tests.buckets import BucketHost


def contents(address: str, name: str) -> bytes:
    with place(address).open(name) as file:
        return bytes(file.read())


def test_files_are_put_into_a_place_listed_read_and_deleted(place_address: str) -> None:
    there = place(place_address)
    name = "orders/Offene Aufträge 50 % + 1.csv"
    assert there.save(name, ContentFile(b"first")) == name
    assert (there.exists(name), there.size(name), contents(place_address, name)) == (True, 5, b"first")
    assert (there.listdir(""), there.listdir("orders")) == ((["orders"], []), ([], [Path(name).name]))
    there.delete(name)
    assert not there.exists(name)


def test_a_name_that_is_taken_gets_an_addition(place_address: str) -> None:
    there = place(place_address)
    first, second = (there.save("list.csv", ContentFile(text)) for text in (b"first", b"second"))
    assert first != second
    assert [contents(place_address, name) for name in (first, second)] == [b"first", b"second"]


def put(there: Place, text: bytes) -> State:
    """Put a file into a place, over what is there, and return its state as a look at the folder finds it."""
    there.delete("in/list.csv")
    there.save("in/list.csv", ContentFile(text))
    [(name, state)] = there.files("in")
    assert (name, state) == ("list.csv", there.state("in/list.csv"))
    return state


def test_a_file_is_lent_and_moved_in_the_state_that_was_seen(place_address: str) -> None:
    there = place(place_address)
    state = put(there, b"first")
    with there.fetched("in/list.csv", state) as path:
        assert path.read_bytes() == b"first"
    there.move("in/list.csv", "in/done/list.csv", state)
    assert (there.listdir("in"), contents(place_address, "in/done/list.csv")) == ((["done"], []), b"first")


def test_a_file_in_another_state_is_neither_lent_nor_moved(place_address: str) -> None:
    there = place(place_address)
    seen = put(there, b"first")
    put(there, b"other")
    lent: list[Path] = []
    with pytest.raises(Changed), there.fetched("in/list.csv", seen) as path:
        lent.append(path)
    with pytest.raises(Changed):
        there.move("in/list.csv", "in/done/list.csv", seen)
    assert (lent, there.listdir("in")) == ([], ([], ["list.csv"]))


def test_a_file_that_is_gone_is_missed(place_address: str) -> None:
    there = place(place_address)
    seen = put(there, b"first")
    there.delete("in/list.csv")
    with pytest.raises(FileNotFoundError):
        there.move("in/list.csv", "in/done/list.csv", seen)
    with pytest.raises(FileNotFoundError), there.fetched("in/list.csv", seen):
        pass


def test_a_file_that_cannot_be_written_whole_leaves_nothing_in_a_folder(tmp_path: Path) -> None:
    class Broken(ContentFile):  # type: ignore[type-arg]
        def chunks(self, chunk_size: int | None = None) -> Any:
            yield b"half of it"
            raise InterruptedError

    with pytest.raises(InterruptedError):
        place(str(tmp_path)).save("list.csv", Broken(b"whole"))
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_is_entered_with_its_key_and_secret_alone(bucket_host: BucketHost) -> None:
    address = bucket_host.new_bucket()
    with pytest.raises(ClientError) as refused:
        place(address.replace("%40", "")).listdir("")
    assert "secret" not in str(refused.value)


def test_words_say_where_something_is_without_secrets(tmp_path: Path, bucket_host: BucketHost) -> None:
    assert place(str(tmp_path)).words("miller") == str(tmp_path / "miller")
    address = bucket_host.new_bucket()
    bare = address.replace(f"{bucket_host.login}@", "").partition("?")[0]
    assert (place(address).words(), place(address).words("a/b.csv")) == (bare, f"{bare}/a/b.csv")
    assert "secret" not in repr(vars(place(address))["address"])


def test_the_places_of_the_settings(settings: Any, tmp_path: Path) -> None:
    assert (watched_place(), export_place()) == (None, None)
    settings.SPREADSHEET_WATCH_FOLDER, settings.EXPORT_FOLDER = str(tmp_path / "in"), str(tmp_path / "out")
    watched, exports = watched_place(), export_place()
    assert watched is not None
    assert exports is not None
    assert (watched.words(), exports.words()) == (str(tmp_path / "in"), str(tmp_path / "out"))


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:sEcret/with/slash@host/bucket",
        "s3://key:sEcret@host:70000/bucket",
        "s3://key:sEcret@host:0/bucket",
        "s3://key:sEcret@/bucket",
        "s3://key:sEcret@host",
        "s3://key:sEcret@host/UPPER",
        "s3://key:sEcret@host/bucket/../other",
        "s3://key:sEcret@host/bucket/a//b",
        "s3://:sEcret@host/bucket",
        "s3://sEcret@host/bucket",
        "s3://key:sEcret@host/bucket#part",
        "s3://key:sEcret @host/bucket",
        "s3://key:sEcret@host/bucket?secure=maybe",
        "s3://key:sEcret@host/bucket?region=EU west",
        "s3://key:sEcret@host/bucket?region=eu&region=us",
        "s3://key:sEcret@host/bucket?acl=public",
        "ftp://key:sEcret@host/folder",
        "sEcret\0",
        "  ",
    ],
)
def test_an_address_that_names_no_place_is_refused_without_repeating_it(address: str, settings: Any) -> None:
    with pytest.raises(UnusableAddress) as refused:
        place(address)
    assert refused.value.__context__ is None or refused.value.__suppress_context__
    settings.EXPORT_FOLDER = address
    [error] = check_addresses()
    assert error.msg == f"EXPORT_FOLDER: {refused.value}"
    assert "sEcret" not in error.msg


@pytest.mark.parametrize(
    "address",
    [
        "/srv/spreadsheets",
        "s3://host/bucket",
        "s3://key:secret@s3.eu-west-1.amazonaws.com/my.bucket/a/b?region=eu-west-1",
        "s3://key:secret@[::1]:9000/bucket?secure=no&region=us-east-1",
    ],
)
def test_an_address_that_names_a_place_passes(address: str, settings: Any) -> None:
    settings.SPREADSHEET_WATCH_FOLDER = address
    assert check_addresses() == []
