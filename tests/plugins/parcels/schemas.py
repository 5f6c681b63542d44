"""What comes in and goes out."""

from marshmallow import RAISE, Schema, fields, validate


class Receive(Schema):
    class Meta:
        unknown = RAISE

    shelf = fields.String(required=True, validate=validate.Length(min=1, max=40))


class Received(Schema):
    shelf = fields.String(required=True)


class Shelved(Schema):
    shelf = fields.String(required=True)


class View(Schema):
    id = fields.String()
    version = fields.Integer()
    shelf = fields.String()
    shelvings = fields.Integer()
