"""Wrong limits are said at the start, not at the first login."""

import pytest

from accounts.checks import limits_are_readable


def test_the_limits_as_shipped_are_readable():
    assert limits_are_readable() == []


@pytest.mark.parametrize("wrong", ["many", "10/min", "10", "/m", "x/m", "-3/h"])
def test_a_wrong_limit_is_an_error_that_names_it(settings, wrong):
    settings.LIMITS = {"signup": wrong}
    (error,) = limits_are_readable()
    assert "LIMIT_SIGNUP" in str(error)
