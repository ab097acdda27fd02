"""What people are told, in English."""

import discord
from discord import app_commands

from bot.discord.messages import Catalogue
from services import errors
from services.access import errors as access
from services.characters import STYLES
from services.characters import errors as characters
from services.chat import errors as chat
from services.embeddings import errors as embeddings
from services.engine import errors as engine
from services.faces import errors as faces
from services.images import errors as images
from services.jobs import errors as jobs
from services.keys import errors as keys
from services.legacy import errors as legacy
from services.llm import errors as llm
from services.llm_configs import errors as llm_configs
from services.lore import errors as lore
from services.media import errors as media
from services.memory import errors as memory
from services.people import errors as people
from services.personalities import errors as personalities
from services.photos import errors as photos
from services.pictures import errors as pictures
from services.publishing import errors as publishing
from services.social import COMMENT_SERVICES, LABELS
from services.social import errors as social
from services.speech import MAX_BYTES
from services.speech import errors as speech
from services.voice import errors as voice
from services.web import errors as web

_TIMES = "`2026-12-24 18:00`, `tomorrow 18:00`, `friday 6 pm`, `in 2 hours` or `next slot`"
_NETWORKS = ", ".join(LABELS.values())
_COMMENT_NETWORKS = ", ".join(LABELS[each] for each in sorted(COMMENT_SERVICES))
_STYLES = ", ".join(each.label for each in STYLES.values())
_OPERATOR = "The person who runs this bot"

_CRISIS = """\
This is the bot itself, out of character: what you wrote sounds serious, and you matter more than \
any story. Please talk to a person who can help, now:
- <https://findahelpline.com> lists free help lines, by phone and chat, in your country.
- In the US and Canada call or text **988**; in the UK and Ireland call **116 123**; in the EU \
**112** is the emergency number everywhere.
If you are in danger right now, call your local emergency number."""

_GENERAL = {
    errors.NotText: "**{name}** is not plain text in UTF-8.",
    errors.TextEmpty: "The {field} is empty or has no visible text.",
    errors.TextTooLong: "The {field} is too long: the limit is {limit:,} characters.",
    errors.NumberOutOfRange: "The {field} is a whole number from {low:,} to {high:,}.",
    errors.NotificationFailed: "Discord is not responding.",
    errors.UnknownTimeZone: (
        "There is no time zone called **{name}**. Use a name such as `Europe/Vienna`."
    ),
    errors.OwnersOnly: "Only the owners of **{name}** can do that.",
    errors.BotOwnerOnly: "Only the person who runs this bot can do that.",
    errors.ModeratorsOnly: "Only members with **{permission}** in this channel can do that.",
}

_ACCESS = {
    access.AccessDenied: (
        "**{name}** does not answer: {reason:term}.",
        "You cannot do that: {reason:term}.",
    ),
    access.TooManyMessages: (
        "You have {waiting} messages waiting for answers already. Let them come first."
    ),
    access.TooManyUploads: (
        "You have uploaded {per_minute} times within a minute. Try again {retry_after:wait}."
    ),
    access.BringingForbidden: (
        "{bring:term}. A moderator can bring **{name}**, or change that with `/server settings`."
    ),
    access.NotInServer: "That personality was not let into this server.",
    access.AnswersOutOfRange: "Between 0, for no limit, and {maximum:,} answers an hour.",
    access.CannotBlock: (
        "**{name}** cannot be blocked here: nobody blocks themselves, the person who runs this "
        "bot, or the moderators of a server."
    ),
    access.NotAMaker: ("You have no personalities yet, so there is nothing to keep anybody from."),
    access.AmbiguousTarget: (
        "Choose one thing that it is about. A server is given by its id, which is a number."
    ),
    access.BlockNotFound: "There is no such block. `/block list` shows those that you can lift.",
    access.BudgetSpent: (
        "{limit:term} is spent.[[ It goes on {resumes_at:time}.]] Until then `/usage` shows what "
        "you have used."
    ),
    access.QuotaReached: (
        "You have as many {kind:term} as you may: {limit:,}. Delete some that you do not need."
    ),
    access.BudgetOutOfRange: (
        "A budget is between 0 and {maximum_usd:,} dollars, or {maximum_answers:,} answers a day."
    ),
}

