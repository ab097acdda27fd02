"""Settings from the environment and `.env`."""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db.address import parse_address
from services.access import MAX_ANSWERS, MAX_USD, BudgetSettings, Limits, Quotas
from services.embeddings import IMAGE_EMBEDDERS
from services.images import IMAGE_VENDORS
from services.keys import MIN_SECRET_LENGTH
from services.retention import RetentionSettings
from services.speech import AUDIO_VENDORS

_MIN_KEY_LENGTH = 16


class SettingsError(Exception):
    """A variable is missing or invalid. The message is one line that names it."""


@dataclass(frozen=True, kw_only=True)
class VendorAccess:
    """Access to a vendor of language models; `dialect` overrides options of its dialect."""

    api_key: SecretStr
    base_url: str
    model: str
    dialect: Mapping[str, Any]


class Settings(BaseSettings):
    """All variables of the bot; `.env.example` mirrors them field by field."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    discord_token: SecretStr | None = None
    # It may contain a password.
    database_url: str | None = Field(default=None, repr=False)
    data_dir: Path = Path(".data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    owner_ids: Annotated[frozenset[int], NoDecode] = frozenset()
    operator_guild_id: int | None = Field(default=None, gt=0, lt=2**63)
    proxy_application_ids: Annotated[frozenset[int], NoDecode] = frozenset()

    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-6-luna"
    openai_reasoning_effort: str = "none"
    openrouter_api_key: SecretStr | None = None
    openrouter_base_url: str = "https://openrouter.ai/api/v1"
    openrouter_model: str = "openai/gpt-6-luna"
    gemini_api_key: SecretStr | None = None
    gemini_base_url: str | None = None
    gemini_model: str = "gemini-3.8-flash"
    ollama_base_url: str | None = None
    ollama_model: str | None = None
    compatible_base_url: str | None = None
    compatible_api_key: SecretStr = SecretStr("none")
    compatible_model: str | None = None
    compatible_context_tokens: int = Field(default=32_000, ge=1024)
    local_model_path: Path | None = None
    local_model: bool = True

    image_vendor: str | None = Field(
        default=None, validation_alias=AliasChoices("image_vendor", "painter")
    )
    replicate_api_token: SecretStr | None = None
    replicate_base_url: str | None = None
    replicate_model: str = "google/nano-banana"
    gemini_image_model: str = "gemini-nano-banana-2.1"
    image_price_usd: float = Field(default=0.04, ge=0)
    images_at_once: int = Field(default=4, ge=1, le=32)
    image_max_width: int = Field(default=1600, ge=256, le=8192)
    image_quality: int = Field(default=82, ge=30, le=95)
    character_images_per_day: int = Field(default=20, ge=1)
    source_photo_days: int = Field(default=7, ge=1, le=365)
    media_public_url: str | None = None
    image_embedder: str | None = None
    image_embed_url: str | None = None
    gemini_embed_model: str = "gemini-embedding-2"
    audio_base_url: str | None = None
    audio_api_key: SecretStr = SecretStr("none")
    transcription_model: str | None = None
    transcription_model_path: Path | None = None
    transcription_language: str | None = Field(default=None, pattern="^[a-z]{2,3}$")
    transcription_price_usd: float = Field(default=0.006, ge=0)
    voice_seconds_per_day: float = Field(default=1800, ge=0)
    speech_model: str | None = None
    speech_voice: str | None = None
    speech_price_usd: float = Field(default=0.015, ge=0)
    searxng_url: str | None = None
    brave_api_key: SecretStr | None = None
    brave_base_url: str = "https://api.search.brave.com"
    search_price_usd: float = Field(default=0.005, ge=0)
    read_pages: bool = False
    buffer_api_key: SecretStr | None = None
    buffer_base_url: str = "https://api.buffer.com"
    s3_endpoint_url: str | None = None
    s3_region: str = "auto"
    s3_bucket: str | None = None
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    jobs_at_once: int = Field(default=10, ge=1, le=100)
    job_concurrency: dict[str, int] = Field(
        default_factory=dict[str, int],
        validation_alias=AliasChoices("job_concurrency", "job_lanes"),
    )
    admin_api_key: SecretStr | None = None
    admin_api_host: str = "127.0.0.1"
    admin_api_port: int = Field(default=8787, ge=0, le=65535)
    development: bool = False

    scheduler_enabled: bool = True
    scheduler_interval_ms: int = Field(default=120_000, ge=1000, le=3_600_000)
    max_tasks_per_tick: int = Field(default=5, ge=1, le=1000)
    max_concurrent_tasks: int = Field(default=3, ge=1, le=100)
    rhythm: Literal["presence", "uniform"] = "presence"
    persona_max_actions_per_hour: int = Field(default=4, ge=1)
    persona_max_posts_per_day: int = Field(default=2, ge=0)
    vendor_max_requests_per_minute: int = Field(default=30, ge=1)
    conversation_max_depth: int = Field(default=4, ge=1)
    conversation_max_replies_per_thread: int = Field(default=8, ge=1)
    conversation_reply_probability: float = Field(default=0.20, ge=0, le=1)
    delay_comment_min: int = Field(default=900_000, ge=0)
    delay_comment_max: int = Field(default=7_200_000, ge=0)
    delay_reply_min: int = Field(default=300_000, ge=0)
    delay_reply_max: int = Field(default=3_600_000, ge=0)
    delay_vote_min: int = Field(default=60_000, ge=0)
    delay_vote_max: int = Field(default=1_800_000, ge=0)
    delay_post_min: int = Field(default=3_600_000, ge=1000)
    delay_post_max: int = Field(default=21_600_000, ge=1000)

    budget_usd: float | None = Field(default=None, ge=0, le=MAX_USD)
    budget_answers: int | None = Field(default=None, ge=0, le=MAX_ANSWERS)
    budget_server_usd: float | None = Field(default=None, ge=0, le=MAX_USD)
    budget_server_answers: int | None = Field(default=None, ge=0, le=MAX_ANSWERS)
    budget_user_usd: float | None = Field(default=None, ge=0, le=MAX_USD)
    budget_user_answers: int | None = Field(default=None, ge=0, le=MAX_ANSWERS)
    budget_fallback_model: str | None = None
    max_personalities: int = Field(default=50, ge=1)
    max_personas: int = Field(default=20, ge=1)
    max_configs: int = Field(default=20, ge=0)
    max_aliases: int = Field(default=10, ge=0)
    max_memories: int = Field(default=20_000, ge=0)
    max_photos: int = Field(default=2_000, ge=0)
    max_photo_bytes: int = Field(default=2_000_000_000, ge=0)
    max_characters: int = Field(default=20, ge=0)
    max_lore_entries: int = Field(default=20_000, ge=0)
    max_uploads_per_minute: int = Field(default=10, ge=1)

    history_days: int | None = Field(default=None, ge=0, le=3650)
    memory_days: int = Field(default=0, ge=0, le=3650)
    memory_embedder: str | None = Field(default=None, pattern="^([^/]+|[^/]+/.+)$")
    memory_model: str | None = Field(default=None, pattern="^(off|[^/]+/.+)$")
    keys_secret: SecretStr | None = None
    keys_secret_next: SecretStr | None = None
    key_hosts: Annotated[frozenset[str], NoDecode] = frozenset()

    model_deadline_seconds: float = Field(default=120, gt=0)
    model_prices: dict[str, tuple[float, float, float]] = Field(
        default_factory=dict[str, tuple[float, float, float]]
    )

    @field_validator("owner_ids", "proxy_application_ids", mode="before")
    @classmethod
    def _split_ids(cls, value: object) -> object:
        """Parse comma-separated ids."""
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("key_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        """Parse comma-separated names of hosts."""
        if isinstance(value, str):
            return frozenset(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("keys_secret", "keys_secret_next")
    @classmethod
    def _require_entropy(cls, value: SecretStr | None) -> SecretStr | None:
        """Reject secrets that can be guessed."""
        if value is not None and len(value.get_secret_value()) < MIN_SECRET_LENGTH:
            raise ValueError(f"it needs {MIN_SECRET_LENGTH} characters or more, made at random")
        return value

    @field_validator("job_concurrency")
    @classmethod
    def _require_slots(cls, value: dict[str, int]) -> dict[str, int]:
        """Reject fewer than one slot."""
        if any(slots < 1 for slots in value.values()):
            raise ValueError("a group needs at least one slot")
        return value

    @field_validator("admin_api_key")
    @classmethod
    def _require_length(cls, value: SecretStr | None) -> SecretStr | None:
        """Reject keys that can be guessed."""
        if value is not None and len(value.get_secret_value()) < _MIN_KEY_LENGTH:
            raise ValueError(f"it needs {_MIN_KEY_LENGTH} characters or more")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        """Reject addresses that cannot be read."""
        if value is not None:
            parse_address(value)
        return value

    @classmethod
    def load(cls) -> "Settings":
        """Read the environment and `.env`.

        Raises:
            SettingsError: A variable is missing or invalid; the message names it.
        """
        try:
            settings = cls.model_validate({})
        except ValidationError as error:
            first = error.errors()[0]
            # For invalid JSON, only the message names the variable.
            unparsed = re.search(r'field "(\w+)"', first["msg"])
            name = unparsed[1] if unparsed else ".".join(map(str, first["loc"][:1]))
            problem = "it must be JSON" if unparsed else first["msg"]
            raise SettingsError(f"{name.upper()}: {problem}") from error
        for act in ("comment", "reply", "vote", "post"):
            if getattr(settings, f"delay_{act}_min") > getattr(settings, f"delay_{act}_max"):
                raise SettingsError(f"DELAY_{act.upper()}_MIN: it is more than the maximum")
        settings.check_media()
        for vendor in ("ollama", "compatible"):
            if getattr(settings, f"{vendor}_base_url") and not getattr(settings, f"{vendor}_model"):
                raise SettingsError(
                    f"{vendor.upper()}_MODEL: needed because {vendor.upper()}_BASE_URL is set"
                )
        return settings

    @property
    def budgets(self) -> BudgetSettings:
        """Return the budgets of a day."""
        return BudgetSettings(
            all=Limits(self.budget_usd, self.budget_answers),
            server=Limits(self.budget_server_usd, self.budget_server_answers),
            user=Limits(self.budget_user_usd, self.budget_user_answers),
        )

    @property
    def retention(self) -> RetentionSettings:
        """Return how long what was said is kept."""
        return RetentionSettings(history_days=self.history_days, memory_days=self.memory_days)

    @property
    def quotas(self) -> Quotas:
        """Return how much a user may own."""
        names = (each.name for each in dataclasses.fields(Quotas))
        return Quotas(**{name: getattr(self, f"max_{name}") for name in names})

    def vendor(self, name: str) -> VendorAccess | None:
        """Return the access to a vendor with an OpenAI-compatible API; None if not configured."""
        key = getattr(self, f"{name}_api_key", self.compatible_api_key)
        base_url = getattr(self, f"{name}_base_url", None)
        model = getattr(self, f"{name}_model", None)
        if key is None or base_url is None or model is None:
            return None
        dialect = {
            option: getattr(self, f"{name}_{option}") or None
            for option in ("reasoning_effort", "context_tokens")
            if hasattr(self, f"{name}_{option}")
        }
        return VendorAccess(api_key=key, base_url=base_url, model=model, dialect=dialect)

    def check_media(self) -> None:
        """Check that the variables needed for storage and images are set.

        Raises:
            SettingsError: A variable is missing; the message names it.
        """
        if self.s3_bucket:
            for name in ("s3_access_key_id", "s3_secret_access_key"):
                if getattr(self, name) is None:
                    raise SettingsError(f"{name.upper()}: needed because S3_BUCKET is set")
        elif self.media_public_url and self.admin_api_key is None:
            raise SettingsError(
                "ADMIN_API_KEY: needed because MEDIA_PUBLIC_URL is set and S3_BUCKET is not"
            )
        self._check_audio()
        address = self.media_public_url or "https://"
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise SettingsError("MEDIA_PUBLIC_URL: it must begin with https://")
        self._check_choices()

    def _check_audio(self) -> None:
        """See that models that hear and speak are of vendors that are configured.

        Raises:
            SettingsError: A variable is wrong or missing; the message names it.
        """
        for name in ("transcription_model", "speech_model"):
            chosen = getattr(self, name)
            if chosen is None or chosen in ("local", "off"):
                continue
            vendor, _, model = chosen.partition("/")
            if not model or vendor not in AUDIO_VENDORS:
                raise SettingsError(
                    f"{name.upper()}: it must be local, off, or vendor/model, "
                    f"of {', '.join(AUDIO_VENDORS)}"
                )
            if getattr(self, AUDIO_VENDORS[vendor]) is None:
                needed = AUDIO_VENDORS[vendor].upper()
                raise SettingsError(f"{needed}: needed because {name.upper()} is {chosen}")

    def _check_choices(self) -> None:
        """See that vendors that are chosen by name exist and have what they need.

        Raises:
            SettingsError: A variable is wrong or missing; the message names it.
        """
        needed: Mapping[str, Mapping[str, str | None]] = {
            "image_vendor": {name: each.key_setting for name, each in IMAGE_VENDORS.items()},
            "image_embedder": IMAGE_EMBEDDERS,
        }
        for name, keys in needed.items():
            chosen = getattr(self, name)
            if chosen is None:
                continue
            if chosen not in keys:
                raise SettingsError(f"{name.upper()}: it must be one of {', '.join(keys)}")
            key = keys[chosen]
            if key and getattr(self, key) is None:
                raise SettingsError(f"{key.upper()}: needed because {name.upper()} is {chosen}")


def misspelled_variables() -> list[str]:
    """Return a line for each unknown variable in `.env` that resembles a known one."""
    known_names = [name.upper() for name in Settings.model_fields]
    lines: list[str] = []
    for name in dotenv_values(".env"):
        matches = difflib.get_close_matches(name.upper(), known_names, n=1, cutoff=0.8)
        if matches and matches[0] != name.upper():
            lines.append(f".env: {name} is no setting; is {matches[0]} meant?")
    return lines
