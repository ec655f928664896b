class AbstractOutcome:
    name: str
    variable_name: list[str]
