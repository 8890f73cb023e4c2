"""Orders as a whole: one row for each number in the file, compared with the orders that are there."""

from backoffice.spreadsheets.merging import CREATE, UNCHANGED, UPDATE
from backoffice.spreadsheets.staging import Stage
from orders.models.orders import default_currency

# Fields that are the same on all rows of an order, and the columns of the table that they fill.
HEAD_FIELDS = {
    "kind": "kind",
    "customer": "customer_id",
    "email": "email",
    "country": "country",
    "currency": "currency",
    "channel": "channel",
    "shipping": "shipping",
}
INSERTED = ("number", "placed_at", *HEAD_FIELDS.values())
FIGURES = ("subtotal", "discount", "tax", "total")
TEXT_FIELDS = set(HEAD_FIELDS) - {"shipping"}
# Workbooks keep times to the millisecond at best: closer than a second is the same time.
SAME_TIME = "abs(extract(epoch FROM head.placed_at - t.placed_at)) < 1"
# A file with some of an order's lines may lack the first.
FIRST_TIME_KNOWN = f"({SAME_TIME} OR (sums.partial AND t.placed_at < head.placed_at))"


def updated(stage: Stage) -> tuple[str, ...]:
    """Return the columns that the file may change in an order that exists."""
    return ("placed_at", *(column for field, column in HEAD_FIELDS.items() if stage.has(field)))


def make_heads(stage: Stage) -> None:
    """Gather the file's rows by order number; blank cells take the value of the order's other rows.

    `newest` is the time and the row of the order's last line, comparable across orders.
    """
    fields = "".join(
        f", {_one('min', field)} AS {field}, {_one('max', field)} AS other_{field}"
        for field in HEAD_FIELDS
        if stage.has(field)
    )
    absent = "".join(
        f", NULL::{'text' if field in TEXT_FIELDS else 'numeric'} AS {field}"
        for field in HEAD_FIELDS
        if not stage.has(field)
    )
    stage.make(
        "heads",
        "SELECT head.*, t.id, NOT t.historical AS live FROM ("
        " SELECT number, min(row) AS row, min(placed_at) AS placed_at,"
        " max(ARRAY[(extract(epoch FROM placed_at) * 1000000)::bigint, row]) AS newest"
        f"{fields}{absent} FROM {stage.rows} WHERE number IS NOT NULL GROUP BY number"
        ") AS head LEFT JOIN orders_order AS t ON t.number = head.number",
    )


def _one(aggregate: str, field: str) -> str:
    if field not in TEXT_FIELDS:
        return f"{aggregate}({field})"
    return f'{aggregate}({field} COLLATE "C") COLLATE "default"'


def head_differs(stage: Stage, same_time: str = SAME_TIME) -> str:
    """Return SQL that tells whether the file says otherwise than the order `t` of customer `c` does."""
    compared = [f"NOT ({same_time})"]
    for field in HEAD_FIELDS:
        if not stage.has(field):
            continue
        if field == "customer":
            compared.append("c.number IS DISTINCT FROM head.customer")
        elif field in {"kind", "currency"}:
            compared.append(f"t.{field} <> coalesce(head.{field}, t.{field})")
        else:
            compared.append(f"t.{field} <> coalesce(head.{field}, {_nothing(field)})")
    return " OR ".join(compared)


def _nothing(field: str) -> str:
    return "''" if field in TEXT_FIELDS else "0"


def make_orders(stage: Stage) -> None:
    """Work out what each accepted order becomes, totals over its old and new lines included."""
    kept = "".join(f", t.{column} AS was_{column}" for column in (*INSERTED, *FIGURES))
    figures = " OR ".join(f"{name} IS DISTINCT FROM was_{name}" for name in FIGURES)
    stage.make(
        "orders",
        f"""
        SELECT *, CASE
            WHEN id IS NULL THEN '{CREATE}'
            WHEN live THEN '{UNCHANGED}'
            WHEN head_changed OR {figures} THEN '{UPDATE}'
            ELSE '{UNCHANGED}' END AS action
        FROM (
            SELECT head.row, head.id, head.live, head.number, customer.row AS customer_row,
                CASE WHEN {FIRST_TIME_KNOWN} THEN t.placed_at ELSE head.placed_at END AS placed_at,
                {_new_heads(stage)},
                sums.subtotal, sums.discount, sums.tax,
                sums.subtotal - sums.discount + sums.tax + {_new_shipping(stage)} AS total,
                t.id IS NOT NULL AND ({head_differs(stage, FIRST_TIME_KNOWN)}) AS head_changed{kept}
            FROM {stage.table("heads")} AS head
            JOIN ({_sums(stage)}) AS sums ON sums.order_row = head.row
            LEFT JOIN {stage.table("customers")} AS customer ON customer.number = head.customer
            LEFT JOIN orders_order AS t ON t.id = head.id
            LEFT JOIN customers_customer AS c ON c.id = t.customer_id
        ) AS wanted
        """,
        {"currency": default_currency()},
    )


def _new_heads(stage: Stage) -> str:
    by_number = "CASE WHEN head.number ~* '^C[0-9]+$' THEN 'credit' ELSE 'sale' END"
    country = "coalesce(head.country, '')" if stage.has("country") else "coalesce(t.country, customer.country, '')"
    customer = "customer.id" if stage.has("customer") else "t.customer_id"
    return f"""
        coalesce(head.kind, t.kind, {by_number}) AS kind,
        {customer} AS customer_id,
        {_given(stage, "email")} AS email,
        {country} AS country,
        coalesce(head.currency, t.currency, %(currency)s) AS currency,
        {_given(stage, "channel")} AS channel,
        {_new_shipping(stage)} AS shipping
    """


def _given(stage: Stage, field: str) -> str:
    return f"coalesce(head.{field}, '')" if stage.has(field) else f"coalesce(t.{field}, '')"


def _new_shipping(stage: Stage) -> str:
    return "coalesce(head.shipping, 0)" if stage.has("shipping") else "coalesce(t.shipping, 0)"


def _sums(stage: Stage) -> str:
    """Return SQL for the sums over each order's lines: those of the file, and those here that it leaves out."""
    figures = """
        sum(quantity * unit_price) AS subtotal,
        sum(discount) AS discount,
        sum(round((quantity * unit_price - discount) * tax_rate / 100, 2)) AS tax
    """
    return f"""
        SELECT order_row, sum(subtotal) AS subtotal, sum(discount) AS discount, sum(tax) AS tax,
            bool_or(partial) AS partial
        FROM (
            SELECT order_row, {figures}, false AS partial FROM {stage.table("lines")} GROUP BY order_row
            UNION ALL
            SELECT head.row, {figures}, true
            FROM orders_orderline AS e JOIN {stage.table("heads")} AS head ON head.id = e.order_id
            WHERE NOT EXISTS (SELECT FROM {stage.table("matched")} AS m WHERE m.id = e.id)
                AND EXISTS (SELECT FROM {stage.table("lines")} AS l WHERE l.order_row = head.row)
            GROUP BY head.row
        ) AS parts GROUP BY order_row
    """


def link_customers(stage: Stage) -> tuple[str, ...]:
    """Return the statements that give orders the ids of customers created just now."""
    customers, orders = stage.table("customers"), stage.table("orders")
    return (
        f"""
        UPDATE {customers} AS w SET id = t.id FROM customers_customer AS t
        WHERE t.number = w.number AND w.action = '{CREATE}'
        """,
        f"""
        UPDATE {orders} AS w SET customer_id = c.id FROM {customers} AS c
        WHERE c.row = w.customer_row AND c.action = '{CREATE}'
        """,
    )
