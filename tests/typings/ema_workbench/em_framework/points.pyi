from typing import Any

class ExperimentReplication(dict[str, Any]):
    def __init__(self, scenario: Any, policy: Any, constants: dict[str, Any]) -> None: ...
