"""A measured figure beside what stock libraries and the bare database take."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Seconds (or what `unit` says) of ours; of stock libraries, the limit and the budget where there are such."""

    name: str
    ours: float
    stock: float | None = None
    limit: float | None = None
    budget: float | None = None
    unit: str = "s"

    @property
    def misses_budget(self) -> bool:
        """Whether ours takes more than it may."""
        return self.budget is not None and self.ours > self.budget

    @staticmethod
    def header() -> str:
        """Return the line above the figures."""
        return f"  {'':<48}{'ours':>11}{'stock':>11}{'x':>7}{'limit':>11}{'x':>7}{'budget':>11}"

    def __str__(self) -> str:
        """Return the figure as a line: how many times faster than stock, how many times slower than the limit."""
        times_stock = f"{self.stock / self.ours:.1f}" if self.stock and self.ours else ""
        times_limit = f"{self.ours / self.limit:.1f}" if self.limit else ""
        cells = f"{self._shown(self.ours):>11}{self._shown(self.stock):>11}{times_stock:>7}"
        cells += f"{self._shown(self.limit):>11}{times_limit:>7}{self._shown(self.budget):>11}"
        return f"  {self.name:<48}{cells}{'  MISSED' if self.misses_budget else ''}"

    def _shown(self, number: float | None) -> str:
        return "" if number is None else f"{number:,.3f} {self.unit}"


def seconds(work: Callable[[], object], *, times: int = 1) -> float:
    """Return how long `work` takes, at best of several times."""

    def once() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return min(once() for _time in range(times))


def peak_growth(work: Callable[[], object]) -> float:
    """Return by how much the memory of this process grew while it did `work`, at most, in MiB. Linux only."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    work()
    return max(0, _status("VmHWM") - before) / 1024


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
