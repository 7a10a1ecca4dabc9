"""Pages of our own beside those of the login library; none yet needs one."""

urlpatterns: list = []
