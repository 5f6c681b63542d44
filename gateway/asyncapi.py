"""The AsyncAPI 3.0 document: every event that installed services publish, and who hears it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from gateway import schemanames
from gateway.openapi import JSON, release
from steward.plugins import load
from steward.spec import Event, ServiceSpec

ENVELOPE = "Envelope"
_TEXT = {"type": "string", "minLength": 1}

DESCRIPTION = """Events on RabbitMQ: topic exchange `{service}.events`, routing key = the event's name, body = a
CloudEvents 1.0 document in JSON. At least once on the wire: whoever hears an event absorbs repetitions by its `id`.
Order is kept per aggregate (`subject`), counted by `aggregateversion`. Fields are only ever added within a version.
"""


def document(specs: Mapping[str, ServiceSpec]) -> dict[str, Any]:
    """The document for ``specs``."""
    found: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Steward 管家: events",
            "version": release(),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "schemas": _schemas(specs) | {ENVELOPE: _envelope()}},
    }
    for spec in specs.values():
        for event in spec.publishes:
            name = f"{spec.name}.{event.name}"
            found["channels"][name] = _channel(spec, event, _heard_by(specs, name))
            found["operations"][f"publish.{name}"] = _publication(name)
            found["components"]["messages"][name] = _message(name, event)
    return found


def _heard_by(specs: Mapping[str, ServiceSpec], event: str) -> list[str]:
    return [queue for spec in specs.values() for queue, hears in spec.queues() if event in hears.events]


def _channel(spec: ServiceSpec, event: Event, heard_by: list[str]) -> dict[str, Any]:
    name = f"{spec.name}.{event.name}"
    return {
        "address": event.name,
        "title": name,
        "summary": event.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": f"{spec.name}.events",
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                    "vhost": "/",
                },
                "bindingVersion": "0.3.0",
            }
        },
        "x-heard-by": heard_by,
        "x-seen-with": event.seen_with or f"{spec.name}.read",
    }


def _publication(name: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": "0.3.0"}},
    }


def _message(name: str, event: Event) -> dict[str, Any]:
    return {
        "name": name,
        "title": event.summary,
        "contentType": JSON,
        "payload": {
            "allOf": [
                {"$ref": f"#/components/schemas/{ENVELOPE}"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": name},
                        "dataschema": {"const": f"urn:steward:event:{name}:{event.version}"},
                        "data": {"$ref": f"#/components/schemas/{schemanames.name_of(load(event.schema))}"},
                    },
                },
            ]
        },
    }


def _schemas(specs: Mapping[str, ServiceSpec]) -> dict[str, Any]:
    """The data of all events, as JSON Schema."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin(schema_name_resolver=schemanames.name_of)])
    wanted = {load(event.schema) for service in specs.values() for event in service.publishes}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Multiple schemas resolved to the name")
        for schema in sorted(wanted, key=schemanames.name_of):
            if schemanames.name_of(schema) not in spec.components.schemas:
                spec.components.schema(schemanames.name_of(schema), schema=schema)
    found: dict[str, Any] = spec.to_dict().get("components", {}).get("schemas", {})
    schemanames.open_up(found, set(found))
    schemanames.tidy(found)
    return found


def _envelope() -> dict[str, Any]:
    """CloudEvents 1.0 with our extension attributes."""
    texts = ("id", "source", "type", "subject", "dataschema", "project", "matter", "actor", "correlationid")
    return {
        "type": "object",
        "required": [*texts, "specversion", "time", "data", "aggregateversion"],
        "properties": {
            **dict.fromkeys(texts, _TEXT),
            "specversion": {"const": "1.0"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": JSON},
            "aggregateversion": {"type": "integer", "minimum": 1},
            "causationid": {"type": "string", "description": "id of the event that caused this one"},
            "data": {"type": "object"},
        },
    }
