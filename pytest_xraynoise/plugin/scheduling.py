"""The scheduler of ``--dist=loadgroup``, with groups that do not stand in the test ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadGroupScheduling

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class _Grouped(LoadGroupScheduling):  # type: ignore[misc]  # pytest-xdist need not be installed
    groups: Mapping[str, str]

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return self.groups.get(nodeid, scope)

    def remove_node(self, node: Any) -> str | None:
        """Take the work of a worker back; one that died loses the test that it ran.

        pytest-xdist 3.8 deals that test out again with the rest of its group, and so lets it take
        down one worker after the other.
        """
        units = self.assigned_work[node].values()
        pending = [(unit, test) for unit in units for test, done in unit.items() if not done]
        if not pending:
            found: str | None = super().remove_node(node)
            return found
        unit, crashed = pending[0]
        unit[crashed] = True
        super().remove_node(node)
        return str(crashed)


def grouped_scheduling(config: pytest.Config, log: Any, groups: Mapping[str, str]) -> Any:
    """pytest-xdist's own scheduler, told which test belongs to which group.

    Args:
        config: of the controller.
        log: what pytest-xdist hands to its schedulers.
        groups: by test id; read when the tests are dealt out, filled until then.
    """
    scheduler = _Grouped(config, log)
    scheduler.groups = groups
    return scheduler
