"""Lines of orders: which of the file's rows are here already, and what the others become.

A row is first sought where it stood, then as the n-th repeat of the same content anywhere in its order, and what is
left over as the n-th line of its SKU. So exact repeats stay lines of their own, and each is recognised again, also
when the rows come in another order.
"""

from backoffice.spreadsheets.merging import CREATE, UNCHANGED, UPDATE
from backoffice.spreadsheets.staging import Stage

INSERTED = ("order_id", "product_id", "position")
COMPARED = ("sku", "name", "quantity", "unit_price", "discount", "tax_rate")
VALUES = (*COMPARED, "shipped")


def given_values(stage: Stage) -> dict[str, str]:
    """Return the compared columns that the file fills, with the SQL of their new value for the staged row `r`."""
    values = {"sku": "r.sku", "quantity": "r.quantity", "unit_price": "r.unit_price"}
    if stage.has("name"):
        values["name"] = "coalesce(r.name, '')"
    if stage.has("discount"):
        values["discount"] = "coalesce(r.discount, 0)"
    if stage.has("discount_rate"):
        values["discount"] = "coalesce(round(r.quantity * r.unit_price * r.discount_rate, 4), 0)"
    if stage.has("tax_rate"):
        values["tax_rate"] = "coalesce(r.tax_rate, 0)"
    return values


def match_lines(stage: Stage) -> None:
    """Make the table `matched`: the row, the id of the line that it is, and whether that is the same in all values."""
    values = given_values(stage)
    named = ", ".join(f"{sql} AS {name}" for name, sql in values.items())
    stage.make(
        "present",
        "SELECT r.row, head.id AS order_id,"
        f" row_number() OVER (PARTITION BY head.id ORDER BY r.row) AS position, {named}"
        f" FROM {stage.rows} AS r JOIN {stage.table('heads')} AS head ON head.number = r.number"
        " WHERE head.id IS NOT NULL",
    )
    same = " AND ".join(f"e.{name} = p.{name}" for name in values)
    stage.make(
        "matched",
        f"SELECT p.row, e.id, true AS same FROM {stage.table('present')} AS p"
        f" JOIN orders_orderline AS e ON e.order_id = p.order_id AND e.position = p.position AND {same}",
    )
    if stage.fetch(f"SELECT EXISTS (SELECT FROM {stage.table('present')})")[0][0]:
        _match_left_over(stage, list(values), same=True)
        _match_left_over(stage, ["sku"], same=False)


def _match_left_over(stage: Stage, names: list[str], *, same: bool) -> None:
    """Match what is left over: the n-th row with the n-th line of equal `names` in its order.

    Unless all is to be the `same`, SKUs match whatever their case.
    """
    matched, present = stage.table("matched"), stage.table("present")
    words = ["upper(sku)" if name == "sku" and not same else name for name in names]
    partition = ", ".join(["order_id", *words])
    equal = " AND ".join(["p.order_id = e.order_id", "p.nth = e.nth", *(f"p.{name} = e.{name}" for name in names)])
    listed = ", ".join(f"{word} AS {name}" for word, name in zip(words, names, strict=True))
    stage.run(f"""
        INSERT INTO {matched} (row, id, same)
        SELECT p.row, e.id, {str(same).lower()}
        FROM (
            SELECT row, order_id, {listed}, row_number() OVER (PARTITION BY {partition} ORDER BY row) AS nth
            FROM {present} WHERE row NOT IN (SELECT row FROM {matched})
        ) AS p JOIN (
            SELECT id, order_id, {listed}, row_number() OVER (PARTITION BY {partition} ORDER BY position, id) AS nth
            FROM orders_orderline
            WHERE order_id IN (SELECT id FROM {stage.table("heads")}) AND id NOT IN (SELECT id FROM {matched})
        ) AS e ON {equal}
    """)
    stage.run(f"ANALYZE {matched}")


def make_lines(stage: Stage) -> None:
    """Work out what each accepted row becomes. New lines of an order that exists come after those that it has."""
    values = given_values(stage)
    absent = {"name": "coalesce(e.name, product.name, '')", "discount": "coalesce(e.discount, 0)"}
    absent["tax_rate"] = "coalesce(e.tax_rate, 0)"
    new = ", ".join(f"{values.get(name) or absent[name]} AS {name}" for name in COMPARED)
    was = ", ".join(f"e.{name} AS was_{name}" for name in VALUES)
    stage.make(
        "lines",
        f"""
        SELECT r.row, head.row AS order_row, product.row AS product_row, m.id,
            coalesce(before.position, 0)
                + row_number() OVER (PARTITION BY head.row, m.id IS NULL ORDER BY r.row) AS position,
            {new}, greatest(r.quantity, 0) AS shipped, {was},
            CASE WHEN m.id IS NULL THEN '{CREATE}' WHEN m.same THEN '{UNCHANGED}' ELSE '{UPDATE}' END AS action
        FROM {stage.rows} AS r
        JOIN {stage.table("heads")} AS head ON head.number = r.number
        JOIN {stage.table("codes")} AS code ON code.sku = r.sku
        LEFT JOIN {stage.table("products")} AS product ON product.key = code.key
        LEFT JOIN {stage.table("matched")} AS m ON m.row = r.row
        LEFT JOIN orders_orderline AS e ON e.id = m.id
        LEFT JOIN (
            SELECT order_id, max(position) AS position FROM orders_orderline
            WHERE order_id IN (SELECT id FROM {stage.table("heads")}) GROUP BY order_id
        ) AS before ON before.order_id = head.id
        WHERE NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = r.row)
        """,
    )


def new_lines(stage: Stage) -> str:
    """Return the lines to insert, with the ids of their orders and products, as SQL for a FROM clause."""
    columns = ", ".join(f"l.{name}" for name in ("row", "action", "position", *VALUES))
    return (
        f"(SELECT {columns}, o.id AS order_id, p.id AS product_id FROM {stage.table('lines')} AS l"
        f" JOIN {stage.table('orders')} AS o ON o.row = l.order_row"
        f" JOIN {stage.table('products')} AS p ON p.row = l.product_row WHERE l.action = '{CREATE}') AS new_lines"
    )


def link_orders_and_products(stage: Stage) -> tuple[str, ...]:
    """Return the statements that learn the ids of orders and products created just now."""
    orders, products = stage.table("orders"), stage.table("products")
    return (
        f"""
        UPDATE {orders} AS w SET id = t.id FROM orders_order AS t
        WHERE t.number = w.number AND w.action = '{CREATE}'
        """,
        f"""
        UPDATE {products} AS w SET id = t.id FROM catalog_product AS t
        WHERE upper(t.sku) = w.key AND t.status <> 'archived' AND w.action = '{CREATE}'
        """,
    )


def row_counts(stage: Stage) -> dict[str, int]:
    """Count rows by what they do: a row updates if it changes its line, or what the file says of its whole order."""
    counted = stage.fetch(f"""
        SELECT
            CASE WHEN l.action = '{UNCHANGED}' AND o.head_changed AND NOT o.live THEN '{UPDATE}' ELSE l.action END,
            count(*)
        FROM {stage.table("lines")} AS l JOIN {stage.table("orders")} AS o ON o.row = l.order_row GROUP BY 1
    """)
    return {CREATE: 0, UPDATE: 0, UNCHANGED: 0} | dict(counted)
