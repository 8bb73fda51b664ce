"""Read an untrusted JSON document: size, encoding, nesting and schema, each refusal named."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from controlroom.errors import Invalid
from linkage.errors import TooLarge
from linkage.services.contracts import CONTRACTS
from linkage.wire import moment_of

MAX_BYTES = 64 * 1024
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        moment_of(value).timestamp()
    except (ValueError, OverflowError):
        return False
    return True


def parse(raw: bytes) -> dict[str, Any]:
    """Raises: TooLarge, Invalid."""
    if len(raw) > MAX_BYTES:
        raise TooLarge(_("a message may have at most %(count)s bytes") % {"count": MAX_BYTES})
    try:
        document = json.loads(raw.decode(), parse_constant=_refuse_constant)
        # A lone surrogate passes the parser but cannot be stored.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid(_("the body is not JSON in UTF-8"), fields={"body": ["json"]}) from error
    if not isinstance(document, dict):
        raise Invalid(_("the body must be a JSON object"), fields={"body": [_("not an object")]})
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


@lru_cache(maxsize=64)
def _validator(key: str) -> Draft202012Validator:
    return Draft202012Validator(_SCHEMAS[key], format_checker=_FORMATS)


_SCHEMAS: dict[str, dict[str, Any]] = {}


def register(key: str, schema: dict[str, Any]) -> None:
    """Name a schema so that its validator is built once.

    That each is a schema at all the tests say: to check them takes a tenth of every start.
    """
    _SCHEMAS[key] = schema


def check(document: Any, key: str) -> None:
    """Raises: Invalid with the path of each field that its schema refuses."""
    fields: dict[str, list[Any]] = {}
    for error in _validator(key).iter_errors(document):
        for name, reason in _reasons(error):
            fields.setdefault(name, []).append(reason)
    if fields:
        raise Invalid(_("the message does not follow its schema"), fields=fields)


def _reasons(error: ValidationError) -> list[tuple[str, str]]:
    path = _dotted(error.absolute_path)
    rule: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "required":
        missing = [name for name in rule if name not in instance]
        return [(_join(path, name), _("This field is required.")) for name in missing]
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        extra = [name for name in instance if name not in known]
        return [(_join(path, name), _("unknown field")) for name in extra]
    describe = _DESCRIBE.get(str(error.validator))
    reason = describe(rule) if describe else str(error.validator)
    return [(path or "body", reason)]


def _dotted(path: Any) -> str:
    dotted = ""
    for part in path:
        dotted = f"{dotted}[{part}]" if isinstance(part, int) else _join(dotted, str(part))
    return dotted


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_DESCRIBE: dict[str, Callable[[Any], str]] = {
    "type": lambda value: _("must be of type %(type)s") % {"type": value},
    "enum": lambda value: _("must be one of: %(values)s") % {"values": ", ".join(map(str, value))},
    "const": lambda value: _("must be %(value)s") % {"value": value},
    "minimum": lambda value: _("must be at least %(value)s") % {"value": value},
    "maximum": lambda value: _("must be at most %(value)s") % {"value": value},
    "minLength": lambda value: _("must have at least %(count)s characters") % {"count": value},
    "maxLength": lambda value: _("may have at most %(count)s characters") % {"count": value},
    "maxItems": lambda value: _("may have at most %(count)s items") % {"count": value},
    "oneOf": lambda rules: (
        _("give exactly one of: %(values)s")
        % {"values": ", ".join(name for rule in rules for name in rule.get("required", ()))}
    ),
    "minProperties": lambda _value: _("names nothing to change"),
    "pattern": lambda value: _("must match %(pattern)s") % {"pattern": value},
    "format": lambda value: _("must be a %(format)s (RFC 3339, with offset)") % {"format": value},
}


def services_of(document: dict[str, Any], message_type: object) -> set[str]:
    """Name the services whose message of this type, or correction without one, it would be."""
    suffix = "correction" if message_type is None else message_type
    return {
        key.partition("/")[0]
        for key in _SCHEMAS
        if key.endswith(f"/{suffix}") and _validator(key).is_valid(document)
    }


def message_key(service: str, message_type: str) -> str:
    return f"{service}/{message_type}"


def correction_key(service: str) -> str:
    return f"{service}/correction"


for _contract in CONTRACTS.values():
    for _name, _schema in _contract.schemas.items():
        register(message_key(_contract.service, _name), _schema)
    if _contract.correction:
        register(correction_key(_contract.service), _contract.correction)
