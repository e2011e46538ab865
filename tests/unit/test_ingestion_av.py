import asyncio
import os
import struct
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from minutier.ingestion.domain import Limits
from minutier.ingestion.media.av import AvNormaliser, normalise
from minutier.schemas.rejections import RejectionReason
from minutier.shared.worker import Worker, ignore
from tests.support import media
from tests.support.media import Sound, frequency, level, onset, write, write_stream

LIMITS = Limits(seconds=600.0, size=10**9)
DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "audio.flac"


def outcome(source: Path, *, limits: Limits = LIMITS) -> float | RejectionReason:
    return normalise(source, source.with_name("audio.flac"), limits, report=ignore)


def changed(file: Path, old: bytes, new: bytes) -> Path:
    """The file with the first of some of its bytes replaced."""
    body = file.read_bytes()
    assert old in body
    file.write_bytes(body.replace(old, new, 1))
    return file


def cut(file: Path, share: float) -> Path:
    """The beginning of a file."""
    os.truncate(file, int(file.stat().st_size * share))
    return file


@pytest.mark.parametrize("suffix", ["mp4", "m4a", "webm", "ogg", "mp3", "wav", "flac", "mkv", "aac", "ts"])
@pytest.mark.parametrize("making", [write, write_stream])
def test_every_container_becomes_16_khz_mono(
    tmp_path: Path, target: Path, suffix: str, making: object
) -> None:
    if making is write_stream and suffix in {"mp4", "m4a"}:
        source = write(tmp_path / f"a.{suffix}", Sound(3.0), options={"movflags": "frag_keyframe+empty_moov"})
    else:
        assert callable(making)
        source = making(tmp_path / f"a.{suffix}", Sound(3.0))
    assert outcome(source) == pytest.approx(3.0, abs=0.05)
    samples = media.read(target)
    assert len(samples) / 16_000 == outcome(source)
    assert frequency(samples, 0.5, 2.5) == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("visio-chromium.webm", 2.7),
        ("visio-firefox.ogg", 2.08),
        ("visio-ios-browser.webm", 2.63),
        ("visio-ios.m4a", 1.364),
        ("ami-dev00.flac", 30.0),
    ],
)
def test_what_browsers_phones_and_corpora_give(target: Path, name: str, seconds: float) -> None:
    assert normalise(DATA / name, target, LIMITS, report=ignore) == pytest.approx(seconds, abs=0.01)
    assert level(media.read(target), 0.0, seconds) > 0.001


@pytest.mark.parametrize("suffix", ["mp4", "webm", "mkv"])
def test_a_time_in_the_result_is_a_time_in_the_meeting(tmp_path: Path, target: Path, suffix: str) -> None:
    source = write(tmp_path / f"a.{suffix}", Sound(5.0, start=2.0), video_seconds=10.0)
    assert outcome(source) == pytest.approx(7.0, abs=0.05)
    assert onset(media.read(target)) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("suffix", ["webm", "mkv", "ogg"])
def test_time_begins_with_the_earliest_stream(tmp_path: Path, target: Path, suffix: str) -> None:
    assert outcome(write(tmp_path / f"a.{suffix}", Sound(3.0, start=5000.0))) == pytest.approx(3.0, abs=0.05)
    assert onset(media.read(target)) == pytest.approx(0.0, abs=0.05)


def test_time_stamps_before_zero_are_times_too(tmp_path: Path, target: Path) -> None:
    assert outcome(write(tmp_path / "a.mkv", Sound(3.0, start=-1.0))) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("suffix", ["mp4", "webm", "ogg", "mkv"])
def test_a_gap_becomes_silence(tmp_path: Path, target: Path, suffix: str) -> None:
    assert outcome(write(tmp_path / f"a.{suffix}", Sound(5.0, gaps=[(1.0, 3.0)]))) == pytest.approx(
        5.0, abs=0.05
    )
    samples = media.read(target)
    assert level(samples, 1.1, 2.9) < 0.001
    assert onset(samples, after=1.1) == pytest.approx(3.0, abs=0.05)


def test_a_participant_may_be_silent_for_long(tmp_path: Path, target: Path) -> None:
    source = write(tmp_path / "a.mkv", Sound(2.0, starts={1.0: 500.0}))
    assert outcome(source) == pytest.approx(501.0, abs=0.05)
    assert onset(media.read(target), after=2.0) == pytest.approx(500.0, abs=0.05)


