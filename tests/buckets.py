"""A host of buckets for tests: a server that speaks S3 over HTTP on this machine, and forgets all when it ends."""

import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Self

from backoffice.spreadsheets.buckets import Bucket
from backoffice.spreadsheets.places import place

RCLONE = Path(sys.executable).with_name("rclone")
STARTED = re.compile(r"Starting s3 server on \[http://(127\.0\.0\.1:\d+)/\]")
PATIENCE = 60


class BucketHost:
    """One run of the server, which takes one key with its secret."""

    key, secret = "desk", "a/secret+with@signs"  # as providers give them out
    login = "desk:a%2Fsecret%2Bwith%40signs"

    def __init__(self, folder: Path) -> None:
        self.log = folder / "buckets.log"
        options = ["--addr", "127.0.0.1:0", "--auth-key", f"{self.key},{self.secret}"]
        command = [RCLONE, "serve", "s3", *options, ":memory:"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, env={"RCLONE_CONFIG": "/dev/null"}, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + PATIENCE
        while not (started := STARTED.search(self.log.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        self.host = started[1]
        return self

    def __exit__(self, *_said: object) -> None:
        self.process.terminate()
        self.process.wait()

    def new_bucket(self) -> str:
        """Make a bucket and return the address of a folder in it."""
        address = f"s3://{self.login}@{self.host}/desk-{uuid.uuid4().hex[:12]}/spread/sheets?secure=no"
        bucket = place(address)
        assert isinstance(bucket, Bucket)
        bucket.connection.meta.client.create_bucket(Bucket=bucket.bucket_name)
        return address
