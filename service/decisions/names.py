"""What people call clusters: the last name given to the tile in a cluster's middle.

So a name carries over to another bundle where the same tile, by content, is a cluster's medoid.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from bundle import Bundle
from bundle.content import Contents
from service.decisions.ledger import Ledger
from service.decisions.tables import cluster_names


class ClusterNames:
    """The names of a bundle's clusters, brought up to date from the ledger."""

    def __init__(self, bundle: Bundle, contents: Contents, ledger: Ledger) -> None:
        """Know none before the first `refresh`."""
        self._bundle = bundle
        self._contents = contents
        self._ledger = ledger
        self._by_content: dict[str, str | None] = {}
        self._seq = 0

    async def refresh(self) -> None:
        """Take in what others named meanwhile.

        Raises:
            LedgerDown: the database cannot be used.
        """
        await self._ledger.read(self._catch_up)

    async def name(self, reviewer: str, label: int, name: str | None) -> None:
        """Name a cluster; None takes its name away.

        Raises:
            UnknownCluster: there is none of this label, or it has no tile.
            LedgerDown: the database cannot be used.
        """
        event = {
            "at": datetime.now(UTC),
            "reviewer": reviewer,
            "bundle": self._bundle.manifest.bundle_id,
            "content": self._content(label),
            "name": name,
        }

        def work(connection: Connection) -> None:
            connection.execute(insert(cluster_names), [event])

        await self._ledger.write(work)
        await self.refresh()

    def of(self, label: int) -> str | None:
        """Return what a cluster is called, None where nobody has named it."""
        if not self._by_content or label < 0 or self._bundle.medoid(label) is None:
            return None
        return self._by_content.get(self._content(label))

    def _content(self, label: int) -> str:
        row = self._bundle.medoid(label)
        assert row is not None, "the routes name only clusters that have tiles"
        return self._contents.of(row).hex()

    def _catch_up(self, connection: Connection) -> None:
        wanted = (
            select(cluster_names.c.seq, cluster_names.c.content, cluster_names.c.name)
            .where(cluster_names.c.seq > self._seq)
            .order_by(cluster_names.c.seq)
        )
        for seq, content, name in connection.execute(wanted):
            self._by_content[content] = name
            self._seq = seq
