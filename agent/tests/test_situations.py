"""The situations that take less than 30 s: with the agent nothing is worse than without it. All of
them: `npm run bench -- situations`."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / 'situations'))
from compare import lanes, worse
from situations import SITUATIONS


@pytest.mark.parametrize('name', [name for name, each in SITUATIONS.items() if each.quick])
def test_nothing_is_worse_with_the_agent(tmp_path, name):
    alone, with_agent = lanes(SITUATIONS[name], tmp_path)
    assert worse(SITUATIONS[name], alone, with_agent) == []
