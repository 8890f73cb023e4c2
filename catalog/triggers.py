"""The ledger moves the stock: on hand is what the movements add up to, whoever writes them."""

import pgtrigger

from backoffice.changes.triggers import StandingTrigger


class MoveStock(StandingTrigger):
    """Add the inserted movements to their products, in primary-key order."""

    name = "move_stock"
    level = pgtrigger.Statement
    when = pgtrigger.After
    operation = pgtrigger.Insert
    referencing = pgtrigger.Referencing(new="new_rows")
    func = """
        PERFORM 1 FROM catalog_product WHERE id IN (SELECT product_id FROM new_rows) ORDER BY id FOR NO KEY UPDATE;
        UPDATE catalog_product AS product
        SET on_hand = product.on_hand + moved.delta
        FROM (SELECT product_id, sum(delta) AS delta FROM new_rows GROUP BY product_id) AS moved
        WHERE product.id = moved.product_id;
        RETURN NULL;
    """


class RefuseStockWithoutMovement(StandingTrigger):
    """Refuse to set on hand other than by a movement."""

    name = "stock_only_by_movement"
    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.UpdateOf("on_hand")
    func = """
        IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
        IF TG_OP = 'INSERT' THEN
            IF NEW.on_hand = 0 THEN RETURN NEW; END IF;
        ELSIF NEW.on_hand = OLD.on_hand THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'on_hand of product % changes by stock movements only', NEW.sku
            USING ERRCODE = 'check_violation', CONSTRAINT = 'catalog_product_stock_by_movement';
    """


class RefuseCategoryCycle(StandingTrigger):
    """Refuse a category within one of its own descendants.

    The advisory lock keeps two moves at the same time from closing a circle that neither of them sees.
    """

    name = "no_cycle"
    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.UpdateOf("parent_id")
    func = """
        IF NEW.parent_id IS NULL THEN RETURN NULL; END IF;
        PERFORM pg_advisory_xact_lock(hashtext('catalog_category_tree'));
        IF EXISTS (
            WITH RECURSIVE above (id, parent_id) AS (
                SELECT id, parent_id FROM catalog_category WHERE id = NEW.parent_id
                UNION
                SELECT category.id, category.parent_id
                FROM catalog_category AS category JOIN above ON category.id = above.parent_id
            )
            SELECT 1 FROM above WHERE id = NEW.id
        ) THEN
            RAISE EXCEPTION 'category % cannot be within itself', NEW.name
                USING ERRCODE = 'check_violation', CONSTRAINT = 'catalog_category_no_cycle';
        END IF;
        RETURN NULL;
    """