_KEYS = {
    access.OwnKeyRefused: (
        "The vendor {vendor} does not accept {brought_by:term}: {problem:term}. `/key test` tries "
        "it again, `/key add` replaces it, `/key remove` takes it away."
    ),
    access.OwnKeyGone: (
        "There is no key any more that pays for {model:code}. `/key add` brings one, and "
        "`/config edit` chooses another model."
    ),
    keys.KeyInvalid: "That is no key of {vendor}: {problem:term}[[ ({looks_like})]].",
    keys.KeyNotAccepted: "That key is not accepted by {vendor}.",
    keys.KeyUntested: "The key could not be tried, as {vendor} does not answer. Try again later.",
    keys.KeyNotFound: "There is no key of {vendor}. `/key list` shows those that there are.",
    keys.NoSuchKeyVendor: "Nothing here would be paid with a key of that vendor.",
    keys.AddressNotAllowed: (
        "Keys of **{host}** cannot be brought: an address begins with https:// and is of a host "
        "that the person who runs this bot allows[[, such as {hosts}]]."
    ),
    keys.KeyBudgetInvalid: "How much may the key cost in 24 hours? Write dollars, such as 2.50.",
    keys.KeysLocked: f"{_OPERATOR} has to set KEYS_SECRET before keys can be used here.",
}

_DISCORD = {
    app_commands.CheckFailure: "You cannot do that here.",
    app_commands.NoPrivateMessage: "That only works in servers.",
    app_commands.MissingPermissions: (
        "Only members with **{missing_permissions:permissions}** can do that."
    ),
    discord.Forbidden: (
        "Discord does not allow me to do that here. A moderator can give me the permission."
    ),
}

_PERSONALITIES = {
    personalities.PersonalityDeleted: "That personality was deleted.",
    personalities.PersonalityNotFound: (
        "There is no personality called **{name}** that you can talk to here."
    ),
    personalities.PersonalityNameTaken: (
        "Another personality already uses the name or alias **{name}**."
    ),
    errors.NameImpersonates: (
        "**{name}** could be mistaken for Discord, for staff or for a member of this server. "
        "Choose another name."
    ),
    personalities.StillPublic: (
        "The published version of **{name}** cannot change until `/publish unpublish`. Only "
        "`/publish start` makes a personality public."
    ),
    personalities.MakersOnly: "Only the maker of **{name}** can stop being its owner.",
    personalities.LastOwner: "**{name}** needs at least one owner. Add another owner first.",
    personalities.BadAddress: "The {field} must be an https:// address.",
    personalities.NotACard: "That file is not a character card I can read: {reason}.",
    personalities.CardTooLarge: (
        "That file is too large for a character card: the limit is {limit_mb} MB."
    ),
    personalities.NoCardImage: (
        "**{name}** was not imported from an image, so there is none to write the card into. "
        "Export it as JSON instead."
    ),
    personalities.PromptNotFound: "There is no system prompt called **{name}**.",
    personalities.PromptNameTaken: "There is already a system prompt called **{name}**.",
    personalities.DefaultPromptInUse: (
        "**{name}** is the default system prompt. Make another one the default first."
    ),
}

_VERSIONS = {
    personalities.VersionNotFound: (
        "There is no version {number}. *Versions* in `/personality open` lists them."
    ),
    personalities.CopyNotAllowed: (
        "**{name}** cannot be copied: its maker allows that with `/personality settings copying`, "
        "while it is public."
    ),
    personalities.ChangedMeanwhile: (
        "Somebody else has changed **{name}** since you opened this, and the same of it: {fields}. "
        "Version {version} has theirs. Send yours again to replace it."
    ),
}

_FACES = {
    faces.NoFaceHost: (
        "Discord cannot show that picture from here. The person who runs this bot can set "
        "MEDIA_PUBLIC_URL."
    ),
    faces.FaceHostFull: "There is no room for another face right now. Try again later.",
    faces.ExpressionNotFound: (
        "There is no expression called **{name}**. `/personality expressions` shows those it has."
    ),
    faces.NoPicture: "Give a `picture` or a `photo` of the expression.",
    faces.ExpressionNameReserved: "An expression cannot be called **{name}**.",
    faces.TooManyExpressions: "A personality has {limit} expressions at most.",
    faces.FaceRefused: (
        "The picture was refused: it appears to show somebody under 18 in a sexual way."
    ),
    faces.NoCardFace: "The card of **{name}** has no picture of it.",
}

