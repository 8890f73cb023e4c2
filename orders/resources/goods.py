"""The customers and products that a file of orders needs."""

from backoffice.spreadsheets.merging import CREATE, UNCHANGED, UPDATE
from backoffice.spreadsheets.staging import Stage


def make_customers(stage: Stage) -> None:
    """Work out the customers: a new one has the country of their newest line.

    One that exists gets it only if that line is newer than all orders they have here.
    """
    stage.make(
        "customers",
        f"""
        SELECT *, CASE
            WHEN id IS NULL THEN '{CREATE}'
            WHEN country <> was_country THEN '{UPDATE}'
            ELSE '{UNCHANGED}' END AS action
        FROM (
            SELECT newest.row, newest.number, t.id, t.country AS was_country,
                CASE
                    WHEN t.id IS NULL THEN coalesce(newest.country, '')
                    WHEN newest.country IS NULL OR t.anonymised_at IS NOT NULL THEN t.country
                    WHEN last.placed_at IS NULL OR last.placed_at < newest.placed_at THEN newest.country
                    ELSE t.country
                END AS country
            FROM (
                SELECT DISTINCT ON (head.customer COLLATE "C")
                    head.customer AS number, head.row, head.country, head.placed_at
                FROM {stage.table("heads")} AS head
                WHERE head.customer IS NOT NULL AND {_accepted(stage, "head")}
                ORDER BY head.customer COLLATE "C", head.newest DESC
            ) AS newest
            LEFT JOIN customers_customer AS t ON t.number = newest.number
            LEFT JOIN (
                SELECT customer_id, max(placed_at) AS placed_at FROM orders_order GROUP BY customer_id
            ) AS last ON last.customer_id = t.id
        ) AS wanted
        """,
    )


def make_products(stage: Stage) -> None:
    """Work out the products, one for each SKU whatever its case.

    A new one has the spelling and the name that are most frequent (of equals the newest), and the newest price above
    zero at which it was sold. One that exists changes only if it has no name. An archived one serves if no other has
    the SKU. SKUs of lines that are all here already need no product, should theirs have been renamed since.
    """
    _make_sold(stage)
    stage.make("codes", f"SELECT DISTINCT sku, key FROM {stage.table('sold')}")
    stage.make(
        "products",
        f"""
        SELECT *, CASE
            WHEN id IS NULL THEN '{CREATE}'
            WHEN name <> was_name THEN '{UPDATE}'
            ELSE '{UNCHANGED}' END AS action
        FROM (
            SELECT sold.key, sold.row, t.id, spelling.sku, t.name AS was_name,
                coalesce(nullif(t.name, ''), naming.name, '') AS name, coalesce(pricing.price, 0) AS price
            FROM (
                SELECT key, min(row) AS row, bool_or(needed) AS needed FROM {stage.table("sold")} GROUP BY key
            ) AS sold
            JOIN ({_spelling(stage)}) AS spelling ON spelling.key = sold.key
            LEFT JOIN ({_naming(stage)}) AS naming ON naming.key = sold.key
            LEFT JOIN ({_pricing(stage)}) AS pricing ON pricing.key = sold.key
            LEFT JOIN (
                SELECT DISTINCT ON (upper(sku)) upper(sku) AS key, id, name FROM catalog_product
                ORDER BY upper(sku), (status = 'archived'), id DESC
            ) AS t ON t.key = sold.key
            WHERE t.id IS NOT NULL OR sold.needed
        ) AS wanted
        """,
    )


def _accepted(stage: Stage, alias: str) -> str:
    return f"NOT EXISTS (SELECT FROM {stage.problems} AS p WHERE p.row = {alias}.row)"


def _make_sold(stage: Stage) -> None:
    """Gather the rows by SKU, name and price, in one pass: some thousand groups serve all that follows."""
    stage.make(
        "sold",
        f"""
        SELECT upper(sku) AS key, gathered.* FROM (
            SELECT r.sku, coalesce(r.name, '') AS name, r.unit_price AS price, count(*) AS times, min(r.row) AS row,
                max(r.placed_at) AS newest, bool_or(r.quantity > 0) AS sold, bool_or(m.row IS NULL) AS needed
            FROM {stage.rows} AS r LEFT JOIN {stage.table("matched")} AS m ON m.row = r.row
            WHERE {_accepted(stage, "r")}
            GROUP BY r.sku, coalesce(r.name, ''), r.unit_price
        ) AS gathered
        """,
    )


def _spelling(stage: Stage) -> str:
    return f"""
        SELECT DISTINCT ON (key) key, sku FROM (
            SELECT key, sku, sum(times) AS times, max(newest) AS newest FROM {stage.table("sold")} GROUP BY key, sku
        ) AS spellings ORDER BY key, times DESC, newest DESC, sku COLLATE "C"
    """


def _naming(stage: Stage) -> str:
    return f"""
        SELECT DISTINCT ON (key) key, name FROM (
            SELECT key, name, sum(times) AS times, max(newest) AS newest FROM {stage.table("sold")}
            WHERE name <> '' GROUP BY key, name
        ) AS names ORDER BY key, times DESC, newest DESC, name COLLATE "C"
    """


def _pricing(stage: Stage) -> str:
    return f"""
        SELECT DISTINCT ON (key) key, price FROM {stage.table("sold")} WHERE sold AND price > 0
        ORDER BY key, newest DESC, price DESC
    """
