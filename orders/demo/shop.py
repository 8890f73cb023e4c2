"""The demo shop at work: week by week, through the services that the desk itself uses."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.notes.services import write_note
from catalog.models import Product
from catalog.services import StockMove, count_stock, receive_delivery
from customers.services import refresh_figures
from orders.demo import words
from orders.demo.goods import SOLD_AHEAD, Article, stock_the_shelves
from orders.demo.people import invite_customers
from orders.demo.plan import Plan, first_orders, order_times, plan_orders
from orders.models import Order
from orders.services import (
    MoneyIn,
    Parcel,
    ReturnedUnits,
    announce_return,
    assign_order,
    cancel_order,
    create_draft_orders,
    grant_refund,
    hold_order,
    place_orders,
    receive_return,
    record_payments,
    refund_order,
    release_order,
    set_follow_up,
    settle_refund,
    ship_orders,
)

WEEK = timedelta(days=7)


class DeskNotEmptyError(Exception):
    """There are orders already; the text says what to do."""


@transaction.atomic
def seed_shop(
    *, orders: int, seed: int, days: int = 400, force: bool = False, now: datetime | None = None
) -> Counter[str]:
    """Fill the desk with `orders` orders of the last `days` days; the same `seed` makes the same shop.

    Refuses a desk that has orders, unless `force`. Return how many of each thing were made.
    """
    if not force and Order.objects.exists():
        raise DeskNotEmptyError(
            _("This desk has orders already. Use an empty database, or --force to add to this one.")
        )
    random = Random(seed)  # noqa: S311 - a shop, not a secret
    end = (now or timezone.now()).replace(microsecond=0)
    shop = Shop(random, end)
    shop.prepare(orders=orders, days=days)
    shop.run()
    shop.tidy_desk()
    refresh_figures()
    return shop.done


class Shop:
    """Goods, customers and plans of the demo shop, and what was done so far."""

    def __init__(self, random: Random, end: datetime) -> None:
        self.random = random
        self.end = end
        self.done: Counter[str] = Counter()
        self.plans: list[Plan] = []
        self.shelf: list[Article] = []

    def prepare(self, *, orders: int, days: int) -> None:
        """Stock the shelves, invite customers and plan the orders."""
        start = self.end - timedelta(days=days)
        self.shelf = stock_the_shelves(self.random)
        times = order_times(self.random, count=orders, start=start, end=self.end)
        firsts = first_orders(self.random, orders=orders, customers=max(orders // 4, 1))
        since = sorted(times[place] - timedelta(minutes=self.random.randint(2, 30)) for place in firsts)
        customers = invite_customers(self.random, since=since)
        newcomers = dict(zip(firsts, customers, strict=True))
        self.plans = plan_orders(self.random, times=times, newcomers=newcomers, shelf=self.shelf, end=self.end)
        opening = [self._move(article.product, self.random.randint(5, 40), start) for article in self.shelf]
        receive_delivery(moves=opening, opening=True)
        self.done.update(products=len(self.shelf), customers=len(customers))

    def run(self) -> None:
        """Let the weeks pass: goods arrive, orders are placed, and what is due on older ones happens."""
        week = self.plans[0].at if self.plans else self.end
        while week <= self.end:
            until = min(week + WEEK, self.end + timedelta(seconds=1))
            fresh = [plan for plan in self.plans if week <= plan.at < until]
            self._restock(fresh, week, last=until > self.end)
            self._place(fresh)
            for step, act in self._steps().items():
                act(self._due(step, week, until))
            if self.random.random() < 0.3:
                self._count_shelf(until - timedelta(hours=6))
            week += WEEK

    def tidy_desk(self) -> None:
        """Hand out what is open, and write the notes and follow-ups that a desk lives with."""
        people = [user for user in User.objects.active().order_by("pk") if user.has_perm("orders.ship_order")]
        for order in Order.objects.open().order_by("pk"):
            chance = self.random.random()
            if people and chance < 0.25:
                assign_order(order=order, assignee=self.random.choice(people), at=self._lately(order))
            if chance < 0.12:
                set_follow_up(order=order, on=(self.end + timedelta(days=self.random.randint(-2, 9))).date())
        for plan in self.random.sample(self.plans, len(self.plans) // 25):
            write_note(row=plan.placed, text=self.random.choice(words.NOTES), at=self._lately(plan.placed))
            self.done.update(notes=1)

    def _steps(self) -> dict[str, Callable[[list[Plan]], None]]:
        return {
            "pay": self._pay,
            "hold": self._hold,
            "release": self._release,
            "cancel": self._cancel,
            "ship": self._ship,
            "rest": self._ship_rest,
            "announce": self._announce,
            "return": self._take_back,
            "goodwill": self._apologise,
            "give back": self._give_back,
        }

    def _due(self, step: str, week: datetime, until: datetime) -> list[Plan]:
        due = [plan for plan in self.plans if step in plan.steps and week <= plan.steps[step] < until]
        return sorted(due, key=lambda plan: plan.steps[step])

    def _move(self, product: Product, units: int, at: datetime) -> StockMove:
        return StockMove(product.pk, units, f"DN-{self.random.randint(10000, 99999)}", at)

    def _restock(self, plans: Sequence[Plan], week: datetime, *, last: bool) -> None:
        """Order in what the week will need, by the dozen; in the last week some goods run low, or are sold ahead."""
        needed: Counter[int] = Counter()
        for plan in plans:
            for article, count in plan.lines:
                needed[article.product.pk] += count
        moves = []
        for product in Product.objects.filter(pk__in=[article.product.pk for article in self.shelf]).order_by("pk"):
            scarce = last and self.random.random() < 0.15
            short = needed[product.pk] - product.available + (0 if scarce else product.reorder_level + 1)
            if short > 0 and not (last and product.sku[:3] in SOLD_AHEAD):
                moves.append(self._move(product, short if scarce else 12 * -(-short // 12), week))
        receive_delivery(moves=moves)

    def _place(self, plans: Sequence[Plan]) -> None:
        """Write the orders down and place them; some of the last day stay drafts."""
        orders = create_draft_orders(drafts=[plan.draft(self.random) for plan in plans])
        for plan, order in zip(plans, orders, strict=True):
            plan.order = order
            if self.end - plan.at < timedelta(days=1) and self.random.random() < 0.3:
                plan.steps, plan.fate = {}, "draft"
        fixed = [plan for plan in plans if plan.fate != "draft"]
        placed = place_orders(orders=[plan.placed for plan in fixed], at={plan.placed.pk: plan.at for plan in fixed})
        by_id = {order.pk: order for order in placed}
        for plan in fixed:
            plan.order = by_id[plan.placed.pk]
        self.done.update(orders=len(plans))

    def _pay(self, plans: Sequence[Plan]) -> None:
        money = [
            MoneyIn(
                order=plan.placed,
                amount=plan.placed.total + (Decimal(5) if plan.fate == "overpaid" else Decimal(0)),
                method=plan.method,
                idempotency_key=f"demo-{plan.placed.number}",
                provider_reference=f"{plan.method}-{plan.placed.number}",
                at=plan.steps["pay"],
            )
            for plan in plans
        ]
        record_payments(money=money)
        self.done.update(payments=len(money))

    def _hold(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            hold_order(order=plan.placed, reason=self.random.choice(words.HELD), at=plan.steps["hold"])

    def _release(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            release_order(order=plan.placed, reason=_("Checked, all is well"), at=plan.steps["release"])

    def _cancel(self, plans: Sequence[Plan]) -> None:
        """Cancel orders, or one unit of their first line; most of what is owed then goes back at once."""
        for plan in plans:
            at = plan.steps["cancel"]
            units = {plan.placed.lines.order_by("pk")[0].pk: 1} if plan.fate == "part cancelled" else None
            reason = _("Not paid") if plan.fate == "never paid" else self.random.choice(words.CANCELLED)
            order = cancel_order(order=plan.placed, units=units, reason=reason, at=at)
            self.done.update(cancelled=1)
            if order.paid and self.random.random() < 0.85:
                refund_order(order=order, method=plan.method, reason=reason, at=at + timedelta(minutes=5))
                self.done.update(refunds=1)

    def _ship(self, plans: Sequence[Plan]) -> None:
        self._send([self._parcel(plan, "ship", self._first_parcel(plan)) for plan in plans])

    def _ship_rest(self, plans: Sequence[Plan]) -> None:
        self._send([self._parcel(plan, "rest", None) for plan in plans])

    def _send(self, parcels: Sequence[Parcel]) -> None:
        ship_orders(parcels=parcels)
        self.done.update(shipments=len(parcels))

    def _parcel(self, plan: Plan, step: str, units: dict[int, int] | None) -> Parcel:
        carrier, lead = self.random.choice(words.CARRIERS)
        return Parcel(
            order=plan.placed,
            units=units,
            carrier=carrier,
            tracking_number=f"{lead}{self.random.randint(10**9, 10**10 - 1)}",
            at=plan.steps[step],
        )

    def _first_parcel(self, plan: Plan) -> dict[int, int] | None:
        """Return the first of two parcels: the first line, or half of the only one; None is everything."""
        if plan.fate != "two parcels":
            return None
        lines = list(plan.placed.lines.order_by("pk"))
        return {lines[0].pk: lines[0].quantity if len(lines) > 1 else lines[0].quantity // 2}

    def _coming_back(self, plan: Plan) -> list[ReturnedUnits]:
        lines = list(plan.placed.lines.order_by("pk"))
        chosen = lines[:1] if plan.fate == "part returned" else lines
        return [
            ReturnedUnits(line.pk, 1 if plan.fate == "part returned" else line.quantity, self.random.random() < 0.8)
            for line in chosen
        ]

    def _announce(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            reason = self.random.choice(words.RETURNED)
            announce_return(order=plan.placed, units=self._coming_back(plan), reason=reason, at=plan.steps["announce"])

    def _take_back(self, plans: Sequence[Plan]) -> None:
        """Receive announced returns; most are refunded the day after, a few refunds fail or wait."""
        for plan in plans:
            at = plan.steps["return"]
            receive_return(order=plan.placed, announced=plan.placed.returns.get(), at=at)
            self.done.update(returns=1)
            chance = self.random.random()
            if at + timedelta(days=1) > self.end or chance > 0.93:
                continue
            refund = grant_refund(order=plan.placed, method=plan.method, reason=_("Goods came back"), at=at)
            if chance < 0.88:
                settle_refund(payment=refund, succeeded=chance > 0.02, at=at + timedelta(days=1))
                self.done.update(refunds=1)

    def _apologise(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            amount = min(Decimal(self.random.choice([5, 5, 10])), plan.placed.total)
            reason = self.random.choice(words.APOLOGIES)
            if amount:
                refund_order(order=plan.placed, amount=amount, reason=reason, at=plan.steps["goodwill"])
                self.done.update(refunds=1)

    def _give_back(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            refund_order(order=plan.placed, reason=_("Paid too much"), at=plan.steps["give back"])
            self.done.update(refunds=1)

    def _count_shelf(self, at: datetime) -> None:
        """Count a few products; what is missing was broken, what is too much was found."""
        for article in self.random.sample(self.shelf, 4):
            product = Product.objects.get(pk=article.product.pk)
            counted = max(product.on_hand + self.random.choice([-2, -1, -1, 0, 1]), product.reserved, 0)
            count_stock(product=product, counted=counted, reference=f"Count {at:%Y-%m-%d}", at=at)

    def _lately(self, order: Order) -> datetime:
        """Return a moment after the order, within its first three days."""
        return min(order.created_at + timedelta(hours=self.random.uniform(0.5, 72)), self.end)
