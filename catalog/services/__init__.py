"""Writes about products and stock."""

from catalog.services.products import adjust_prices, archive_product, change_prices, restore_product
from catalog.services.rules import (
    can_archive_product,
    can_change_prices,
    can_count_stock,
    can_receive_stock,
    can_restore_product,
)
from catalog.services.stock import (
    OutOfStockError,
    StockMove,
    count_stock,
    receive_delivery,
    receive_stock,
    release_stock,
    reserve_stock,
    restock,
    ship_stock,
)
from catalog.services.undoing import take_back_movements

__all__ = [
    "OutOfStockError",
    "StockMove",
    "adjust_prices",
    "archive_product",
    "can_archive_product",
    "can_change_prices",
    "can_count_stock",
    "can_receive_stock",
    "can_restore_product",
    "change_prices",
    "count_stock",
    "receive_delivery",
    "receive_stock",
    "release_stock",
    "reserve_stock",
    "restock",
    "restore_product",
    "ship_stock",
    "take_back_movements",
]
