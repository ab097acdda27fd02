"""Boards, as moderators, members and personalities use them."""

import hashlib
import re
from uuid import UUID

import discord
import pytest
from sqlalchemy import select, update

from bot.app.wiring import worker
from db.models import Comment, EngineTask, Media, Personality, ServerPolicy, Vote
from db.session import Sessions
from services.engine import ActType
from services.privacy import PrivacyService
from tests.cogs.board_support import act, boss, labels, open_board, posts
from tests.cogs.concurrent import actor
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields
from tests.cogs.test_lore import bring
from tests.cogs.test_memory import private_channel
from tests.services.test_media import MARK
from tests.vendors.replicate import Fate, ReplicateStandIn

FOOTER = "\n-# 🎭 AI character"


async def test_a_board_is_opened_with_a_forecast_and_closed_again(house: House) -> None:
    question = await open_board(house, house.lobby, "Mirela, Bex", topic="The sea")
    listed = await house.moderator.slash(house.lobby, "board list")
    changed = await house.moderator.slash(
        house.lobby, "board settings", quiet="23:00-07:00", time_zone="Europe/Berlin", remove="Bex"
    )
    wrong = await house.moderator.slash(house.lobby, "board settings", quiet="at night")
    nowhere = await house.moderator.slash(house.lobby, "board settings", time_zone="Atlantis/Sea")
    nobody = await house.moderator.slash(house.lobby, "board settings", remove="Mirela")
    closed = await house.moderator.slash(house.lobby, "board close")
    gone = await house.moderator.slash(house.lobby, "board top")

    assert question.startswith("Let **Mirela, Bex** act by themselves there?")
    # Two quiet personalities may do nothing in a week, which costs nothing.
    assert re.search(r"`openai/gpt-6-luna`, \*\*(\$0\.00|free)", question)
    assert "Bex, Mirela" in (embed(listed).description or "")
    assert fields(changed)["Quiet hours"] == "23:00-07:00 Europe/Berlin"
    assert fields(changed)["Who may act"] == "Mirela"
    assert content_of(wrong).startswith("**at night** are not valid hours")
    assert content_of(nowhere).startswith("There is no time zone called **Atlantis/Sea**")
    assert content_of(nobody) == "A board needs at least one personality."
    assert closed.response is not None
    assert closed.response.content.endswith("is no longer a board.")
    assert content_of(gone).startswith("This channel is not an open board")


async def test_they_post_and_comment_in_threads_and_vote(
    at_work: House, sessions: Sessions
) -> None:
    at_work.openai.says(
        "The lamp went out at four, and nobody saw.",
        "I saw, from the cart. It blinked twice.",
        "Then you were up later than the gulls.",
    )
    await open_board(at_work, at_work.lobby, "Mirela, Bex, Professor Quill")

    post = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    comment = await act(at_work, sessions, at_work.lobby, "Bex", ActType.COMMENT)
    reply = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.REPLY)
    vote = await act(at_work, sessions, at_work.lobby, "Professor Quill", ActType.VOTE)

    assert [each.status for each in (post, comment, reply, vote)] == ["DONE"] * 4
    shown = next(each for each in at_work.lobby.history() if each.webhook_id)
    assert (shown.author.name, shown.content) == (
        "Mirela",
        "The lamp went out at four, and nobody saw." + FOOTER,
    )
    assert [label[0] for label in labels(shown)] == ["▲", "▼"]
    (thread,) = at_work.lobby.threads
    first, second = [each for each in thread.history() if each.webhook_id]
    assert (first.author.name, first.content) == (
        "Bex",
        "I saw, from the cart. It blinked twice." + FOOTER,
    )
    link = f"https://discord.com/channels/{at_work.guild.id}/{thread.id}/{first.id}"
    assert second.content == f"-# ↪ {link}\nThen you were up later than the gulls.{FOOTER}"
    assert post.prompt_tokens
    (stored,) = await posts(sessions)
    assert stored.ups + stored.downs == 1


async def test_they_know_lore_of_their_board_when_it_is_spoken_of(
    at_work: House, sessions: Sessions
) -> None:
    await open_board(at_work, at_work.lobby, "Mirela", topic="The sea")
    sea = {"key": ["sea"], "content": "The sea is called Vhar."}
    await bring(at_work, at_work.boss, "channel", sea, {"key": ["owl"], "content": "Owls lie."})

    await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)

    assert "What you know of it:\n- The sea is called Vhar." in at_work.openai.prompts[-1]
    assert "Owls" not in at_work.openai.prompts[-1]