_LORE = {
    lore.LorebookNotFound: (
        "There is no lorebook called **{name}** that you may change here. `/lore list` shows "
        "those that there are."
    ),
    lore.LorebookNameTaken: "There is a lorebook called **{name}** there already.",
    lore.LoreEntryNotFound: (
        "The lorebook has no entry called **{name}**. `/lore view` shows them with their numbers."
    ),
    lore.LoreNotYours: "{scope:term}.",
    lore.NotALorebook: "That file is not a lorebook I can read: {reason}.",
    lore.LorebookTooLarge: (
        "A lorebook has {limit_mb} MB and {limit_entries:,} entries at most. Split it into several."
    ),
    lore.BadPattern: (
        "{key:code} is not a regular expression that can be read. Without slashes around it, it "
        "is a plain key."
    ),
}

_PEOPLE = {
    people.PersonaNotFound: "You have no persona called **{name}**.",
    people.UserNotFound: "Nobody with the Discord id {discord_id} has used this bot yet.",
    people.PersonaNameTaken: "You already have a persona called **{name}**.",
    people.LastPersona: "**{name}** is your only persona. Create another one first.",
    memory.FactNotFound: "Nothing like that is known of you any more.",
    memory.MemoryNotFound: "There is no such memory of you.",
    memory.MemoryLocked: "That memory is locked. Unlock it with `/memory lock` first.",
    memory.MemoryOff: "**{name}** remembers nothing: its maker has switched that off.",
    memory.MemoryForbidden: "Moderators have decided that nothing said here is remembered.",
    memory.MemoryFull: (
        "You have {limit:,} memories, as many as you may. Forget some with `/memory forget`, then "
        "try again."
    ),
    memory.TooManyPinned: (
        "You have pinned {limit} memories, as many as fit. Unpin one with `/memory pin` first."
    ),
    memory.IncognitoNow: "You are incognito: nothing is stored. `/memory incognito` ends it.",
}

_MODELS = {
    llm.ModelUnavailable: "The model {model:code} is not responding. Try again in a moment.",
    llm.ModelOverloaded: "The model {model:code} is overloaded. Try again in a moment.",
    llm.ModelRateLimited: "The model {model:code} is rate-limited. Try again {retry_after:wait}.",
    llm.ModelRefused: "The model {model:code} declined to answer that.",
    llm.ModelMisconfigured: (
        "The model {model:code} cannot be used: {problem:term}[[. The vendors here: {vendors}]]."
    ),
    llm.ReasoningOnly: (
        "The model {model:code} used all its tokens on reasoning and said nothing. Whoever owns "
        "its config can raise `max_tokens`, or choose a model that reasons less."
    ),
    llm.ContextTooLong: "That is longer than the context of the model {model:code}.",
    llm.MalformedAnswer: "The model {model:code} gave an unusable answer. Try again.",
    llm_configs.ConfigNotFound: "There is no config called **{name}** that you can use here.",
    llm_configs.ConfigNameTaken: "There is already a config called **{name}**.",
    llm_configs.OutOfRange: "{parameter:code} must be a number between {low:g} and {high:g}.",
    llm_configs.ModelNotAllowed: (
        "{model:code} may not be chosen here.[[ You can choose {allowed}.]] `/models` shows more "
        "of them; the person who runs this bot can allow others."
    ),
    llm_configs.NoModelAllowed: (
        "The person who runs this bot lets nobody choose a model, so configs of your own have none."
    ),
    llm_configs.ModelUnpriced: (
        "Nobody knows what {model:code} costs, so no budget could count it. `/model allow` takes "
        "a price, and `MODEL_PRICES` does, too."
    ),
    llm_configs.ModelLimitOutOfRange: "{limit:code} must be between {low} and {high}.",
    llm_configs.EffortUnknown: "There is no reasoning effort **{effort}**: choose {known}.",
    llm_configs.UnknownParameter: (
        "There is no parameter {parameter:code}. The parameters are: {known}."
    ),
    llm_configs.DefaultConfigInUse: (
        "**{name}** is the global default. Make another config the default first."
    ),
    llm_configs.NoConfig: (
        f"No language model has been chosen. {_OPERATOR} can choose one with `/config global`."
    ),
    llm_configs.NoVisionModel: (
        "No vision model is configured, so the photo cannot be described. "
        f"{_OPERATOR} can set OPENAI_API_KEY or GEMINI_API_KEY, or a vision model in `/config`."
    ),
}

