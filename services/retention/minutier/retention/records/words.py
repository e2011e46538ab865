"""The words of documents for people, in their languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from minutier.retention.records.ports import Sort
from minutier.schemas.records import Cause, Kind, Overlap
from minutier.shared.pages.preferences import Language


@dataclass(frozen=True)
class Words:
    """``{}`` in a sentence is filled in; ``moment`` is a pattern as Unicode's locale data has them."""

    record: str
    lead: str
    destroyed: str
    recording: str
    extent: str
    whole: str
    cause: str
    repeats: str
    person: str
    person_lead: str
    segments: str
    spoken: str
    turns: str
    silence: str
    seconds: str
    overlap: str
    voices: str
    transcript: str
    right: str
    legal_basis: str
    policy: str
    version: str
    visa: str
    times: str
    ordered: str
    executed: str
    verified: str
    issued: str
    approval: str
    approved_inventory: str
    proposal_entry: str
    approval_entry: str
    found: str
    erased: str
    objects: str
    more_objects: str
    service: str
    place: str
    count: str
    size: str
    number: str
    proof: str
    proof_lead: str
    id: str
    purge: str
    tenant: str
    index: str
    key: str
    signature: str
    head: str
    tree_size: str
    root: str
    path: str
    elimination: str
    elimination_lead: str
    producer: str
    title: str
    untitled: str
    source: str
    earliest: str
    latest: str
    sort: str
    totals: str
    records: str
    page: str
    moment: str
    day: str
    sorts: Mapping[Sort, str]
    kinds: Mapping[Kind, str]
    causes: Mapping[Cause, str]
    places: Mapping[str, str]
    overlaps: Mapping[Overlap, str]


