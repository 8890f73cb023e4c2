"""What of the customers leaves as JSON: personal data all of it, so its permission is needed for any."""

from backoffice.jsonexport.declarations import Export

CUSTOMERS = Export(
    name="customers",
    model="customers.Customer",
    scope="customers",
    permissions=("customers.view_customer", "customers.export_personal_data"),
    fields={
        "id": "id",
        "number": "number",
        "name": "name",
        "company": "company",
        "email": "email",
        "phone": "phone",
        "country": "country",
        "tags": "tags",
        "blocked": "blocked",
        "marketing_consent": "marketing_consent",
        "marketing_consent_at": "marketing_consent_at",
        "archived_at": "archived_at",
        "anonymised_at": "anonymised_at",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
)
