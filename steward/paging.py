"""The query parameters of every paged list."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from steward.store.reading import PAGE_LIMIT, PAGE_LIMIT_MOST


class PageQuery(Schema):
    """``cursor`` as the page before gave it; ``limit`` items at most."""

    class Meta:
        unknown = RAISE

    cursor = fields.String(load_default=None, validate=validate.Length(max=64), metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=PAGE_LIMIT, validate=validate.Range(min=1, max=PAGE_LIMIT_MOST))
