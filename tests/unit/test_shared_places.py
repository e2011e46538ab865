"""Who may have something more of which there is so much."""

from contextlib import ExitStack

from minutier.shared.places import Places
from tests.support.query_people import OUTSIDER, OWNER, PARTICIPANT


def test_nobody_takes_all_places() -> None:
    places = Places(100, each=20, free=50)
    with ExitStack() as taken:
        for person, most in ((OWNER, 50), (OUTSIDER, 20), (PARTICIPANT, 20)):
            had = 0
            while places.has_room(person):
                taken.enter_context(places.taken(person))
                had += 1
            assert had == most
    assert places.has_room(OWNER)


def test_there_are_no_more_than_there_are() -> None:
    places = Places(1, each=20)
    with places.taken(OWNER):
        assert not places.has_room(OWNER)
        assert not places.has_room(OUTSIDER)
    assert places.has_room(OUTSIDER)


def test_where_none_are_free_everybody_has_few_from_the_beginning() -> None:
    places = Places(10, each=2)
    with ExitStack() as taken:
        for _ in range(2):
            taken.enter_context(places.taken(OWNER))
        assert not places.has_room(OWNER)
        assert places.has_room(OUTSIDER)
