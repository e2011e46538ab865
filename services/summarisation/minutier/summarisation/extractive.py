"""Minutes without a model: the meeting's own sentences, chosen and sorted, never rewritten."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from minutier.summarisation.domain import Claim, Minutes, Passage

_SENTENCE = re.compile(r"(?<=[.?!…])\s+")
_WORD = re.compile(r"[^\W\d_]{4,}")
_MOST_SENTENCES = 1500
_MOST_ITEMS = 12
_FEWEST_WORDS = 4

_DECISION = re.compile(
    r"\b(we('ve| have)? (decided|agreed)|let's go with|it's decided|(on a|nous avons) décidé|c'est décidé|"
    r"(wir haben|haben wir) \w*\s*(beschlossen|entschieden)|wir einigen uns|we hebben (besloten|afgesproken)|"
    r"(is|sind|wurde) beschlossen)\b",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"\b(I('ll| will| am going to|'m going to)|je (vais|m'en occupe)|je m'en charge|ich (werde|kümmere mich|"
    r"übernehme)|ik (zal|ga|neem))\b",
    re.IGNORECASE,
)
_DUE = re.compile(
    r"\b((by|before|until) (tomorrow|tonight|next week|(mon|tues|wednes|thurs|fri|satur|sun)day)|"
    r"(d'ici|avant) (demain|lundi|mardi|mercredi|jeudi|vendredi|la semaine prochaine)|"
    r"bis (morgen|montag|dienstag|mittwoch|donnerstag|freitag|nächste woche)|"
    r"(voor|tegen) (morgen|maandag|dinsdag|woensdag|donderdag|vrijdag|volgende week))\b",
    re.IGNORECASE,
)


def extract(passages: Sequence[Passage]) -> Minutes:
    """Sentences as they were said; who acts is whoever says so, and by when only what is said there."""
    sentences = [
        (passage, sentence.strip())
        for passage in passages
        for sentence in _SENTENCE.split(passage.text)
        if len(sentence.split()) >= _FEWEST_WORDS
    ]
    statements = [(p, text) for p, text in sentences if not text.endswith("?")]
    ranks = _ranks([text for _, text in statements[:_MOST_SENTENCES]])
    wanted = min(7, max(1, math.ceil(len(statements) / 12))) if statements else 0
    best = sorted(sorted(range(len(ranks)), key=lambda index: -ranks[index])[:wanted])
    return Minutes(
        summary=[Claim(statements[index][1], (statements[index][0].id,)) for index in best],
        decisions=[Claim(text, (p.id,)) for p, text in statements if _DECISION.search(text)][:_MOST_ITEMS],
        actions=[
            Claim(text, (p.id,), who=p.speaker, due=_due(text))
            for p, text in statements
            if _ACTION.search(text)
        ][:_MOST_ITEMS],
        questions=[Claim(text, (p.id,)) for p, text in sentences if text.endswith("?")][:_MOST_ITEMS],
    )


def _due(text: str) -> str | None:
    found = _DUE.search(text)
    return found.group(0) if found else None


def _ranks(sentences: Sequence[str]) -> list[float]:
    """LexRank (Erkan and Radev 2004): how central each sentence is among those that share its words."""
    counts = [Counter(_WORD.findall(text.casefold())) for text in sentences]
    frequency = Counter(word for count in counts for word in count)
    index = {word: position for position, word in enumerate(frequency)}
    if not index:
        return [0.0] * len(sentences)
    vectors = np.zeros((len(counts), len(index)), dtype=np.float32)
    for row, count in enumerate(counts):
        for word, times in count.items():
            vectors[row, index[word]] = times * math.log(1 + len(counts) / frequency[word])
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(norms == 0, 1, norms)
    similarity = vectors @ vectors.T
    transition = similarity / np.maximum(similarity.sum(axis=1, keepdims=True), 1e-9)
    rank = np.full(len(counts), 1 / len(counts), dtype=np.float32)
    for _ in range(30):
        rank = 0.15 / len(counts) + 0.85 * (transition.T @ rank)
    return [float(value) for value in rank]
