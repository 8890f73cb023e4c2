"""What people write at the demo shop."""

CARRIERS = [("Royal Mail", "RM"), ("Royal Mail", "RM"), ("DPD", "15"), ("DHL", "JD"), ("UPS", "1Z")]
CANCELLED = [
    "Customer changed their mind",
    "Ordered twice by mistake",
    "Found it cheaper elsewhere",
    "Needed earlier than we can deliver",
]
HELD = [
    "Address looks incomplete, asked the customer",
    "Check payment: card country differs",
    "Customer asked to wait until they are back",
    "Gift message missing, mailed the customer",
]
RETURNED = ["Arrived damaged", "Not as expected", "Wrong size", "Unwanted gift", "Wrong article sent"]
APOLOGIES = ["Arrived late, apology", "Scratched but kept", "Gift wrap was forgotten"]
NOTES = [
    "Called the customer: deliver to the neighbour at number 12.",
    "Wants an invoice with the VAT number, sent by mail.",
    "Regular customer, please add a sample of the new soap.",
    "Second parcel can wait until the cushions are in.",
    "Asked for plastic-free packaging.",
    "Left a message about the delivery date, call again tomorrow.",
]
