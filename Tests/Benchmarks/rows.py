"""A line of the table, and a raw request."""


class Row:
    """One line of the table. `value` is held against `floor` and `goal`: at most, or at least (least=True)."""

    def __init__(self, figure, what, value, floor, goal, *, least=False, unit="", detail="", values=()):
        self.figure, self.what, self.value, self.floor, self.goal = figure, what, value, floor, goal
        self.least, self.unit, self.detail, self.values = least, unit, detail, list(values)

    def reaches(self, bound):
        return self.value >= bound if self.least else self.value <= bound

    @property
    def verdict(self):
        if self.value is None:
            return "not measured"
        return "goal" if self.reaches(self.goal) else "floor" if self.reaches(self.floor) else "**missed**"

    def cells(self):
        def text(x):
            return "–" if x is None else f"{x:,.2f}{self.unit}" if abs(x) < 100 else f"{x:,.0f}{self.unit}"
        sign = "≥" if self.least else "≤"
        spread = f" ({text(min(self.values))} … {text(max(self.values))})" if len(self.values) > 1 else ""
        detail = f"; {self.detail}" if self.detail else ""
        return [self.figure, self.what, f"{sign} {text(self.floor)}", f"{sign} {text(self.goal)}",
                text(self.value) + spread + detail, self.verdict]


def request(method, path, body=None, fields=()):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    head += "".join(f"{field}\r\n" for field in fields)
    if body is None:
        return (head + "\r\n").encode()
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}".encode()