def test_a_clock_that_starts_again_loses_nothing(tmp_path: Path) -> None:
    part = write(tmp_path / "part.ogg", Sound(2.0)).read_bytes()
    source = tmp_path / "a.ogg"
    source.write_bytes(part + part)
    assert outcome(source) == pytest.approx(4.0, abs=0.05)


def test_a_kind_of_sound_that_changes_midway_is_followed(tmp_path: Path, target: Path) -> None:
    plain = {"write_xing": "0", "id3v2_version": "0"}
    first = write(tmp_path / "1.mp3", Sound(2.0, rate=44_100, layout="stereo"), options=plain)
    second = write(tmp_path / "2.mp3", Sound(2.0, rate=22_050, frequency=700.0), options=plain)
    source = tmp_path / "a.mp3"
    source.write_bytes(first.read_bytes() + second.read_bytes())
    assert outcome(source) == pytest.approx(4.0, abs=0.2)
    samples = media.read(target)
    assert frequency(samples, 0.5, 1.5) == pytest.approx(440, abs=2)
    assert frequency(samples, 2.5, 3.5) == pytest.approx(700, abs=2)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 96_000, 192_000])
def test_any_sample_rate(tmp_path: Path, target: Path, rate: int) -> None:
    assert outcome(write(tmp_path / "a.wav", Sound(1.0, rate=rate))) == pytest.approx(1.0, abs=0.01)
    assert frequency(media.read(target), 0.0, 1.0) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    "codec", ["pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_alaw"]
)
def test_any_sample_format(tmp_path: Path, target: Path, codec: str) -> None:
    assert outcome(write(tmp_path / "a.wav", Sound(1.0, rate=8_000, codec=codec))) == 1.0
    assert level(media.read(target), 0.0, 1.0) == pytest.approx(0.354, abs=0.02)


@pytest.mark.parametrize("channel", range(8))
@pytest.mark.parametrize("layout", ["7.1", "8 channels"])
def test_what_is_said_in_any_channel_is_kept(tmp_path: Path, target: Path, layout: str, channel: int) -> None:
    source = write(tmp_path / "a.wav", Sound(0.5, layout="7.1", channel=channel))
    if layout == "8 channels":
        # As a recorder writes it that has microphones and no notion of where they stand.
        changed(source, struct.pack("<I", 0x63F), struct.pack("<I", 0))
    assert outcome(source) == 0.5
    assert level(media.read(target), 0.0, 0.5) == pytest.approx(0.354 / 8, rel=0.05)


def test_of_several_streams_the_one_that_players_choose(tmp_path: Path, target: Path) -> None:
    low, high = Sound(1.0, frequency=300.0), Sound(1.0, frequency=700.0)
    for default, expected in ((None, 300), (0, 300), (1, 700)):
        outcome(write(tmp_path / "a.mkv", low, high, default=default))
        assert frequency(media.read(target), 0.0, 1.0) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "wav", "flac", "webm", "m4a"])
def test_a_fifth_of_a_second_is_a_recording(tmp_path: Path, target: Path, suffix: str) -> None:
    assert outcome(write(tmp_path / f"a.{suffix}", Sound(0.2))) == pytest.approx(0.2, abs=0.05)
    assert len(media.read(target)) > 0


def test_silence_is_a_recording(tmp_path: Path, target: Path) -> None:
    assert outcome(write(tmp_path / "a.ogg", Sound(3.0, frequency=None))) == pytest.approx(3.0, abs=0.05)
    assert level(media.read(target), 0.0, 3.0) < 0.001


@pytest.mark.parametrize("suffix", ["mp4", "webm", "mkv"])
def test_sound_may_end_before_the_picture(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"a.{suffix}", Sound(50.0, rate=16_000), video_seconds=60.0)
    assert outcome(source) == pytest.approx(50.0, abs=0.05)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("video_seconds", [0.0, 25.0])
@pytest.mark.parametrize("suffix", ["mp4", "webm", "mkv"])
def test_a_file_that_was_cut_is_corrupt(
    tmp_path: Path, suffix: str, video_seconds: float, share: float
) -> None:
    options = {"movflags": "faststart"} if suffix == "mp4" else None
    sound = Sound(20.0, rate=16_000)
    source = write(tmp_path / f"a.{suffix}", sound, video_seconds=video_seconds, options=options)
    assert outcome(cut(source, share)) is RejectionReason.CORRUPT


