"""Ed25519 keys (RFC 8032): who signs disposal records and heads, and how others know the signature.

Whatever is signed begins with what it is, so that a signature of a head is never one of a record.
"""

import os
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# No key in PEM is longer.
_MOST_BYTES = 16 * 1024


class Purpose(Enum):
    """What a signature is for."""

    RECORD = b"minutier disposal record v1\x00"
    HEAD = b"minutier log head v1\x00"
    ANCHOR = b"minutier audit anchor v1\x00"


class InvalidKey(ValueError):
    """The text says what is expected; nothing of the key is in it."""


@dataclass(frozen=True)
class PublicKey:
    """What checks signatures."""

    _key: "Ed25519PublicKey"

    @classmethod
    def from_pem(cls, pem: bytes) -> "PublicKey":
        """Of a ``PUBLIC KEY`` in PEM; raises `InvalidKey`."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise InvalidKey("is no public key for Ed25519 in PEM (-----BEGIN PUBLIC KEY-----)")
        return cls(key)

    @classmethod
    def read(cls, path: Path) -> "PublicKey":
        """Raises `InvalidKey` and `OSError`."""
        return cls.from_pem(_read(path))

    @cached_property
    def id(self) -> str:
        """As contracts have it: SHA-256 of the SubjectPublicKeyInfo in DER, in hexadecimal."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return sha256(self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def pem(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, purpose: Purpose, content: bytes, signature: str) -> bool:
        """Whether ``signature``, in hexadecimal, is this key's for ``content``."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(bytes.fromhex(signature), purpose.value + content)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """What signs; its text tells nothing of the key."""

    _key: "Ed25519PrivateKey"

    @classmethod
    def generate(cls) -> "SigningKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Of a ``PRIVATE KEY`` in PEM that is not encrypted; raises `InvalidKey`."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidKey(
                "is no private key for Ed25519 in PEM, unencrypted: "
                "'openssl genpkey -algorithm ed25519' makes one"
            )
        return cls(key)

    @classmethod
    def read(cls, path: Path) -> "SigningKey":
        """Raises `InvalidKey`, also where others than its owner may read the file, and `OSError`."""
        if path.stat().st_mode & 0o077:
            raise InvalidKey("may be read by others than its owner; 'chmod 600' keeps them out")
        return cls.from_pem(_read(path))

    def write(self, path: Path) -> None:
        """To a new file that only its owner can read; raises `OSError`, also where there is one."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)

    @cached_property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, purpose: Purpose, content: bytes) -> str:
        """In hexadecimal, which has one way to write it; Base64 leaves bits at its end that do not count."""
        return self._key.sign(purpose.value + content).hex()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES)
