"""Patches for simcord 3.2.1, mostly of its webhooks. They use private parts: hence the pin.

Without them, simcord posts a webhook's message for a thread to the parent channel, refuses buttons
on messages of the bot's own webhooks, and reports every refusal as a failure of the bot.
Delete this module when simcord no longer does so.
"""

import copy
from typing import Any

from simcord.backend import serializers
from simcord.backend.ops.webhooks import WebhookMixin
from simcord.env import Env
from simcord.http import router
from simcord.http.routes import interactions as routes

from bot.discord.errors import explain, unwrap

_TOKEN_LENGTH = 68  # Discord's, which `Webhook.from_url` requires
_installed: set[str] = set()


def install() -> None:
    """Apply the patches, once in a process."""
    if _installed:
        return
    _installed.add("simcord")
    _patch_threads()
    _patch_forum_posts()
    _patch_buttons()
    _patch_tokens()
    _patch_refusals()


def _patch_threads() -> None:
    """Send a message to the thread that `?thread_id=` names."""
    real: Any = getattr(routes, "_incoming_webhook")  # noqa: B009 - private on purpose

    def incoming(context: Any) -> Any:
        webhook = real(context)
        if thread_id := context.params.get("thread_id"):
            context.backend.get_channel(int(thread_id))
            webhook = copy.copy(webhook)
            webhook.channel_id = int(thread_id)
        return webhook

    setattr(routes, "_incoming_webhook", incoming)  # noqa: B010


def _patch_forum_posts() -> None:
    """Open a forum post when a message has a `thread_name`."""
    real: Any = routes.execute_webhook
    body_of: Any = getattr(routes, "_incoming_webhook_body")  # noqa: B009
    incoming: Any = getattr(routes, "_incoming_webhook")  # noqa: B009

    def body(context: Any) -> Any:
        webhook = incoming(context)
        if webhook.creator_id != context.backend.bot_user.id:
            return body_of(context)
        left = {k: v for k, v in context.body().items() if k not in ("thread_name", "applied_tags")}
        return left, True

    def execute(context: Any) -> Any:
        backend: Any = context.backend
        sent: dict[str, Any] = context.body()
        is_webhook = context.args["token"] not in backend.interaction_tokens
        if is_webhook and sent.get("thread_name"):
            webhook = incoming(context)
            tags = [int(tag) for tag in sent.get("applied_tags") or ()]
            thread = backend.create_thread(
                webhook.channel_id, sent["thread_name"], webhook.webhook_user_id, applied_tags=tags
            )
            context.params = {**context.params, "thread_id": str(thread.id)}
        return real(context)

    setattr(routes, "_incoming_webhook_body", body)  # noqa: B010
    posts: list[Any] = getattr(router, "_ROUTES")["POST"]  # noqa: B009
    for number, (template, handler) in enumerate(posts):
        if handler is real:
            posts[number] = (template, execute)


def _patch_buttons() -> None:
    """Attribute the bot's webhooks to its application, so that they may use components."""
    real = serializers.webhook_payload

    def payload(backend: Any, webhook: Any, *, include_token: bool = True) -> Any:
        result = real(backend, webhook, include_token=include_token)
        if webhook.creator_id == backend.bot_user.id:
            result["application_id"] = str(backend.application_id)
        return result

    setattr(serializers, "webhook_payload", payload)  # noqa: B010


def _patch_refusals() -> None:
    """Do not record errors that the bot explains to the user."""
    real: Any = getattr(Env, "_record_error")  # noqa: B009

    def record(self: Any, error: BaseException) -> None:
        if explain(unwrap(error)) is None:
            real(self, error)

    setattr(Env, "_record_error", record)  # noqa: B010


def _patch_tokens() -> None:
    """Make tokens of webhooks as long as Discord's."""
    real = WebhookMixin.create_webhook

    def create(self: Any, channel_id: int, name: str, creator_id: int) -> Any:
        webhook = real(self, channel_id, name, creator_id)
        self.webhook_tokens.pop(webhook.token)
        webhook.token = f"{webhook.token}_{'x' * _TOKEN_LENGTH}"[:_TOKEN_LENGTH]
        self.webhook_tokens[webhook.token] = webhook.id
        return webhook

    setattr(WebhookMixin, "create_webhook", create)  # noqa: B010
