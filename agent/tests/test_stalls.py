"""The short form of `npm run bench -- stalls`: Redis answers nothing for 15 s, and no task is
doubled."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / 'bench'))
from stalls import Lane, run


def test_no_id_is_doubled_by_a_stall_of_redis(tmp_path):
    lane = Lane(tmp_path / 'lane', with_agent=True)
    run(lane, [15])
    assert lane.faults() == {}, lane.counts()
    # It has shown something: there was work before the stall and after it, of both.
    assert lane.counts()['tasks sent'] > 30 and lane.counts()['sent by Beat'] > 3
