"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id (RFC 9106) with 46 MiB and one lane, twice OWASP's passes for that size.

    Django's own 100 MiB and eight lanes are for bigger machines: a class that logs in at once
    would take more memory than all the rest of Lontar.
    """

    time_cost = 2
    memory_cost = 47_104
    parallelism = 1