_CHAT = {
    chat.NoUsableReply: "**{name}** had no usable reply. Rephrase your message, or try again.",
    chat.AgeRestricted: "**{name}** only speaks in age-restricted channels.",
    chat.ChannelNotFound: "That channel no longer exists.",
    chat.MissingPermission: "I need the permission **{permission}** in this channel.",
    chat.MessageRefused: "Discord did not accept the message: {reason:term}.",
    chat.DiscordBusy: ("Discord limits how fast I may write here. Try again {retry_after:wait}."),
    chat.DiscordUnavailable: "Discord is not responding. Try again in a moment.",
    chat.NothingToUndo: "There is no answer to you here that could be undone.",
    chat.AuthorNotStored: "Nothing is stored of who has written that, as they wish.",
    chat.AnswerNotFound: (
        "That message is not a personality's answer, or the answer is no longer stored."
    ),
    chat.AnswerBeingChanged: "That answer is being changed already. Wait a moment, please.",
    chat.AnswerFinished: "That answer is finished already. `⋯` below it deletes or changes it.",
    chat.AnswerInterrupted: "I was restarted in the middle of my answer. Please ask again.",
    chat.CrisisHeard: _CRISIS,
    chat.AnswerStopped: "The answer was stopped.",
    chat.TooManyTakes: ("That answer has {limit} takes already. Turn to one of them, or edit it."),
    chat.NotYourAnswer: "Only the person who was answered, or a moderator, can do that.",
    chat.NotActivated: "**{name}** is not activated in this channel.",
    errors.OptedOut: (
        "You have opted out, so personalities do not hear you. Use `/privacy optout` to opt back "
        "in."
    ),
    chat.NoPersonalityHere: (
        "There is no personality here to answer yet. Call one by name, for example "
        "`@Mirela hello`, or choose one for your DMs with `/chat with`. See `/help` for more."
    ),
}

_PUBLISHING = {
    publishing.AlreadyPublic: (
        "Version {version} of **{name}** is already public. Use `/publish unpublish` first to "
        "publish the current version."
    ),
    publishing.AlreadyPublishing: (
        "**{name}** is already being published. `/publish status` shows the progress."
    ),
    publishing.NotPublic: "**{name}** is not public, or cannot be shown in this channel.",
    publishing.NothingToReview: (
        "That review has ended. `/publish status` shows the last attempt to publish."
    ),
    publishing.HeadlineUnfit: (
        "A headline has letters, no quotation marks, and {limit} characters at most."
    ),
    publishing.UnknownTags: (
        "There are no such tags: {tags}. `/discover browse` suggests the existing ones."
    ),
    publishing.TooManyTags: "Choose one to {limit} tags.",
    publishing.RatingTooLow: "It is rated **{rating}** or stricter, by what it contains.",
    publishing.AgeStated: "The definition says another age: {age}. Change it there.",
    publishing.NothingToRead: (
        "**{name}** has no description to review. Write one in `/personality open` first."
    ),
    publishing.MinorNotSafe: (
        "**{name}** was rated {rating}, but describes someone under 18: {phrase:code}. That "
        "cannot be published here."
    ),
    publishing.PromptInjection: (
        "The definition of **{name}** contains instructions to the reviewer: {phrase:code}. "
        "Remove them and try again."
    ),
}

_BOARDS = {
    engine.BoardNotFound: (
        "This channel is not an open board. `/board open` turns a channel into one."
    ),
    engine.NotABoard: "Only text channels and forums in servers can be boards.",
    engine.NoBoardMembers: "A board needs at least one personality.",
    engine.NotOnBoard: "**{name}** is not on that board. Add it with `/board settings`.",
    engine.NoTarget: "There is nothing recent on that board for a {kind} by **{name}**.",
    engine.InvalidHours: (
        "**{text}** are not valid hours. Use a range such as `23:00-07:00`, or `never`."
    ),
    engine.ImagePostsUnavailable: (
        "**{name}** cannot post images: no image model is configured, or images are turned off in "
        "`/personality settings`."
    ),
    engine.EnginePaused: "The engine is paused.",
    engine.Skipped: "That was skipped: {reason:term}.",
}

