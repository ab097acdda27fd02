"""What a personality says where the app has neither a webhook nor a name of its own."""

from typing import Any

import discord
from discord import ui

from services.chat import UserInstallAnswer
from services.texts import on_one_line, shorten

PICTURE_FILE = "picture.jpg"
_MAX_TEXT, _MAX_QUESTION, _MAX_FOOTER = 3990, 200, 300  # Discord takes 4,000 characters in all


def answer_layout(
    answer: UserInstallAnswer, *, question: str, has_picture: bool = False
) -> ui.LayoutView:
    """Return an answer with the name and the face of who gives it, below what was said.

    A picture is the file `PICTURE_FILE` of the same message.
    """
    speaker = answer.speaker
    name = discord.utils.escape_markdown(on_one_line(speaker.name))
    asked = discord.utils.escape_markdown(shorten(on_one_line(question), _MAX_QUESTION))
    what = "an AI character, and an AI-generated picture" if has_picture else "an AI character"
    footer = f"-# {' · '.join([what, *answer.notes])}"[:_MAX_FOOTER]
    heading = "\n".join([*([f"-# {asked}"] if asked else []), f"### {name}"])
    room = _MAX_TEXT - len(heading) - len(footer)
    text = ui.TextDisplay[Any](f"{heading}\n{shorten(answer.text, room)}")
    view = ui.LayoutView(timeout=None)
    if speaker.avatar_url:
        view.add_item(ui.Section(text, accessory=ui.Thumbnail[Any](speaker.avatar_url)))
    else:
        view.add_item(text)
    if has_picture:
        gallery = ui.MediaGallery[Any](discord.MediaGalleryItem(f"attachment://{PICTURE_FILE}"))
        view.add_item(gallery)
    view.add_item(ui.TextDisplay[Any](footer))
    return view
