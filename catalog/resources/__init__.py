"""Spreadsheets of goods and their stock."""

from catalog.resources.goods import CategoryResource, PriceResource, ProductResource, ProductTagResource
from catalog.resources.stock import StockCountResource, StockReceiptResource

__all__ = [
    "CategoryResource",
    "PriceResource",
    "ProductResource",
    "ProductTagResource",
    "StockCountResource",
    "StockReceiptResource",
]
