"""Who may follow something more."""

from contextlib import ExitStack

from minutier.query.watchers import Watchers
from tests.support.query_people import OUTSIDER, OWNER, PARTICIPANT


def test_nobody_takes_all_places() -> None:
    watchers = Watchers(100)
    with ExitStack() as taken:
        while watchers.has_room(OWNER):
            taken.enter_context(watchers.watching(OWNER))
        assert watchers.has_room(OUTSIDER)
        for person in (OUTSIDER, PARTICIPANT):
            while watchers.has_room(person):
                taken.enter_context(watchers.watching(person))
    assert watchers.has_room(OWNER)


def test_there_are_no_more_than_there_are() -> None:
    watchers = Watchers(1)
    with watchers.watching(OWNER):
        assert not watchers.has_room(OWNER)
        assert not watchers.has_room(OUTSIDER)
    assert watchers.has_room(OUTSIDER)
