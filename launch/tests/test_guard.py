"""The guards of conftest.py guard."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from conftest import NetworkRefused


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "api.openai.com"])
def test_no_test_reaches_another_machine(host: str):
    with pytest.raises(NetworkRefused):
        socket.create_connection((host, 443), timeout=1)


def test_a_socket_is_refused_however_it_connects():
    with socket.socket() as one, pytest.raises(NetworkRefused):
        one.connect_ex(("192.0.2.1", 443))


def test_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_settings_know_no_key_and_allow_no_provider():
    assert settings.LLM_ALLOW_NETWORK is False
    assert not any(settings.PROVIDER_KEYS.values())


def test_the_launcher_needs_nothing_but_the_standard_library():
    """It runs before anything is installed: -S leaves out site-packages."""
    code = "import launch.__main__, sys; print([m for m in sys.modules if 'django' in m])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_this_process_has_a_home_and_keys_of_its_own():
    """What a test starts gets them from the environment, and must look in the same places."""
    assert os.environ["REDIS_PREFIX"] == settings.REDIS_PREFIX
    assert str(os.getpid()) in settings.REDIS_PREFIX
    assert Path(os.environ["LONTAR_HOME"]).resolve() == settings.LONTAR_HOME
