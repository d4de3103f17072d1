"""T16: TLS beside nginx, each with a certificate of the same kind: ECDSA on P-256."""
import statistics
import time

import machine
from rows import Row
from servers import SecureNginx, Wavetank


def wavetank():
    server = Wavetank()
    server.arguments += ["--ca-dir", str(server.folder / "ca")]
    return server


class Secure:
    def t14(self):
        with wavetank() as ours, SecureNginx() as nginx:
            pairs = [(ours, self.get(ours.path)), (nginx, self.get())]
            # Long enough that the handshakes at its start weigh nothing.
            closed = self.interleaved(pairs, "tls-closed", "-c", 64, "-d", 2 * self.seconds)
            shaken = self.interleaved(pairs, "tls-handshakes", "-d", self.seconds)
        rows = []
        for samples, what in ((closed, "GET /_wavetank/health over established TLS"), (shaken, "full TLS 1.3 handshakes, a request each")):
            ratios = self.ratios(samples, "Wavetank", "nginx", "cpu_us")
            costs = ", ".join(f"{name} {self.median(s, 'cpu_us'):.1f}" for name, s in samples.items())
            per_core = 1e6 / self.median(samples["Wavetank"], "cpu_us")
            rows.append(Row("T16", f"{what}, × nginx", statistics.median(ratios), 0.9, 1.0, least=True, values=ratios,
                            detail=f"µs of CPU each: {costs}; ours {per_core:,.0f} per core-second"))
        count = 1_000 if self.options.quick else 9_900
        with wavetank() as ours:
            self.load("tls-handshakes", "-p", ours.port, "-f", self.get(ours.path), "-d", 0.2)
            time.sleep(0.3)
            idle = machine.resident_kib(ours.pids())
            with self.held(ours, "-f", self.get(ours.path), "-c", count, mode="tls-hold") as opened:
                each = (machine.resident_kib(ours.pids()) - idle) / max(opened, 1)
        row = Row("T16", f"per idle TLS connection, {opened:,} open", each, 20, 16, unit=" KiB")
        if opened < count:
            row.value, row.detail = None, f"only {opened} of {count} could be opened"
        return rows + [row]
