"""Pictures that people ask for by a command."""

from typing import Final
from uuid import uuid4

from db.models import ServerPolicy
from db.session import Sessions
from services.access import Situation, authorize
from services.chat import ChatAdapter, MessageRefused, Refusal
from services.images import ImagePipeline
from services.media import PICTURES
from services.people import get_or_create_user
from services.personalities import Personality
from services.pictures.drawing import MemorySteps, PictureDrawer
from services.pictures.errors import NoPicturesIncognito, PicturesForbidden
from services.pictures.sending import PURPOSE
from services.pictures.tool import SendPictureTool
from services.types import Actor, Channel

# What a personality is told when it is asked for a picture by a command.
PICTURE_CUE: Final = (
    "asks you for a picture. It is made and follows your words; say a sentence to it. It shows: {}"
)


class PictureService:
    """Checks what is asked for, and draws where nothing can be sent afterwards."""

    def __init__(
        self,
        sessions: Sessions,
        drawer: PictureDrawer,
        pipeline: ImagePipeline,
        adapter: ChatAdapter,
    ) -> None:
        self._sessions = sessions
        self._drawer = drawer
        self._pipeline = pipeline
        self._adapter = adapter

    async def check(
        self,
        actor: Actor,
        channel: Channel,
        personality: Personality,
        subject: str,
        *,
        is_stored: bool = True,
    ) -> None:
        """Check that there may be a picture in a channel; `is_stored` if it follows an answer.

        Raises:
            MessageRefused: The server's own rules block what is to be seen.
            NoFaceToDraw, NoImageModel, SceneRefused: It cannot be drawn.
            NoPicturesIncognito: The actor is incognito, and nothing is stored.
            PicturesForbidden: Moderators forbid it.
        """
        await self._drawer.check(personality.id, subject)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            policy = await session.get(ServerPolicy, channel.guild_id) if channel.guild_id else None
        if is_stored and user.incognito:
            raise NoPicturesIncognito
        if policy is not None and SendPictureTool.name in policy.forbidden_tools:
            raise PicturesForbidden
        if channel.guild_id is not None and await self._adapter.is_blocked(channel, subject):
            raise MessageRefused(Refusal.AUTOMOD)

    async def draw(
        self, actor: Actor, channel: Channel, personality: Personality, subject: str
    ) -> bytes:
        """Return a picture of a personality as a JPEG, for where the bot itself is not.

        Raises:
            AccessDenied, BudgetSpent: The actor may not, or a budget leaves no room for it.
            ModelError: It was not generated.
            NoFaceToDraw, NoImageModel, SceneRefused: It cannot be drawn.
            StorageUnavailable, StorageMisconfigured, FileUnreachable: It could not be stored.
        """
        async with self._sessions.begin() as session:
            caller = await authorize(
                session,
                PURPOSE,
                user=await get_or_create_user(session, actor),
                personality_id=personality.id,
                situation=Situation.of(actor, channel),
            )
        key = f"{PICTURES}{uuid4()}.jpg"
        try:
            picture, _ = await self._drawer.draw(
                MemorySteps(), personality.id, subject, key=key, caller=caller
            )
        finally:
            await self._pipeline.store.delete([key])
        return picture.data
