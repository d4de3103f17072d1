"""What schemathesis does not know by itself: how lines of JSON and archives are sent."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/x-ndjson", "application/gzip")
def as_it_is(context, value):
    if isinstance(value, bytes):
        return value
    return str(getattr(value, "data", value)).encode("utf-8", "replace")