_MEDIA = {
    media.NotAPicture: (
        "**{name}** is not an image I can read: {kind:term}. Send a JPEG, PNG, WebP, HEIC or AVIF "
        "file."
    ),
    media.PictureTooLarge: (
        "**{name}** has {megapixels:.0f} megapixels; the limit is {limit:.0f} megapixels."
    ),
    media.FileTooLarge: "**{name}** is larger than {limit_bytes:megabytes} MB.",
    media.FileNotFound: "**{name}** is no longer available. Upload it again.",
    media.FileUnreachable: "**{name}** cannot be downloaded right now. Try again in a moment.",
    media.ForeignHost: "Files from **{host}** are not allowed.",
    media.ObjectNotFound: "That file is no longer in storage.",
    media.StorageUnavailable: "The media storage is not responding. Try again in a moment.",
    media.StorageMisconfigured: (
        f"The media storage rejected the request ({{detail}}). {_OPERATOR} needs to check the "
        "settings that begin with S3_."
    ),
    media.LinkUnreachable: (
        f"The public link to the photo does not work: {{detail}}. {_OPERATOR} needs to check "
        "MEDIA_PUBLIC_URL."
    ),
    media.NoPublicUrl: (
        f"That image needs a public address and has none. {_OPERATOR} can set MEDIA_PUBLIC_URL."
    ),
    images.NoImageModel: (
        f"No image model is configured. {_OPERATOR} can set REPLICATE_API_TOKEN or GEMINI_API_KEY."
    ),
    images.ImageGenerationFailed: ("The model {model:code} did not finish the image: {detail}."),
    images.ImageGenerationLost: (
        "An image from the model {model:code} was lost. It may have been charged, so it is not "
        "requested again automatically."
    ),
}

_PICTURES = {
    pictures.NoFaceToDraw: (
        "**{name}** has no face that can be drawn. Its makers can give it one with "
        "`/personality avatar`."
    ),
    pictures.NoPicturesIncognito: (
        "A picture is sent after the answer, and while you are incognito nothing is stored. "
        "`/memory incognito` ends that."
    ),
    pictures.PicturesForbidden: "Moderators do not let personalities send pictures here.",
    web.PageUnreadable: "There is no public page with a text at {url:term}.",
}

_CHARACTERS = {
    characters.NoPhotoGiven: "Give a photo to draw from: attach one, or the key of an upload.",
    characters.PhotoRefused: "The photo was deleted: {problem:term}",
    characters.StyleNotFound: f"There is no style called **{{name}}**. The styles are: {_STYLES}.",
    characters.StyleForAdults: (
        "**{style:term}** is for adult characters only, and this one looks younger. Choose "
        "another style in `/character generate`."
    ),
    characters.SceneRefused: "That scene is not allowed for this character.",
    characters.StillGenerating: "Images of **{name}** are already being generated.",
    characters.TooManyGenerating: (
        "You already have {limit} characters being generated. Wait until one is done."
    ),
    characters.ImageLimitReached: (
        "You can generate {limit} images a day and have {left} left today."
    ),
    characters.CharacterNotFound: (
        "You have no character called **{name}**. `/character list` shows yours."
    ),
    characters.CharacterNameTaken: "You already have a character called **{name}**.",
    characters.NoReferencePhoto: (
        "There is no reference for **{name}**: the photo has been deleted. Select an image in "
        "`/character gallery`, or create the character again."
    ),
    characters.NoImageSelected: "Select an image of **{name}** in `/character gallery` first.",
    characters.ImageNotFound: "That image is no longer in the gallery.",
    characters.NoProfile: "**{name}** has no description yet: the photo was not analysed.",
}

_PHOTOS = {
    photos.PhotoNotFound: (
        "You have no photo called **{name}**. `/photos list` shows yours.",
        "That photo no longer exists.",
    ),
    photos.SeveralPhotos: (
        "More than one photo is called **{name}**. Use the id that `/photos list` shows."
    ),
    photos.PhotoInFlight: (
        "**{name}** is being posted, or may already be posted. It can be deleted once that is "
        "settled, or after `/schedule cancel`."
    ),
    photos.PhotoNotEmbedded: "**{name}** has not been analysed yet. Try again in a minute.",
    photos.NoSuchFolder: "There is no folder **{path}**.",
    photos.FolderEmpty: "There are no files in **{path}**.",
    photos.FileUnreadable: "**{name}** cannot be read: {detail}.",
    photos.ArchiveBroken: "**{name}** is not a zip archive I can read.",
    photos.ArchiveTooLarge: (
        "**{name}** is too large: the limit is {files:,} files and {megabytes:,} MB unpacked."
    ),
    embeddings.EmbedderUnavailable: "The image embedder {name:code} is not responding.",
    embeddings.EmbedderFailed: "The image embedder {name:code} could not process this: {detail}.",
    embeddings.EmbedderMisconfigured: (
        f"The image embedder {{name:code}} rejected the request ({{detail}}). {_OPERATOR} needs "
        "to check IMAGE_EMBEDDER, IMAGE_EMBED_URL and the keys."
    ),
}