WORDS: dict[Language, Words] = {
    Language.ENGLISH: Words(
        record="Record of disposal",
        lead="What was destroyed, by which right, and when. This document is for reading. What proves it is "
        "the signed record, which ‘minutier verify’ checks with nothing but the public key.",
        destroyed="What was destroyed",
        recording="Recording",
        extent="Extent",
        whole="the whole recording",
        cause="Cause",
        repeats="Applied again",
        person="What was the person’s",
        person_lead="One person was erased. What others said was kept.",
        segments="Segments",
        spoken="Words",
        turns="Turns",
        silence="Silence in the sound",
        seconds="{} s",
        overlap="Where others talk",
        voices="Voices",
        transcript="Chosen from the transcript",
        right="By which right",
        legal_basis="Legal basis",
        policy="Policy",
        version="{}, version {}",
        visa="Archives’ visa",
        times="When",
        ordered="Ordered",
        executed="Executed",
        verified="Verified",
        issued="Record issued",
        approval="What was approved",
        approved_inventory="Inventory",
        proposal_entry="Audit entry of the proposal",
        approval_entry="Audit entry of the approval",
        found="What there was before",
        erased="What each service erased",
        objects="Objects that are no more",
        more_objects="{} more are in the signed record alone.",
        service="Service",
        place="Of what",
        count="Number",
        size="Bytes",
        number="No.",
        proof="Proof",
        proof_lead="Digests are SHA-256, signatures Ed25519, both in hexadecimal.",
        id="Record",
        purge="Purge",
        tenant="Organisation",
        index="Place in the log",
        key="Key",
        signature="Signature",
        head="Head signed",
        tree_size="Records in the log",
        root="Root of the log",
        path="Path to the root",
        elimination="Elimination list",
        elimination_lead="Records whose elimination is proposed.",
        producer="Producer",
        title="Title",
        untitled="Untitled",
        source="Source",
        earliest="Earliest",
        latest="Latest",
        sort="Sort",
        totals="In all",
        records="Records",
        page="Page {} of {}",
        moment="d MMMM y, HH:mm:ss 'UTC'",
        day="d MMM y",
        sorts={Sort.DESTROYED: "destroy", Sort.SAMPLED: "sample", Sort.KEPT: "keep"},
        kinds={
            Kind.MEDIA: "sound",
            Kind.TRANSCRIPT: "transcript",
            Kind.MINUTES: "minutes",
            Kind.ACCESS_LOG: "access log",
        },
        causes={
            Cause.EXPIRY: "its time was over",
            Cause.QUERY: "a search",
            Cause.LIST: "a list",
            Cause.ERASURE: "one person’s erasure",
            Cause.REAPPLICATION: "applied again after a restore from a backup",
        },
        places={
            "object_versions": "versions of objects",
            "rows": "rows of tables",
            "index_entries": "entries of the search index",
            "stream_messages": "messages of streams",
        },
        overlaps={Overlap.MUTE: "nobody is heard there", Overlap.KEEP: "everybody is heard there"},
    ),
    Language.FRENCH: Words(
        record="Attestation d’élimination",
        lead="Ce qui a été détruit, à quel titre et quand. Ce document se lit ; ce qui fait preuve est "
        "l’enregistrement signé, que « minutier verify » vérifie avec la seule clé publique.",
        destroyed="Ce qui a été détruit",
        recording="Enregistrement",
        extent="Étendue",
        whole="l’enregistrement entier",
        cause="Cause",
        repeats="Appliqué de nouveau",
        person="Ce qui était à la personne",
        person_lead="Une personne a été effacée. Ce que les autres ont dit a été conservé.",
        segments="Segments",
        spoken="Mots",
        turns="Tours de parole",
        silence="Silence dans le son",
        seconds="{} s",
        overlap="Là où d’autres parlent",
        voices="Voix",
        transcript="Choisie dans la transcription",
        right="À quel titre",
        legal_basis="Base légale",
        policy="Règle de conservation",
        version="{}, version {}",
        visa="Visa des archives",
        times="Quand",
        ordered="Ordonné",
        executed="Exécuté",
        verified="Vérifié",
        issued="Attestation établie",
        approval="Ce qui a été approuvé",
        approved_inventory="Inventaire",
        proposal_entry="Entrée d’audit de la proposition",
        approval_entry="Entrée d’audit de l’approbation",
        found="Ce qu’il y avait avant",
        erased="Ce que chaque service a effacé",
        objects="Objets qui ne sont plus",
        more_objects="{} autres ne sont que dans l’enregistrement signé.",
        service="Service",
        place="De quoi",
        count="Nombre",
        size="Octets",
        number="N°",
        proof="Preuve",
        proof_lead="Les empreintes sont des SHA-256, les signatures des Ed25519, en hexadécimal.",
        id="Attestation",
        purge="Élimination",
        tenant="Organisation",
        index="Place au registre",
        key="Clé",
        signature="Signature",
        head="Tête signée",
        tree_size="Attestations au registre",
        root="Racine du registre",
        path="Chemin vers la racine",
        elimination="Bordereau d’élimination",
        elimination_lead="Documents dont l’élimination est proposée.",
        producer="Producteur",
        title="Intitulé",
        untitled="Sans titre",
        source="Source",
        earliest="Date la plus ancienne",
        latest="Date la plus récente",
        sort="Sort final",
        totals="Au total",
        records="Documents",
        page="Page {} sur {}",
        moment="d MMMM y, HH:mm:ss 'UTC'",
        day="d MMM y",
        sorts={Sort.DESTROYED: "détruire", Sort.SAMPLED: "trier", Sort.KEPT: "conserver"},
        kinds={
            Kind.MEDIA: "le son",
            Kind.TRANSCRIPT: "la transcription",
            Kind.MINUTES: "le compte rendu",
            Kind.ACCESS_LOG: "le journal des accès",
        },
        causes={
            Cause.EXPIRY: "durée de conservation échue",
            Cause.QUERY: "une recherche",
            Cause.LIST: "une liste",
            Cause.ERASURE: "effacement demandé par une personne",
            Cause.REAPPLICATION: "appliqué de nouveau après la restauration d’une sauvegarde",
        },
        places={
            "object_versions": "versions d’objets",
            "rows": "lignes de tables",
            "index_entries": "entrées de l’index de recherche",
            "stream_messages": "messages de flux",
        },
        overlaps={Overlap.MUTE: "personne ne s’y entend", Overlap.KEEP: "tout le monde s’y entend"},
    ),
}
