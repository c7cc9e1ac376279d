"""What a test asked for, what was measured, and whether that is enough: one line each."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure and its mark. `kept` is the judgement; the words are for people.

    `timed`: how long something took, which says as much about the machine as about us.
    """

    name: str
    value: object
    mark: str
    kept: bool
    timed: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.value} ({self.mark}){'' if self.kept else ' ✗'}"


@dataclass(slots=True)
class Verdict:
    test: int
    exchange: str
    seed: int
    asked: str
    measures: list[Measure] = field(default_factory=list)

    def exactly(self, name: str, value: object, wanted: object) -> None:
        self.measures.append(Measure(name, value, f"= {wanted}", value == wanted))

    def at_most(self, name: str, value: float, most: float, unit: str = "") -> None:
        self.measures.append(Measure(name, f"{value:g}{unit}", f"≤ {most:g}{unit}", value <= most))

    def in_time(self, name: str, seconds: float, most: float) -> None:
        kept = seconds <= most
        self.measures.append(Measure(name, f"{seconds:g} s", f"≤ {most:g} s", kept, timed=True))

    def at_least(self, name: str, value: float, least: float, unit: str = "") -> None:
        kept = value >= least
        self.measures.append(Measure(name, f"{value:g}{unit}", f"≥ {least:g}{unit}", kept))

    @property
    def passed(self) -> bool:
        return bool(self.measures) and all(measure.kept for measure in self.measures)

    @property
    def passed_but_for_time(self) -> bool:
        """All is as it must be, however long it took."""
        untimed = [measure.kept for measure in self.measures if not measure.timed]
        return bool(untimed) and all(untimed)

    def __str__(self) -> str:
        measured = ", ".join(map(str, self.measures)) or "nothing was measured"
        verdict = "PASS" if self.passed else "FAIL"
        return (
            f"{verdict} test {self.test} {self.exchange} seed {self.seed}: {self.asked}: {measured}"
        )
