"""What a job is about: a kind of job is a subclass of `Payload`."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

DEFAULT, DISCORD = "default", "discord"


class Payload(BaseModel):
    """The fields that are stored with a job.

    `kind` is stored as well, so that it stays what it is once jobs are enqueued. At most so many
    jobs of a `group` run at once, in all processes; `enqueue` may name another group.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    kind: ClassVar[str]
    group: ClassVar[str] = DEFAULT
