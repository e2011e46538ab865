"""Bucket notifications in the shapes in which MinIO and Amazon send them."""

import json
from typing import Any
from urllib.parse import quote, quote_plus


def minio_record(
    bucket: str, key: str, *, event: str = "s3:ObjectCreated:Put", **told: Any
) -> dict[str, Any]:
    """A record as MinIO writes it, with slashes encoded; ``told`` of the object replaces what it says."""
    described = {
        "key": quote_plus(key),
        "size": 1000,
        "eTag": "9b2cf535f27731c974343645a3985328",
        "contentType": "application/octet-stream",
        "userMetadata": {"content-type": "application/octet-stream"},
        "sequencer": "17A1B2C3D4E5F607",
    }
    return {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "awsRegion": "",
        "eventTime": "2026-11-24T10:00:00.000Z",
        "eventName": event,
        "userIdentity": {"principalId": "livekit"},
        "requestParameters": {"principalId": "livekit", "region": "", "sourceIPAddress": "10.0.0.7"},
        "responseElements": {"x-amz-request-id": "17A1B2C3D4E5F607"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "Config",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "livekit"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": described | told,
        },
        "source": {"host": "10.0.0.7", "port": "", "userAgent": "aws-sdk-go"},
    }


def amazon_record(bucket: str, key: str, *, event: str = "ObjectCreated:Put", **told: Any) -> dict[str, Any]:
    """A record as Amazon writes it: slashes as they are, and no content type."""
    described = {"key": quote(key).replace("%20", "+"), "size": 1000, "eTag": "9b2cf535", "sequencer": "00A1"}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-3",
        "eventTime": "2026-11-24T10:00:00.000Z",
        "eventName": event,
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "meetings",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": described | told,
        },
    }


def notification(*records: dict[str, Any]) -> bytes:
    """The document that MinIO sends, over HTTP and NATS alike."""
    first = records[0]["s3"] if records else {"bucket": {"name": ""}, "object": {"key": ""}}
    document = {
        "EventName": records[0]["eventName"] if records else "",
        "Key": f"{first['bucket']['name']}/{first['object']['key']}",
        "Records": records,
    }
    return json.dumps(document).encode()
