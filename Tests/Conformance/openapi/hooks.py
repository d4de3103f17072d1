"""What schemathesis does not know by itself: how lines of JSON are sent."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/x-ndjson")
def lines_of_json(context, value):
    if isinstance(value, bytes):
        return value
    return str(getattr(value, "data", value)).encode("utf-8", "replace")
