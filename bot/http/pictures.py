"""What is made of uploaded pictures over HTTP: characters, and photos of libraries."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.discord.errors import explain
from bot.http.openapi import Route
from services.characters import VARIANTS, CharacterService, ImageOrder
from services.errors import DomainError
from services.media import ObjectStore, read_upload
from services.people import PeopleService
from services.personalities import PersonalityService
from services.photos import ImportResult, PhotoService, file_source, unreadable_source
from services.types import Actor

_NO_NUL = r"^[^\x00]*$"
_MAX_UPLOADS = 50
# Requests of the API are the operator's own.
_OPERATOR = Actor(discord_id=0, name="admin API", is_bot_owner=True)


class NewCharacter(BaseModel):
    """A character to be drawn, and the user who owns it and whose limits and budgets count."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    owner: str = Field(pattern=r"^[0-9]{1,19}$", description="The user's id on Discord.")
    name: str = Field(min_length=1, max_length=200, pattern=_NO_NUL)
    gender: Literal["female", "male", "nonbinary"]
    style: str = Field(min_length=1, max_length=40, pattern=_NO_NUL)
    upload: str = Field(max_length=100, pattern=_NO_NUL, description="The key of an upload.")
    pictures: int = Field(default=4, ge=1, le=VARIANTS)


class CreatedCharacter(BaseModel):
    """A character whose pictures are being drawn; its owner sees them in `/character gallery`."""

    character: UUID


class NewPhotos(BaseModel):
    """Uploads for the library of a personality."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    personality: str = Field(
        min_length=1, max_length=100, pattern=_NO_NUL, description="A name, or an id."
    )
    uploads: list[str] = Field(
        min_length=1, max_length=_MAX_UPLOADS, description="Keys of uploads."
    )
    is_ai_generated: bool = False


class PhotoResult(BaseModel):
    """What became of an upload; `photo` is the new photo, or the one that it repeats."""

    upload: str
    outcome: str
    photo: UUID | None
    reason: str | None


class PhotoResults(BaseModel):
    """What became of each upload, in their order."""

    results: list[PhotoResult]


@dataclass(frozen=True, kw_only=True)
class PictureApi:
    """The routes; who may use them is checked before."""

    characters: CharacterService
    photos: PhotoService
    people: PeopleService
    personalities: PersonalityService
    store: ObjectStore

    @property
    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(
                method="POST",
                path="/characters",
                handler=self._create_character,
                summary="Draw a character from an uploaded photo.",
                status=202,
                body=NewCharacter,
                response=CreatedCharacter,
                refusals=(404, 409, 422, 503),
            ),
            Route(
                method="POST",
                path="/photos",
                handler=self._add_photos,
                summary="Add uploaded photos to a personality's library.",
                body=NewPhotos,
                response=PhotoResults,
                refusals=(404, 409, 422, 503),
            ),
        ]

    async def _create_character(self, request: web.Request) -> web.Response:
        wanted = NewCharacter.model_validate_json(await request.read())
        actor = await self.people.find_actor(int(wanted.owner))
        character = await self.characters.create(
            actor,
            name=wanted.name,
            gender=wanted.gender,
            photo=wanted.upload,
            order=ImageOrder(style=wanted.style, variants=wanted.pictures),
        )
        created = CreatedCharacter(character=character.id)
        return web.json_response(created.model_dump(mode="json"), status=202)

    async def _add_photos(self, request: web.Request) -> web.Response:
        wanted = NewPhotos.model_validate_json(await request.read())
        personality = await self.personalities.find_own(_OPERATOR, wanted.personality)
        results = [
            _row(upload, result)
            for upload in wanted.uploads
            async for result in self._add(personality.id, upload, wanted)
        ]
        return web.json_response(PhotoResults(results=results).model_dump(mode="json"))

    async def _add(
        self, personality_id: UUID, upload: str, wanted: NewPhotos
    ) -> AsyncGenerator[ImportResult]:
        try:
            source = file_source(upload, await read_upload(self.store, upload))
        except DomainError as error:
            source = unreadable_source(upload, error)
        async for result in self.photos.add(
            _OPERATOR, personality_id, [source], is_ai_generated=wanted.is_ai_generated
        ):
            yield result


def _row(upload: str, result: ImportResult) -> PhotoResult:
    return PhotoResult(
        upload=upload,
        outcome=result.outcome,
        photo=result.photo.id if result.photo else None,
        reason=explain(result.reason) if result.reason else None,
    )
