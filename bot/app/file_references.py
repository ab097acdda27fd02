"""Which rows reference stored files: what garbage collection asks before it deletes one."""

from collections.abc import Mapping

from services import characters, engine, faces, photos
from services.media import References

# By the prefix of the keys that a feature keeps its files under.
FILE_REFERENCES: Mapping[str, References] = {
    "avatars/": faces.referenced_keys,
    "boards/": engine.referenced_keys,
    "characters/": characters.referenced_keys,
    "photos/": photos.referenced_keys,
}