_SOCIAL = {
    social.PhotoHasPost: (
        "**{photo}** already has a post[[ on **{target}**]]: {status:term}[[, {at:time}]]. A "
        "photo is posted once."
    ),
    social.PostNotFound: (
        "You have no post called **{name}**. `/schedule list` shows yours.",
        "That post no longer exists.",
    ),
    social.SeveralPosts: (
        "More than one post is called **{name}**. Use the id that `/schedule list` shows."
    ),
    social.PostClosed: "The post is {status:term}, so that is no longer possible.",
    social.CaptionTooLong: (
        "The limit on {service:term} is {limit:,} characters; this caption has {length:,}, "
        "including what is added to AI-generated images."
    ),
    social.CommentUnsupported: (
        f"First comments are not supported on {{service:term}}, only on {_COMMENT_NETWORKS}."
    ),
    social.TimeUnclear: (
        f"**{{text}}** is not a time I can read. Write {_TIMES}.",
        f"That is not a time I can read. Write {_TIMES}.",
    ),
    social.TimePast: ("**{text}** in {zone} is in the past. `/timezone` sets your time zone."),
    social.TimeTooFar: "{at:time} is too far away: posts can be planned two years ahead.",
    social.TimeInGap: (
        "**{text}** does not exist in {zone}: the clocks are set forward over it that day."
    ),
    social.TimeTaken: "Another post is already planned for {at:time} on **{target}**.",
    social.SlotsUnclear: (
        "**{line}** is not a line of days and times. Write lines such as "
        "`Mon-Fri 09:00, 18:30` or `Daily 12:00`, at most a hundred times in all."
    ),
    social.NoSlots: (
        "**{target}** has no weekly slots yet. Set some with `/schedule slots`, or write a time: "
        f"{_TIMES}."
    ),
    social.TargetNotFound: (
        "There is no target called **{name}** for this. `/schedule targets` lists and adds them."
    ),
    social.SeveralTargets: (
        "More than one target is called **{name}**. Choose one of the suggestions, or give its id."
    ),
    social.TargetTaken: "Photos are already posted on **{name}**.",
    social.NoSuchBufferChannel: "Buffer has no channel called **{name}** in your account.",
    social.NetworkUnsupported: (
        "Photos alone cannot be posted on {service:term}. The supported networks are: "
        f"{_NETWORKS}."
    ),
    social.PublisherMissing: (
        f"Posting through Buffer is not configured. {_OPERATOR} can set BUFFER_API_KEY."
    ),
    social.TargetChannelGone: "The channel **{name}** is gone, or I can no longer see it.",
    social.TargetChannelClosed: "**{name}** does not accept posts at Buffer: {detail}.",
    social.PostRefused: "The post was rejected: {detail}.",
    social.KeyRefused: (
        f"Buffer does not accept the key. {_OPERATOR} needs to check BUFFER_API_KEY."
    ),
    social.RemovedFromQueue: "The post was removed from Buffer's queue for **{name}**.",
    social.DeliveryCancelled: "The person who runs this bot cancelled it.",
    social.MissedWhileOffline: (
        "The bot was not running at {at:time}, and now it is too late to post it."
    ),
    social.TooLate: (
        "It could not be posted at {at:time}[[ ({detail})]], and now it is too late to post it."
    ),
    social.ChangeTooLate: (
        "Your last change came too late: the post was already published as it was before."
    ),
    social.DeliveryUnconfirmed: (
        "It may or may not have been posted: the response was lost, and the post was not found. "
        "Please check, and say which it is."
    ),
    social.PublisherBusy: "It has not been posted yet: {detail}. I will keep trying.",
    social.QueueFull: "It has not been posted yet: {detail}. I will keep trying.",
}