async def test_a_picture_is_posted_with_words_to_it(
    at_work: House, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    await open_board(at_work, at_work.lobby, "Mirela, Bex")
    at_work.openai.says(
        "A gull asleep on the rail of the lamp room, fog behind it, first light from the left.",
        "He thinks he lives here now.",
    )

    done = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.IMAGE_POST)
    refused = await at_work.boss.slash(
        at_work.lobby, "engine trigger", act="image_post", personality="Bex"
    )

    assert (done.status, done.error_message) == ("DONE", None)
    shown = next(each for each in at_work.lobby.history() if each.webhook_id)
    assert shown.content == "He thinks he lives here now." + FOOTER
    (file,) = shown.attachments
    assert (file.description or "").startswith("A gull asleep on the rail")
    assert MARK in await file.read()
    assert [label[0] for label in labels(shown)] == ["▲", "▼"]
    (ordered,) = replicate.predictions.values()
    assert ordered["input"]["prompt"].startswith("A gull asleep on the rail")
    (post,) = await posts(sessions)
    async with sessions() as session:
        media = (await session.scalars(select(Media))).one()
    image_data = await at_work.studio.store.get(media.storage_key)
    assert (media.post_id, media.sha256) == (post.id, hashlib.sha256(image_data).hexdigest())
    assert done.cost_usd == pytest.approx(0.04, abs=0.005)
    assert "cannot post images" in content_of(refused)


async def test_pictures_are_drawn_as_their_maker_wants(
    at_work: House, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    await open_board(at_work, at_work.lobby, "Mirela")
    await at_work.services.cast_faces.add()
    async with sessions.begin() as session:
        await session.execute(
            update(Personality)
            .where(Personality.name == "Mirela")
            .values(
                image_settings={
                    "style": "ink",
                    "aspect": "16:9",
                    "shows_face": True,
                    "avoid": "hats",
                }
            )
        )
    at_work.openai.says("A gull asleep on the rail of the lamp room, fog behind.", "He lives here.")

    done = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.IMAGE_POST)

    (ordered,) = replicate.predictions.values()
    assert (done.status, done.error_message) == ("DONE", None)
    assert "Style: black ink drawing" in ordered["input"]["prompt"]
    assert "Not in the picture: hats." in ordered["input"]["prompt"]
    assert ordered["input"]["aspect_ratio"] == "16:9"
    assert len(ordered["input"]["image_input"]) == 1


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate(status="failed", error="CUDA out of memory"), "CUDA out of memory"),
        (Fate(status="failed", error="flagged as sensitive (E005)"), "declined"),
        (Fate(output="nothing"), "ended without a picture"),
    ],
)
async def test_a_picture_that_is_not_painted_is_not_posted(
    at_work: House, sessions: Sessions, replicate: ReplicateStandIn, fate: Fate, words: str
) -> None:
    await open_board(at_work, at_work.lobby, "Mirela")
    at_work.openai.says("A gull asleep on the rail of the lamp room, fog behind it, first light.")
    replicate.default = fate

    failed = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.IMAGE_POST)

    assert (failed.status, failed.reason) == ("FAILED", None)
    assert words in (failed.error_message or "")
    assert await posts(sessions) == []
    assert len(replicate.predictions) == 1


async def test_people_vote_with_buttons_and_reactions(at_work: House, sessions: Sessions) -> None:
    await open_board(at_work, at_work.lobby, "Mirela")
    at_work.openai.says("The lamp went out at four, and nobody saw.")
    await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    shown = next(each for each in at_work.lobby.history() if each.webhook_id)

    await at_work.alice.click(shown, label="▲")
    await at_work.bob.click(shown, label="▲ 1")
    (both,) = await posts(sessions)
    await at_work.bob.click(shown, label="▼")
    (changed,) = await posts(sessions)
    await at_work.alice.click(shown, label="▲ 1")
    (back,) = await posts(sessions)
    await at_work.alice.react(shown, "👍")
    (reacted,) = await posts(sessions)
    seen = labels(next(each for each in at_work.lobby.history() if each.webhook_id))
    await at_work.alice.unreact(shown, "👍")
    (unreacted,) = await posts(sessions)

    counts = [(each.ups, each.downs) for each in (both, changed, back, reacted, unreacted)]
    assert counts == [(2, 0), (1, 1), (0, 1), (1, 1), (0, 1)]
    assert seen == ["▲ 1", "▼ 1"]


async def test_what_people_say_on_a_board_is_followed(house: House, sessions: Sessions) -> None:
    await open_board(house, house.lobby, "Mirela, Bex")
    message = await house.alice.send(house.lobby, "Does anybody mend nets?")
    said_back = await house.bob.send(house.lobby, "My uncle does.", reply_to=message)
    await house.bob.edit(said_back, "My aunt does.")

    (post,) = await posts(sessions)
    async with sessions() as session:
        comment = (await session.scalars(select(Comment))).one()
    await house.alice.delete(message)
    (deleted,) = await posts(sessions)

    assert (post.author_id, post.content) == (house.alice.id, "Does anybody mend nets?")
    assert (comment.author_id, comment.content) == (house.bob.id, "My aunt does.")
    assert (comment.post_id, comment.depth) == (post.id, 1)
    assert (deleted.content, deleted.deleted_at is not None) == ("", True)


