"""Patterns for ages, minors, explicit and suggestive words, and prompt injections.

They are for texts that `strip_disguise` has made plain: white space is single characters there.
"""

import re

_UNITS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
]
_TENS_WORDS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = {word: 20 + 10 * number for number, word in enumerate(_TENS_WORDS)}
NUMBER_WORDS = {word: number for number, word in enumerate(_UNITS)} | _TENS | {
    f"{tens}{dash}{unit}": value + number
    for tens, value in _TENS.items()
    for number, unit in enumerate(_UNITS[1:10], start=1)
    for dash in ("-", " ")
}  # fmt: skip
# Whole numbers are tried first, so that "seventeen" is not "seven" and "twenty-one" not "twenty".
_NUMBER = (
    rf"(\d{{1,5}}|(?:{'|'.join(_TENS_WORDS)})(?:[- ](?:{'|'.join(_UNITS[1:10])}))?"
    rf"|{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
)
_SUBJECT = r"\b(?:he|she|they|i)(?:'s|'m|'re|\sis|\sam|\sare|\swas)?(?:\sjust)?(?:\sturned)?"
# Ages as people write them; what follows "she is" must look like a number of years.
AGES = re.compile(
    rf"\b{_NUMBER}[-\s]{{0,3}}(?:years?|yrs?\.?)[-\s]{{0,3}}old\b|\b{_NUMBER}[-\s]?y\.?/?o\b"
    rf"|(?:^|[,.:;(\n])\s?aged?\s?(?:of|:|is)?\s?{_NUMBER}\b|\bage\s?[:=]\s?{_NUMBER}\b"
    rf"|{_SUBJECT}\s(?!one\b){_NUMBER}(?=\s?(?:[.,;:!?)\n]|$|and\b))"
    rf"|\b(?:man|woman|lady|girl|boy|lad|person) of {_NUMBER}\b",
    re.IGNORECASE | re.MULTILINE,
)
NUMBER = re.compile(rf"\b{_NUMBER}\b", re.IGNORECASE)
BORN = re.compile(r"\bborn\b|\b(?:19|20)\d\d\b", re.IGNORECASE)
# Anything that may mean somebody under 18. Applied only above safe, where false positives are fine.
_YOUNG = r"(1[0-7]|[3-9]|thirteen|fourteen|fifteen|sixteen|seventeen|eleven|twelve|ten)"
MINORS = re.compile(
    rf"{_SUBJECT}\s(?:only|barely|just|about|almost|nearly|not yet)?\s?(?:turning\s)?{_YOUNG}\b"
    rf"(?!\s?(?:feet|ft|cm|metres?|meters?|%|percent|times|minutes?|hours?|days?|weeks?|months?"
    rf"|years? (?:ago|later|in|of))\b)"
    rf"|\b{_YOUNG}\s?[fm]\b|\b[fm]\s?{_YOUNG}\b|\bturned {_YOUNG}\b|\bappears? {_YOUNG}\b"
    r"|\b(?:under-?age[d]?|lolis?|lolitas?|lolicon|shotas?|shotacon|jailbait|pre-?teens?|toddlers?"
    r"|teens?|teen-?agers?|teenaged?|a minor|minors|school-?girls?|school-?boys?"
    r"|little (?:girl|boy)s?"
    r"|(?:middle|high|junior high|elementary|primary) school(?:er)?s?|freshman|kindergart\w+)\b",
    re.IGNORECASE,
)
EXPLICIT = re.compile(
    r"\b(?:porn\w*|hentai|erotic\w*|orgasm\w*|blow ?jobs?|hand ?jobs?"
    r"|cum(?:ming|s|shots?)?(?! laude)|cocks?(?! (?:his|her|their|its|an?|the|of)\b)"
    r"|puss(?:y|ies)(?! willow| ?cat)|clit\w*|penis\w*"
    r"|vagina\w*|genitals?|masturbat\w*|gangbang|bdsm|dildos?|nude pics?|horny|creampie|intercourse"
    r"|(?:have|has|had|having|want|wants|wanting|love|loves|loving|rough|hot|anal|oral|group|wild)"
    r"(?: \w+)? sex|sex slaves?|nsfw content|sexually explicit)\b",
    re.IGNORECASE,
)
SUGGESTIVE = re.compile(
    r"\b(?:sex|sexy|flirty|flirtatious|sexual\w*|seduc\w*|lingerie|lust(?:y|s|ful|ing)?|kinky"
    r"|fetish\w*|sensual\w*|strip(?:per|tease)|undress\w*|aroused|arousal|naked(?! eye)|nudity"
    r"|succubus|dominatrix|one-night stand)\b",
    re.IGNORECASE,
)
_VERDICT = r"[\"'“‘*_`]*(?:safe|sfw|suggestive|explicit|for everyone|family[- ]friendly)\b"
INJECTIONS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,30}\b(?:instructions?|prompts?|guidelines)\b"
    r"|\b(?:rate|classify|label|categori[sz]e|score|judge) (?:this|it|me|him|her|them|the \w+)\b"
    rf"[^.\n]{{0,40}}{_VERDICT}"
    rf"|\b(?:answer|say|respond|reply|output|return)\b[^.\n]{{0,40}}[\"'“‘](?:safe|sfw)[\"'”’]"
    rf"|\b(?:nsfw[_ -]?)?rating\b[^.\n]{{0,20}}(?:must|should|is|has to be|=|:)[^.\n]{{0,12}}"
    rf"{_VERDICT}"
    r"|about[_ ]sex[\"'”’]?\s?(?:[:=]|must|should|is)|[{\"'](?:rating|nsfw_rating)[\"']\s?[:=]"
    r"|\b(?:when|if) asked\b[^.\n]{0,60}\b(?:sex|rating|nsfw)\b[^.\n]{0,40}"
    r"\b(?:answer|say|reply|respond|no|yes)\b",
    re.IGNORECASE,
)