_OPERATIONS = {
    jobs.PoisonJob: "The process crashed every time this was tried, so it was given up.",
    jobs.JobNotFound: "There is no job {job:code}.",
    jobs.SeveralJobs: "More than one job begins with {job:code}. Give more of its id.",
    jobs.JobHasEnded: "That job is already {status}.",
    jobs.JobNotFailed: "That job is {status}; only failed or cancelled jobs can be retried.",
    legacy.LegacyShapeUnknown: "That database does not have the old schema. Missing: {missing}.",
    legacy.LegacyUnreachable: "The database {address} cannot be opened: {reason}",
}

_SEE_LOG = "the person who runs this bot finds the reason in its log"
_VOICE = {
    voice.VoiceMessageUnheard: "I did not hear that voice message: {reason:term}.",
    speech.NoTranscriptionModel: f"Voice messages cannot be heard yet. {_OPERATOR} has to set "
    "`TRANSCRIPTION_MODEL`.",
    speech.NoSpeechModel: f"Nothing can be spoken yet. {_OPERATOR} has to set `SPEECH_MODEL`.",
    speech.UnreadableRecording: "That is no recording that can be read.",
    speech.NothingToSpeak: "There are no words in it that can be spoken.",
    speech.UnknownSpeechVendor: "**{name}** does not speak here. These do: {vendors}.",
}