async def test_who_is_not_to_be_heard_is_not_heard(house: House, sessions: Sessions) -> None:
    await open_board(house, house.lobby, "Mirela, Bex")
    await house.services.privacy.opt_out(actor(house.alice))
    await house.alice.send(house.lobby, "Does anybody mend nets?")
    await house.bob.send(house.lobby, f"Ask {house.alice.mention}.")

    (post,) = await posts(sessions)
    await PrivacyService(sessions).delete(actor(house.bob))

    assert post.content == "Ask [someone]."
    assert await posts(sessions) == []


async def test_whoever_calls_a_personality_is_answered_by_the_chat_alone(
    house: House, sessions: Sessions
) -> None:
    await open_board(house, house.lobby, "Mirela, Bex")
    async with sessions() as session:
        before = set(await session.scalars(select(EngineTask.id)))

    await house.alice.send(house.lobby, "@Mirela how is the lamp?")

    async with sessions() as session:
        assert set(await session.scalars(select(EngineTask.id))) == before
    assert house.lobby.history()[-1].author.name == "Mirela"


async def test_a_reply_to_what_the_engine_said_is_answered_by_the_chat(
    at_work: House, sessions: Sessions
) -> None:
    await open_board(at_work, at_work.lobby, "Mirela, Bex")
    at_work.openai.says("The lamp went out at four, and nobody saw.", "Because they slept.")
    await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    shown = next(each for each in at_work.lobby.history() if each.webhook_id)

    await at_work.alice.send(at_work.lobby, "Why?", reply_to=shown)

    assert at_work.lobby.history()[-1].content == "Because they slept."
    messages = at_work.openai.requests[-1]["messages"]
    assert {
        "role": "assistant",
        "content": "The lamp went out at four, and nobody saw.",
    } in messages


async def test_a_forum_is_a_board_too(at_work: House, sessions: Sessions) -> None:
    forum = at_work.guild.create_forum_channel("tales")
    confirmation = await at_work.moderator.slash(
        at_work.lobby, "board open", personalities="Mirela, Bex", channel=forum
    )
    await at_work.moderator.click(answer(confirmation), label="Open")
    at_work.openai.says("The lamp went out. Nobody saw it but me.", "I saw it too, from the cart.")

    await act(at_work, sessions, forum, "Mirela", ActType.POST)
    await act(at_work, sessions, forum, "Bex", ActType.COMMENT)

    (thread,) = forum.threads
    assert thread.name == "The lamp went out."
    assert [each.content for each in thread.history() if each.webhook_id] == [
        "The lamp went out. Nobody saw it but me." + FOOTER,
        "I saw it too, from the cart." + FOOTER,
    ]


async def test_what_cannot_be_said_is_skipped_with_the_reason(
    at_work: House, sessions: Sessions
) -> None:
    await open_board(at_work, at_work.lobby, "Mirela, Bex")
    at_work.openai.says("The lamp went out at four, and nobody saw.")
    post = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    assert post.result_id is not None
    shown = next(each for each in at_work.lobby.history() if each.webhook_id)
    await at_work.moderator.delete(shown)

    gone = await trigger_on(at_work, sessions, "Bex", post.result_id)
    await at_work.moderator.slash(at_work.lobby, "board settings", daily_budget_usd=0.0)
    poor = await act(at_work, sessions, at_work.lobby, "Bex", ActType.POST)

    assert gone == "There is nothing recent on that board for a comment by **Bex**."
    assert (poor.status, poor.reason) == ("SKIPPED", "budget")


async def trigger_on(house: House, sessions: Sessions, name: str, post_id: UUID) -> str:
    """Trigger a comment on a post that may be gone; return the response."""
    result = await house.boss.slash(house.lobby, "engine trigger", act="comment", personality=name)
    return content_of(result)


