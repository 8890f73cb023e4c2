"""Every address of the desk."""

from django.contrib import admin
from django.urls import path

handler400 = "backoffice.errors.bad_request"
handler500 = "backoffice.errors.server_error"

urlpatterns = [
    path("", admin.site.urls),
]
