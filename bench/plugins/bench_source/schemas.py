"""What comes in and goes out."""

from marshmallow import RAISE, Schema, fields, validate


class Tell(Schema):
    class Meta:
        unknown = RAISE

    text = fields.String(required=True, validate=validate.Length(min=1, max=4000))
    wait_s = fields.Float(load_default=0.0, validate=validate.Range(min=0, max=10))


class Told(Schema):
    text = fields.String(required=True)
    wait_s = fields.Float(required=True)


class View(Schema):
    id = fields.String()
    version = fields.Integer()
    text = fields.String()
