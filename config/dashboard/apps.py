from django.contrib.admin.apps import AdminConfig


class LontarAdminConfig(AdminConfig):
    """Django's admin with a first page of our own."""

    default_site = "config.dashboard.site.Site"
