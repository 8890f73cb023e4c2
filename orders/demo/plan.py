"""What will happen in the demo shop: who orders what on which day, and how it goes on."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import nlargest
from itertools import accumulate
from random import Random

from customers.models import Customer
from orders.demo.goods import SOLD_AHEAD, Article
from orders.models import Order, Payment
from orders.services import LineDraft, OrderDraft

WEEKDAYS = [1.15, 1.1, 1.05, 1.0, 1.1, 0.75, 0.6]
MONTHS = [0.8, 0.8, 0.9, 1.0, 1.05, 1.0, 0.9, 0.85, 0.95, 1.05, 1.5, 1.7]
GROWTH = 0.5
HOURS = [0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1, 2, 3, 3.4, 3.2, 3.4, 3, 2.8, 2.8, 3, 2.8, 2.8, 3.2, 3.6, 3.2, 2, 0.8]
CHANNELS = {"web": 78, "phone": 10, "marketplace": 12}
# How orders go on, in per cent.
FATES = {
    "fulfilled": 77,
    "two parcels": 6,
    "cancelled": 3.5,
    "part cancelled": 1.5,
    "returned": 4,
    "part returned": 3,
    "goodwill": 1.5,
    "overpaid": 0.7,
    "never paid": 2.8,
}
LATER = {
    "two parcels": ["rest"],
    "returned": ["return"],
    "part returned": ["return"],
    "goodwill": ["goodwill"],
    "overpaid": ["give back"],
}
HELD = 0.02


@dataclass
class Plan:
    """One order and what will become of it: steps with their times. What lies in the future does not happen."""

    customer: Customer | None
    email: str
    channel: str
    at: datetime
    lines: list[tuple[Article, int]]
    fate: str
    steps: dict[str, datetime]
    order: Order | None = field(default=None, repr=False)

    @property
    def placed(self) -> Order:
        """The order, once it is written down."""
        if self.order is None:
            raise LookupError("The order is not written down yet.")
        return self.order

    @property
    def method(self) -> Payment.Method:
        """How the money comes in."""
        return Payment.Method.BANK if self.channel == "phone" else Payment.Method.CARD

    def draft(self, random: Random) -> OrderDraft:
        """Return the order as it is written down."""
        goods = sum((article.product.price * count for article, count in self.lines), Decimal(0))
        abroad = self.customer is not None and self.customer.country != "United Kingdom"
        postage = Decimal("11.95") if abroad else Decimal("4.95")
        return OrderDraft(
            lines=[LineDraft(article.product, count) for article, count in self.lines],
            customer=self.customer,
            email=self.email,
            country="" if self.customer else "United Kingdom",
            channel=self.channel,
            shipping=Decimal(0) if goods >= 75 and not abroad else postage,
            discount=(goods / 10).quantize(Decimal("0.01")) if random.random() < 0.07 else Decimal(0),
            tags=["gift"] if self.at.month == 12 and random.random() < 0.3 else [],
            at=self.at,
        )


def order_times(random: Random, *, count: int, start: datetime, end: datetime) -> list[datetime]:
    """Return the times of `count` orders between `start` and `end`, oldest first, with more on busy days."""
    days = [start + timedelta(days=day) for day in range((end - start).days + 1)]
    weights = [
        WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] * (1 + GROWTH * position / len(days))
        for position, day in enumerate(days)
    ]
    chosen = random.choices(days, weights, k=count)
    return sorted(min(_moment(random, day), end) for day in chosen)


def first_orders(random: Random, *, orders: int, customers: int) -> list[int]:
    """Return with which of the orders somebody becomes a customer, in order; most of them at the beginning."""
    chances = {place: random.random() ** (1 + 2 * place / orders) for place in range(orders)}
    return sorted(nlargest(customers, chances, key=chances.__getitem__))


def plan_orders(
    random: Random,
    *,
    times: Sequence[datetime],
    newcomers: Mapping[int, Customer],
    shelf: Sequence[Article],
    end: datetime,
) -> list[Plan]:
    """Return orders at `times`, oldest first; `newcomers` says whose first order is which."""
    customers = [newcomers[place] for place in sorted(newcomers)]
    regulars = _regulars(random, customers)
    buyers = [newcomers.get(place) or _buyer(random, at, customers, regulars) for place, at in enumerate(times)]
    return [_plan(random, at, buyer, shelf, end) for at, buyer in zip(times, buyers, strict=True)]


def _moment(random: Random, day: datetime) -> datetime:
    hour = random.choices(range(24), HOURS)[0]
    return day.replace(hour=hour, minute=random.randint(0, 59), second=random.randint(0, 59), microsecond=0)


def _regulars(random: Random, customers: Sequence[Customer]) -> list[float]:
    return list(accumulate(random.paretovariate(1.2) for _ in customers))


def _buyer(random: Random, at: datetime, customers: Sequence[Customer], regulars: Sequence[float]) -> Customer | None:
    """Choose among the customers of that time, who are sorted by since when they are; one in twelve is a guest."""
    there = bisect_left(customers, at, key=lambda customer: customer.created_at)
    if there == 0 or random.random() < 0.08:
        return None
    return random.choices(customers[:there], cum_weights=regulars[:there])[0]


def _plan(random: Random, at: datetime, customer: Customer | None, shelf: Sequence[Article], end: datetime) -> Plan:
    channel = random.choices(list(CHANNELS), list(CHANNELS.values()))[0]
    fate = random.choices(list(FATES), list(FATES.values()))[0]
    lines = _basket(random, at, shelf, trade=customer is not None and "trade" in customer.tags)
    if sum(count for _article, count in lines) == 1 and fate in ("two parcels", "part cancelled", "part returned"):
        fate = "fulfilled"
    return Plan(
        customer=customer,
        email=customer.email if customer else f"guest{random.randint(1000, 99999)}@example.com",
        channel=channel,
        at=at,
        lines=lines,
        fate=fate,
        steps=_steps(random, at, end, fate, slow=channel == "phone", ahead=_sold_ahead(lines)),
    )


def _steps(random: Random, at: datetime, end: datetime, fate: str, *, slow: bool, ahead: bool) -> dict[str, datetime]:
    if fate == "never paid":
        return {"cancel": at + timedelta(days=random.uniform(18, 40))}
    pay = at + timedelta(hours=random.uniform(20, 200) if slow else 0, minutes=random.uniform(0.3, 4))
    steps = {"pay": pay}
    if random.random() < HELD:
        steps["hold"] = pay + timedelta(hours=random.uniform(0.2, 2))
        steps["release"] = steps["hold"] + timedelta(days=random.uniform(1, 12))
    ready = steps.get("release", pay)
    ship = _working_hour(random, ready + timedelta(hours=random.uniform(4, 60)))
    if "cancelled" in fate:
        steps["cancel"] = ready + (ship - ready) / 2
    if fate != "cancelled" and not (ahead and ship > end - timedelta(days=10)):
        steps["ship"] = ship
        later = ship + timedelta(days=random.uniform(4, 18))
        steps |= dict.fromkeys(LATER.get(fate, ()), later)
    if "return" in steps:
        steps["announce"] = steps["return"] - timedelta(days=3)
    return steps


def _basket(random: Random, at: datetime, shelf: Sequence[Article], *, trade: bool) -> list[tuple[Article, int]]:
    weights = [article.weight(at.month) for article in shelf]
    size = min(1 + int(random.expovariate(0.55)), 9)
    chosen = dict.fromkeys(random.choices(range(len(shelf)), weights, k=size))
    most = 24 if trade else 4
    return [(shelf[place], min(1 + int(random.expovariate(0.12 if trade else 0.9)), most)) for place in chosen]


def _working_hour(random: Random, at: datetime) -> datetime:
    """Move a parcel to the hours in which the warehouse works."""
    day = at + timedelta(days=max(at.weekday() - 4, 0) and 7 - at.weekday())
    return max(day.replace(hour=random.randint(9, 16), minute=random.randint(0, 59)), at)


def _sold_ahead(lines: Sequence[tuple[Article, int]]) -> bool:
    return any(article.product.sku[:3] in SOLD_AHEAD for article, _count in lines)