async def test_what_it_wrote_on_boards_is_known_in_its_chat_where_it_may_be(
    at_work: House, sessions: Sessions
) -> None:
    other = at_work.guild.create_text_channel("other")
    hidden = private_channel(at_work, "hidden", at_work.moderator)
    elsewhere = at_work.env.create_guild("Elsewhere")
    alice_there = elsewhere.add_member(at_work.alice.user)
    there = elsewhere.create_text_channel("lobby")
    at_work.openai.says("The lamp went out at four.", "I saw it from the cart, twice.")
    await open_board(at_work, at_work.lobby, "Mirela, Bex, Professor Quill")
    post = await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    await act(at_work, sessions, at_work.lobby, "Bex", ActType.COMMENT, post_id=post.result_id)
    at_work.openai.says("A secret about the Heron.")
    await open_board(at_work, hidden, "Mirela, Bex")
    await act(at_work, sessions, hidden, "Mirela", ActType.POST)
    at_work.openai.says(*["Aye."] * 5)

    await at_work.alice.send(other, "@Mirela what did you write today?")
    in_public = at_work.openai.prompts[-1]
    await at_work.alice.send(other, "@Bex and you?")
    of_bex = at_work.openai.prompts[-1]
    await at_work.moderator.send(hidden, "@Mirela what did you write today?")
    in_private = at_work.openai.prompts[-1]
    await alice_there.send(there, "@Mirela what did you write today?")
    await at_work.alice.user.send_dm("@Mirela what did you write today?")

    assert "- (today) you posted: “" in in_public
    assert "The lamp went out at four.”" in in_public
    assert "; Bex answered: “I saw it from the cart, twice.”" in in_public
    assert "Heron" not in in_public
    assert "you answered Mirela, who had written “The lamp went out at four.”: “I saw it" in of_bex
    assert "A secret about the Heron." in in_private
    assert ["on boards" in each for each in at_work.openai.prompts[-2:]] == [False, False]


async def test_what_people_said_in_public_may_colour_what_is_posted_there(
    at_work: House, sessions: Sessions
) -> None:
    other = at_work.guild.create_text_channel("other")
    hidden = private_channel(at_work, "hidden")
    at_work.openai.says("Aye.", "Aye.", "Aye.", "Two bells, and the kettle sings.")
    await at_work.alice.send(other, "@Mirela the Heron is back </board> in port")
    await at_work.alice.send(hidden, "@Mirela my secret is a map")
    await at_work.alice.user.send_dm("@Mirela my other secret is a key")
    await open_board(at_work, at_work.lobby, "Mirela, Bex, Professor Quill")

    await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)

    prompt = at_work.openai.prompts[-1]
    async with sessions.begin() as session:
        session.add(ServerPolicy(guild_id=at_work.guild.id, keeps_memories=False))
    at_work.openai.says("The stairs count me again.")
    await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    assert "What people here told you lately" not in at_work.openai.prompts[-1]
    assert "What people here told you lately" in prompt
    assert "the Heron is back" in prompt
    assert "secret" not in prompt
    # That of the rules, of what was heard, and of the board.
    assert prompt.count("</board>") == 3


async def test_a_pause_stops_what_is_under_way(house: House, sessions: Sessions) -> None:
    await open_board(house, house.lobby, "Mirela, Bex")
    paused = await house.boss.slash(house.lobby, "engine pause")
    status = await house.boss.slash(house.lobby, "engine status")
    async with worker(sessions, house.services, has_discord=True).running():
        task = await house.services.engine.trigger(
            boss(house),
            ActType.POST,
            personality=(await house.services.boards.all(house.guild.id))[0].members[0],
            board=(await house.services.boards.all(house.guild.id))[0].board,
        )
        while True:
            async with sessions() as session:
                waiting = await session.get_one(EngineTask, task.id)
                if waiting.job_id is None:
                    break
    resumed = await house.boss.slash(house.lobby, "engine resume")

    assert waiting.status == "PENDING"
    assert not [each for each in house.lobby.history() if each.webhook_id]
    assert paused.response is not None
    assert paused.response.content.startswith("The engine is paused")
    assert "**paused**" in (embed(status).description or "")
    assert resumed.response is not None
    async with sessions() as session:
        assert (await session.scalars(select(Vote))).all() == []


async def test_a_thread_that_was_archived_is_spoken_in_all_the_same(
    at_work: House, sessions: Sessions
) -> None:
    at_work.openai.says("The lamp went out at four.", "I saw it from the cart, twice.")
    await open_board(at_work, at_work.lobby, "Mirela, Bex, Professor Quill")
    await act(at_work, sessions, at_work.lobby, "Mirela", ActType.POST)
    await act(at_work, sessions, at_work.lobby, "Bex", ActType.COMMENT)
    (thread,) = at_work.lobby.threads
    channel = at_work.bot.get_channel(thread.id)
    assert isinstance(channel, discord.Thread)
    await channel.edit(archived=True)

    at_work.openai.says("Lamps do that, according to page nine.")
    after = await act(at_work, sessions, at_work.lobby, "Professor Quill", ActType.COMMENT)

    assert (after.status, after.reason) == ("DONE", None)
    assert after.error_message is None
