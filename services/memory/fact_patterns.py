"""Facts that people state so plainly that rules find them, in six languages.

What is asked, supposed, wished or quoted is no fact. Of some things there is one value ("lives
in"), of others several ("is allergic to"): only the former are replaced by what is said later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex

from services.memory.terms import fold
from services.texts import on_one_line

_MAX_WORDS = 8
_MAX_FACTS = 20  # of a message
_SENTENCE = regex.compile(r"[^.!?…\n]+[.!?…]?")
# A value ends where something else begins.
_STOP = (
    r"and|but|because|since|so|now|anymore|any more|these days|with|which|who|when|if|though|for"
    r"|und|aber|weil|seit|jetzt|mit|y|pero|porque|ahora|desde|con|et|mais|parce|depuis|maintenant"
    r"|avec|e|mas|agora|com|и|но|потому|теперь|сейчас"
)
_VALUE = r"""(?P<value>[^\s.,;:!?…"“”()*][^.,;:!?…\n"“”()*]{0,60}?)"""
_END = rf"(?=\s+(?:{_STOP})\b|\s*[.,;:!?…\n()]|\s*$)"
_QUOTED = regex.compile(r"""["“”«»*>⟦]""")
_SUPPOSED = regex.compile(
    r"\b(?:if|wish|would|could|imagine|pretend|dream\w*|maybe|perhaps|suppose|almost|used to"
    r"|wenn|würde|wäre|vielleicht|stell dir vor|si|quizás?|ojalá|imagina|peut-être|talvez"
    r"|если|бы|может быть|представь)\b",
    regex.IGNORECASE,
)
# There is one of these; of others there may be more.
_SINGLE_WORDS = """
    mother mom mum father dad wife husband partner girlfriend boyfriend boss fiancé fiancée
    mutter mama vater papa frau mann freundin freund chef chefin madre mamá padre papá esposa
    marido novia novio jefe jefa mère maman père femme mari copine copain patron mãe pai mulher
    namorada namorado chefe мама мать папа отец жена муж девушка парень
"""
_SINGLE = frozenset(_SINGLE_WORDS.split())
_WHO = r"(?P<who>\p{L}[\p{L}'’-]+)"
_AGE = r"(?P<value>\d{1,3})"
_NAME = r"(?-i:\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+)?)"
_PROPER = rf"(?P<value>{_NAME})"
_NAMED = rf"(?P<value>{_NAME}|\p{{L}}[\p{{L}}'’-]+)"
# The value of these begins with a capital, somewhere, or is one word that is none of these.
_PROPER_KEYS = frozenset({"home", "origin", "birthplace", "employer", "{who} home"})
_NO_PLACE_WORDS = """
    fear hope peace denial there here it them you him her me us nobody everybody myself free fun
    angst frieden paz miedo casa peur paix medo страхе мире доме
"""
_NO_PLACE = frozenset(_NO_PLACE_WORDS.split())
_I_AM = r"(?:I['’]m|I am)(?: now| also| still)?"
# What of the speaker it is about; a pattern that the value follows, if it does not stand in it; the
# statement, which is read behind a name. A key that ends with “*” has several values.
_ROWS = (
    ("name", rf"(?:my name is|my name['’]s|call me) {_PROPER}", "is called {value}"),
    ("home", r"I (?:now |still |currently )?live in", "lives in {value}"),
    ("home", r"(?:I|I['’]ve|I have) (?:just )?moved to", "lives in {value}"),
    ("origin", rf"{_I_AM} from", "comes from {value}"),
    ("birthplace", r"I was born in", "was born in {value}"),
    ("job", r"I (?:now |still |currently )?work as|my (?:new )?job is", "works as {value}"),
    ("employer", r"I (?:now |still |currently )?work (?:at|for)", "works at {value}"),
    ("subject", r"(?:I['’]m studying|I am studying|I study)", "studies {value}"),
    ("age", rf"{_I_AM} {_AGE} years old", "is {value} years old"),
    ("age", rf"I (?:just |have just )?turned {_AGE}", "is {value} years old"),
    ("birthday", r"my birthday is(?: on)?", "has a birthday on {value}"),
    ("allergy*", rf"{_I_AM} allergic to", "is allergic to {value}"),
    ("diet", rf"{_I_AM}(?: a)? (?P<value>vegan|vegetarian|pescatarian)", "is {value}"),
    ("status", rf"{_I_AM} (?P<value>married|engaged|divorced|single|widowed)", "is {value}"),
    ("favourite {who}", rf"my favou?rite {_WHO} is(?: now)?", "has as favourite {who} {value}"),
    ("{who} name", rf"my {_WHO}(?: is|['’]s) (?:called|named) {_NAMED}", "has a {who}, {value}"),
    ("{who} name", rf"my {_WHO}['’]s name is {_NAMED}", "has a {who}, {value}"),
    ("{who} name", rf"I have an? {_WHO} (?:called|named) {_NAMED}", "has a {who}, {value}"),
    ("{who} home", rf"my {_WHO} lives in", "has a {who} who lives in {value}"),
    ("{who} job", rf"my {_WHO} works as", "has a {who} who works as {value}"),
    ("{who} age", rf"my {_WHO} is {_AGE} years old", "has a {who} who is {value} years old"),
    # German
    ("name", rf"(?:ich heiße|mein Name ist|nenn mich) {_PROPER}", "heißt {value}"),
    ("home", r"ich (?:wohne|lebe)(?: jetzt)? in", "wohnt in {value}"),
    ("home", rf"ich bin (?:jetzt |gerade )?nach {_PROPER} (?:um)?gezogen", "wohnt in {value}"),
    ("origin", r"ich komme aus", "kommt aus {value}"),
    ("job", r"ich arbeite(?: jetzt)? als", "arbeitet als {value}"),
    ("employer", r"ich arbeite(?: jetzt)? (?:bei|für)", "arbeitet bei {value}"),
    ("age", rf"ich bin(?: jetzt)? {_AGE} Jahre", "ist {value} Jahre alt"),
    ("birthday", r"mein Geburtstag ist(?: am)?", "hat Geburtstag am {value}"),
    ("allergy*", r"ich bin allergisch gegen", "ist allergisch gegen {value}"),
    ("diet", r"ich bin (?P<value>Vegetarier(?:in)?|Veganer(?:in)?|vegan)", "ist {value}"),
    ("favourite {who}", r"meine? Lieblings(?P<who>\p{L}+) ist", "hat als Lieblings{who} {value}"),
    ("{who} name", rf"meine? {_WHO} heißt {_NAMED}", "{who} heißt {value}"),
    ("{who} home", rf"meine? {_WHO} (?:wohnt|lebt) in", "{who} wohnt in {value}"),
    # Spanish
    ("name", rf"(?:me llamo|mi nombre es|llámame) {_PROPER}", "se llama {value}"),
    ("home", r"vivo en|me (?:he mudado|mudé) a", "vive en {value}"),
    ("origin", r"soy de", "es de {value}"),
    ("job", r"trabajo (?:ahora )?(?:como|de)", "trabaja como {value}"),
    ("employer", r"trabajo (?:ahora )?(?:en|para)", "trabaja en {value}"),
    ("age", rf"tengo {_AGE} años", "tiene {value} años"),
    ("birthday", r"mi cumpleaños es(?: el)?", "cumple años el {value}"),
    ("allergy*", r"soy alérgic[oa] (?:al?|a la|a los|a las)", "tiene alergia a {value}"),
    ("diet", r"soy (?P<value>vegetarian[oa]|vegan[oa])", "es {value}"),
    ("favourite {who}", rf"mi {_WHO} (?:favorit|preferid)[oa] es", "prefiere {value} ({who})"),
    ("{who} name", rf"mi {_WHO} se llama {_NAMED}", "{who}: se llama {value}"),
    ("{who} home", rf"mi {_WHO} vive en", "{who}: vive en {value}"),
    # French
    ("name", rf"(?:je m['’]appelle|mon nom est) {_PROPER}", "s'appelle {value}"),
    ("home", r"(?:j['’]habite|je vis)(?: maintenant)? (?:à|en|au|aux)", "habite à {value}"),
    ("home", r"j['’]ai déménagé (?:à|en|au|aux)", "habite à {value}"),
    ("origin", r"je viens (?:de|du|des)", "vient de {value}"),
    ("job", r"je travaille (?:maintenant )?comme", "travaille comme {value}"),
    ("employer", r"je travaille (?:maintenant )?(?:chez|pour)", "travaille chez {value}"),
    ("age", rf"j['’]ai {_AGE} ans", "a {value} ans"),
    ("birthday", r"mon anniversaire est(?: le)?", "a son anniversaire le {value}"),
    ("allergy*", r"je suis allergique (?:à la|aux?|à)", "est allergique à {value}"),
    ("diet", r"je suis (?P<value>végétarien(?:ne)?|végane?)", "est {value}"),
    ("favourite {who}", rf"m(?:on|a) {_WHO} préférée? est", "préfère {value} ({who})"),
    ("{who} name", rf"m(?:on|a) {_WHO} s['’]appelle {_NAMED}", "{who} : s'appelle {value}"),
    ("{who} home", rf"m(?:on|a) {_WHO} habite (?:à|en|au)", "{who} : habite à {value}"),
    # Portuguese
    ("name", rf"(?:me chamo|meu nome é|chamo-me) {_PROPER}", "se chama {value}"),
    ("home", r"moro (?:agora )?(?:em|no|na)|me mudei para", "mora em {value}"),
    ("origin", r"sou d[eoa]", "é de {value}"),
    ("job", r"trabalho (?:agora )?como", "trabalha como {value}"),
    ("age", rf"tenho {_AGE} anos", "tem {value} anos"),
    ("birthday", r"meu aniversário é(?: em| no dia)?", "faz anos em {value}"),
    ("allergy*", r"sou alérgic[oa] (?:ao?|à)", "tem alergia a {value}"),
    ("diet", r"sou (?P<value>vegetarian[oa]|vegan[oa])", "é {value}"),
    ("{who} name", rf"(?:meu|minha) {_WHO} se chama {_NAMED}", "{who}: se chama {value}"),
    ("{who} home", rf"(?:meu|minha) {_WHO} mora (?:em|no|na)", "{who}: mora em {value}"),
    # Russian
    ("name", rf"(?:меня зовут|моё имя|зови меня) {_PROPER}", "зовут {value}"),
    ("home", r"я (?:теперь |сейчас )?живу в|я переехала? в", "живёт в {value}"),
    ("origin", r"я (?:сама? )?из", "из {value}"),
    ("age", rf"мне (?:уже |сейчас )?{_AGE} (?:лет|года?)", "{value} лет"),
    ("allergy*", r"у меня аллергия на", "аллергия на {value}"),
    ("diet", r"я (?P<value>веган|вегетариан(?:ец|ка))", "{value}"),
    ("{who} name", rf"мо(?:ю|его) {_WHO} зовут {_NAMED}", "{who}: зовут {value}"),
)


