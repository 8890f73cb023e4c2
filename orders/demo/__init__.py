"""A shop that never was: goods, customers and a year of orders, for a desk to be tried on."""

from orders.demo.shop import DeskNotEmptyError, seed_shop

__all__ = ["DeskNotEmptyError", "seed_shop"]
