"""Payloads of jobs: each kind of job is a subclass of `Payload`."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

DEFAULT, DISCORD = "default", "discord"


class Payload(BaseModel):
    """The fields that are stored with a job.

    `kind` is stored as well, so it must not change while jobs exist. The concurrency `group` limits
    how many jobs run at once in all processes; `enqueue` can override it.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    kind: ClassVar[str]
    group: ClassVar[str] = DEFAULT