_TERMS = {
    "too many": "too many",
    "Reason:operator blocks user": "the person who runs this bot has blocked you",
    "Reason:operator blocks server": "the person who runs this bot has blocked this server",
    "Reason:server blocks user": "this server's moderators have blocked you here",
    "Reason:server blocks role": "this server's moderators have blocked one of your roles",
    "Reason:server blocks channel": "this server's moderators have blocked this channel",
    "Reason:server blocks personality": "this server's moderators have blocked this personality",
    "Reason:maker blocks user": "its maker has blocked you",
    "Reason:private": "it is private; `/personality settings` changes that",
    "Reason:not admitted": (
        "it was not let into this server. Its maker or a moderator can do that with "
        "`/personality bring`"
    ),
    "Reason:not these callers": "in this channel only some people get answers",
    "Reason:not in this channel": "this server's moderators do not let personalities speak here",
    "Reason:no age-restricted ones here": "this server does not allow age-restricted ones",
    "Reason:answers an hour": "this channel has had its answers of this hour",
    "Bringers:everyone": "Only its maker or a moderator may bring a personality into this server",
    "Bringers:moderators": "Only moderators may bring personalities into this server",
    "Bringers:nobody": "Nobody may bring personalities into this server",
    "Owned:personalities": "personalities",
    "Owned:personas": "personas",
    "Owned:configs": "configs",
    "Owned:aliases": "aliases of this personality",
    "Owned:memories": "memories",
    "Owned:photos": "photos",
    "Owned:photo bytes": "bytes of photos",
    "Owned:characters": "characters",
    "Owned:lore entries": "entries of lorebooks",
    "LoreScope:channel": "Only moderators give a channel a lorebook",
    "LoreScope:server": "Only moderators of a server give it a lorebook, and only there",
    "LoreScope:persona": "Choose one of your own personas for the lorebook",
    "LoreScope:personality": "Choose one of your own personalities for the lorebook",
    "LoreScope:everywhere": "Only whoever runs this bot makes a lorebook for everywhere",
    "BudgetLimit:all": "Today's budget of this bot",
    "BudgetLimit:server": "Today's budget of this server",
    "BudgetLimit:user": "Your budget of today",
    "BudgetLimit:share": "Your share of today's budget",
    "BudgetLimit:key": "Today's budget of the key that was brought for this server",
    "PayerKind:user": "your key",
    "PayerKind:maker": "the key that you have brought for your personalities",
    "PayerKind:server": "the key that was brought for everyone in the server",
    "key refused": "it does not know it, or does not let it be used",
    "no credit": "its account has no credit left",
    "KeyProblem:spaces": "a key is one word of letters, digits and signs",
    "KeyProblem:short": "a key has between 16 and 500 characters",
    "KeyProblem:other vendor": "it looks like one of another vendor",
    "ModelProblem:no credit": "the account at its vendor has no credit left",
    "ModelProblem:key refused": f"its vendor does not accept the API key; {_SEE_LOG}",
    "ModelProblem:not found": f"its vendor has no such model at this address; {_SEE_LOG}",
    "ModelProblem:request refused": f"its vendor rejects the request; {_SEE_LOG}",
    "ModelProblem:no such vendor": "models are written vendor/model",
    "ModelProblem:file unreadable": "its file is not a model that can be loaded",
    "Refusal:links": "it contains a link that Discord blocks as harmful",
    "Refusal:automod": "this server's AutoMod blocked it",
    "Refusal:explicit": "it counts as explicit, and this channel is not age-restricted",
    "Refusal:age": "it is for adults only",
    "Refusal:archived": "this thread is archived, and I may not reopen it",
    "Refusal:locked": "this thread is locked",
    "Refusal:name": "it does not allow this name. An owner can change it",
    "Refusal:tag": "this forum demands a tag for each post",
    "Refusal:too large": "it is too large",
    "Refusal:too many threads": "this server has too many open threads",
    "Refusal:empty": "it was empty",
    "Refusal:other": "it gave no reason that I know",
    "FileKind:empty": "it is empty",
    "FileKind:truncated": "it breaks off before its end",
    "FileKind:broken": "it is damaged",
    "FileKind:archive": "it is an archive. Only zip archives are unpacked",
    "FileKind:video": "it is a video",
    "FileKind:audio": "it is a sound",
    "FileKind:document": "it is a document",
    "FileKind:other picture": "it is in a format that I do not know",
    "FileKind:unknown": "it has no image in it, whatever its file name says",
    "PhotoProblem:nobody": "there is no person in it. Send a photo of one person.",
    "PhotoProblem:several": "there is more than one person in it. Send a photo of one person.",
    "PhotoProblem:sexual": "characters cannot be made from sexual photos.",
    "PhotoProblem:violent": "characters cannot be made from violent photos.",
    **{name: style.label for name, style in STYLES.items()},
    **LABELS,
    "draft": "a draft",
    "scheduled": "scheduled",
    "sending": "being sent",
    "posted": "posted",
    "failed": "failed",
    "unconfirmed": "unconfirmed",
    "cancelled": "being withdrawn",
    "Unheard:not configured": "no model that hears is configured",
    "Unheard:server": "the moderators do not want them heard in this server",
    "Unheard:day": "the limit of what is heard of one person in 24 hours is reached",
    "Unheard:too large": f"it has more than {MAX_BYTES / 1e6:.0f} MB",
    "Unheard:too many": "the message has too many recordings",
    "Unheard:unreadable": "the recording cannot be read",
    "Unheard:no words": "I could not make out any words",
    "Unheard:failed": "the model that hears did not answer",
    "Unheard:budget": "today's budget is spent",
    "SkipReason:cap": "the activity limit is reached",
    "SkipReason:budget": "the budget is used up",
    "SkipReason:target gone": "what it was about is gone",
    "SkipReason:repeat": "it repeats what was said before",
    "SkipReason:board closed": "the board is closed",
    "SkipReason:stale": "it was due too long ago",
    "SkipReason:quiet hours": "these are quiet hours",
    "SkipReason:guest": "guests only answer people there, and not too often",
    "SkipReason:done already": "it has been done already",
    "SkipReason:thread full": "the thread is full",
    "SkipReason:not on this board": "the personality is not on this board",
    "SkipReason:may not speak": "a permission is missing",
    "SkipReason:refused by Discord": "Discord did not accept it",
    "SkipReason:cancelled": "it was cancelled",
    "SkipReason:nothing to say": "the model had nothing usable to say",
}

ENGLISH = Catalogue(
    messages={
        **_GENERAL,
        **_ACCESS,
        **_KEYS,
        **_DISCORD,
        **_PERSONALITIES,
        **_VERSIONS,
        **_FACES,
        **_LORE,
        **_PEOPLE,
        **_MODELS,
        **_CHAT,
        **_PUBLISHING,
        **_BOARDS,
        **_MEDIA,
        **_PICTURES,
        **_CHARACTERS,
        **_PHOTOS,
        **_SOCIAL,
        **_VOICE,
        **_OPERATIONS,
    },
    terms=_TERMS,
    internal_error="Something went wrong on our side. If you report it, quote `{interaction}`.",
    unexplained="Something went wrong on our side.",
    wait_seconds="in {seconds} seconds",
    wait_unknown="in a minute",
)