def test_a_cut_file_whose_index_is_missing_is_corrupt(tmp_path: Path) -> None:
    assert outcome(cut(write(tmp_path / "a.mp4", Sound(5.0)), 0.9)) is RejectionReason.CORRUPT


@pytest.mark.parametrize("suffix", ["ogg", "mp3", "aac", "wav"])
def test_of_a_cut_stream_all_is_taken_that_is_there(tmp_path: Path, suffix: str) -> None:
    assert outcome(cut(write(tmp_path / f"a.{suffix}", Sound(10.0)), 0.5)) == pytest.approx(5.0, abs=1.0)


@pytest.mark.parametrize("suffix", ["mp4", "webm", "ogg", "mp3", "flac", "wav"])
def test_a_few_bad_bytes_are_passed_over(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"a.{suffix}", Sound(10.0))
    body = bytearray(source.read_bytes())
    middle = len(body) // 2
    body[middle : middle + 64] = bytes(reversed(range(64)))
    source.write_bytes(body)
    assert outcome(source) == pytest.approx(10.0, abs=0.2)


def test_many_bad_bytes_are_too_many(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", Sound(10.0))
    body = bytearray(source.read_bytes())
    quarter = len(body) // 4
    body[quarter : 2 * quarter] = b"\xa5" * quarter
    source.write_bytes(body)
    assert outcome(source) is RejectionReason.CORRUPT


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("notes.mp3", b"Dear all,\nplease find the minutes below.\n" * 500, RejectionReason.UNSUPPORTED),
        ("empty.mp3", b"", RejectionReason.CORRUPT),
        ("noise.mp4", bytes(range(256)) * 64, RejectionReason.UNSUPPORTED),
        ("ogg.ogg", b"OggS" + bytes(2000), RejectionReason.CORRUPT),
        ("film.avi", b"RIFF\0\0\0\0AVI LIST" + bytes(2000), RejectionReason.UNSUPPORTED),
    ],
)
def test_what_is_no_recording(tmp_path: Path, name: str, body: bytes, reason: RejectionReason) -> None:
    source = tmp_path / name
    source.write_bytes(body)
    assert outcome(source) is reason


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{file}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        '<?xml version="1.0"?><MPD><Period><BaseURL>{file}</BaseURL></Period></MPD>',
    ],
    ids=["m3u8", "concat", "sdp", "dash"],
)
def test_a_list_of_other_files_opens_none(tmp_path: Path, text: str) -> None:
    other = write(tmp_path / "other.aac", Sound(1.0))
    source = tmp_path / "list"
    source.write_text(text.format(file=other))
    assert outcome(source) is RejectionReason.UNSUPPORTED


def test_a_film_without_sound(tmp_path: Path) -> None:
    assert outcome(write(tmp_path / "a.mp4", video_seconds=2.0)) is RejectionReason.NO_AUDIO


@pytest.mark.parametrize("suffix", ["wav", "mp4", "flac"])
def test_a_stream_without_a_single_sample(tmp_path: Path, suffix: str) -> None:
    assert outcome(write(tmp_path / f"a.{suffix}", Sound(0.0))) is RejectionReason.NO_AUDIO


def test_an_unknown_codec(tmp_path: Path) -> None:
    wav = changed(write(tmp_path / "a.wav", Sound(1.0)), b"\x10\0\0\0\x01\0", b"\x10\0\0\0\x34\x12")
    assert outcome(wav) is RejectionReason.UNSUPPORTED
    webm = changed(write(tmp_path / "a.webm", Sound(1.0)), b"A_OPUS", b"A_ZZZZ")
    assert outcome(webm) is RejectionReason.UNSUPPORTED


@pytest.mark.parametrize("declared", [float("nan"), float("inf"), 1e300, -5.0, 0.0])
def test_a_duration_that_is_none_is_not_believed(tmp_path: Path, declared: float) -> None:
    assert outcome(with_duration(tmp_path, declared)) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("declared", [1e7, 1e15])
