import pytest


@pytest.fixture(autouse=True)
def _fresh_limits(fresh_limits: None) -> None:
    pass
