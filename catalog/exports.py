"""What of the catalogue leaves as JSON."""

from backoffice.jsonexport.declarations import Export

PRODUCTS = Export(
    name="products",
    model="catalog.Product",
    scope="products",
    permissions=("catalog.view_product",),
    fields={
        "id": "id",
        "sku": "sku",
        "name": "name",
        "description": "description",
        "category": "category__name",
        "barcode": "barcode",
        "price": "price",
        "cost": "cost",
        "tax_rate": "tax_rate",
        "price_with_tax": "price_with_tax",
        "status": "status",
        "tags": "tags",
        "allow_backorder": "allow_backorder",
        "reorder_level": "reorder_level",
        "on_hand": "on_hand",
        "reserved": "reserved",
        "available": "available",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
)
