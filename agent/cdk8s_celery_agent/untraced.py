"""What the agent asks the broker is in nobody's traces: with OpenTelemetry's instrumentation of
Redis each question would be a span of the application's."""
import sys
from contextlib import nullcontext
from typing import Any, ContextManager


def untraced() -> ContextManager[Any]:
    """Around all that a thread of the agent does."""
    utils: Any = sys.modules.get('opentelemetry.instrumentation.utils')
    suppress = getattr(utils, 'suppress_instrumentation', nullcontext)
    context: ContextManager[Any] = suppress()
    return context
