"""``loopscope list``: the models that come with Loopscope."""

from typing import Any

from loopscope.analysis.commands.options import AsJson


def list_models(as_json: AsJson = False) -> None:
    """List the models that come with Loopscope, with their scenarios and cases."""
    from loopscope.analysis.highlights import highlights
    from loopscope.analysis.tables import print_json, print_table
    from loopscope.models.case import cases
    from loopscope.models.scenario import scenarios
    from loopscope.models.source import library, locate

    models: list[dict[str, Any]] = []
    for name in library():
        _, path = locate(name)
        models.append(
            {
                "name": name,
                "title": highlights(name).title,
                "scenarios": list(scenarios(path)),
                "cases": list(cases(path)),
            }
        )
    if as_json:
        print_json(models)
        return
    for model in models:
        rows = [
            ("title", model["title"]),
            ("scenarios", ", ".join(model["scenarios"]) or "none"),
            ("cases", ", ".join(model["cases"]) or "none"),
        ]
        print_table(model["name"], ("", ""), rows, left=2)
