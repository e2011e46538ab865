"""Keys, and the bytes that they sign."""

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from minutier.schemas.records import DisposalProof, SignedHead, SignedRecord
from minutier.shared.proofs.canonical import Malformed, canonical, read
from minutier.shared.proofs.issue import content, sign_head, sign_record, written
from minutier.shared.proofs.merkle import Frontier
from minutier.shared.proofs.signing import InvalidKey, PublicKey, Purpose, SigningKey
from tests.support.contracts import EXAMPLES, examples
from tests.support.proofs import BEGINNING, KEY, TENANT, key_of, record

# A SubjectPublicKeyInfo for Ed25519 is these bytes (RFC 8410) and the key's 32.
INFO = bytes.fromhex("302a300506032b6570032100")


def test_keys_survive_their_files(tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    KEY.write(private)
    public.write_bytes(KEY.public.pem())
    assert private.stat().st_mode & 0o777 == 0o600
    signature = SigningKey.read(private).sign(Purpose.RECORD, b"content")
    known = PublicKey.read(public)
    assert known.signed(Purpose.RECORD, b"content", signature)
    assert not known.signed(Purpose.RECORD, b"other", signature)
    assert not known.signed(Purpose.HEAD, b"content", signature)
    assert not key_of("other").public.signed(Purpose.RECORD, b"content", signature)


def test_no_key_is_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KEY.write(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        SigningKey.generate().write(path)
    assert path.read_bytes() == before


def test_a_private_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KEY.write(path)
    path.chmod(0o640)
    with pytest.raises(InvalidKey, match="chmod 600"):
        SigningKey.read(path)


def test_the_id_of_a_key_is_the_digest_that_other_tools_give() -> None:
    raw = KEY.public._key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert KEY.public.id == sha256(INFO + raw).hexdigest()


def test_what_is_no_key_for_ed25519_is_refused_without_being_quoted() -> None:
    other = generate_private_key(SECP256R1())
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    encrypted = KEY._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    for pem in (b"", b"nonsense", public, private, encrypted):
        with pytest.raises(InvalidKey, match="Ed25519 in PEM") as refused:
            SigningKey.from_pem(pem)
        assert b"\n" not in str(refused.value).encode()
    for pem in (b"", b"nonsense", public, private):
        with pytest.raises(InvalidKey, match="Ed25519 in PEM"):
            PublicKey.from_pem(pem)


def test_a_key_tells_nothing_of_itself() -> None:
    secret = KEY._key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    assert secret.hex() not in repr(KEY)
    assert repr(secret) not in repr(KEY)


def test_fields_are_sorted_as_the_rfc_has_them() -> None:
    """The example of RFC 8785, section 3.2.3: by UTF-16, where a surrogate comes before U+FB33."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6"]
    order = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(read(canonical(dict.fromkeys(names, 0)))) == order


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"\ud800": 0}, float("nan")])
def test_what_readers_do_not_agree_on_has_no_canonical_form(value: object) -> None:
    with pytest.raises(Malformed):
        canonical({"value": value})


@pytest.mark.parametrize("path", examples("disposal-proof/*.json"), ids=str)
def test_what_was_signed_once_is_signed_the_same_ever_after(path: Path) -> None:
    text = (EXAMPLES / path).read_bytes()
    proof = DisposalProof.model_validate_json(text)
    document = read(text)
    assert written(proof) == canonical(document)
    assert content(proof.entry.record) == canonical(document["entry"]["record"])
    assert sign_record(proof.entry.record, KEY) == proof.entry


def test_a_head_is_signed_over_what_the_log_holds() -> None:
    head = sign_head(TENANT, Frontier(), BEGINNING, KEY)
    golden = (EXAMPLES / "signed-head" / "nothing-yet.json").read_bytes()
    assert head == SignedHead.model_validate_json(golden)


def test_an_entry_is_one_line() -> None:
    line = written(sign_record(record(), KEY))
    assert b"\n" not in line
    assert SignedRecord.model_validate_json(line, strict=True).record == record()
