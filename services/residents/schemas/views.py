"""What views of residents have in common."""

from __future__ import annotations

from marshmallow import Schema, fields


class View(Schema):
    """Something with a version, for ``If-Match``."""

    id = fields.String()
    version = fields.Integer()