@cache
def _rules() -> tuple[tuple[str, bool, regex.Pattern[str], str], ...]:
    return tuple(
        (
            key.rstrip("*"),
            key.endswith("*"),
            regex.compile(
                rf"\b(?:{pattern})"
                + (r"\b(?!-)" if "(?P<value>" in pattern else rf" {_VALUE}{_END}"),
                regex.IGNORECASE,
            ),
            statement,
        )
        for key, pattern, statement in _ROWS
    )


@dataclass(frozen=True)
class StatedFact:
    """What somebody says of themselves: which thing of theirs it is about, and in words."""

    key: str
    statement: str


def stated_facts(message: str) -> list[StatedFact]:
    """Return what a message plainly says of whoever writes it, each thing once."""
    found: dict[str, StatedFact] = {}
    for sentence in _plain_sentences(message):
        for key, has_several, pattern, statement in _rules():
            for match in pattern.finditer(sentence):
                value, who = on_one_line(match["value"]), match.groupdict().get("who") or ""
                if len(value.split()) > _MAX_WORDS or not _is_fitting(key, value):
                    continue
                if has_several or (who and fold(who) not in _SINGLE and key == "{who} name"):
                    name = f"{key} {fold(value)}"
                else:
                    name = key
                fact = StatedFact(
                    name.replace("{who}", fold(who)),
                    statement.replace("{who}", who).replace("{value}", value),
                )
                found.setdefault(fold(fact.statement), fact)
    return list(found.values())[:_MAX_FACTS]


def _is_fitting(key: str, value: str) -> bool:
    if key not in _PROPER_KEYS or any(letter.isupper() for letter in value):
        return True
    return len(value.split()) == 1 and value.casefold() not in _NO_PLACE


def _plain_sentences(message: str) -> Iterator[str]:
    for sentence in _SENTENCE.findall(message):
        is_plain = not sentence.rstrip().endswith("?") and not _QUOTED.search(sentence)
        if is_plain and not _SUPPOSED.search(sentence):
            yield sentence
