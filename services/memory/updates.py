"""What somebody says anew of something: which earlier memory it takes the place of."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import regex

from db.session import Sessions
from services.embeddings import TextEmbedder
from services.memory.questions import ask, language_of
from services.memory.retrieval import retrieve
from services.memory.terms import words_of
from services.types import Channel

_THRESHOLD = 0.1
_EVER = datetime.max.replace(tzinfo=UTC)
_MAX_SENTENCE = 120  # characters; a longer sentence tells more than one thing
_SENTENCE = re.compile(r"[.!?。！？\n]+")
# Words with which people say that something has changed, by language.
_CHANGES = {
    "en": r"now|no longer|any ?more|these days|nowadays|instead|moved|quit|gave up|broke up|sold"
    r"|from now on|after all|used to|changed|stopped|finished|raised|cancell?ed|is off|new"
    r"|switched|became|since then|cut",
    "de": r"jetzt|inzwischen|mittlerweile|nicht mehr|nur noch|umgezogen|gekündigt|getrennt|verkauft"
    r"|aufgegeben|verschoben|abgesagt|stattdessen|neuerdings|neue[mnrs]?|gewechselt|ab sofort",
    "es": r"ahora|ya|mudado|mudé|dejé|rompimos|cancel\w+|en vez|nuev[oa]s?|cambi\w+|vendí"
    r"|a partir de|han pasado",
    "pt": r"agora|já não|não mais|mudei|deixei|termin[aá]mos|cancel\w+|em vez|nov[oa]s?|vendi"
    r"|atualmente|mudou",
    "fr": r"maintenant|désormais|ne \w+ plus|n'\w+ plus|déménagé|quitté|rompu|annulé|à la place"
    r"|nouve\w+|chang\w+|vendu|arrêté|dorénavant",
    "ru": r"теперь|сейчас|больше не|уже|вместо|переехал\w*|уволил\w*|расстал\w*|бросил\w*"
    r"|перенесли|отмен\w+|нов\w+|продал\w*|стал\w*",
    "he": r"עכשיו|כבר|מעכשיו|כיום|במקום|חדשה?|עברתי|התפטרתי|נפרדנו|הפסקתי|נדחה|בוטל\w*",
    "ar": r"الآن|حاليا|لم أعد|بدلا|جديدة?|انتقلت|استقلت|انفصلنا|توقفت|تأجل\w*|ألغي\w*|أصبح\w*",
    "hi": r"अब|आजकल|नया|नई|बदल\w*|रद्द|छोड़\w*",
}
# These have no spaces between words, or endings behind them.
_CHANGES_WITHIN = (
    r"今は|もう|最近|代わりに|新しい|引っ越し|辞め|やめ|別れ|変わ|中止|なりました"
    r"|现在|不再|搬|辞|分手|改|取消|换|新的|卖掉"
    r"|이제|지금은|더 이상|요즘|대신|이사|그만|헤어|바뀌|취소|새로"
)
_CHANGE = {
    language: regex.compile(rf"\b(?:{words})\b|{_CHANGES_WITHIN}", regex.IGNORECASE)
    for language, words in _CHANGES.items()
}
# Where a language is not recognised, it is taken for any of them.
_ANY_CHANGE = regex.compile(
    rf"\b(?:{'|'.join(_CHANGES.values())})\b|{_CHANGES_WITHIN}", regex.IGNORECASE
)


async def find_updated(
    sessions: Sessions,
    embedder: TextEmbedder,
    message: str,
    *,
    names: Sequence[str],
    personality_id: UUID,
    user_id: UUID,
    channel: Channel,
    before: datetime = _EVER,
) -> UUID | None:
    """Return the memory of which a message says something anew, if there is one.

    Only what the same person told the same personality is looked for, where it may be recalled.
    """
    for sentence in _said_anew(message):
        found = await retrieve(
            sessions,
            await ask(embedder, sentence, names=names),
            personality_id=personality_id,
            user_id=user_id,
            channel=channel,
            before=before,
            threshold=_THRESHOLD,
            limit=1,
            own_only=True,
        )
        if found:
            return found[0].id
    return None


def _said_anew(message: str) -> list[str]:
    """Return the sentences of a message that say that something has changed."""
    change = _CHANGE.get(language_of(words_of(message)) or "", _ANY_CHANGE)
    sentences = (each.strip() for each in _SENTENCE.split(message))
    return [each for each in sentences if len(each) <= _MAX_SENTENCE and change.search(each)]