def test_an_enormous_duration_is_not_reached(tmp_path: Path, declared: float) -> None:
    assert outcome(with_duration(tmp_path, declared)) is RejectionReason.CORRUPT


def with_duration(folder: Path, declared: float) -> Path:
    """A WebM file of 3 s whose header claims ``declared`` milliseconds."""
    source = write(folder / "a.webm", Sound(3.0))
    element = b"\x44\x89\x88"
    before = source.read_bytes()
    real = before[before.index(element) :][:11]
    return changed(source, real, element + struct.pack(">d", declared))


def test_a_time_stamp_beyond_any_meeting_is_damage(tmp_path: Path) -> None:
    assert outcome(write(tmp_path / "a.mkv", Sound(4.0, starts={2.0: 3e6}))) is RejectionReason.CORRUPT


def test_too_long_is_noticed_before_the_end(tmp_path: Path, target: Path) -> None:
    source = write(tmp_path / "a.ogg", Sound(30.0, rate=16_000))
    told: list[float] = []
    limits = Limits(seconds=10.0, size=10**9)
    assert normalise(source, target, limits, report=told.append) is RejectionReason.TOO_LONG
    assert max(told) < 0.5
    assert outcome(source, limits=Limits(seconds=30.1, size=10**9)) == pytest.approx(30.0, abs=0.05)


@pytest.mark.parametrize("suffix", ["mp4", "webm", "ogg", "mp3", "wav", "flac"])
def test_progress_grows_while_decoding(tmp_path: Path, target: Path, suffix: str) -> None:
    told: list[float] = []
    normalise(write(tmp_path / f"a.{suffix}", Sound(20.0, rate=16_000)), target, LIMITS, report=told.append)
    assert told == sorted(told)
    assert len([fraction for fraction in told if 0.2 < fraction < 0.8]) > 3
    assert 0.9 < told[-1] <= 1.0


def test_a_full_disk_is_no_fault_of_the_recording(tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", Sound(1.0))
    with pytest.raises(OSError, match="cannot write"):
        normalise(source, Path("/dev/full"), LIMITS, report=ignore)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker(limit_seconds=60.0)
    yield worker
    await worker.stop()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that never gives anything."""
    path = tmp_path / "endless"
    os.mkfifo(path)
    return path


async def kill_decoder(endless: Path, *, replacement: Path | None = None) -> None:
    """Kill the child as soon as it reads, and have ``replacement`` in the file's place by then."""
    while True:
        with suppress(OSError):
            # Succeeds once there is a reader; its end would be the file's, so it comes last.
            writer = os.open(endless, os.O_WRONLY | os.O_NONBLOCK)
            break
        await asyncio.sleep(0.02)
    if replacement is not None:
        os.replace(replacement, endless)
    (decoder,) = (child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline()))
    decoder.kill()
    await asyncio.to_thread(until_dead, decoder)
    os.close(writer)


def until_dead(process: psutil.Process) -> None:
    """Without waiting for it as its parent: that would take the news of its end from the worker."""
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.02)


async def test_decoding_that_hangs_is_ended(endless: Path, target: Path) -> None:
    worker = Worker(limit_seconds=1.0)
    try:
        outcome = await AvNormaliser(worker).normalise(endless, target, LIMITS, report=ignore)
    finally:
        await worker.stop()
    assert outcome is RejectionReason.CORRUPT


async def test_a_file_that_kills_the_decoder_twice_is_corrupt(
    worker: Worker, endless: Path, target: Path
) -> None:
    decoding = asyncio.create_task(AvNormaliser(worker).normalise(endless, target, LIMITS, report=ignore))
    async with asyncio.timeout(30):
        await kill_decoder(endless)
        await kill_decoder(endless)
    assert await asyncio.wait_for(decoding, 30) is RejectionReason.CORRUPT


async def test_a_decoder_that_was_killed_once_is_no_verdict(
    worker: Worker, endless: Path, target: Path, tmp_path: Path
) -> None:
    sound = write(tmp_path / "a.ogg", Sound(1.0))
    decoding = asyncio.create_task(AvNormaliser(worker).normalise(endless, target, LIMITS, report=ignore))
    await kill_decoder(endless, replacement=sound)
    assert await asyncio.wait_for(decoding, 30) == pytest.approx(1.0, abs=0.05)
    assert len(media.read(target)) > 0
