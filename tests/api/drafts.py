"""Sources as users send them."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.connections import Credentials, PostgresConnection
from headrace.model import Selection, Source
from headrace.services import Services

PASSWORD = 'pa55/wörd+"1'  # changes in JSON, in URLs and in base64


def connection(**changes: Any) -> PostgresConnection:
    return PostgresConnection(
        **{"host": "db.example.com", "database": "shop", "user": "reader", **changes}
    )


def credentials(password: str = PASSWORD) -> Credentials:
    return Credentials(password=SecretStr(password))


def table(name: str, schema: str = "public", **options: Any) -> Selection:
    return Selection(schema_name=schema, table_name=name, **options)


def create(services: Services, **changes: Any) -> Source:
    given = {"name": "Shop", "connection": connection(), "credentials": credentials(), **changes}
    return save_draft(services, SaveDraft(model_id="m1", **given))


def change(services: Services, source: Source, **changes: Any) -> Source:
    given = {"source_id": source.source_id, "etag": source.etag, **changes}
    return save_draft(services, SaveDraft(model_id=source.model_id, **given))
