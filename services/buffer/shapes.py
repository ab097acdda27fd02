"""What of Buffer's answers is looked at; the names are theirs."""

from pydantic import AwareDatetime, BaseModel


class Problem(BaseModel):
    """What went wrong with a post."""

    message: str = ""


class Asset(BaseModel):
    """A picture of a post."""

    source: str = ""


class Post(BaseModel):
    """A post in the queue, or past it."""

    id: str
    status: str
    text: str = ""
    dueAt: AwareDatetime | None = None  # noqa: N815 - their names
    sentAt: AwareDatetime | None = None  # noqa: N815
    externalLink: str | None = None  # noqa: N815
    error: Problem | None = None
    assets: list[Asset] = []


class ChannelData(BaseModel):
    """A channel on a network."""

    id: str
    name: str
    service: str
    timezone: str = "UTC"
    isDisconnected: bool = False  # noqa: N815
    isLocked: bool = False  # noqa: N815
    organizationId: str = ""  # noqa: N815
