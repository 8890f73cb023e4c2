"""Figures a day, reckoned ahead, and the triggers that note what is to be reckoned anew."""

import django.db.models.functions.datetime
from django.db import migrations, models

# Only what the figures are made of counts: a line that is shipped, an order that gets a tag, is left alone. Compared are
# sets of rows, which is the one way to compare transition tables that the planner cannot make slow. Lines find their
# orders one by one, by the primary key: the plan of the first statement of a session is kept for all, and may have been
# made for a line of an empty table.
TRIGGERS = """
CREATE FUNCTION reports_orders_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO reports_rollupchange (sold_at)
        SELECT DISTINCT date_trunc('hour', placed_at) FROM new_rows WHERE status IN ('placed', 'completed');
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO reports_rollupchange (sold_at)
        SELECT DISTINCT date_trunc('hour', placed_at) FROM old_rows WHERE status IN ('placed', 'completed');
    ELSE
        INSERT INTO reports_rollupchange (sold_at)
        SELECT DISTINCT date_trunc('hour', placed_at) FROM (
            (SELECT id, status, kind, currency, country, channel, placed_at FROM new_rows
                EXCEPT SELECT id, status, kind, currency, country, channel, placed_at FROM old_rows)
            UNION ALL
            (SELECT id, status, kind, currency, country, channel, placed_at FROM old_rows
                EXCEPT SELECT id, status, kind, currency, country, channel, placed_at FROM new_rows)
        ) AS changed WHERE status IN ('placed', 'completed');
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION reports_lines_changed() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO reports_rollupchange (sold_at)
        SELECT DISTINCT date_trunc('hour', o.placed_at) FROM (SELECT DISTINCT order_id FROM new_rows) AS touched
        CROSS JOIN LATERAL (SELECT placed_at FROM orders_order WHERE id = touched.order_id OFFSET 0) AS o
        WHERE o.placed_at IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO reports_rollupchange (sold_at)
        SELECT DISTINCT date_trunc('hour', o.placed_at) FROM (SELECT DISTINCT order_id FROM old_rows) AS touched
        CROSS JOIN LATERAL (SELECT placed_at FROM orders_order WHERE id = touched.order_id OFFSET 0) AS o
        WHERE o.placed_at IS NOT NULL;
    ELSE
        INSERT INTO reports_rollupchange (sold_at)
        SELECT DISTINCT date_trunc('hour', o.placed_at) FROM (
            SELECT order_id FROM (
                (SELECT id, order_id, product_id, quantity, total FROM new_rows
                    EXCEPT SELECT id, order_id, product_id, quantity, total FROM old_rows)
                UNION ALL
                (SELECT id, order_id, product_id, quantity, total FROM old_rows
                    EXCEPT SELECT id, order_id, product_id, quantity, total FROM new_rows)
            ) AS changed GROUP BY order_id
        ) AS touched
        CROSS JOIN LATERAL (SELECT placed_at FROM orders_order WHERE id = touched.order_id OFFSET 0) AS o
        WHERE o.placed_at IS NOT NULL;
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION reports_categories_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_rollupchange (product_id)
    SELECT id FROM (
        SELECT id, category_id FROM new_rows EXCEPT SELECT id, category_id FROM old_rows
    ) AS changed;
    RETURN NULL;
END;
$$;

CREATE FUNCTION reports_stock_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_rollupchange (product_id, stocked_at)
    SELECT product_id, date_trunc('hour', min(created_at)) FROM new_rows GROUP BY product_id;
    RETURN NULL;
END;
$$;
"""

ON_INSERT = "AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
ON_UPDATE = "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
ON_DELETE = "AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows"
NOTED = [
    ("orders_order", "reports_orders_changed", {"insert": ON_INSERT, "update": ON_UPDATE, "delete": ON_DELETE}),
    ("orders_orderline", "reports_lines_changed", {"insert": ON_INSERT, "update": ON_UPDATE, "delete": ON_DELETE}),
    ("catalog_product", "reports_categories_changed", {"update": ON_UPDATE}),
    ("catalog_stockmovement", "reports_stock_changed", {"insert": ON_INSERT}),
]
CREATE = TRIGGERS + "".join(
    f"CREATE TRIGGER {function}_{name} {event.format(table=table)} FOR EACH STATEMENT EXECUTE FUNCTION {function}();"
    for table, function, events in NOTED
    for name, event in events.items()
)
# The triggers go with their functions.
DROP = "".join(f"DROP FUNCTION {function}() CASCADE;" for _table, function, _events in NOTED)


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0002_planned_reports'),
        ('catalog', '0005_pinned_notes'),
        ('orders', '0005_pinned_notes'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyProductSales',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'currency', 'product_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField(verbose_name='day')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('product_id', models.BigIntegerField(verbose_name='product')),
                ('units', models.BigIntegerField(verbose_name='units')),
                ('sales', models.DecimalField(decimal_places=4, max_digits=24, verbose_name='sales')),
            ],
            options={
                'verbose_name': 'sales of a product on a day',
                'verbose_name_plural': 'sales of products on days',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DailySales',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'currency', 'country', 'channel', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField(verbose_name='day')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('country', models.CharField(max_length=64, verbose_name='country')),
                ('channel', models.CharField(max_length=32, verbose_name='channel')),
                ('orders', models.IntegerField(verbose_name='orders')),
                ('credit_notes', models.IntegerField(verbose_name='credit notes')),
                ('units', models.BigIntegerField(verbose_name='units')),
                ('sales', models.DecimalField(decimal_places=4, max_digits=24, verbose_name='sales')),
            ],
            options={
                'verbose_name': 'sales of a day',
                'verbose_name_plural': 'sales of days',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='MidnightStock',
            fields=[
                ('pk', models.CompositePrimaryKey('product_id', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('product_id', models.BigIntegerField(verbose_name='product')),
                ('day', models.DateField(verbose_name='day')),
                ('on_hand', models.BigIntegerField(verbose_name='on hand')),
            ],
            options={
                'verbose_name': 'stock at midnight',
                'verbose_name_plural': 'stock at midnight',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('basis', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='basis')),
                ('built_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='built')),
            ],
            options={
                'verbose_name': 'state of the rollups',
                'verbose_name_plural': 'state of the rollups',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DailyCategorySales',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('category_id', models.BigIntegerField(null=True, verbose_name='category')),
                ('units', models.BigIntegerField(verbose_name='units')),
                ('sales', models.DecimalField(decimal_places=4, max_digits=24, verbose_name='sales')),
            ],
            options={
                'verbose_name': 'sales of a category on a day',
                'verbose_name_plural': 'sales of categories on days',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('day', 'currency', 'category_id'), name='reports_dailycategorysales_once_a_day', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='RollupChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sold_at', models.DateTimeField(null=True, verbose_name='placed in the hour from')),
                ('product_id', models.BigIntegerField(null=True, verbose_name='product')),
                ('stocked_at', models.DateTimeField(null=True, verbose_name='stock moved from')),
            ],
            options={
                'verbose_name': 'change to reckon in',
                'verbose_name_plural': 'changes to reckon in',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('product_id', None), ('sold_at__isnull', False), ('stocked_at', None)), models.Q(('product_id__isnull', False), ('sold_at', None)), _connector='OR'), name='reports_rollupchange_one_thing')],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
