"""The codes by which spreadsheets find products."""

from django.utils.translation import gettext_lazy as _

from backoffice.spreadsheets.columns import Column
from backoffice.spreadsheets.keys import Key
from backoffice.spreadsheets.values import CodeValue

BARCODE = Column(
    "barcode",
    CodeValue(max_length=32, required=True),
    label=_("Barcode"),
    aliases=["EAN", "GTIN", "UPC"],
    required=True,
    help_text=_("Finds the product. One that several products have is refused."),
)
PRODUCT_CODES = (
    Key(
        field="sku",
        expression="upper({alias}.sku)",
        taken=_("The product %s has this SKU. Correct one of them; or give that one another first, in its own file."),
        among="{alias}.status <> 'archived'",
    ),
    Key(field="barcode", expression="{alias}.barcode", column=BARCODE),
)
