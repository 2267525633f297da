"""What a resource type is made of, and how CloudFormation's properties become parameters of an API."""

from dataclasses import dataclass, field
from typing import Any, Callable

Properties = dict[str, Any]


@dataclass
class Made:
    """A resource: what Ref gives, what GetAtt gives, and how it is deleted."""

    ref: str
    attributes: dict[str, Any] = field(default_factory=dict)
    delete: Callable[[], Any] = lambda: None


def lower_first(value: Any) -> Any:
    """API Gateway's API spells its parameters like CloudFormation, but for the first letter."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower_first(inner) for key, inner in value.items()}
    return [lower_first(one) for one in value] if isinstance(value, list) else value


def lower_first_but(properties: Properties, *kept: str) -> Properties:
    """Lowers the parameters' names; what is in these properties are names of the operator's own."""
    kept = (*kept, "ResponseParameters", "ResponseTemplates", "Variables")
    lowered = {key: value if key in kept else lower_first(value) for key, value in properties.items()}
    return {key[0].lower() + key[1:]: value for key, value in lowered.items()}
