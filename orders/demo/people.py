"""Who buys at the demo shop. Names are common ones of their country; mail goes to example domains only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from customers.models import Address, Customer
from customers.services import next_customer_numbers


@dataclass(frozen=True)
class Country:
    """Names and places of a country, and its share of the customers."""

    name: str
    share: int
    first: str
    last: str
    streets: str
    towns: dict[str, str]
    house_first: bool = False
    phone: str = ""


COUNTRIES = [
    Country(
        "United Kingdom",
        46,
        "Oliver Amelia Harry Isla George Ava Jack Grace Aisha Mohammed Emily Thomas Sophie Rhys Priya Callum",
        "Smith Jones Taylor Brown Williams Wilson Evans Patel Khan Wright Walker Hughes Campbell Murray Begum",
        "High Street,Church Lane,Station Road,Mill Lane,Victoria Road,Park Avenue,The Green,Queen’s Road",
        {"London": "SE15 4QL", "Bristol": "BS6 5JD", "Leeds": "LS6 2AB", "Edinburgh": "EH9 1PR", "Cardiff": "CF11 9NP",
         "Manchester": "M21 8UN", "Norwich": "NR2 3RT", "Sheffield": "S11 8QA"},
        house_first=True,
        phone="+44 7700 9000{:02d}",
    ),
    Country(
        "Germany",
        14,
        "Anna Lukas Lena Jonas Katharina Felix Miriam Stefan Hannah Tobias Aylin Jürgen",
        "Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Koch Demir Krüger",
        "Hauptstraße,Gartenweg,Lindenallee,Bahnhofstraße,Schillerstraße",
        {"Berlin": "10437", "Hamburg": "22765", "Köln": "50823", "Leipzig": "04229", "München": "81667"},
    ),
    Country(
        "France",
        10,
        "Camille Louis Chloé Hugo Manon Jules Inès Nathan Léa Karim",
        "Martin Bernard Dubois Petit Durand Leroy Moreau Garnier Benali",
        "rue de la République,avenue Victor Hugo,rue du Moulin,rue des Écoles",
        {"Paris": "75011", "Lyon": "69004", "Nantes": "44000", "Lille": "59800"},
        house_first=True,
    ),
    Country(
        "Netherlands",
        7,
        "Daan Emma Sem Julia Lucas Sanne Bram Fatima",
        "de_Jong Jansen de_Vries Bakker Visser Smit Meijer",
        "Kerkstraat,Dorpsstraat,Molenweg,Prinsengracht",
        {"Amsterdam": "1016 GV", "Utrecht": "3511 LN", "Haarlem": "2011 RD"},
    ),
    Country(
        "Ireland",
        7,
        "Aoife Conor Saoirse Cian Niamh Patrick Róisín Seán",
        "Murphy Kelly O’Brien Byrne Ryan O’Connor Walsh",
        "Main Street,Abbey Road,Bridge Street",
        {"Dublin": "D06 X8K2", "Cork": "T12 W8KP", "Galway": "H91 E2K3"},
        house_first=True,
    ),
    Country(
        "Sweden",
        5,
        "Elsa Oscar Alva Erik Maja Axel",
        "Andersson Johansson Karlsson Nilsson Lindberg",
        "Storgatan,Skolgatan,Kungsgatan",
        {"Stockholm": "116 46", "Göteborg": "413 01", "Malmö": "211 22"},
    ),
    Country(
        "Spain",
        5,
        "Lucía Hugo Carmen Pablo Elena Javier",
        "García Martínez López Sánchez Romero Navarro",
        "calle Mayor,calle del Carmen,avenida de la Constitución",
        {"Madrid": "28004", "Valencia": "46006", "Bilbao": "48001"},
    ),
    Country(
        "United States",
        6,
        "Madison Ethan Olivia Noah Jasmine Diego Hannah Tyler",
        "Johnson Garcia Miller Davis Nguyen Anderson Lee Robinson",
        "Maple Street,Oak Avenue,2nd Street,Washington Avenue",
        {"Portland, OR": "97214", "Brooklyn, NY": "11215", "Austin, TX": "78704"},
        house_first=True,
        phone="+1 503 555 01{:02d}",
    ),
]  # fmt: skip
COMPANIES = "Larder Kitchens Interiors Stores Bistro Hotel Florist Gifts"
PLAIN = str.maketrans("äöüéèëçñáíóúß ’", "aoueeecnaious--", "")


def invite_customers(random: Random, *, since: Sequence[datetime]) -> list[Customer]:
    """Create customers with their addresses, one for each of the instants `since` which they are."""
    numbers = next_customer_numbers(count=len(since))
    taken = {email.lower() for email in Customer.objects.exclude(email="").values_list("email", flat=True)}
    customers, addresses = [], []
    for number, at in zip(numbers, since, strict=True):
        country = random.choices(COUNTRIES, [country.share for country in COUNTRIES])[0]
        customer = _customer(random, country, number, taken, at)
        customers.append(customer)
        addresses += _addresses(random, country, customer)
    Customer.objects.bulk_create(customers)
    Address.objects.bulk_create(addresses)
    return customers


def _customer(random: Random, country: Country, number: str, taken: set[str], at: datetime) -> Customer:
    first, last = random.choice(country.first.split()), random.choice(country.last.split())
    last = last.replace("_", " ")
    agrees = random.random() < 0.4
    asked = agrees or random.random() < 0.5
    trade = random.random() < 0.12
    return Customer(
        number=number,
        name=f"{first} {last}",
        company=f"{last} {random.choice(COMPANIES.split())}" if trade else "",
        email=_email(random, first, last, taken) if random.random() < 0.95 else "",
        phone=country.phone.format(random.randint(0, 99)) if random.random() < 0.6 else "",
        country=country.name,
        tags=["trade"] if trade else [],
        marketing_consent=agrees,
        marketing_consent_at=at if asked else None,
        created_at=at,
    )


def _email(random: Random, first: str, last: str, taken: set[str]) -> str:
    name = f"{first}.{last}".lower().translate(PLAIN).encode("ascii", "ignore").decode()
    domain = random.choice(["example.com", "example.org", "example.net"])
    email, again = f"{name}@{domain}", 1
    while email in taken:
        again += 1
        email = f"{name}{again}@{domain}"
    taken.add(email)
    return email


def _addresses(random: Random, country: Country, customer: Customer) -> list[Address]:
    kinds = [Address.Kind.BILLING, Address.Kind.SHIPPING] if random.random() < 0.2 else [Address.Kind.SHIPPING]
    return [_address(random, country, customer, kind) for kind in kinds]


def _address(random: Random, country: Country, customer: Customer, kind: Address.Kind) -> Address:
    town, postal_code = random.choice(list(country.towns.items()))
    street, house = random.choice(country.streets.split(",")), random.randint(1, 140)
    return Address(
        customer=customer,
        kind=kind,
        name=customer.company or customer.name,
        line1=f"{house} {street}" if country.house_first else f"{street} {house}",
        city=town,
        postal_code=postal_code,
        country=country.name,
        is_default=True,
        created_at=customer.created_at,
    )
