"""Every address of the desk."""

from django.contrib import admin
from django.urls import include, path

handler400 = "backoffice.errors.bad_request"
handler500 = "backoffice.errors.server_error"

urlpatterns = [
    path("export/v1/", include("backoffice.jsonexport.urls")),
    path("", admin.site.urls),
]
