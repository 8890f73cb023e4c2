"""Addresses of the JSON export."""

from django.urls import path

from backoffice.jsonexport.views import export_page

app_name = "jsonexport"
urlpatterns = [path("<slug:name>.json", export_page, name="page")]
