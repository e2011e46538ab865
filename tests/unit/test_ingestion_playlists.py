import pytest

from minutier.ingestion.media.playlists import UnfinishedPlaylist, UnsupportedPlaylist, segments


def playlist(*lines: str, end: bool = True) -> str:
    return "\n".join(("#EXTM3U", "#EXT-X-VERSION:4", *lines, *(["#EXT-X-ENDLIST"] if end else []))) + "\n"


def of(*names: str) -> str:
    return playlist(*(line for name in names for line in ("#EXTINF:4.000,", name)))


def test_segments_lie_in_the_playlists_folder_in_its_order() -> None:
    assert segments(of("b.ts", "a.ts", "more/c.ts"), "meetings/1/all.m3u8") == [
        "meetings/1/b.ts",
        "meetings/1/a.ts",
        "meetings/1/more/c.ts",
    ]
    assert segments(of("a.ts"), "all.m3u8") == ["a.ts"]


def test_names_may_be_written_as_in_an_address() -> None:
    assert segments(of("r%C3%A9union%20%231.ts", "réunion #2?.ts"), "m/all.m3u8") == [
        "m/réunion #1.ts",
        "m/réunion #2?.ts",
    ]


def test_lines_may_end_as_on_windows() -> None:
    assert segments(of("a.ts").replace("\n", "\r\n"), "m/all.m3u8") == ["m/a.ts"]


def test_what_fragments_begin_with_comes_first_and_once() -> None:
    beginning = '#EXT-X-MAP:URI="init.mp4"'
    text = playlist(
        beginning, "#EXTINF:4,", "a.m4s", "#EXT-X-DISCONTINUITY", beginning, "#EXTINF:4,", "b.m4s"
    )
    assert segments(text, "m/all.m3u8") == ["m/init.mp4", "m/a.m4s", "m/b.m4s"]


@pytest.mark.parametrize(
    "name",
    [
        "../other/a.ts",
        "more/../../a.ts",
        "%2e%2e/a.ts",
        "..%2Fa.ts",
        "./a.ts",
        "/recordings/a.ts",
        "//host.example/a.ts",
        "https://host.example/a.ts",
        "file:///etc/passwd",
        "a%00.ts",
        "a//b.ts",
        "more/",
    ],
)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(UnsupportedPlaylist):
        segments(of("a.ts", name), "m/all.m3u8")
    with pytest.raises(UnsupportedPlaylist):
        segments(playlist(f'#EXT-X-MAP:URI="{name}"', "#EXTINF:4,", "a.m4s"), "m/all.m3u8")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear all,\nplease find the minutes below.\n",
        playlist(),
        playlist("#EXT-X-STREAM-INF:BANDWIDTH=1280000", "low.m3u8"),
        playlist('#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8"', "#EXTINF:4,", "a.ts"),
        playlist('#EXT-X-KEY:METHOD=AES-128,URI="key"', "#EXTINF:4,", "a.ts"),
        playlist("#EXTINF:4,", "#EXT-X-BYTERANGE:100@0", "a.ts"),
        playlist('#EXT-X-MAP:URI="a.mp4"', "#EXTINF:4,", "a.m4s", '#EXT-X-MAP:URI="b.mp4"', "b.m4s"),
        playlist('#EXT-X-MAP:URI="a.mp4",BYTERANGE="100@0"', "#EXTINF:4,", "a.m4s"),
        playlist("#EXT-X-MAP:URI=a.mp4", "#EXTINF:4,", "a.m4s"),
        of(*["a.ts"] * 43_201),
    ],
)
def test_other_playlists_are_not_read(text: str) -> None:
    with pytest.raises(UnsupportedPlaylist):
        segments(text, "m/all.m3u8")


def test_a_playlist_without_an_end_is_still_being_written() -> None:
    with pytest.raises(UnfinishedPlaylist):
        segments(playlist("#EXTINF:4,", "a.ts", end=False), "m/all.m3u8")


def test_keys_that_are_not_encrypted_do_not_matter() -> None:
    assert segments(playlist("#EXT-X-KEY:METHOD=NONE", "#EXTINF:4,", "a.ts"), "m/all.m3u8") == ["m/a.ts"]
