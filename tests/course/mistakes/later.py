"""What a person read later, when hints had changed: these words take the place of those beside the mistakes."""

LATER: dict[str, dict[str, str | None]] = {}
