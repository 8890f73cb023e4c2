"""What the demo shop sells: homeware and garden goods, by category."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from catalog.models import Category, Product

# (department, shelf, code, name, variants with their price without tax)
FAMILIES: list[tuple[str, str, str, str, dict[str, str]]] = [
    ("Kitchen", "Cookware", "CAS", "Cast iron casserole", {"20 cm": "54.00", "24 cm": "69.00", "28 cm": "84.00"}),
    ("Kitchen", "Cookware", "PAN", "Carbon steel pan", {"20 cm": "26.50", "24 cm": "31.00", "28 cm": "36.50"}),
    ("Kitchen", "Cookware", "SAU", "Copper saucepan", {"1 l": "62.00", "1.8 l": "78.00"}),
    ("Kitchen", "Knives", "KNI", "Kitchen knife", {"paring": "14.90", "bread": "29.00", "chef’s": "44.00"}),
    ("Kitchen", "Knives", "BRD", "Oak chopping board", {"small": "18.50", "medium": "27.00", "large": "39.00"}),
    ("Kitchen", "Storage", "JAR", "Preserving jar", {"0.5 l": "3.20", "1 l": "3.90", "2 l": "5.40"}),
    ("Kitchen", "Storage", "TIN", "Enamel bread bin", {"cream": "34.00", "sage": "34.00", "charcoal": "34.00"}),
    ("Kitchen", "Baking", "LOA", "Loaf tin", {"1 lb": "8.40", "2 lb": "10.20"}),
    ("Kitchen", "Baking", "CAK", "Springform cake tin", {"18 cm": "11.50", "23 cm": "13.50", "26 cm": "15.00"}),
    ("Table", "Tableware", "PLA", "Stoneware plate", {"side": "7.50", "dinner": "11.00", "pasta": "12.50"}),
    ("Table", "Tableware", "BOW", "Stoneware bowl", {"small": "6.80", "medium": "9.50", "serving": "24.00"}),
    ("Table", "Tableware", "MUG", "Stoneware mug", {"white": "8.90", "blue": "8.90", "speckled": "9.50"}),
    ("Table", "Glassware", "TUM", "Recycled glass tumbler", {"clear": "4.60", "green": "4.90", "smoke": "4.90"}),
    ("Table", "Glassware", "WIN", "Wine glass", {"white": "7.20", "red": "7.80", "set of six": "39.00"}),
    ("Table", "Linen", "NAP", "Linen napkin", {"natural": "5.90", "rust": "5.90", "forest": "5.90"}),
    ("Table", "Linen", "CLO", "Linen tablecloth", {"150 × 150 cm": "42.00", "150 × 250 cm": "59.00"}),
    ("Home", "Bath", "TOW", "Organic cotton towel", {"hand": "12.00", "bath": "22.00", "sheet": "32.00"}),
    ("Home", "Bath", "SOA", "Olive oil soap", {"lavender": "4.20", "rosemary": "4.20", "unscented": "3.90"}),
    ("Home", "Living", "CUS", "Wool cushion", {"ochre": "36.00", "grey": "36.00", "terracotta": "36.00"}),
    ("Home", "Living", "THR", "Lambswool throw", {"grey check": "68.00", "blue stripe": "68.00", "plain": "62.00"}),
    ("Home", "Living", "BAS", "Willow basket", {"small": "16.00", "medium": "24.00", "log": "48.00"}),
    ("Home", "Candles", "CAN", "Beeswax candle", {"pillar": "13.50", "taper pair": "9.80", "tea light ×12": "11.00"}),
    ("Home", "Candles", "SCE", "Scented candle", {"fig": "19.00", "cedar": "19.00", "winter spice": "19.00"}),
    ("Home", "Stationery", "NOT", "Clothbound notebook", {"lined": "11.00", "dotted": "11.00", "plain": "11.00"}),
    ("Home", "Stationery", "CRD", "Letterpress card", {"birthday": "3.10", "thank you": "3.10", "Christmas": "3.10"}),
    ("Garden", "Tools", "TRO", "Hand tool", {"trowel": "16.50", "fork": "16.50", "dibber": "12.00"}),
    ("Garden", "Tools", "SEC", "Secateurs", {"bypass": "34.00", "anvil": "29.00", "left-handed": "36.00"}),
    ("Garden", "Tools", "WAT", "Watering can", {"1 l": "19.00", "5 l": "32.00", "9 l": "41.00"}),
    ("Garden", "Pots", "POT", "Terracotta pot", {"12 cm": "4.50", "18 cm": "8.00", "25 cm": "15.50", "35 cm": "29.00"}),
    ("Garden", "Pots", "SAC", "Saucer", {"12 cm": "2.10", "18 cm": "3.40", "25 cm": "5.60"}),
    ("Garden", "Seeds", "SEE", "Heritage seeds", {"tomato": "2.60", "bean": "2.60", "pea": "2.80", "kale": "2.40"}),
    ("Garden", "Outdoors", "LAN", "Storm lantern", {"black": "27.00", "brass": "38.00"}),
    ("Garden", "Outdoors", "BIR", "Bird feeder", {"seed": "17.50", "peanut": "16.00", "window": "12.50"}),
    ("Pantry", "Tea and coffee", "TEA", "Loose leaf tea", {"Assam": "7.40", "Earl Grey": "7.60", "peppermint": "6.20"}),
    ("Pantry", "Tea and coffee", "COF", "Coffee beans", {"house": "8.20", "decaf": "8.60", "1 kg": "27.50"}),
    ("Pantry", "Preserves", "JAM", "Jam", {"damson": "4.10", "raspberry": "4.10", "marmalade": "4.30"}),
    ("Pantry", "Preserves", "HON", "Heather honey", {"227 g": "6.90", "454 g": "11.80"}),
    ("Pantry", "Oils", "OIL", "Olive oil", {"250 ml": "8.50", "500 ml": "14.50", "3 l tin": "52.00"}),
    ("Gifts", "Hampers", "HAM", "Hamper", {"breakfast": "48.00", "baker’s": "65.00", "gardener’s": "72.00"}),
    ("Gifts", "Wrapping", "WRA", "Gift wrap", {"kraft": "4.00", "botanical": "5.20", "stars": "5.20"}),
]  # fmt: skip
WINTER = {"CAN", "SCE", "THR", "HAM", "WRA", "CRD", "LAN"}
SUMMER = {"TRO", "SEC", "WAT", "POT", "SAC", "SEE", "JAR"}
SOLD_AHEAD = {"HAM", "THR"}
TAX_RATE = Decimal(20)
UNTAXED = {"Pantry"}


@dataclass(frozen=True)
class Article:
    """A product with how often it is chosen: by itself, in winter and in summer."""

    product: Product
    popularity: float
    winter: float
    summer: float

    def weight(self, month: int) -> float:
        """Return how often it is chosen in `month`."""
        if month in (11, 12):
            return self.popularity * self.winter
        return self.popularity * (self.summer if 4 <= month <= 8 else 1)


def stock_the_shelves(random: Random) -> list[Article]:
    """Create the categories and products that are missing; return all that is sold."""
    shelves = _categories()
    known = {product.sku: product for product in Product.objects.active()}
    products = []
    for department, shelf, code, name, variants in FAMILIES:
        for position, (variant, price) in enumerate(variants.items(), 1):
            sku = f"{code}-{position:02d}"
            tax_rate = Decimal(0) if department in UNTAXED else TAX_RATE
            product = _product(random, sku, f"{name}, {variant}", Decimal(price), tax_rate)
            product.category = shelves[department, shelf]
            products.append(known.get(product.sku, product))
    Product.objects.bulk_create([product for product in products if product.pk is None])
    return [_article(random, product) for product in products]


def _categories() -> dict[tuple[str, str], Category]:
    shelves: dict[tuple[str, str], Category] = {}
    for position, department in enumerate(dict.fromkeys(family[0] for family in FAMILIES), 1):
        top, _made = Category.objects.get_or_create(name=department, parent=None, defaults={"position": position})
        names = dict.fromkeys(family[1] for family in FAMILIES if family[0] == department)
        for place, name in enumerate(names, 1):
            shelf, _made = Category.objects.get_or_create(name=name, parent=top, defaults={"position": place})
            shelves[department, name] = shelf
    return shelves


def _product(random: Random, sku: str, name: str, price: Decimal, tax_rate: Decimal) -> Product:
    margin = Decimal(random.randint(42, 66)) / 100
    return Product(
        sku=sku,
        name=name,
        barcode=f"50{random.randint(10**10, 10**11 - 1)}",
        price=price,
        cost=(price * (1 - margin)).quantize(Decimal("0.01")),
        tax_rate=tax_rate,
        status=Product.Status.ACTIVE,
        tags=["seasonal"] if sku[:3] in WINTER else [],
        allow_backorder=sku[:3] in SOLD_AHEAD,
        reorder_level=random.choice([5, 10, 10, 15, 20]),
    )


def _article(random: Random, product: Product) -> Article:
    code = product.sku[:3]
    return Article(
        product=product,
        popularity=random.paretovariate(1.4) * (1.5 if product.price < 15 else 0.8),
        winter=2.6 if code in WINTER else 0.8,
        summer=2.2 if code in SUMMER else 1.0,
    )
