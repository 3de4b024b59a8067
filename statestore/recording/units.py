"""Numbers with the unit that suits them, for people."""


def format_ns(elapsed_ns: float) -> str:
    """A duration with three digits and the unit that suits it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(elapsed_ns) >= size:
            digits = ".3g" if abs(elapsed_ns) < 1_000 * size else ".0f"
            return f"{elapsed_ns / size:{digits}} {unit}"
    return f"{elapsed_ns:.0f} ns"


def format_bytes(count: float) -> str:
    """A size in powers of 1,000, as disks and networks count: `12.3 MB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(count) >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:.0f} B"
