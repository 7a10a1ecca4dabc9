from pathlib import Path

import pytest

from launch.console import Problem
from launch.options import read_env_file, read_options


def test_env_file_is_read_like_a_person_writes_it(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text(
        "# a comment\n\nPORT=9000\nexport HOST = 0.0.0.0  # everybody\n"
        "SECRET_KEY='a # b'\nEMAIL_URL=\"smtp://x\"\nEMPTY=\nOPENAI_API_KEY=#off\nno line\n"
    )
    assert read_env_file(file) == {
        "PORT": "9000",
        "HOST": "0.0.0.0",
        "SECRET_KEY": "a # b",
        "EMAIL_URL": "smtp://x",
    }


def test_the_environment_wins_over_the_file(tmp_path: Path):
    (tmp_path / ".env").write_text("PORT=9000\nHOST=::1\n")
    options = read_options({"PORT": "9001", "LONTAR_HOME": "data"}, tmp_path)
    assert (options.port, options.host) == (9001, "::1")
    assert options.home == tmp_path / "data"
    assert options.address == "http://[::1]:9001"


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1"])
def test_a_wrong_port_is_named(tmp_path: Path, port: str):
    with pytest.raises(Problem, match="PORT is"):
        read_options({"PORT": port}, tmp_path)


def test_listening_everywhere_still_gives_an_address_to_type(tmp_path: Path):
    assert read_options({"HOST": "0.0.0.0"}, tmp_path).address == "http://127.0.0.1:8000"
